package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/task"
)

// pauseEvery is how often a worker asks whether everything is paused.
const pauseEvery = 500 * time.Millisecond

// pauser stops this worker's sending while an operator has paused everything, and in safe mode. Events go on: they tell what
// was sent.
type pauser struct {
	store *fleet.Store
	gate  *queue.Gate
	log   *slog.Logger
	since atomic.Int64 // Unix seconds, 0 if nothing is paused
	safe  atomic.Pointer[fleet.Safe]
}

// safeMode is the safe mode that this worker obeys.
func (p *pauser) safeMode() fleet.Safe {
	if safe := p.safe.Load(); safe != nil {
		return *safe
	}
	return fleet.Safe{}
}

// halted reports whether nothing may be sent under a policy, and why: a code and words.
func (p *pauser) halted(policy task.Policy) (code, words string) {
	if p.since.Load() != 0 {
		return fleet.Paused, "everything is paused"
	}
	if safe := p.safeMode(); safe.On() && (!safe.OnlyHold || policy == task.Hold) {
		return fleet.SafeMode, safe.Words()
	}
	return "", ""
}

// ask asks once. If Redis doesn't answer, everything stays as it was.
func (p *pauser) ask(ctx context.Context) error {
	since, err := p.store.PausedSince(ctx)
	if err != nil {
		return err
	}
	safe, err := p.store.Safe(ctx)
	if err != nil {
		return err
	}
	second := int64(0)
	if !since.IsZero() {
		second = since.Unix()
	}
	sending := append(queue.Bulks(), queue.Singles()...)
	if before := p.since.Swap(second); (before == 0) != (second == 0) {
		p.gate.Set(shutPaused, second == 0, sending...)
		if second != 0 {
			p.log.Warn("everything is paused: nothing is sent before `herald resume --all`", "since", since)
		} else {
			p.log.Info("everything is resumed")
		}
	}
	if before := p.safeMode(); before != safe {
		p.safe.Store(&safe)
		p.gate.Set(shutSafe, !safe.On() || safe.OnlyHold, sending...)
		if safe.On() {
			p.log.Error(safe.Words())
		} else {
			p.log.Info("safe mode is over")
		}
	}
	return nil
}

// run asks until ctx ends.
func (p *pauser) run(ctx context.Context) {
	tick := time.NewTicker(pauseEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		_ = p.ask(ctx) // others tell that Redis is away
	}
}

var pausedDesc = prometheus.NewDesc("herald_paused", "1 while everything is paused (`herald pause --all`), else 0.", nil, nil)

var safeDesc = prometheus.NewDesc("herald_safe_mode", "1 while Redis may have forgotten what was sent, and nothing goes out before an operator says from when (`herald resume --from`), else 0. Alert above 0.", nil, nil)

// Describe implements prometheus.Collector.
func (p *pauser) Describe(ch chan<- *prometheus.Desc) {
	ch <- pausedDesc
	ch <- safeDesc
}

// Collect implements prometheus.Collector.
func (p *pauser) Collect(ch chan<- prometheus.Metric) {
	paused, safe := 0.0, 0.0
	if p.since.Load() != 0 {
		paused = 1
	}
	if p.safeMode().On() {
		safe = 1
	}
	ch <- value(pausedDesc, paused)
	ch <- value(safeDesc, safe)
}
