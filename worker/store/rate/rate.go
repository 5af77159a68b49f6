// Package rate keeps limits that hold for all workers together: so many messages a second on a lane, in however many
// processes. The state of a lane is one hash in Redis, with the clock of Redis. Each process leases tokens in small
// batches, so that a limit costs a message almost nothing. When the provider pushes back, Slow lowers the lane for
// all processes; it recovers by itself.
//
// At a rate r, in any period of t seconds, at most r × (t + 0.2) + 1 messages start. If there is always one waiting,
// r × t of them start.
package rate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// lease is the most lane time that one process takes at once: 5 % of a second's tokens, or one token.
	lease = 50 * time.Millisecond
	// tolerance is how much lane time may be caught up after all processes were late or idle.
	tolerance = 100 * time.Millisecond
	// freshness is how long leased tokens may be used.
	freshness = 100 * time.Millisecond
	// slowOnce is the time within which back-pressure counts once: all messages in flight meet it together.
	slowOnce = time.Second
	// slowBy is the factor by which back-pressure changes the rate.
	slowBy = 0.5
	// slowest is the least share of the rate that remains after back-pressure.
	slowest = 0.01
	// lowest is the least rate: one message a day.
	lowest = 1.0 / 86400
	// retryPause is the pause after Redis did not answer. Waiting messages keep waiting.
	retryPause = 200 * time.Millisecond
	// mostLanes is how many lanes a process remembers before it forgets idle ones.
	mostLanes = 1024
)

// Options for New.
type Options struct {
	Redis redis.UniversalClient // required
	Log   *slog.Logger          // required
	// Now measures the age of leases; time.Now when nil. The rates themselves use the clock of Redis.
	Now func() time.Time
	// Recovery is how long a lane takes from zero to its full rate after back-pressure; after one Slow, half of that.
	// 2 minutes when zero.
	Recovery time.Duration
}

// Limiter is the part of all lanes that one process holds. It is safe for concurrent use and needs no closing.
type Limiter struct {
	rdb      redis.UniversalClient
	log      *slog.Logger
	now      func() time.Time
	recovery time.Duration

	free    freeLanes
	private string // appended to the names of lanes that are this process's alone

	mu    sync.Mutex
	lanes map[string]*lane
}

// New checks the options. It does not talk to Redis.
func New(o Options) (*Limiter, error) {
	if o.Redis == nil || o.Log == nil {
		return nil, errors.New("rate: Redis and Log are required")
	}
	if o.Recovery < 0 {
		return nil, errors.New("rate: Recovery is negative")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Limiter{
		rdb: o.Redis, log: o.Log, now: o.Now, recovery: cmp.Or(o.Recovery, 2*time.Minute), lanes: map[string]*lane{},
		private: "#" + rand16(),
	}, nil
}

// Wait returns nil when one message may start on the lane, at perSecond messages a second in all processes together,
// or the error of the context. A rate of 0 is no limit: it returns at once, unless Slow was called. Less than one a
// day counts as one a day. A lane has one rate: the rate that was given last counts for all who wait in this process,
// so a change takes effect with the first message that brings it. While Redis can't be reached nobody passes.
func (l *Limiter) Wait(ctx context.Context, name string, perSecond float64) error {
	if !(perSecond > 0) || math.IsInf(perSecond, 1) {
		f := l.free.get(name)
		if f == nil {
			f = l.free.add(name, name+l.private, l.now())
		}
		if perSecond = f.count(l.now); perSecond == 0 {
			return nil
		}
		name = f.private
	}
	if ctx.Err() != nil {
		return fmt.Errorf("wait for lane %s: %w", name, context.Cause(ctx))
	}
	ln := l.lane(name)
	w, first := ln.take(max(perSecond, lowest), l.now())
	if w == nil {
		return nil
	}
	if first {
		go l.fill(context.WithoutCancel(ctx), ln)
	}
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		ln.leave(w)
		return fmt.Errorf("wait for lane %s: %w", name, context.Cause(ctx))
	}
}

// Slow halves the lane's rate for all processes, because the provider said that it is too fast. Calls within one
// second count once, and at least a hundredth of the rate stays. The rate grows back steadily, see Options.Recovery.
// A lane without a rate is lowered in this process only, from the rate of its messages in the last seconds; when it
// has recovered it has none again.
func (l *Limiter) Slow(ctx context.Context, name string) {
	if !l.lane(name).slow(l.now()) {
		return
	}
	l.slow(ctx, name)
	if f := l.free.get(name); f != nil {
		f.slow(l.now(), l.now().Add(l.recovery))
		l.lane(f.private).slow(l.now())
		l.slow(ctx, f.private)
	}
}

func (l *Limiter) slow(ctx context.Context, name string) {
	factor, err := slowScript.Run(ctx, l.rdb, []string{key(name)},
		l.recovery.Microseconds(), slowOnce.Microseconds(), slowest, slowBy).Int64()
	if err != nil {
		l.log.Warn("a lane that is too fast can't be slowed", "lane", name, "error", err)
		return
	}
	l.log.Warn("the provider pushes back: lane slowed", "lane", name, "percent", factor/10)
}

// rand16 is a random name, to tell processes apart.
func rand16() string { return fmt.Sprintf("%016x", rand.Uint64()) }

// Lane is what this process knows about a lane.
type Lane struct {
	Name      string
	PerSecond float64 // as given; 0 is no limit
	// InForce is the rate after back-pressure: the last one that Redis gave or, before that, the given one; 0 is no
	// limit.
	InForce float64
	Waiting int // messages of this process that wait for their turn
}

// Lanes lists the lanes that this process used, by name, for metrics.
func (l *Limiter) Lanes() []Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	byName := map[string]Lane{}
	for _, ln := range l.lanes {
		state := ln.state()
		if name, ok := strings.CutSuffix(state.Name, l.private); ok {
			// This is a lane without a rate, perhaps lowered for now.
			if f := l.free.get(name); f == nil || f.recovered(l.now()) {
				continue
			}
			state.Name, state.PerSecond = name, 0
			state.Waiting += byName[name].Waiting
		} else if other, ok := byName[state.Name]; ok {
			other.Waiting += state.Waiting
			state = other
		}
		byName[state.Name] = state
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b Lane) int { return cmp.Compare(a.Name, b.Name) })
}

// Waiting is how many messages of this process wait for their turn on a lane.
func (l *Limiter) Waiting(name string) int {
	waiting := 0
	for _, name := range []string{name, name + l.private} {
		l.mu.Lock()
		ln := l.lanes[name]
		l.mu.Unlock()
		if ln != nil {
			waiting += ln.state().Waiting
		}
	}
	return waiting
}

func (l *Limiter) lane(name string) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ln := l.lanes[name]; ln != nil {
		return ln
	}
	if len(l.lanes) >= mostLanes {
		for other, ln := range l.lanes {
			if ln.idle(l.now()) {
				delete(l.lanes, other)
			}
		}
	}
	ln := &lane{name: name, wake: make(chan struct{}, 1)}
	l.lanes[name] = ln
	return ln
}

// fill leases tokens as long as anyone waits for them.
func (l *Limiter) fill(ctx context.Context, ln *lane) {
	failing := false
	for {
		ask, ok := ln.ask()
		if !ok {
			return
		}
		leased, inForce, pause, err := l.take(ctx, ln.name, ask)
		switch {
		case err != nil:
			pause = retryPause
			if !failing {
				l.log.Warn("a lane can't lease, trying on", "lane", ln.name, "error", err)
			}
		default:
			ln.leased(ask, leased, inForce, l.now())
			if failing {
				l.log.Info("a lane leases again", "lane", ln.name)
			}
		}
		failing = err != nil
		if leased > 0 {
			continue
		}
		// Processes that were given the same moment should not all come at it.
		timer := time.NewTimer(pause + rand.N(pause/8+time.Millisecond))
		select {
		case <-timer.C:
		case <-ln.wake:
			timer.Stop()
		}
	}
}

func (l *Limiter) take(ctx context.Context, name string, a ask) (leased int, inForce float64, pause time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := takeScript.Run(ctx, l.rdb, []string{key(name)}, a.rate, a.want, a.back,
		tolerance.Microseconds(), lease.Microseconds(), l.recovery.Microseconds()).Int64Slice()
	if err != nil {
		return 0, 0, 0, err
	}
	if len(r) != 3 {
		return 0, 0, 0, fmt.Errorf("%d values from the script", len(r))
	}
	return int(r[0]), float64(r[2]) / 1e6, time.Duration(r[1]) * time.Microsecond, nil
}

// key holds the whole state of a lane, under a hash tag of its own.
func key(lane string) string { return "herald:rate:{" + lane + "}" }
