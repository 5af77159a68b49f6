package recovery

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// stuck is an Asynq server of which one task runs and doesn't end, and a reaper beside it whose clock the test turns.
type stuck struct {
	rdb    *redis.Client
	reaper *Reaper
	clock  atomic.Int64
	runs   chan struct{}
	parked map[string]string // by task
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	s := &stuck{rdb: redistest.Start(t).Client(), runs: make(chan struct{}, 10), parked: map[string]string{}}
	server := asynq.NewServerFromRedisClient(s.rdb, asynq.Config{
		Concurrency: 2, Queues: map[string]int{"q": 1}, LogLevel: asynq.FatalLevel, ShutdownTimeout: time.Millisecond, TaskCheckInterval: 10 * time.Millisecond,
	})
	release := make(chan struct{})
	err := server.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		s.runs <- struct{}{}
		<-release
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(release); server.Shutdown() })
	client := asynq.NewClientFromRedisClient(s.rdb)
	if _, err := client.Enqueue(asynq.NewTask("kind", nil), asynq.TaskID("stuck"), asynq.Queue("q")); err != nil {
		t.Fatal(err)
	}
	s.running(t)
	m, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Store(time.Now().UnixNano())
	s.reaper, err = New(Options{
		Redis: s.rdb, Queues: []string{"q"}, Log: slog.New(slog.DiscardHandler), Metrics: m,
		Now:  func() time.Time { return time.Unix(0, s.clock.Load()) },
		Park: func(_ context.Context, _, id string, data []byte) error { s.parked[id] = string(data); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running waits until the task runs once more.
func (s *stuck) running(t *testing.T) {
	t.Helper()
	select {
	case <-s.runs:
	case <-time.After(10 * time.Second):
		t.Fatal("the task doesn't run")
	}
}

func (s *stuck) scan(t *testing.T, later time.Duration) {
	t.Helper()
	s.clock.Add(int64(later))
	if err := s.reaper.Scan(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// The keys of a running task are where the reaper looks for them. When this fails after an update of Asynq, compare
// its internal/rdb with the scripts in reaper.go.
func TestReaperKnowsAsynqsKeys(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx := context.Background()
	active, err := s.rdb.LRange(ctx, queueKey("q", "active"), 0, -1).Result()
	if err != nil || !slices.Equal(active, []string{"stuck"}) {
		t.Errorf("active %v, %v", active, err)
	}
	lease, err := s.rdb.ZScore(ctx, queueKey("q", "lease"), "stuck").Result()
	if left := time.Until(time.Unix(int64(lease), 0)); err != nil || left < 20*time.Second || left > 31*time.Second {
		t.Errorf("the lease lasts %s, want about 30 s; %v", left, err)
	}
	if state, err := s.rdb.HGet(ctx, queueKey("q", "t:")+"stuck", "state").Result(); err != nil || state != "active" {
		t.Errorf("state %q, %v", state, err)
	}
}

// silence stops the renewal of the task's lease, as a death of its worker would: the heartbeat writes with XX.
func (s *stuck) silence(t *testing.T, until float64) {
	t.Helper()
	ctx := context.Background()
	name := queueKey("q", "lease")
	if err := s.rdb.ZAdd(ctx, name, redis.Z{Score: until, Member: "stuck"}).Err(); err != nil {
		t.Fatal(err)
	}
}

func (s *stuck) crashes(t *testing.T) int {
	t.Helper()
	n, err := Crashes(context.Background(), s.rdb, "q", "stuck")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// look scans every second for so long, while the lease stays as it is or, if it is renewed, changes before each scan.
func (s *stuck) look(t *testing.T, forSoLong time.Duration, renew func(i int)) {
	t.Helper()
	for i := range int(forSoLong / time.Second) {
		renew(i)
		s.scan(t, time.Second)
	}
}

// A lease that doesn't change is that of a dead worker, whatever time it says; one that changes is that of a living
// worker, whatever time it says: the clocks of worker, reaper and Redis may step as they like.
func TestReaperHandsBackWhatDiedAndNothingElse(t *testing.T) {
	t.Parallel()
	now := float64(time.Now().Unix())
	for name, c := range map[string]struct {
		until func(i int) float64 // the lease before the i-th look
		dies  bool
	}{
		"renewed":                              {func(i int) float64 { return now + 30 + float64(i/5*5) }, false},
		"renewed by a clock that is late":      {func(i int) float64 { return now - 3600 + float64(i/5*5) }, false},
		"renewed by a clock that stepped back": {func(i int) float64 { return now + 30 - float64(i/5*5) }, false},
		"dead":                                 {func(int) float64 { return now }, true},
		"dead, by a clock that was early":      {func(int) float64 { return now + 3600 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStuck(t)
			s.look(t, silentAfter-2*time.Second, func(i int) { s.silence(t, c.until(i)) })
			if s.crashes(t) != 0 {
				t.Fatal("taken too early")
			}
			s.look(t, silentAfter, func(i int) { s.silence(t, c.until(i+13)) })
			if died := s.crashes(t) > 0; died != c.dies {
				t.Errorf("handed back: %t, want %t", died, c.dies)
			}
			if c.dies {
				s.running(t)
			}
		})
	}
}

// A task that another reaper handed back has a new worker, whose lease may end at the very second of the old one by another clock:
// that worker gets its time, too.
func TestReaperKnowsTheNextWorker(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	const until = 1
	still := func(int) { s.silence(t, until) }
	s.look(t, silentAfter, still)
	ctx := context.Background()
	keys := []string{queueKey("q", "active"), queueKey("q", "lease"), queueKey("q", "pending"), crashesKey("q")}
	if err := reapScript.Run(ctx, s.rdb, keys, queueKey("q", "t:"), 60, "stuck", until).Err(); err != nil { // the other reaper
		t.Fatal(err)
	}
	s.running(t)
	s.look(t, silentAfter, still)
	if n := s.crashes(t); n != 1 {
		t.Fatalf("%d crashes: it was taken from its new worker", n)
	}
	s.look(t, 2*time.Second, still)
	if n := s.crashes(t); n != 2 {
		t.Errorf("%d crashes: never handed back", n)
	}
}

// What could not be renewed is not dead: after an outage, writes that Redis refused, or a sleep of the machine, the
// reaper waits until the living had time to renew their leases.
func TestReaperForgetsWhatItDidNotSee(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(t *testing.T, s *stuck){
		"Redis refuses writes": func(t *testing.T, s *stuck) {
			ctx := context.Background()
			if err := s.rdb.ConfigSet(ctx, "min-replicas-to-write", "1").Err(); err != nil {
				t.Fatal(err)
			}
			s.clock.Add(int64(2 * time.Second))
			if err := s.reaper.Scan(ctx); err == nil {
				t.Error("nothing was said of the refused writes")
			}
			s.rdb.ConfigSet(ctx, "min-replicas-to-write", "0")
		},
		"the machine slept": func(_ *testing.T, s *stuck) { s.clock.Add(int64(time.Hour)) },
		"Redis was away": func(t *testing.T, s *stuck) {
			gone, cancel := context.WithCancel(context.Background())
			cancel()
			if err := s.reaper.Scan(gone); err == nil {
				t.Error("nothing was said of the outage")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStuck(t)
			still := func(int) { s.silence(t, 1) }
			s.look(t, silentAfter, still)
			trouble(t, s)
			s.look(t, silentAfter, still)
			if s.crashes(t) != 0 {
				t.Fatal("handed back before its worker could renew it")
			}
			s.look(t, 2*time.Second, still)
			if s.crashes(t) != 1 {
				t.Error("never handed back")
			}
			s.running(t)
		})
	}
}

func TestReaperAdoptsOrphans(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx := context.Background()
	if err := s.rdb.ZRem(ctx, queueKey("q", "lease"), "stuck").Err(); err != nil {
		t.Fatal(err)
	}
	s.look(t, silentAfter, func(int) {})
	if n, err := s.rdb.LLen(ctx, queueKey("q", "active")).Result(); n != 1 || err != nil {
		t.Fatalf("%d active, %v: adopted too early", n, err)
	}
	s.scan(t, time.Second)
	s.running(t)
}
