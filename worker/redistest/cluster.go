package redistest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// StartCluster runs a Redis Cluster of so many masters, all slots shared out, and returns a client that is closed when the
// test ends. It needs Redis 7.
func StartCluster(t testing.TB, masters int) *redis.ClusterClient {
	t.Helper()
	ctx := context.Background()
	const slots = 16384
	var addrs []string
	var nodes []*redis.Client
	var first []any // address of the first one, and of its bus
	for i := range masters {
		_, bus, err := net.SplitHostPort(freeAddr(t))
		if err != nil {
			t.Fatal(err)
		}
		s := Start(t, "--cluster-enabled", "yes", "--cluster-port", bus)
		node := s.Client()
		if err := node.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			t.Fatal(err)
		}
		host, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = []any{"CLUSTER", "MEET", host, port, bus}
		} else if err := node.Do(ctx, first...).Err(); err != nil {
			t.Fatal(err)
		}
		addrs, nodes = append(addrs, s.Addr), append(nodes, node)
	}
	deadline := time.Now().Add(30 * time.Second)
	for _, node := range nodes {
		for {
			info, err := node.ClusterInfo(ctx).Result()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(info, "cluster_state:ok") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the cluster doesn't come together: %s", info)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = c.Close() })
	return c
}
