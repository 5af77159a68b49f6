package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/redistest"
)

// follow starts a replica of a server and waits until it has the data.
func follow(t *testing.T, of *redistest.Server) *redistest.Server {
	t.Helper()
	host, port, err := net.SplitHostPort(of.Addr)
	if err != nil {
		t.Fatal(err)
	}
	replica := redistest.Start(t, "--replicaof", host+" "+port)
	for !strings.Contains(replica.Client().Info(t.Context(), "replication").Val(), "master_link_status:up") {
		if t.Context().Err() != nil {
			t.Fatal("the replica never had its master's data")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return replica
}

func replicatedLedger(t *testing.T, rdb redis.UniversalClient, replicas int) *Ledger {
	t.Helper()
	l, err := New(Options{Redis: rdb, Log: slog.New(slog.DiscardHandler), Replicas: replicas})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A claim that a message waits for is on the replica when the wait ends, and there is no message without.
func TestClaimsWaitForReplicas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	master := redistest.Start(t)
	replica := follow(t, master)
	l := replicatedLedger(t, master.Client(), 1)
	defer func() { _ = l.Close() }()
	c := Owner{Bulk, "b"}.Chunk(0)
	open(t, l, c, 600)

	reader := redis.NewClient(&redis.Options{Addr: replica.Addr})
	defer func() { _ = reader.Close() }()
	for i := range 300 {
		if won, err := l.Claim(ctx, c, i); err != nil || !won {
			t.Fatalf("claim of %d: %v, %v", i, won, err)
		}
		states, err := reader.Get(ctx, c.statesKey()).Result()
		if err != nil || State(states[i*slotBytes]) != Claimed {
			t.Fatalf("the replica lacks the claim of %d (%v)", i, err)
		}
	}

	replica.Pause()
	done := make(chan error, 1)
	go func() {
		won, err := l.Claim(ctx, c, 300)
		if err == nil && !won {
			err = errors.New("not ours")
		}
		done <- err
	}()
	for State(master.Client().GetRange(ctx, c.statesKey(), 300*slotBytes, 300*slotBytes).Val()[0]) != Claimed {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-done:
		t.Fatalf("a claim that no replica has was good enough to send (%v)", err)
	case <-time.After(2 * replicaWait): // the first question was answered
	}
	replica.Resume()
	if err := <-done; err != nil {
		t.Errorf("the claim after the replica came back: %v", err)
	}
}

// A ledger that closes, and a caller who leaves, don't wait for a replica that never comes.
func TestReplicasThatNeverCome(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	l := replicatedLedger(t, master.Client(), 1)
	c := Owner{Message, "m"}.Chunk(0)
	open(t, l, c, 2)
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 2)
	claim := func(ctx context.Context, i int) {
		won, err := l.Claim(ctx, c, i)
		if won {
			err = fmt.Errorf("record %d was claimed without a replica", i)
		}
		done <- err
	}
	go claim(ctx, 0)
	for State(master.Client().GetRange(ctx, c.statesKey(), 0, 0).Val()[0]) != Claimed {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	go claim(t.Context(), 1)
	time.Sleep(20 * time.Millisecond) // in the queue or in the pipeline: both end
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "ledger closed") {
		t.Errorf("at the end got %v", err)
	}
}

// Each master of a cluster has replicas of its own.
func TestReplicasOfACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartReplicated(t, 3)
	url, err := redis.ParseClusterURL(cluster.URL())
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClusterClient(url)
	defer func() { _ = rdb.Close() }()
	l := replicatedLedger(t, rdb, 1)
	defer func() { _ = l.Close() }()
	var commits []*Commit
	for i := range Shards {
		open(t, l, Owner{Bulk, "b"}.Chunk(i), 1)
		commits = append(commits, l.Post(t.Context(), Owner{Bulk, "b"}.Chunk(i), 0, Sent, Reason{}))
	}
	for i, c := range commits {
		if err := c.Wait(); err != nil {
			t.Errorf("chunk %d: %v", i, err)
		}
	}
	if counts, err := l.Counts(t.Context(), Owner{Bulk, "b"}); err != nil || counts.Sent != Shards {
		t.Errorf("%d sent of %d (%v)", counts.Sent, Shards, err)
	}
}

// BenchmarkReplicas is what waiting for a replica costs: claims of 64 at the same time, a replica on the same machine.
func BenchmarkReplicas(b *testing.B) {
	for _, replicas := range []int{0, 1} {
		b.Run(fmt.Sprint(replicas), func(b *testing.B) {
			master := redistest.Start(b)
			host, port, _ := net.SplitHostPort(master.Addr)
			redistest.Start(b, "--replicaof", host+" "+port)
			l, err := New(Options{Redis: master.Client(), Log: slog.New(slog.DiscardHandler), Replicas: replicas})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			c := Owner{Bulk, "b"}.Chunk(0)
			if err := l.Open(b.Context(), c, b.N); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			slots := make(chan int, 64)
			done := make(chan error, 64)
			for range 64 {
				go func() {
					for i := range slots {
						_, err := l.Claim(b.Context(), c, i)
						done <- err
					}
				}()
			}
			go func() {
				for i := range b.N {
					slots <- i
				}
				close(slots)
			}()
			for range b.N {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
