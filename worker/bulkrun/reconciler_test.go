package bulkrun

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// A chunk whose task is gone, or has ended, comes back as long as someone in it is pending.
func TestReconcilerRestoresChunks(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"deleted", "archived"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			ctx, log, rdb := context.Background(), slog.New(slog.DiscardHandler), redistest.Start(t).Client()
			books, err := ledger.New(ledger.Options{Redis: rdb, Log: log})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = books.Close() })
			client, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			recovered := map[string]int{}
			m, err := NewMetrics(prometheus.NewRegistry(), func(cause string, n int) { recovered[cause] += n })
			if err != nil {
				t.Fatal(err)
			}
			r := &reconciler{
				restorer: restorer{bulk.NewStore(rdb, books), books, queue.New(rdb), nil}, log: log, metrics: m,
				publish: func(context.Context, string) ([]int, error) { return nil, nil },
			}
			part := bulk.Part{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}}
			id, err := client.Bulk(ctx, bulk.Definition{Messages: []bulk.Part{part}}, func(yield func(bulk.Recipient, error) bool) {
				_ = yield(bulk.Recipient{Email: "a@example.com", Context: json.RawMessage("{}")}, nil) && yield(bulk.Recipient{Email: "b@example.com"}, nil)
			}, enqueue.BulkOptions{})
			if err != nil {
				t.Fatal(err)
			}
			// Beside it are bulks whose data others wrote over: each stops itself alone.
			for name, damage := range map[string]func(key string) error{
				"type":   func(key string) error { return rdb.Set(ctx, key, "x", 0).Err() },
				"json":   func(key string) error { return rdb.HSet(ctx, key, "definition", "{").Err() },
				"number": func(key string) error { return rdb.HSet(ctx, key, "definition", "{}", "planned", "many").Err() },
			} {
				if err := errors.Join(damage("herald:bulk:{"+name+"}"), rdb.SAdd(ctx, "herald:bulks:running", name).Err()); err != nil {
					t.Fatal(err)
				}
				if _, err := r.bulks.Status(ctx, name); !bulk.IsUnreadable(err) {
					t.Errorf("%s: %v", name, err)
				}
			}
			// It was started, and lost its chunk's task.
			b, err := r.bulks.Bulk(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := r.restore(ctx, b, false); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			if err := r.bulks.MarkStarted(ctx, id, time.Now()); err != nil {
				t.Fatal(err)
			}
			taskID, queueName, err := queue.Address(task.BulkChunk{Bulk: id, Layout: task.Layout, Channel: message.Email})
			if err != nil {
				t.Fatal(err)
			}
			inspector := asynq.NewInspectorFromRedisClient(rdb)
			lose := inspector.DeleteTask
			if how == "archived" {
				lose = inspector.ArchiveTask
			}
			if err := lose(queueName, taskID); err != nil {
				t.Fatal(err)
			}
			round := func() {
				t.Helper()
				if err := r.round(ctx); err != nil {
					t.Fatal(err)
				}
			}
			round() // it only takes note
			if recovered["chunk"] != 0 {
				t.Error("restored at first sight")
			}
			round()
			info, err := inspector.GetTaskInfo(queueName, taskID)
			if err != nil || info.State != asynq.TaskStatePending || recovered["chunk"] != 1 {
				t.Errorf("%+v, %v, %v recovered", info, err, recovered)
			}
			round()
			round()
			if recovered["chunk"] != 1 {
				t.Errorf("%v recovered: a task that waits was restored again", recovered)
			}
			// When everyone is settled, the bulk is no longer looked at.
			for slot := range 2 {
				if err := books.Mark(ctx, ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0), slot, ledger.Sent, ledger.Reason{}); err != nil {
					t.Fatal(err)
				}
			}
			round()
			if running, err := r.bulks.Running(ctx); err != nil || len(running) != 3 || slices.Contains(running, id) {
				t.Errorf("still running: %v, %v", running, err)
			}
		})
	}
}
