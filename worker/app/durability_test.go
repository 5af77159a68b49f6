package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

func TestCheckVersion(t *testing.T) {
	ctx := context.Background()
	for version, good := range map[string]bool{
		"5.0.14": false, "6.0.20": false, "6.2.0": true, "7.0.15": true, "8.2.1": true, "10.0.0": true, "unstable": true,
	} {
		if err := checkVersion(ctx, redistest.Impostor(t, version, 0)); (err == nil) != good {
			t.Errorf("%s: %v", version, err)
		}
	}
	if err := checkVersion(ctx, redistest.Start(t).Client()); err != nil {
		t.Error(err)
	}
	nowhere := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer nowhere.Close()
	if err := checkVersion(ctx, nowhere); err == nil {
		t.Error("no server passed")
	}
}

func TestVolatileRedisIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	told := func() { t.Error("appendfsync is not known") }
	if err := checkDurable(ctx, redistest.Start(t).Client(), "", told); err != nil {
		t.Errorf("a durable Redis: %v", err)
	}
	err := checkDurable(ctx, redistest.Start(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru").Client(), "", told)
	if err == nil || !strings.Contains(err.Error(), "appendonly yes") || !strings.Contains(err.Error(), "noeviction") {
		t.Errorf("got %v", err)
	}
}

// What is written to disk later than it is answered is refused, unless that is accepted; of a cluster, every master counts.
func TestLateFsyncIsRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rdb := redistest.Start(t).Client()
	told := func() { t.Error("appendfsync is not known") }
	for _, c := range []struct {
		fsync, weakest string
		good           bool
	}{
		{"always", "", true}, {"everysec", "", false}, {"everysec", "always", false}, {"everysec", "everysec", true}, {"everysec", "no", true},
		{"no", "everysec", false}, {"no", "no", true},
	} {
		if err := rdb.ConfigSet(ctx, "appendfsync", c.fsync).Err(); err != nil {
			t.Fatal(err)
		}
		err := checkDurable(ctx, rdb, c.weakest, told)
		if (err == nil) != c.good || err != nil && !strings.Contains(err.Error(), "HERALD_REDIS_FSYNC="+c.fsync) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	cluster := redistest.StartCluster(t, 3)
	if err := checkDurable(ctx, cluster, "", told); err != nil {
		t.Error(err)
	}
	node, err := cluster.MasterForKey(ctx, "herald")
	if err != nil {
		t.Fatal(err)
	}
	if err := node.ConfigSet(ctx, "appendfsync", "no").Err(); err != nil {
		t.Fatal(err)
	}
	if err := checkDurable(ctx, cluster, "", told); err == nil || !strings.Contains(err.Error(), node.Options().Addr) {
		t.Errorf("one master writes late: %v", err)
	}
	// A managed service that forbids CONFIG is let pass, and that is told.
	if err := rdb.Do(ctx, "ACL", "SETUSER", "default", "-config").Err(); err != nil {
		t.Fatal(err)
	}
	untold := false
	if err := checkDurable(ctx, rdb, "", func() { untold = true }); err != nil || !untold {
		t.Errorf("%v, told %t", err, !untold)
	}
}

// Durations in logs have units, in JSON too.
func TestLogsHaveUnits(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var out strings.Builder
		(&Settings{LogLevel: "info", LogFormat: format}).Logger(&out).With("limit", 2*time.Second).Info("x", "took", 12345678*time.Nanosecond)
		for _, want := range []string{"12.35ms", "2s"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %s", format, out.String())
			}
		}
	}
}

// Whether enough replicas follow is told before sending waits for them.
func TestReplicas(t *testing.T) {
	t.Parallel()
	watched := redistest.StartSentinel(t)
	rdb := watched.Master.Client()
	ready := func(replicas int) (int, string) {
		w := httptest.NewRecorder()
		health(t.Context(), rdb, replicas, NewMetrics(), nil).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	for replicas, want := range []int{200, 200, 503} {
		if code, text := ready(replicas); code != want {
			t.Errorf("%d replicas: %d %s", replicas, code, text)
		}
	}
	watched.Replica.Kill()
	code, text := ready(1)
	for ; code == 200; code, text = ready(1) { // until Redis has noticed
		if t.Context().Err() != nil {
			t.Fatal("ready without a replica")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !strings.Contains(text, "0 of the 1 replicas that HERALD_REDIS_REPLICAS asks for") {
		t.Errorf("%d %s", code, text)
	}
	if code, _ := ready(0); code != 200 {
		t.Errorf("nobody asked for a replica: %d", code)
	}
}
