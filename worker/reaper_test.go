package worker

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// stuck is an Asynq server of which one task runs and doesn't end, and a reaper beside it whose clock the test turns.
type stuck struct {
	rdb    *redis.Client
	reaper *reaper
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
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	s.clock.Store(time.Now().UnixNano())
	s.reaper = &reaper{
		rdb: s.rdb, queues: []string{"q"}, log: discard(), metrics: m, orphans: map[string]map[string]time.Time{},
		now: func() time.Time { return time.Unix(0, s.clock.Load()) },
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
	if n, _ := crashes(ctx, s.rdb, "q", "stuck"); n != 0 {
		t.Error("a task was taken from a worker that is alive")
	}
	// Its worker goes silent.
	if err := s.rdb.ZAdd(ctx, queueKey("q", "lease"), redis.Z{Score: float64(time.Now().Unix()), Member: "stuck"}).Err(); err != nil {
		t.Fatal(err)
	}
	s.scan(t, 2*time.Second)
	s.running(t)
	if n, err := crashes(ctx, s.rdb, "q", "stuck"); n != 1 || err != nil {
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
	if n, _ := crashes(ctx, s.rdb, "q", "stuck"); n != 0 {
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

// A chunk whose task is gone, or has ended, comes back as long as someone in it is pending.
func TestReconcilerRestoresChunks(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"deleted", "archived"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			ctx := context.Background()
			s.out.answer = func(*message.Message, int) error { return &send.Error{Account: true, Code: "smtp_connect"} }
			stop := s.worker()
			id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 10)
			s.await("someone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) > 0 })
			stop()
			s.out.answer = nil
			taskID, queueName, err := queue.Address(task.BulkChunk{Bulk: id})
			if err != nil {
				t.Fatal(err)
			}
			inspector := asynq.NewInspectorFromRedisClient(s.rdb)
			lose := inspector.DeleteTask
			if how == "archived" {
				lose = inspector.ArchiveTask
			}
			if err := lose(queueName, taskID); err != nil {
				t.Fatal(err)
			}
			books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
			if err != nil {
				t.Fatal(err)
			}
			defer books.Close()
			m, err := newMetrics(prometheus.NewRegistry())
			if err != nil {
				t.Fatal(err)
			}
			r := &reconciler{
				restorer: restorer{bulk.NewStore(s.rdb, books), books, queue.New(s.rdb)}, log: s.log, metrics: m,
				tell: func(context.Context, string) ([]int, error) { return nil, nil },
			}
			for range 2 { // the first round only takes note
				if err := r.round(ctx); err != nil {
					t.Fatal(err)
				}
			}
			s.worker()
			if status := s.complete(id); status.Sent != 10 {
				t.Errorf("status %+v", status)
			}
			if err := r.round(ctx); err != nil {
				t.Fatal(err)
			}
			if running, err := r.bulks.Running(ctx); err != nil || len(running) != 0 {
				t.Errorf("still running: %v, %v", running, err)
			}
		})
	}
}

// With a task that workers died over, recipients are claimed and sent to one by one; the one that a worker dies over
// next is found, and only that one.
func TestCarefulAfterCrashes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	id := s.bulk(bulk.Definition{ID: "poison", Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 20)
	chunk := ledger.Chunk{Owner: id}
	taskID, queueName, err := queue.Address(task.BulkChunk{Bulk: id})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.HSet(ctx, crashesKey(queueName), taskID, carefulAfter).Err(); err != nil {
		t.Fatal(err)
	}
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	if ok, err := books.Claim(ctx, chunk, 5); err != nil || !ok { // the worker died over this one
		t.Fatal(ok, err)
	}
	var wrong error
	s.out.answer = func(*message.Message, int) error {
		counts, err := books.Counts(ctx, id)
		if err != nil || counts.Claimed != 1 {
			wrong = errors.Join(err, errors.New("a message was sent without exactly one claim"))
		}
		return nil
	}
	s.worker()
	s.complete(id)
	s.want(id, map[string]int{"sent": 19, "unknown interrupted": 1})
	if wrong != nil {
		t.Error(wrong)
	}
}
