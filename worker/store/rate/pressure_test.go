package rate

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestBackPressureHalvesAndRecovers(t *testing.T) {
	server := redistest.Start(t)
	const rate, recovery = 1000, 8 * time.Second
	hears, other := newLimiter(t, server.Client(), recovery), newLimiter(t, server.Client(), recovery)
	s := send([]*Limiter{hears, other}, 4, "lane", constant(rate), 0)
	defer s.stop()
	s.measure(200)
	var all sync.WaitGroup
	for range 100 { // everything in flight meets it, in both processes: that counts once
		all.Go(func() { hears.Slow(context.Background(), "lane") })
		all.Go(func() { other.Slow(context.Background(), "lane") })
	}
	all.Wait()
	if got := factor(t, server.Client(), "lane"); math.Abs(got-0.5) > 0.01 {
		t.Fatalf("the factor is %.3f, want one half", got)
	}
	inForce := func() float64 { return hears.Lanes()[0].InForce }
	deadline := time.Now().Add(30 * time.Second)
	for inForce() > 0.9*rate { // until the next lease says so
		if time.Now().After(deadline) {
			t.Fatalf("%.0f a second are in force after back-pressure", inForce())
		}
		time.Sleep(time.Millisecond)
	}
	for inForce() < 0.97*rate {
		if time.Now().After(deadline) {
			t.Fatalf("%.0f a second are in force after %v: not recovered", inForce(), recovery)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// factor reads what back-pressure left of a lane's rate when it was slowed last.
func factor(t *testing.T, rdb *redis.Client, lane string) float64 {
	t.Helper()
	f, err := rdb.HGet(context.Background(), key(lane), "factor").Float64()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A lane without a rate is slowed from what it did, in the process that heard of it, and let go when it has recovered.
func TestBackPressureWithoutARate(t *testing.T) {
	server := redistest.Start(t)
	const recovery = 4 * time.Second
	hears, other := newLimiter(t, server.Client(), recovery), newLimiter(t, server.Client(), recovery)
	s := send([]*Limiter{hears}, 4, "lane", constant(0), 5*time.Millisecond)
	defer s.stop()
	s.measure(1500)
	free := s.measure(600)
	hears.Slow(context.Background(), "lane")
	s.measure(20)
	slowed := s.measure(100)
	t.Logf("%.0f a second, %.0f after back-pressure", free, slowed)
	if slowed > 0.9*free {
		t.Errorf("%.0f a second after back-pressure, want about half of %.0f", slowed, free)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for range 100_000 {
		if err := other.Wait(ctx, "lane", 0); err != nil {
			t.Fatalf("another process is slowed: %v", err)
		}
	}
	f := hears.free.get("lane")
	for deadline := time.Now().Add(30 * time.Second); f.base.Load() != 0; {
		if time.Now().After(deadline) {
			t.Fatal("never let go")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// However often the provider pushes back, something passes.
func TestBackPressureHasAFloor(t *testing.T) {
	server := redistest.Start(t)
	rdb := server.Client()
	ctx := context.Background()
	for range 20 {
		err := slowScript.Run(ctx, rdb, []string{key("lane")}, time.Hour.Microseconds(), 0, slowest, slowBy).Err()
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := factor(t, rdb, "lane"); got != slowest {
		t.Fatalf("the factor is %v, want %v", got, slowest)
	}
	l := newLimiter(t, rdb, time.Hour)
	for range 3 {
		if err := l.Wait(ctx, "lane", 10_000); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.Lanes()[0].InForce; got < 100 || got > 101 {
		t.Errorf("%v a second are in force, want a hundredth of 10,000", got)
	}
}
