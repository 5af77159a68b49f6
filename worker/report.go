package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/fleet"
)

// reporter tells the fleet what this worker can send, and leaves the bulks on several channels to workers that can send
// more of them. It learns from what it wrote whether Redis has lost writes.
type reporter struct {
	*keeper
	gate         *queue.Gate
	self         fleet.Worker
	senders      map[message.Channel]delivery.Sender
	unconfigured map[message.Channel]string // channels without a sender: the setting of each
	logOnly      bool                       // messages of these end without being sent, by any worker
	lines        *lines
	troubles     func() map[message.Channel]delivery.Trouble
	safeAfter    time.Duration
	askSafe      func(ctx context.Context) error // makes this worker obey a safe mode
	log          *slog.Logger
	losses       prometheus.Counter
	differing    prometheus.Gauge
	differ       []string // the settings that were told to differ
	setRates     func(map[string]float64)
	ratesVersion int64        // of the rates that were set for all
	era          atomic.Int64 // see delivery.Options
}

func newReporter(o Options, gate *queue.Gate, l *lines, troubles func() map[message.Channel]delivery.Trouble, p *pauser, setRates func(map[string]float64)) (*reporter, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	r := &reporter{
		keeper: newKeeper(o), gate: gate, self: fleet.Worker{ID: rand.Text(), Host: host, PID: os.Getpid(), Rates: o.Rates, Settings: o.SharedSettings},
		senders: o.Senders, unconfigured: o.Unconfigured, logOnly: o.LogOnly, lines: l, troubles: troubles, safeAfter: o.SafeAfter, askSafe: p.ask, setRates: setRates, log: o.Log,
	}
	for _, c := range message.Channels {
		if o.Senders[c] == nil && !o.LogOnly {
			gate.Set(shutNoSender, false, queuesOf(c)...)
		}
	}
	r.losses = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "herald_redis_lost_writes_total",
		Help: "Times that Redis had lost acknowledged writes, as this worker saw it. The workers put back what they know; alert above 0, since nobody else does.",
	})
	r.differing = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "herald_settings_differ",
		Help: "Settings in which this worker differs from others that should have the same: the log names them. Alert above 0 beyond the time of a rollout.",
	})
	return r, errors.Join(o.Metrics.Register(r.losses), o.Metrics.Register(r.differing))
}

// othersPause is how long it waits before it looks again what other workers have put back.
const othersPause = 100 * time.Millisecond

// run tells, every few seconds and at once when a line closes or opens or another Redis answers, until ctx ends.
func (r *reporter) run(ctx context.Context) {
	pause := time.NewTimer(fleet.Every)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-r.lines.changed:
		case <-r.guard.Changed:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := r.store.Remove(last, r.self.ID); err != nil {
				r.log.Warn("can't tell that this worker stops", "error", err)
			}
			return
		}
		next := fleet.Every
		err := r.round(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Warn("can't tell what this worker can send", "error", err)
		}
		if err != nil || !r.began.IsZero() {
			next = othersPause
			if err != nil {
				next = time.Second
			}
		}
		pause.Reset(next)
	}
}

// round tells once. If another Redis answers than before, it puts back what this worker knows, and lets nothing else go on
// before all others have done so: see keeper.
func (r *reporter) round(ctx context.Context) error {
	r.self.Lines = r.state()
	who, err := fleet.Identify(ctx, r.unguarded)
	if err != nil {
		return err
	}
	epoch := who.Epoch()
	if !r.guard.Knows(who) && (r.began.IsZero() || r.self.Epoch != epoch) {
		if err := r.shut(ctx); err != nil {
			return err
		}
	}
	r.self.Epoch = epoch
	before := r.last()
	writes, err := r.store.Put(ctx, r.self, before, r.safeAfter)
	if err != nil {
		return err
	}
	if r.count(time.Now(), writes) {
		r.losses.Inc()
		r.log.Error("Redis has lost writes that it had acknowledged: a replica without them was promoted, its file was cut, or it was emptied. "+
			"The workers put back what they know", "since", r.since.UTC())
		if err := r.shut(ctx); err != nil { // also where it doesn't tell who it is
			return err
		}
	}
	workers, err := r.store.Workers(ctx)
	if err != nil {
		return err
	}
	if !r.began.IsZero() {
		missing := r.missing(epoch, workers)
		if len(missing) > 0 && time.Since(r.began) < othersTime {
			return nil // another look follows soon
		}
		if safe := r.judge(time.Now(), missing); safe.On() {
			if err := r.store.EnterSafe(ctx, safe); err != nil {
				return err
			}
		}
	}
	if err := r.askSafe(ctx); err != nil {
		return err
	}
	if !r.began.IsZero() {
		r.log.Info("Redis is another one than before: what was recorded of late is in it, and sending goes on")
	}
	r.trust(who)
	r.others = workers
	r.gate.Set(shutMixed, !r.betterThan(workers), queue.BulksOf("")...)
	agreed, err := r.store.Rates(ctx)
	if err != nil {
		return err
	}
	r.agree(agreed, workers)
	return nil
}

// agree takes over the rates that were set for all, or the lowest, and tells in which settings workers differ.
func (r *reporter) agree(agreed fleet.Agreed, workers []fleet.Worker) {
	r.setRates(fleet.Rates(agreed, r.self.Rates, workers))
	if agreed.Version != r.ratesVersion {
		r.ratesVersion = agreed.Version
		r.log.Info("the rates for all workers were set or taken back", "version", agreed.Version, "set", agreed.Set)
	}
	differ := fleet.Differing(agreed, r.self, workers)
	r.differing.Set(float64(len(differ)))
	if slices.Equal(differ, r.differ) {
		return
	}
	if r.differ = differ; len(differ) == 0 {
		r.log.Info("the settings of all workers agree again")
		return
	}
	r.log.Warn("workers differ in settings that should be the same everywhere; of rates the lowest holds for all", "settings", strings.Join(differ, ", "))
}

// shut lets nothing more go on, and records again what this worker knows.
func (r *reporter) shut(ctx context.Context) error {
	if r.began.IsZero() {
		r.began = time.Now()
	}
	r.guard.Shut()
	r.era.Add(1)
	n, err := r.ledger.PutBack(ctx, r.unguarded)
	if n > 0 {
		r.lost = true
		r.log.Warn("what this worker had recorded was lost by Redis; it was put back", "messages", n)
	}
	return err
}

// state is what this worker can send.
func (r *reporter) state() map[message.Channel]fleet.Line {
	troubles, closed := r.troubles(), r.lines.shut()
	state := map[message.Channel]fleet.Line{}
	for _, c := range message.Channels {
		t, stuck := troubles[c]
		switch {
		case r.senders[c] == nil && !r.logOnly:
			detail := "it is not configured"
			if setting := r.unconfigured[c]; setting != "" {
				detail = setting + " is not set"
			}
			state[c] = fleet.Line{Code: fleet.NoSender, Detail: detail}
		case closed[c] && stuck:
			state[c] = fleet.Line{Code: t.Code, Detail: t.Detail, Where: t.Where, Since: t.Since}
		default:
			state[c] = fleet.Line{}
		}
	}
	return state
}

// betterThan reports whether another worker can send on all channels of this one, and on more.
func (r *reporter) betterThan(workers []fleet.Worker) bool {
	for _, w := range workers {
		if w.ID == r.self.ID {
			continue
		}
		all, more := true, false
		for _, c := range message.Channels {
			mine, theirs := r.self.Sends(c), w.Sends(c)
			all = all && (theirs || !mine)
			more = more || theirs && !mine
		}
		if all && more {
			return true
		}
	}
	return false
}
