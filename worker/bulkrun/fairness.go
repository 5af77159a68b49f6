package bulkrun

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/queue"
)

// fairness keeps slow lanes from taking all chunks that a worker may have open. A chunk whose messages wait for a
// rate stays open for long. So, while other bulks run, all but one of the open chunks of a full lane give way.
type fairness struct {
	waiting func(lane string) int                               // how many messages of this process wait on a lane
	running func(ctx context.Context) (ids []string, err error) // the bulks that run
	mu      sync.Mutex
	open    map[string]int // open chunks of this process, by lane
	asked   time.Time
	bulks   int // that run, as of asked
}

// runningAge is how long a worker trusts its count of running bulks.
const runningAge = time.Second

func newFairness(waiting func(string) int, running func(context.Context) ([]string, error)) *fairness {
	return &fairness{waiting: waiting, running: running, open: map[string]int{}}
}

// turn is an open chunk's turn to be worked on.
type turn struct {
	f      *fairness
	lanes  []string
	chunks int // of the bulk
	looked time.Time
	over   bool
}

// turnLook is how often an open chunk asks whether to give way.
const turnLook = 100 * time.Millisecond

// enter begins the turn of a chunk. The error is a *queue.Again if the chunk must give way.
func (f *fairness) enter(ctx context.Context, b bulk.Bulk) (*turn, error) {
	t := &turn{f: f, lanes: []string{delivery.BulkLane(b.ID)}, chunks: b.Chunks}
	for _, c := range b.Channels() {
		t.lanes = append(t.lanes, delivery.ChannelLane(c))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range t.lanes {
		f.open[name]++
	}
	if err := t.giveWay(ctx); err != nil {
		t.leave()
		return nil, err
	}
	return t, nil
}

// stay returns a *queue.Again if the chunk must give way to those of other bulks. Its turn is over then. It is not
// safe for concurrent use.
func (t *turn) stay(ctx context.Context) error {
	if time.Since(t.looked) < turnLook {
		return nil
	}
	t.looked = time.Now()
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	err := t.giveWay(ctx)
	if err != nil {
		t.leave()
	}
	return err
}

// end ends the turn.
func (t *turn) end() {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	t.leave()
}

// giveWay decides. The caller holds the lock, as for leave.
func (t *turn) giveWay(ctx context.Context) error {
	if t.over {
		return nil
	}
	for _, name := range t.lanes {
		if t.f.open[name] <= 1 || t.f.waiting(name) == 0 {
			continue
		}
		if alone, err := t.f.alone(ctx); alone || err != nil {
			return err
		}
		// With more chunks that take turns, each can wait longer without the lane running dry.
		pause := 2*time.Second + time.Duration(t.chunks)*10*time.Millisecond
		return &queue.Again{After: pause/2 + rand.N(pause), Reason: "lane_full", Detail: "its lane is full, and other bulks run", Quiet: true}
	}
	return nil
}

func (t *turn) leave() {
	if t.over {
		return
	}
	t.over = true
	for _, name := range t.lanes {
		if t.f.open[name]--; t.f.open[name] == 0 {
			delete(t.f.open, name)
		}
	}
}

// alone reports whether at most one bulk runs. The caller holds the lock.
func (f *fairness) alone(ctx context.Context) (bool, error) {
	if time.Since(f.asked) > runningAge {
		ids, err := f.running(ctx)
		if err != nil {
			return false, err
		}
		f.asked, f.bulks = time.Now(), len(ids)
	}
	return f.bulks <= 1, nil
}
