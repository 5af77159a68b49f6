package worker

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	pulseEvery = 500 * time.Millisecond
	// frozenAfter is how long this process may stand still. After that others may have taken its tasks: they give it 15 s
	// after the last sign of life, of which there is one every 5 s.
	frozenAfter = 10 * time.Second
)

// pulse notices that this process stood still: its machine slept, or it was stopped. Runs of before must go no further, since
// other workers may do the same.
type pulse struct {
	at     atomic.Pointer[time.Time]
	missed atomic.Int64 // how often it stood still
}

// beat says that the process lives at this time.
func (p *pulse) beat(now time.Time) {
	if last := p.at.Swap(&now); last != nil && now.Sub(*last) > frozenAfter {
		p.missed.Add(1)
	}
}

// count is how often the process has stood still. It knows of the last time before the next beat does.
func (p *pulse) count(now time.Time) int64 {
	missed := p.missed.Load()
	if last := p.at.Load(); last != nil && now.Sub(*last) > frozenAfter {
		missed++
	}
	return missed
}

// run beats until ctx ends.
func (p *pulse) run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		p.beat(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.at.Store(nil) // what is in flight may finish
			return
		}
	}
}
