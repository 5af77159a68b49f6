package worker

import (
	"context"
	"errors"
	"testing"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

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
	if err := s.rdb.HSet(ctx, "herald:{"+queueName+"}:crashes", taskID, carefulAfter).Err(); err != nil {
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
