package recovery

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// A Redis that answers and takes no writes is found, whatever keeps it from that.
func TestWritable(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := redistest.Start(t)
	rdb := server.Client()
	w := NewWritable(rdb, []string{"q", "r"})
	check := func() error { w.at = time.Time{}; return w.Check(ctx) }
	for name, c := range map[string]struct{ spoil, mend func() error }{
		"no replicas": {
			func() error { return rdb.ConfigSet(ctx, "min-replicas-to-write", "1").Err() },
			func() error { return rdb.ConfigSet(ctx, "min-replicas-to-write", "0").Err() },
		},
		"a replica": {
			func() error { return rdb.ReplicaOf(ctx, "127.0.0.1", "1").Err() },
			func() error { return rdb.ReplicaOf(ctx, "NO", "ONE").Err() },
		},
		"out of memory": {
			func() error { return rdb.ConfigSet(ctx, "maxmemory", "1").Err() },
			func() error { return rdb.ConfigSet(ctx, "maxmemory", "0").Err() },
		},
	} {
		if err := check(); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		if err := rdb.Ping(ctx).Err(); err != nil {
			t.Errorf("%s: it doesn't even answer: %v", name, err)
		}
		if check() == nil {
			t.Errorf("%s: not found", name)
		}
		if err := c.mend(); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(); err != nil {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	w.at = time.Time{}
	if w.Check(gone) == nil {
		t.Error("a check that was not made says that all is well")
	}
	if err := w.Check(ctx); err != nil {
		t.Errorf("a check that was not made is remembered: %v", err)
	}
}

// Of a cluster, every node must take writes.
func TestWritableOnACluster(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rdb := redistest.StartCluster(t, 3)
	var mu sync.Mutex
	var nodes []*redis.Client
	err := rdb.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	})
	if err != nil || len(nodes) != 3 {
		t.Fatal(len(nodes), err)
	}
	for _, node := range nodes {
		w := NewWritable(rdb, []string{"q"})
		if err := w.Check(ctx); err != nil {
			t.Errorf("well: %v", err)
		}
		if err := node.ConfigSet(ctx, "min-replicas-to-write", "1").Err(); err != nil {
			t.Fatal(err)
		}
		w.at = time.Time{}
		if w.Check(ctx) == nil {
			t.Errorf("%v refuses writes, and nobody sees it", node)
		}
		if err := node.ConfigSet(ctx, "min-replicas-to-write", "0").Err(); err != nil {
			t.Fatal(err)
		}
	}
}
