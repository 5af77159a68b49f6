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
	c := startMasters(t, masters)
	var addrs []string
	for _, s := range c.masters {
		addrs = append(addrs, s.Addr)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Replicated is a Redis Cluster whose masters have a replica each, which takes over some two seconds after its master died.
type Replicated struct {
	Masters, Replicas []*Server
	t                 testing.TB
}

// StartReplicated runs one.
func StartReplicated(t testing.TB, masters int) *Replicated {
	t.Helper()
	ctx := context.Background()
	c := startMasters(t, masters, "--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0")
	r := &Replicated{Masters: c.masters, t: t}
	for _, master := range c.masters {
		id, err := master.Client().Do(ctx, "CLUSTER", "MYID").Text()
		if err != nil {
			t.Fatal(err)
		}
		replica, node := c.start()
		if err := node.Do(ctx, c.first...).Err(); err != nil {
			t.Fatal(err)
		}
		await(t, "the replica knows its master", func() bool { return node.Do(ctx, "CLUSTER", "REPLICATE", id).Err() == nil })
		await(t, "the replica has its master's data", func() bool {
			return strings.Contains(node.Info(ctx, "replication").Val(), "master_link_status:up")
		})
		r.Replicas = append(r.Replicas, replica)
	}
	for _, s := range r.Masters {
		node := s.Client()
		await(t, "every node knows every replica", func() bool {
			return strings.Count(node.ClusterNodes(ctx).Val(), " slave ")+strings.Count(node.ClusterNodes(ctx).Val(), ",slave ") == masters
		})
	}
	return r
}

// URL is the address of the cluster as HERALD_REDIS_URL takes it.
func (r *Replicated) URL() string {
	url := "redis://" + r.Masters[0].Addr
	for i, s := range r.Masters[1:] {
		url += map[bool]string{true: "?", false: "&"}[i == 0] + "addr=" + s.Addr
	}
	return url
}

// Promoted waits until the replica of the i-th master is a master itself.
func (r *Replicated) Promoted(i int) {
	r.t.Helper()
	node := r.Replicas[i].Client()
	await(r.t, "the replica is promoted", func() bool {
		return strings.Contains(node.Info(context.Background(), "replication").Val(), "role:master")
	})
}

// group are the masters of a cluster that comes together.
type group struct {
	t       testing.TB
	extra   []string
	masters []*Server
	first   []any // how others meet the first one
}

// start runs one more node.
func (g *group) start() (*Server, *redis.Client) {
	g.t.Helper()
	_, bus, err := net.SplitHostPort(freeAddr(g.t))
	if err != nil {
		g.t.Fatal(err)
	}
	s := Start(g.t, append([]string{"--cluster-enabled", "yes", "--cluster-port", bus}, g.extra...)...)
	if g.first == nil {
		host, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			g.t.Fatal(err)
		}
		g.first = []any{"CLUSTER", "MEET", host, port, bus}
	}
	return s, s.Client()
}

func startMasters(t testing.TB, masters int, extra ...string) *group {
	t.Helper()
	ctx := context.Background()
	const slots = 16384
	g := &group{t: t, extra: extra}
	var nodes []*redis.Client
	for i := range masters {
		s, node := g.start()
		if err := node.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			if err := node.Do(ctx, g.first...).Err(); err != nil {
				t.Fatal(err)
			}
		}
		g.masters, nodes = append(g.masters, s), append(nodes, node)
	}
	for _, node := range nodes {
		await(t, "the cluster comes together", func() bool {
			info, err := node.ClusterInfo(ctx).Result()
			if err != nil {
				t.Fatal(err)
			}
			return strings.Contains(info, "cluster_state:ok")
		})
	}
	return g
}

// await polls until ok, for 30 s at most.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
