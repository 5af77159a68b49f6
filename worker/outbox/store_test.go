package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// clock is a time that tests turn.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newStore(t *testing.T, rdb redis.UniversalClient) (*Store, *clock) {
	t.Helper()
	c := &clock{at: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
	s, err := New(Options{Redis: rdb, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// cluster is a Redis Cluster of one node: it refuses scripts over two slots as a large one does.
func cluster(t *testing.T) redis.UniversalClient {
	t.Helper()
	ctx := context.Background()
	server := redistest.Start(t, "--cluster-enabled", "yes")
	node := server.Client()
	if err := node.Do(ctx, "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(server.Addr)
	_ = host
	c := redis.NewClusterClient(&redis.ClusterOptions{ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
		return []redis.ClusterSlot{{Start: 0, End: 16383, Nodes: []redis.ClusterNode{{Addr: net.JoinHostPort("127.0.0.1", port)}}}}, nil
	}})
	t.Cleanup(func() { _ = c.Close() })
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		info, err := node.ClusterInfo(ctx).Result()
		if err == nil && strings.Contains(info, "cluster_state:ok") {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("no cluster: %v, %s", err, info)
		}
	}
}

func sent(id, conversation string) Message {
	return Message{ID: id, Channel: message.Email, State: "sent", Conversation: conversation, At: time.Unix(1796115600, 0)}
}

func (s *Store) must(t *testing.T, facts ...Fact) {
	t.Helper()
	if err := s.Append(context.Background(), facts...); err != nil {
		t.Fatal(err)
	}
}

func (s *Store) turn(t *testing.T, d task.EventDeliver, gone []Event, most int) Waiting {
	t.Helper()
	w, err := s.Turn(context.Background(), d, gone, most)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// ids are the message ids of events, with their numbers.
func ids(t *testing.T, events []Event) string {
	t.Helper()
	var out []string
	for _, e := range events {
		var data struct{ ID string }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s:%d", data.ID, e.Sequence))
	}
	return strings.Join(out, " ")
}

func tasks(t *testing.T, rdb redis.UniversalClient) []string {
	t.Helper()
	i := asynq.NewInspectorFromRedisClient(rdb)
	pending, err := i.ListPendingTasks(queue.Events, asynq.PageSize(1000))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range pending {
		out = append(out, p.ID)
	}
	slices.Sort(out)
	return out
}

// An event is stored once however often it is appended, in order, and each stream has one task.
func TestAppendIsIdempotentAndOrdered(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) redis.UniversalClient{
		"one Redis": func(t *testing.T) redis.UniversalClient { return redistest.Start(t).Client() },
		"a cluster": cluster,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := open(t)
			s, clock := newStore(t, rdb)
			s.must(t, sent("a", "c1"), sent("b", "c1"), sent("x", ""), sent("a", "c1"))
			s.must(t, sent("b", "c1"), sent("c", "c1"))
			c1 := task.EventDeliver{Stream: "conversation:c1", Run: 1}
			first := clock.now().Unix() + 1
			if got, want := ids(t, s.turn(t, c1, nil, 10).Events), fmt.Sprintf("a:%d b:%d c:%d", first, first+1, first+2); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if got := ids(t, s.turn(t, task.EventDeliver{Stream: "message:x", Run: 1}, nil, 10).Events); got != "x:1" {
				t.Errorf("%s, want x:1", got)
			}
			if got := tasks(t, rdb); !slices.Equal(got, []string{"conversation:c1:1", "message:x:1"}) {
				t.Errorf("tasks %v", got)
			}
			for key, want := range map[string]time.Duration{stateKey("conversation:c1"): Retention, waitingKey("conversation:c1"): Retention,
				seenKey("conversation:c1", ""): Retention, stateKey("message:x"): messageRetention} {
				if left, err := rdb.TTL(context.Background(), key).Result(); err != nil || left < want-time.Minute || left > want {
					t.Errorf("%s is kept for %s, %v; want %s", key, left, err, want)
				}
			}
			// What was told is still remembered.
			w := s.turn(t, c1, nil, 10)
			if w = s.turn(t, c1, w.Events, 10); len(w.Events) != 0 {
				t.Errorf("told, and still there: %s", ids(t, w.Events))
			}
			s.must(t, sent("a", "c1"))
			if got := tasks(t, rdb); len(got) != 2 {
				t.Errorf("a told event made a task: %v", got)
			}
			// The stream that was empty gets a run of its own; the old one has nothing to say.
			s.must(t, sent("d", "c1"))
			if w = s.turn(t, c1, nil, 10); len(w.Events) != 0 {
				t.Error("a run that is over is in charge")
			}
			if got := ids(t, s.turn(t, task.EventDeliver{Stream: "conversation:c1", Run: 2}, nil, 10).Events); got != fmt.Sprintf("d:%d", first+3) {
				t.Errorf("%s, want d:%d", got, first+3)
			}
		})
	}
}

// A whole chunk with many conversations is stored at once, by many at the same time, and nothing twice.
func TestAppendOfAChunkFromMany(t *testing.T) {
	t.Parallel()
	rdb := cluster(t)
	s, _ := newStore(t, rdb)
	var facts []Fact
	for i := range 400 {
		conversation := ""
		if i%2 == 0 {
			conversation = fmt.Sprintf("c%d", i)
		}
		m := sent(fmt.Sprintf("b.0.%d", i), conversation)
		m.Bulk, m.Group = "b", "0"
		facts = append(facts, m)
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			if err := s.Append(context.Background(), facts...); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	w := s.turn(t, task.EventDeliver{Stream: "bulk:b", Run: 1}, nil, 1000)
	numbers := map[int64]bool{}
	for _, e := range w.Events {
		numbers[e.Sequence] = true
		if !e.Beside {
			t.Fatal("a bulk's messages wait for each other")
		}
	}
	if len(w.Events) != 200 || len(numbers) != 200 || !numbers[1] || !numbers[200] {
		t.Errorf("%d events with %d numbers of 200", len(w.Events), len(numbers))
	}
	stats, err := s.Stats(context.Background())
	if err != nil || stats.Streams != 201 || len(tasks(t, rdb)) != 201 {
		t.Errorf("%+v, %v; %d tasks, want 201", stats, err, len(tasks(t, rdb)))
	}
	// What is remembered of a bulk's messages is small.
	kind, err := rdb.ObjectEncoding(context.Background(), seenKey("bulk:b", "0")).Result()
	if err != nil || kind != "intset" {
		t.Errorf("remembered as %s, %v", kind, err)
	}
}

// Whoever stored an event may die before its task exists: it is found.
func TestNeglectedStreamsGetTheirTask(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rdb := redistest.Start(t).Client()
	s, clock := newStore(t, rdb)
	s.must(t, sent("a", "c1"), sent("b", "c2"))
	i := asynq.NewInspectorFromRedisClient(rdb)
	if err := i.DeleteTask(queue.Events, "conversation:c1:1"); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Neglected(ctx); n != 0 || err != nil {
		t.Fatalf("%d at once, %v", n, err)
	}
	clock.turn(shownWithin + time.Second)
	if n, err := s.Neglected(ctx); n != 1 || err != nil {
		t.Fatalf("%d, %v; want 1", n, err)
	}
	if got := tasks(t, rdb); !slices.Equal(got, []string{"conversation:c1:1", "conversation:c2:1"}) {
		t.Errorf("tasks %v", got)
	}
	if n, err := s.Neglected(ctx); n != 0 || err != nil {
		t.Errorf("%d again, %v", n, err)
	}
	// Appending again brings a lost task back at once.
	if err := i.DeleteTask(queue.Events, "conversation:c2:1"); err != nil {
		t.Fatal(err)
	}
	s.must(t, sent("b", "c2"))
	if got := tasks(t, rdb); len(got) != 2 {
		t.Errorf("tasks %v", got)
	}
	// A stream whose retention is over is forgotten.
	if err := rdb.Del(ctx, stateKey("conversation:c1"), waitingKey("conversation:c1")).Err(); err != nil {
		t.Fatal(err)
	}
	clock.turn(2 * shownWithin)
	if _, err := s.Neglected(ctx); err != nil {
		t.Fatal(err)
	}
	if stats, err := s.Stats(ctx); err != nil || stats.Streams != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestTriesArePutDown(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, clock := newStore(t, redistest.Start(t).Client())
	s.must(t, sent("a", "c1"), sent("b", "c1"))
	d := task.EventDeliver{Stream: "conversation:c1", Run: 1}
	for range 2 {
		if err := s.Again(ctx, d, "http_503", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	clock.turn(time.Hour)
	w := s.turn(t, d, nil, 10)
	if w.Tries != 2 || w.Reason != "http_503" || len(w.Events) != 2 {
		t.Errorf("%+v", w)
	}
	list, err := s.List(ctx, 10)
	if err != nil || len(list) != 2 || list[0].Tries != 2 || list[0].Reason != "http_503" || list[1].Tries != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if stats, err := s.Stats(ctx); err != nil || clock.now().Sub(stats.Oldest) != time.Hour {
		t.Errorf("%+v, %v", stats, err)
	}
	if err := s.Again(ctx, task.EventDeliver{Stream: "conversation:c1", Run: 7}, "http_503", time.Minute); err != nil {
		t.Fatal(err)
	}
	if w = s.turn(t, d, w.Events[:1], 10); w.Tries != 0 || w.Reason != "" || len(w.Events) != 1 {
		t.Errorf("after the first was told: %+v", w)
	}
	// A letter gives back what it was made of.
	l, err := Letter(w.Events[0], "refused", 3, clock.now())
	if err != nil {
		t.Fatal(err)
	}
	e, err := FromLetter(l)
	if err != nil {
		t.Fatal(err)
	}
	s.turn(t, d, w.Events, 10)
	if err := s.PutBack(ctx, e); err != nil {
		t.Fatal(err)
	}
	again := s.turn(t, task.EventDeliver{Stream: "conversation:c1", Run: 2}, nil, 10).Events
	if len(again) != 1 || again[0].ID != w.Events[0].ID || again[0].Sequence != w.Events[0].Sequence || !again[0].Kept.Equal(clock.now()) {
		t.Errorf("%+v, want %+v", again, w.Events[0])
	}
}

// A Redis that was restarted has forgotten the scripts, not the events.
func TestRedisRestarts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	s, _ := newStore(t, rdb)
	s.must(t, sent("a", "c1"))
	server.Restart()
	s.must(t, sent("a", "c1"), sent("b", "c1"))
	if w := s.turn(t, task.EventDeliver{Stream: "conversation:c1", Run: 1}, nil, 10); len(w.Events) != 2 {
		t.Errorf("%s", ids(t, w.Events))
	}
}

func TestEventsAreNamedForWhatHappened(t *testing.T) {
	t.Parallel()
	at := time.Unix(1796115600, 0)
	base := Message{ID: "m", State: "failed", Code: "smtp_550", At: at}
	later := base
	later.At = at.Add(time.Hour)
	sent := base
	sent.State = "sent"
	withID := base
	withID.ProviderID = "p"
	expired := Message{ID: "m", State: "skipped", Code: CodeExpired, At: at}
	if base.Event().ID == later.Event().ID || base.Event().ID == sent.Event().ID || base.Event().ID != withID.Event().ID {
		t.Error("ids don't follow what happened")
	}
	if strings.Contains(base.Event().ID, ".") || len(base.Event().ID) != 36 {
		t.Errorf("id %q", base.Event().ID)
	}
	for want, fact := range map[string]Fact{
		TypeMessageFailed: base, TypeMessageSent: sent, TypeMessageExpired: expired, TypeMessageSkipped: Message{ID: "m", State: "skipped"},
		TypeMessageHeld: Message{ID: "m", State: "unknown"}, TypeMessageSuppressed: Message{ID: "m", State: "suppressed"},
		TypeProgress: Bulk{ID: "b", Percent: 10}, TypeCompleted: Bulk{ID: "b", Percent: 100, Over: true},
		TypeNote: Note{ID: "m", Conversation: "c"}, TypeForwarded: Forwarded{ID: "f", Conversation: "c"},
		TypeUpdated: Updated{Cause: "m", Conversation: "c"},
	} {
		e, err := of(fact)
		if err != nil || e.Type != want {
			t.Errorf("%T is %s, %v; want %s", fact, e.Type, err, want)
		}
	}
	for _, incomplete := range []Fact{Message{ID: "m", State: "pending"}, Updated{Cause: "m"}, Updated{Cause: "m", Conversation: strings.Repeat("c", 201)}} {
		if _, err := of(incomplete); err == nil {
			t.Errorf("%+v was taken", incomplete)
		}
	}
}
