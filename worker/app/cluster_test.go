package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// After a master of a cluster died and its replica took over, the client writes there within seconds, and readiness says
// when. Without it, the client would ask the dead node for a minute.
func TestClusterFailover(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartReplicated(t, 3)
	connect, err := redisOptions(cluster.URL(), 16)
	if err != nil {
		t.Fatal(err)
	}
	rdb, ok := connect(nil).(*redis.ClusterClient)
	if !ok {
		t.Fatal("not a cluster")
	}
	defer func() { _ = rdb.Close() }()
	ctx := t.Context()
	key := ""
	for i := 0; key == ""; i++ {
		name := fmt.Sprintf("k%d", i)
		node, err := rdb.MasterForKey(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if node.Options().Addr == cluster.Masters[1].Addr {
			key = name
		}
	}
	handler := health(context.Background(), rdb, 0, NewMetrics(), nil)
	ready := func() int {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code
	}
	if code := ready(); code != 200 {
		t.Fatal(code)
	}
	cluster.Masters[1].Kill()
	for end := time.Now().Add(time.Minute); ready() == 200; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("ready, with a node away")
		}
	}
	cluster.Promoted(1)
	promoted := time.Now()
	write := func() error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return rdb.Set(ctx, key, 1, time.Minute).Err()
	}
	for write() != nil {
		if time.Since(promoted) > 30*time.Second { // a client that waits for its topology's next reload needs a minute
			t.Fatal("30 s after the promotion the client still asks the dead node")
		}
	}
	took := time.Since(promoted)
	for ready() != 200 {
		if time.Since(promoted) > 30*time.Second {
			t.Fatal("never ready again")
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("writing again %s after the promotion, ready after %s", took.Round(time.Millisecond), time.Since(promoted).Round(time.Millisecond))
	if err := checkRedis(ctx, &Settings{}, slog.New(slog.DiscardHandler), rdb); err != nil {
		t.Errorf("after the failover: %v", err)
	}
}
