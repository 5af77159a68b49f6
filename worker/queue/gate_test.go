package queue

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// taker is a server that says which chunks it takes.
func taker(t *testing.T, rdb redis.UniversalClient, gate *Gate) <-chan string {
	t.Helper()
	taken := make(chan string, 10)
	s, err := NewServer(ServerOptions{
		Redis: rdb, Queues: Bulks(), Concurrency: 2, DrainTimeout: time.Second, Gate: gate, Log: slog.New(slog.DiscardHandler),
		Handler: func(_ context.Context, run Run, _ []byte) error { taken <- run.ID; return nil },
		Crashes: func(context.Context, string, string) (int, error) { return 0, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return taken
}

func await(t *testing.T, taken <-chan string, want string) {
	t.Helper()
	select {
	case id := <-taken:
		if id != want {
			t.Fatalf("took %s, want %s", id, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s was not taken", want)
	}
}

// A process takes nothing from a queue that it has shut, while others do and it goes on with other queues. When this
// fails after an update of Asynq, compare its internal/rdb with gate.go.
func TestGateKnowsAsynqsScripts(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"one Redis": redistest.Start(t).Client(), "cluster": redistest.StartCluster(t, 3)} {
		t.Run(name, func(t *testing.T) {
			var shut Gate
			shut.Set("test", false, BulksOf(message.Email)...)
			choosy := taker(t, rdb, &shut)
			c := New(rdb)
			put := func(bulk string, channel message.Channel) {
				t.Helper()
				if added, err := c.Enqueue(t.Context(), task.BulkChunk{Bulk: bulk, Layout: task.Layout, Channel: channel}); !added || err != nil {
					t.Fatal(added, err)
				}
			}
			put("mail", message.Email)
			put("text", message.SMS)
			put("both", "")
			both := map[string]bool{<-choosy: true, <-choosy: true}
			if !both["bulk:text:0"] || !both["bulk:both:0"] {
				t.Fatalf("took %v", both)
			}
			any := taker(t, rdb, &Gate{})
			await(t, any, "bulk:mail:0")
			put("more", message.SMS) // both may take it
			select {
			case <-any:
			case <-choosy:
			}
			if len(choosy) > 0 {
				t.Error("it took from a queue that was shut")
			}
		})
	}
	// It opens again.
	rdb := redistest.Start(t).Client()
	var gate Gate
	gate.Set("test", false, Bulks()...)
	taken := taker(t, rdb, &gate)
	p := task.BulkChunk{Bulk: "b", Layout: task.Layout, Channel: message.Email}
	if _, err := New(rdb).Enqueue(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	gate.Set("test", true, BulksOf(message.Email)...)
	await(t, taken, "bulk:b:0")
}

// Leases that ran out are the business of package recovery: Asynq itself brings nothing back by comparing clocks.
func TestGateKeepsAsynqFromRecovering(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	ctx := t.Context()
	lease := "asynq:{q}:lease"
	rdb.ZAdd(ctx, lease, redis.Z{Score: 1, Member: "x"})
	rdb.HSet(ctx, "asynq:{q}:t:x", "msg", "m")
	script := redis.NewScript(`local r = {} for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", ARGV[1])) do table.insert(r, redis.call("HGET", ARGV[2] .. id, "msg")) end return r`)
	if found, err := script.Run(ctx, rdb, []string{lease}, 100, "asynq:{q}:t:").StringSlice(); err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	g := &gated{UniversalClient: rdb, gate: &Gate{}}
	if found, err := script.Run(ctx, g, []string{lease}, 100, "asynq:{q}:t:").StringSlice(); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// Whoever enqueues a message again finds the task of a version that knew no queues by channel.
func TestTasksOfOlderVersionsAreFound(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	c, ctx := New(rdb), t.Context()
	later := time.Now().Add(time.Hour)
	for _, p := range []task.Payload{
		task.Message{ID: "m", Channel: message.SMS, To: "+4930123456", Content: task.Content{Text: "Hi"}, Layout: task.LayoutLines - 1},
		task.Forward{ID: "f", From: "a@acme.example", To: "b@example.com", Conversation: strings.Repeat("a", 64), Layout: task.LayoutLines - 1},
	} {
		if added, err := c.EnqueueAt(ctx, p, later); !added || err != nil {
			t.Fatal(added, err)
		}
		now := task.InLayout(p, task.Layout)
		for name, again := range map[string]func(context.Context, task.Payload, time.Time) (bool, error){"Restore": c.Restore, "Repeat": c.Repeat} {
			if added, err := again(ctx, now, later); added || err != nil {
				t.Errorf("%s %T: %t, %v: a second task", name, p, added, err)
			}
		}
		var bare task.Payload = task.Message{ID: "m", Layout: task.Layout}
		if p.Kind() == (task.Forward{}).Kind() {
			bare = task.Forward{ID: "f", Layout: task.Layout}
		}
		if kind, _, err := c.Payload(bare); kind != p.Kind() || err != nil {
			t.Errorf("%T: %q, %v", p, kind, err)
		}
		if ran, err := c.RunNow(bare); !ran || err != nil {
			t.Errorf("%T: %t, %v", p, ran, err)
		}
		_, name, _ := Address(p)
		if err := asynq.NewInspectorFromRedisClient(rdb).DeleteTask(name, map[bool]string{true: "message:m", false: "forward:f"}[p.Kind() == (task.Message{}).Kind()]); err != nil {
			t.Fatal(err)
		}
		if added, err := c.Restore(ctx, now, later); !added || err != nil {
			t.Errorf("%T: %t, %v: lost", p, added, err)
		}
	}
}

// looks counts the looks at all queues.
type looks struct {
	redis.UniversalClient
	n int
}

func (l *looks) Pipelined(ctx context.Context, f func(redis.Pipeliner) error) ([]redis.Cmder, error) {
	l.n++
	return l.UniversalClient.Pipelined(ctx, f)
}

// Those who ask while nothing waits share looks at Redis; what comes is found all the same.
func TestAskersShareLooks(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	l := &looks{UniversalClient: rdb}
	g := &gated{UniversalClient: l, gate: &Gate{}, queues: Singles()}
	name := Line(message.Email)
	began := time.Now()
	for range 2000 {
		if g.maybeFilled(t.Context(), name) {
			t.Fatal("an empty queue is filled")
		}
	}
	if most := 1 + int(time.Since(began)/lookIdle); l.n > most {
		t.Errorf("%d looks in %s, at most %d", l.n, time.Since(began), most)
	}
	if err := rdb.LPush(t.Context(), "asynq:{"+name+"}:pending", "x").Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !g.maybeFilled(t.Context(), name); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what came is not found")
		}
	}
}
