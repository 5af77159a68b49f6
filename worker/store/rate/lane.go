package rate

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// lane is the part of a lane that one process holds: the rest of a lease, and those who wait for the next one.
type lane struct {
	name string
	wake chan struct{} // tells fill to look again

	mu      sync.Mutex
	rate    float64
	inForce float64
	tokens  int // left of the lease; 0 while anyone waits
	size    int // of the lease
	since   time.Time
	want    int // size of the next lease, if more than the number of waiters
	back    int // tokens that went stale: returned with the next lease
	waiting []*waiter
	filling bool
	slowed  time.Time
}

type waiter struct {
	turn   chan struct{}
	served bool
}

// largest is the most tokens of one lease, whatever the rate.
const largest = 1_000_000

// ask is what fill requests from Redis.
type ask struct {
	rate       float64
	want, back int
}

// take uses a token of the lease and returns nil, or joins the queue. first means that the caller must start fill.
func (ln *lane) take(rate float64, now time.Time) (w *waiter, first bool) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if rate != ln.rate {
		ln.rate = rate
		ln.drop()
		ln.back = 0 // it had another value
		ln.rouse()
	}
	if ln.tokens > 0 && now.Sub(ln.since) > freshness {
		ln.drop()
	}
	if ln.tokens > 0 {
		if ln.tokens--; ln.tokens == 0 {
			ln.usedUp(now)
		}
		return nil, false
	}
	w = &waiter{turn: make(chan struct{})}
	ln.waiting = append(ln.waiting, w)
	first = !ln.filling
	ln.filling = true
	return w, first
}

// drop gives up the rest of the lease, and halves what was used of it for the next one.
func (ln *lane) drop() {
	if ln.tokens == 0 {
		return
	}
	ln.back += ln.tokens
	ln.want = (ln.size - ln.tokens) / 2
	ln.tokens = 0
}

// usedUp makes the next lease as large as the number of tokens that this process uses in half the time that a lease
// is fresh.
func (ln *lane) usedUp(now time.Time) {
	took := max(now.Sub(ln.since), time.Millisecond)
	ln.want = int(time.Duration(ln.size) * (freshness / 2) / took)
}

// leave takes a waiter out of the queue. If it has its turn already, it passes the turn on.
func (ln *lane) leave(w *waiter) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if w.served {
		ln.tokens++
		ln.serve()
		return
	}
	if i := slices.Index(ln.waiting, w); i >= 0 {
		ln.waiting = slices.Delete(ln.waiting, i, i+1)
	}
	if len(ln.waiting) == 0 {
		ln.rouse()
	}
}

// serve gives tokens to the waiters, first come, first served.
func (ln *lane) serve() {
	n := min(ln.tokens, len(ln.waiting))
	for _, w := range ln.waiting[:n] {
		w.served = true
		close(w.turn)
	}
	ln.waiting = slices.Delete(ln.waiting, 0, n)
	ln.tokens -= n
}

// ask says what to lease next. If nobody waits, it ends fill.
func (ln *lane) ask() (a ask, ok bool) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if len(ln.waiting) == 0 {
		ln.filling = false
		return ask{}, false
	}
	a = ask{rate: ln.rate, want: min(max(1, len(ln.waiting), ln.want), largest), back: ln.back}
	ln.back = 0
	return a, true
}

// leased applies the answer of Redis.
func (ln *lane) leased(a ask, n int, inForce float64, now time.Time) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.inForce = inForce
	if n == 0 {
		return
	}
	ln.tokens += n
	ln.size, ln.since = n, now
	ln.serve()
	switch {
	case a.rate != ln.rate: // a rate that holds no more
		ln.drop()
		ln.back = 0
	case ln.tokens == 0:
		ln.usedUp(now)
	}
}

// slow reports whether this back-pressure is a new one, and gives up the lease.
func (ln *lane) slow(now time.Time) bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if !ln.slowed.IsZero() && now.Sub(ln.slowed) < slowOnce {
		return false
	}
	ln.slowed = now
	ln.drop()
	ln.back = 0
	return true
}

func (ln *lane) rouse() {
	select {
	case ln.wake <- struct{}{}:
	default:
	}
}

func (ln *lane) idle(now time.Time) bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	return !ln.filling && now.Sub(ln.since) > freshness && now.Sub(ln.slowed) > slowOnce
}

func (ln *lane) state() Lane {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	return Lane{Name: ln.name, PerSecond: ln.rate, InForce: cmp.Or(ln.inForce, ln.rate), Waiting: len(ln.waiting)}
}
