package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Watched is a Redis with a replica, which Sentinel promotes some two seconds after its master died.
type Watched struct {
	Master, Replica *Server
	sentinel        string
	t               testing.TB
}

// StartSentinel runs one.
func StartSentinel(t testing.TB) *Watched {
	t.Helper()
	w := &Watched{Master: Start(t), sentinel: freeAddr(t), t: t}
	host, port, err := net.SplitHostPort(w.Master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	w.Replica = Start(t, "--replicaof", host+" "+port)
	await(t, "the replica has its master's data", func() bool {
		return strings.Contains(w.Replica.Client().Info(context.Background(), "replication").Val(), "master_link_status:up")
	})
	_, own, err := net.SplitHostPort(w.sentinel)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	lines := fmt.Sprintf("port %s\nbind %s\nsentinel monitor herald %s %s 1\nsentinel down-after-milliseconds herald 1000\nsentinel failover-timeout herald 10000\n", own, host, host, port)
	if err := os.WriteFile(conf, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", conf, "--sentinel")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	asked := redis.NewSentinelClient(&redis.Options{Addr: w.sentinel})
	t.Cleanup(func() { _ = asked.Close() })
	await(t, "Sentinel knows the replica", func() bool {
		replicas, err := asked.Replicas(context.Background(), "herald").Result()
		return err == nil && len(replicas) == 1
	})
	return w
}

// URL is the address as HERALD_REDIS_URL takes it.
func (w *Watched) URL() string { return "redis://" + w.sentinel + "/0?master_name=herald" }

// Promoted waits until the replica is the master.
func (w *Watched) Promoted() {
	w.t.Helper()
	node := w.Replica.Client()
	await(w.t, "the replica is promoted", func() bool {
		return strings.Contains(node.Info(context.Background(), "replication").Val(), "role:master")
	})
}
