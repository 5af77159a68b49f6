package worker

import (
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// What Redis loses is put back by those who wrote it. When another Redis answers than before, or one that has counted less
// than it had acknowledged, this worker sends nothing (see fleet.Guard). It records again what it recorded of late, and waits
// until all other workers that lived have done so. Then nobody can send what one of them knows to have gone out.
//
// What nobody knows, nobody can put back: what a worker did that died at the same time, and what is older than the workers'
// memory. Then the fleet enters safe mode.
type keeper struct {
	guard     *fleet.Guard
	unguarded redis.UniversalClient
	ledger    *ledger.Ledger
	store     *fleet.Store
	history   []written      // within the ledger's memory, the oldest first
	others    []fleet.Worker // that lived when all was well
	lost      bool           // since all was well, Redis has lost something
	since     time.Time      // since when, if a counter says so
	tooMuch   bool           // and it is older than what is remembered
	began     time.Time      // when another Redis answered; zero while all is well
}

func newKeeper(o Options) *keeper {
	return &keeper{guard: o.Guard, unguarded: o.Unguarded, ledger: o.Ledger, store: fleet.New(o.Unguarded), history: []written{{at: time.Now()}}}
}

// othersTime is how long others are waited for after another Redis answered: who lives tries all the time.
const othersTime = fleet.Every

// written are the counters of this worker after one of its entries.
type written struct {
	at     time.Time
	writes []int64
}

// last are the counters as this worker knows them; nil before its first entry.
func (k *keeper) last() []int64 { return k.history[len(k.history)-1].writes }

// count takes the counters after an entry. It reports whether Redis has lost some that it had acknowledged.
func (k *keeper) count(now time.Time, writes []int64) (lost bool) {
	before := k.last()
	since := now
	for i := range before {
		if writes[i] > before[i] {
			continue
		}
		lost = true
		// The last entry that Redis still knew.
		at, covered := time.Time{}, false
		for _, w := range k.history {
			if i >= len(w.writes) || w.writes[i] < writes[i] {
				at, covered = w.at, true
			}
		}
		if !covered {
			k.tooMuch = true
		}
		if at.Before(since) {
			since = at
		}
	}
	if lost {
		k.lost, k.since = true, since
		k.history = nil
	}
	k.history = append(k.history, written{now, writes})
	for len(k.history) > 1 && now.Sub(k.history[0].at) > ledger.MemorySpan {
		k.history = k.history[1:]
	}
	return lost
}

// missing are the workers that lived when all was well, and have not put back what they know.
func (k *keeper) missing(epoch string, living []fleet.Worker) []fleet.Worker {
	done := map[string]bool{}
	for _, w := range living {
		done[w.ID] = w.Epoch == epoch
	}
	return slices.DeleteFunc(slices.Clone(k.others), func(w fleet.Worker) bool { return done[w.ID] })
}

// judge decides what follows once all workers that live have put back what they know: the safe mode that is needed, if any.
func (k *keeper) judge(now time.Time, missing []fleet.Worker) fleet.Safe {
	switch {
	case k.tooMuch:
		return fleet.Safe{Since: k.since, Found: now, Why: fleet.LostTooMuch}
	case k.lost && len(missing) > 0:
		since := k.since
		if since.IsZero() {
			since = k.history[len(k.history)-1].at
		}
		return fleet.Safe{Since: since, Found: now, Why: fleet.WorkerIsGone, OnlyHold: true}
	}
	return fleet.Safe{}
}

// trust lets this worker go on with those who answer now.
func (k *keeper) trust(who fleet.Identities) {
	k.lost, k.tooMuch, k.since, k.began = false, false, time.Time{}, time.Time{}
	k.guard.Trust(who)
}
