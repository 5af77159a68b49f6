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
}

func newStuck(t *testing.T) *stuck {
	t.Helper()
	s := &stuck{rdb: redistest.Start(t).Client(), runs: make(chan struct{}, 10)}
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
		Now: func() time.Time { return time.Unix(0, s.clock.Load()) },
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
	if err := s.reaper.scan(context.Background()); err != nil {
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
	if left := time.Until(time.Unix(int64(lease), 0)); err != nil || left < leaseTerm-10*time.Second || left > leaseTerm+time.Second {
		t.Errorf("the lease lasts %s, want about %s; %v", left, leaseTerm, err)
	}
	if state, err := s.rdb.HGet(ctx, queueKey("q", "t:")+"stuck", "state").Result(); err != nil || state != "active" {
		t.Errorf("state %q, %v", state, err)
	}
}

func TestReaperHandsBackWhatDiedAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx := context.Background()
	s.scan(t, 0)
	s.scan(t, silentAfter-time.Second)
	if n, _ := Crashes(ctx, s.rdb, "q", "stuck"); n != 0 {
		t.Error("a task was taken from a worker that is alive")
	}
	// Its worker goes silent.
	if err := s.rdb.ZAdd(ctx, queueKey("q", "lease"), redis.Z{Score: float64(time.Now().Unix()), Member: "stuck"}).Err(); err != nil {
		t.Fatal(err)
	}
	s.scan(t, 2*time.Second)
	s.running(t)
	if n, err := Crashes(ctx, s.rdb, "q", "stuck"); n != 1 || err != nil {
		t.Errorf("%d crashes, %v", n, err)
	}
}

// After Redis was away everyone's lease is old. The reaper waits until the living had time to renew theirs.
func TestReaperWaitsAfterAnOutage(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx := context.Background()
	if err := s.rdb.ZAdd(ctx, queueKey("q", "lease"), redis.Z{Score: 1, Member: "stuck"}).Err(); err != nil {
		t.Fatal(err)
	}
	s.reaper.since = time.Time{} // as after a scan that failed
	s.scan(t, time.Second)
	s.scan(t, silentAfter-time.Second)
	if n, _ := Crashes(ctx, s.rdb, "q", "stuck"); n != 0 {
		t.Error("reaped right after an outage")
	}
	s.scan(t, time.Second)
	s.running(t)
}

func TestReaperAdoptsOrphans(t *testing.T) {
	t.Parallel()
	s := newStuck(t)
	ctx := context.Background()
	if err := s.rdb.ZRem(ctx, queueKey("q", "lease"), "stuck").Err(); err != nil {
		t.Fatal(err)
	}
	s.scan(t, 0)
	s.scan(t, silentAfter-time.Second)
	if n, err := s.rdb.LLen(ctx, queueKey("q", "active")).Result(); n != 1 || err != nil {
		t.Fatalf("%d active, %v: adopted too early", n, err)
	}
	s.scan(t, time.Second)
	s.running(t)
}
