package rate

import (
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// free is a lane without a rate, in this process. Its messages are counted, so that there is a rate to lower when the
// provider pushes back. Then that rate is its base, and it is a lane of this process alone until it has recovered.
type free struct {
	private string // its name while it has a base
	passed  atomic.Int64
	base    atomic.Uint64 // float64 bits; 0 is none

	mu    sync.Mutex
	marks [2]mark // the older first
	until time.Time
}

// mark is how many messages had passed at a time.
type mark struct {
	at     time.Time
	passed int64
}

// markEvery is the number of messages between two looks at the clock; markStretch is the least time between two
// marks.
const (
	markEvery   = 32
	markStretch = time.Second
)

// freeLanes is read without a lock: most messages go through it.
type freeLanes struct {
	mu  sync.Mutex
	all atomic.Pointer[map[string]*free]
}

func (f *freeLanes) get(name string) *free {
	if all := f.all.Load(); all != nil {
		return (*all)[name]
	}
	return nil
}

// add returns the lane, a new one if there was none. It forgets all when there are too many.
func (f *freeLanes) add(name, private string, now time.Time) *free {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known := f.get(name); known != nil {
		return known
	}
	all := map[string]*free{}
	if old := f.all.Load(); old != nil && len(*old) < mostLanes {
		maps.Copy(all, *old)
	}
	lane := &free{private: private, marks: [2]mark{{at: now}, {at: now}}}
	all[name] = lane
	f.all.Store(&all)
	return lane
}

// count counts a message and returns its rate; 0 is none.
func (f *free) count(now func() time.Time) float64 {
	if n := f.passed.Add(1); n%markEvery == 0 {
		f.mark(now(), n)
	}
	base := math.Float64frombits(f.base.Load())
	if base > 0 && f.recovered(now()) {
		return 0
	}
	return base
}

func (f *free) mark(now time.Time, n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.marks[1].at) >= markStretch {
		f.marks[0], f.marks[1] = f.marks[1], mark{now, n}
	}
}

// recovered removes the base when its time is over.
func (f *free) recovered(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Before(f.until) {
		return false
	}
	f.base.Store(0)
	return true
}

// slow gives the lane a base, unless it has one: the rate of the last seconds, and at least one message a second.
func (f *free) slow(now, until time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until = until
	if f.base.Load() != 0 {
		return
	}
	took := max(now.Sub(f.marks[0].at), time.Millisecond)
	f.base.Store(math.Float64bits(max(1, float64(f.passed.Load()-f.marks[0].passed)/took.Seconds())))
}
