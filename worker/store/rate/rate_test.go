package rate

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

func newLimiter(t testing.TB, rdb redis.UniversalClient, recovery time.Duration) *Limiter {
	t.Helper()
	l, err := New(Options{Redis: rdb, Log: slog.New(slog.DiscardHandler), Recovery: recovery})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// senders run Wait on each limiter in so many goroutines until stop, and count who passed.
type senders struct {
	passed atomic.Int64
	cancel context.CancelFunc
	all    sync.WaitGroup
}

func send(limiters []*Limiter, each int, lane string, rate func() float64, work time.Duration) *senders {
	ctx, cancel := context.WithCancel(context.Background())
	s := &senders{cancel: cancel}
	for _, l := range limiters {
		for range each {
			s.all.Go(func() {
				for ctx.Err() == nil && l.Wait(ctx, lane, rate()) == nil {
					s.passed.Add(1)
					if work > 0 {
						select {
						case <-time.After(work):
						case <-ctx.Done():
						}
					}
				}
			})
		}
	}
	return s
}

func (s *senders) stop() {
	s.cancel()
	s.all.Wait()
}

func constant(r float64) func() float64 { return func() float64 { return r } }

// measure waits until at least n passed and returns how many a second did.
func (s *senders) measure(n int64) float64 {
	from, started := s.passed.Load(), time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if passed := s.passed.Load() - from; passed >= n {
			return float64(passed) / time.Since(started).Seconds()
		}
	}
	return 0
}

// keeps checks that no more than the rate passes, over n messages, and logs how near to it they came: a machine that is
// busy with other things may fall behind, but never gets ahead by more than the tolerance.
func (s *senders) keeps(t *testing.T, what string, n int64, rate float64) {
	t.Helper()
	got := s.measure(n)
	t.Logf("%s: %.1f a second, %+.2f %%", what, got, 100*(got/rate-1))
	if most := rate + (0.2*rate+1)/(float64(n)/rate); got > most {
		t.Errorf("%s: %.1f a second, at most %.1f may", what, got, most)
	}
}

// Eight processes together keep to the rate, whether each is fast or slow, at high rates and low ones.
func TestEightLimitersKeepOneRate(t *testing.T) {
	server := redistest.Start(t)
	for _, c := range []struct {
		name string
		rate float64
		each int           // goroutines of a process
		work time.Duration // that a message takes
		n    int64
	}{
		{"fast senders", 2000, 4, 0, 6000},
		{"slow senders", 500, 8, 20 * time.Millisecond, 1500},
		{"low rate", 40, 2, 0, 120},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var limiters []*Limiter
			for range 8 {
				limiters = append(limiters, newLimiter(t, server.Client(), 0))
			}
			s := send(limiters, c.each, c.name, constant(c.rate), c.work)
			defer s.stop()
			s.measure(c.n / 20) // the start
			s.keeps(t, c.name, c.n, c.rate)
		})
	}
}

// In no stretch of time does more pass than the package comment promises, not even after a pause.
func TestNoBurstBeyondThePromise(t *testing.T) {
	server := redistest.Start(t)
	const rate = 1000
	var limiters []*Limiter
	for range 4 {
		limiters = append(limiters, newLimiter(t, server.Client(), 0))
	}
	var mu sync.Mutex
	var times []time.Duration
	started := time.Now()
	for range 3 { // idle stretches lie between the rounds
		var all sync.WaitGroup
		for _, l := range limiters {
			for range 50 {
				all.Go(func() {
					for range 2 {
						if err := l.Wait(context.Background(), "lane", rate); err != nil {
							t.Error(err)
						}
						now := time.Since(started)
						mu.Lock()
						times = append(times, now)
						mu.Unlock()
					}
				})
			}
		}
		all.Wait()
		<-time.After(5 * tolerance) // what is tested is that idleness saves up no more than the tolerance
	}
	if len(times) != 3*4*50*2 {
		t.Fatalf("%d passed", len(times))
	}
	for i := range times {
		for j := i + 1; j < len(times); j++ {
			// 0.2 is the promise; the rest is for those who were late to look at the clock.
			if most := rate*((times[j]-times[i]).Seconds()+0.2+0.15) + 1; float64(j-i+1) > most {
				t.Fatalf("%d messages in %v, at most %.0f may", j-i+1, times[j]-times[i], most)
			}
		}
	}
}

func TestRateChangesWhileWaiting(t *testing.T) {
	server := redistest.Start(t)
	limiters := []*Limiter{newLimiter(t, server.Client(), 0), newLimiter(t, server.Client(), 0)}
	var rate atomic.Int64
	rate.Store(200)
	s := send(limiters, 8, "lane", func() float64 { return float64(rate.Load()) }, 0)
	defer s.stop()
	s.measure(20)
	s.keeps(t, "before", 200, 200)
	rate.Store(2000)
	s.measure(100)
	if got := s.measure(2000); got < 2*200 {
		t.Errorf("%.1f a second after the rate was raised from 200 to 2000", got)
	}
	rate.Store(100)
	s.measure(200)
	s.keeps(t, "lowered", 100, 100)
}

// Whoever waits for a turn at one message an hour does not wait that hour out when the rate is raised.
func TestRaisedRateWakesThoseWhoWait(t *testing.T) {
	server := redistest.Start(t)
	l := newLimiter(t, server.Client(), 0)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	const hourly = 1.0 / 3600
	if err := l.Wait(ctx, "lane", hourly); err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() { slow <- l.Wait(ctx, "lane", hourly) }()
	for ctx.Err() == nil && l.Lanes()[0].Waiting == 0 {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-slow:
		t.Fatalf("passed at once: %v", err)
	default:
	}
	if err := l.Wait(ctx, "lane", 1000); err != nil {
		t.Fatal(err)
	}
	if err := <-slow; err != nil {
		t.Fatal(err)
	}
}

func TestNoLimitNeedsNothing(t *testing.T) {
	nowhere := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer nowhere.Close()
	l := newLimiter(t, nowhere, 0)
	ctx := context.Background()
	if err := l.Wait(ctx, "lane", 0); err != nil {
		t.Fatal(err)
	}
	for _, r := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if allocs := testing.AllocsPerRun(100, func() {
			if err := l.Wait(ctx, "lane", r); err != nil {
				t.Fatal(err)
			}
		}); allocs != 0 {
			t.Errorf("rate %v: %v allocations", r, allocs)
		}
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	server := redistest.Start(t)
	l := newLimiter(t, server.Client(), 0)
	ctx, cancel := context.WithCancel(context.Background())
	if err := l.Wait(ctx, "lane", 0.01); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 3)
	for range 3 {
		go func() { done <- l.Wait(ctx, "lane", 0.01) }()
	}
	for deadline := time.Now().Add(10 * time.Second); l.Lanes()[0].Waiting < 3 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for range 3 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if err := l.Wait(ctx, "lane", 0.01); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for !l.lane("lane").idle(time.Now().Add(time.Minute)) {
		if time.Now().After(deadline) {
			t.Fatal("goes on leasing though nobody waits")
		}
		time.Sleep(time.Millisecond)
	}
}

// While Redis is away nobody passes; when it is back, those who wait do.
func TestRedisComesBack(t *testing.T) {
	server := redistest.Start(t)
	l := newLimiter(t, server.Client(), 0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := l.Wait(ctx, "lane", 5); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	passed := make(chan error, 1)
	go func() { passed <- l.Wait(ctx, "lane", 5) }()
	select {
	case err := <-passed:
		t.Fatalf("passed without Redis: %v", err)
	case <-time.After(3 * retryPause): // it has tried more than once
	}
	server.Restart()
	if err := <-passed; err != nil {
		t.Fatal(err)
	}
}

// A clock that was set back stops nobody: what was paid lies never far ahead.
func TestClockSetBack(t *testing.T) {
	server := redistest.Start(t)
	rdb := server.Client()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	future := float64(time.Now().Add(24*time.Hour).UnixMicro()) - 1.7e15
	if err := rdb.HSet(ctx, key("lane"), "paid", future).Err(); err != nil {
		t.Fatal(err)
	}
	l := newLimiter(t, rdb, 0)
	for range 10 {
		if err := l.Wait(ctx, "lane", 100); err != nil {
			t.Fatal(err)
		}
	}
}

// A lease that nobody used goes stale, and is given back.
func TestUnusedTokensExpire(t *testing.T) {
	ln := &lane{name: "lane", wake: make(chan struct{}, 1)}
	now := time.Unix(0, 0)
	if w, first := ln.take(1000, now); w == nil || !first {
		t.Fatal("passed without a lease")
	}
	a, ok := ln.ask()
	if !ok || a.want != 1 {
		t.Fatalf("asks for %+v, %t", a, ok)
	}
	ln.leased(a, 50, 1000, now)
	if _, more := ln.ask(); more {
		t.Fatal("leases on though nobody waits")
	}
	for range 9 {
		if w, _ := ln.take(1000, now.Add(freshness)); w != nil {
			t.Fatal("had to wait in spite of a fresh lease")
		}
	}
	if w, first := ln.take(1000, now.Add(freshness+1)); w == nil || !first {
		t.Fatal("used a stale token")
	}
	if a, _ := ln.ask(); a.back != 40 || a.want != 5 {
		t.Errorf("asks for %+v, want 40 given back and half of the 10 that were used", a)
	}
}

// A waiter who gives up after its turn came passes the turn on.
func TestTurnIsPassedOn(t *testing.T) {
	ln := &lane{name: "lane", wake: make(chan struct{}, 1)}
	now := time.Unix(0, 0)
	first, _ := ln.take(10, now)
	second, _ := ln.take(10, now)
	a, _ := ln.ask()
	ln.leased(a, 1, 10, now)
	if !first.served || second.served {
		t.Fatal("not first come, first served")
	}
	ln.leave(first)
	if !second.served {
		t.Error("the turn was lost")
	}
}

func TestOptions(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{})
	defer rdb.Close()
	log := slog.New(slog.DiscardHandler)
	for _, o := range []Options{{}, {Redis: rdb}, {Log: log}, {Redis: rdb, Log: log, Recovery: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("took %+v", o)
		}
	}
}

// BenchmarkWait is what a limit costs a message, one Redis and one process, 16 senders: "saturated" is a rate that
// nobody reaches, so that leases are as large as they get; "off" is no limit.
func BenchmarkWait(b *testing.B) {
	server := redistest.Start(b)
	for name, rate := range map[string]float64{"off": 0, "100,000 a second": 1e5, "10,000,000 a second": 1e7} {
		b.Run(name, func(b *testing.B) {
			l := newLimiter(b, server.Client(), 0)
			ctx := context.Background()
			b.SetParallelism(8)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := l.Wait(ctx, name, rate); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
