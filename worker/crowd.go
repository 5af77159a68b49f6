package worker

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
)

// crowd keeps slow lanes from taking every place. A worker has few chunks open at a time, and one whose messages wait
// for a rate holds its place for long: while other bulks run, all but one of the chunks of a lane that is full give way.
type crowd struct {
	mu    sync.Mutex
	lanes map[string]int // chunks that are open here, by lane
	asked time.Time
	bulks int // that run, as of asked
}

// crowdAge is how long a worker takes it that so many bulks run.
const crowdAge = time.Second

// place is what an open chunk takes.
type place struct {
	w      *Worker
	lanes  []string
	chunks int // of the bulk
	looked time.Time
	left   bool
}

// crowdLook is how often an open chunk asks whether to give way.
const crowdLook = 100 * time.Millisecond

// enter takes a place for a chunk of a bulk. It is a *queue.Again when the chunk is to give way.
func (w *Worker) enter(ctx context.Context, b bulk.Bulk) (*place, error) {
	p := &place{w: w, lanes: []string{bulkLane(b.ID)}, chunks: b.Chunks}
	for _, c := range b.Channels() {
		p.lanes = append(p.lanes, lane(c))
	}
	w.crowd.mu.Lock()
	defer w.crowd.mu.Unlock()
	if w.crowd.lanes == nil {
		w.crowd.lanes = map[string]int{}
	}
	for _, name := range p.lanes {
		w.crowd.lanes[name]++
	}
	if err := p.giveWay(ctx); err != nil {
		p.leave()
		return nil, err
	}
	return p, nil
}

// stay is a *queue.Again when the chunk is to give way to those of other bulks. The place is free then. It is not safe for
// concurrent use.
func (p *place) stay(ctx context.Context) error {
	if time.Since(p.looked) < crowdLook {
		return nil
	}
	p.looked = time.Now()
	p.w.crowd.mu.Lock()
	defer p.w.crowd.mu.Unlock()
	err := p.giveWay(ctx)
	if err != nil {
		p.leave()
	}
	return err
}

// close gives the place back.
func (p *place) close() {
	p.w.crowd.mu.Lock()
	defer p.w.crowd.mu.Unlock()
	p.leave()
}

// giveWay decides. The caller holds the lock, as for leave.
func (p *place) giveWay(ctx context.Context) error {
	if p.left {
		return nil
	}
	for _, name := range p.lanes {
		if p.w.crowd.lanes[name] <= 1 || p.w.Limiter.Waiting(name) == 0 {
			continue
		}
		if alone, err := p.w.alone(ctx); alone || err != nil {
			return err
		}
		// The more chunks take turns, the longer each can wait without the lane running dry.
		pause := 2*time.Second + time.Duration(p.chunks)*10*time.Millisecond
		return &queue.Again{After: pause/2 + rand.N(pause), Reason: "its lane is full, and other bulks run", Quiet: true}
	}
	return nil
}

func (p *place) leave() {
	if p.left {
		return
	}
	p.left = true
	for _, name := range p.lanes {
		if p.w.crowd.lanes[name]--; p.w.crowd.lanes[name] == 0 {
			delete(p.w.crowd.lanes, name)
		}
	}
}

// alone reports whether one bulk at most runs. The caller holds the lock.
func (w *Worker) alone(ctx context.Context) (bool, error) {
	if time.Since(w.crowd.asked) > crowdAge {
		ids, err := w.bulks.Running(ctx)
		if err != nil {
			return false, err
		}
		w.crowd.asked, w.crowd.bulks = time.Now(), len(ids)
	}
	return w.crowd.bulks <= 1, nil
}
