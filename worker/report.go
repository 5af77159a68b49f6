package worker

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/fleet"
)

// reporter tells the fleet what this worker can send, and leaves the bulks on several channels to workers that can send
// more of them.
type reporter struct {
	store        *fleet.Store
	gate         *queue.Gate
	self         fleet.Worker
	senders      map[message.Channel]delivery.Sender
	unconfigured map[message.Channel]string // channels without a sender: the setting of each
	logOnly      bool                       // messages of these end without being sent, by any worker
	lines        *lines
	troubles     func() map[message.Channel]delivery.Trouble
	log          *slog.Logger

	writes int64 // how often this worker has told, as of wrote
	wrote  time.Time
	lost   prometheus.Counter
}

func newReporter(o Options, gate *queue.Gate, l *lines, troubles func() map[message.Channel]delivery.Trouble) (*reporter, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	r := &reporter{
		store: fleet.New(o.Redis), gate: gate, self: fleet.Worker{ID: rand.Text(), Host: host, PID: os.Getpid()},
		senders: o.Senders, unconfigured: o.Unconfigured, logOnly: o.LogOnly, lines: l, troubles: troubles, log: o.Log,
	}
	for _, c := range message.Channels {
		if o.Senders[c] == nil && !o.LogOnly {
			gate.Set(shutNoSender, false, queuesOf(c)...)
		}
	}
	r.lost = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "herald_redis_lost_writes_total",
		Help: "Times that Redis had lost acknowledged writes, as this worker saw it: what was recorded then is forgotten, and may go out again. Alert above 0.",
	})
	return r, o.Metrics.Register(r.lost)
}

// run tells, every few seconds and at once when a line closes or opens, until ctx ends.
func (r *reporter) run(ctx context.Context) {
	tick := time.NewTicker(fleet.Every)
	defer tick.Stop()
	for {
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("can't tell what this worker can send", "error", err)
		}
		select {
		case <-tick.C:
		case <-r.lines.changed:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			if err := r.store.Remove(last, r.self.ID); err != nil {
				r.log.Warn("can't tell that this worker stops", "error", err)
			}
			return
		}
	}
}

func (r *reporter) round(ctx context.Context) error {
	r.self.Lines = r.state()
	writes, err := r.store.Put(ctx, r.self)
	if err != nil {
		return err
	}
	if writes <= r.writes {
		r.lost.Inc()
		r.log.Error("Redis has lost writes that it had acknowledged: a replica without them was promoted, its file was cut, or it was emptied. "+
			"What was recorded since then is forgotten, and may go out again", "since", r.wrote.UTC(), "writes", r.writes, "now", writes)
	}
	r.writes, r.wrote = writes, time.Now()
	workers, err := r.store.Workers(ctx)
	if err != nil {
		return err
	}
	r.gate.Set(shutMixed, !r.betterThan(workers), queue.BulksOf("")...)
	return nil
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
