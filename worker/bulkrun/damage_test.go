package bulkrun

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Whatever others do to the keys of one bulk, a round looks at the others to the end.
func TestReconcilerPassesDamage(t *testing.T) {
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
	begin := func(id string) {
		t.Helper()
		part := bulk.Part{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}}
		_, err := client.Bulk(ctx, bulk.Definition{ID: id, Messages: []bulk.Part{part}}, func(yield func(bulk.Recipient, error) bool) {
			_ = yield(bulk.Recipient{Email: "a@example.com", Context: json.RawMessage("{}")}, nil) && yield(bulk.Recipient{Email: "b@example.com"}, nil)
		}, enqueue.BulkOptions{})
		chunk := ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0)
		if err := errors.Join(err, bulk.NewStore(rdb, books).MarkStarted(ctx, id, time.Now()), books.Mark(ctx, chunk, 0, ledger.Failed, ledger.Reason{Code: "x", Text: "y"})); err != nil {
			t.Fatal(err)
		}
	}
	begin("bad")
	keys, err := rdb.Keys(ctx, "herald:bulk:{bad*").Result()
	if err != nil || len(keys) < 3 {
		t.Fatalf("%q, %v", keys, err)
	}
	for _, key := range keys {
		for name, damage := range map[string]func() error{
			"string":     func() error { return rdb.Set(ctx, key, "x", 0).Err() },
			"list":       func() error { return rdb.RPush(ctx, key, "x").Err() },
			"set":        func() error { return rdb.SAdd(ctx, key, "x").Err() },
			"sorted set": func() error { return rdb.ZAdd(ctx, key, redis.Z{Member: "x"}).Err() },
			"hash":       func() error { return rdb.HSet(ctx, key, "x", "y").Err() },
			"fields": func() error {
				return rdb.HSet(ctx, key, "definition", "{", "planned", "x", "sent", "x", "0", "\xff").Err()
			},
			"nothing": func() error { return nil },
		} {
			t.Run(name+" "+key, func(t *testing.T) {
				if err := rdb.FlushAll(ctx).Err(); err != nil {
					t.Fatal(err)
				}
				begin("bad")
				for _, id := range []string{"good1", "good2", "good3"} {
					begin(id)
				}
				if name != "fields" {
					if err := rdb.Del(ctx, key).Err(); err != nil {
						t.Fatal(err)
					}
				}
				if err := damage(); err != nil && !strings.HasPrefix(err.Error(), "WRONGTYPE") {
					t.Fatal(err)
				}
				m, err := NewMetrics(prometheus.NewRegistry(), func(string, int) {})
				if err != nil {
					t.Fatal(err)
				}
				r := &reconciler{
					restorer: restorer{bulk.NewStore(rdb, books), books, queue.New(rdb), nil}, log: log, metrics: m,
					publish: func(context.Context, string) ([]int, error) { return nil, nil },
				}
				for range 3 {
					if err := r.round(ctx); err != nil {
						t.Fatal(err)
					}
					for _, id := range []string{"good1", "good2", "good3"} {
						if _, ok := r.last[id]; !ok {
							t.Errorf("%s was not looked at", id)
						}
					}
				}
				ids, err := r.bulks.List(ctx, "", 100)
				if err != nil || !slices.Contains(ids, "good1") {
					t.Errorf("%q, %v", ids, err)
				}
				for _, id := range ids {
					if _, err := client.BulkProgress(ctx, id); err != nil && (id != "bad" || !bulk.IsUnreadable(err) && !errors.Is(err, bulk.ErrNotFound)) {
						t.Errorf("progress of %s: %v", id, err)
					}
				}
			})
		}
	}
}
