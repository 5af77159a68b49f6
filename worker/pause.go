package worker

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/fleet"
)

// pauseEvery is how often a worker asks whether everything is paused.
const pauseEvery = 500 * time.Millisecond

// pauser stops this worker's sending while an operator has paused everything. Events go on: they tell what was sent.
type pauser struct {
	store *fleet.Store
	gate  *queue.Gate
	log   *slog.Logger
	since atomic.Int64 // Unix seconds, 0 if nothing is paused
}

// halted reports whether everything is paused.
func (p *pauser) halted() bool { return p.since.Load() != 0 }

// ask asks once. If Redis doesn't answer, everything stays as it was.
func (p *pauser) ask(ctx context.Context) error {
	since, err := p.store.PausedSince(ctx)
	if err != nil {
		return err
	}
	second := int64(0)
	if !since.IsZero() {
		second = since.Unix()
	}
	if before := p.since.Swap(second); (before == 0) != (second == 0) {
		p.gate.Set(shutPaused, second == 0, append(queue.Bulks(), queue.Singles()...)...)
		if second != 0 {
			p.log.Warn("everything is paused: nothing is sent before `herald resume --all`", "since", since)
		} else {
			p.log.Info("everything is resumed")
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

// Describe implements prometheus.Collector.
func (p *pauser) Describe(ch chan<- *prometheus.Desc) { ch <- pausedDesc }

// Collect implements prometheus.Collector.
func (p *pauser) Collect(ch chan<- prometheus.Metric) {
	paused := 0.0
	if p.halted() {
		paused = 1
	}
	ch <- value(pausedDesc, paused)
}
