package enqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

func newClient(t *testing.T) (*Client, *asynq.Inspector) {
	t.Helper()
	s := redistest.Start(t)
	rdb := s.Client()
	c, err := New(Options{Redis: rdb})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, asynq.NewInspectorFromRedisClient(rdb)
}

func letter() task.Message {
	return task.Message{
		ID: "letter", Channel: message.Email, From: "help@acme.example", To: "ada@example.com",
		Content: task.Content{Text: "Hi {{customer.firstName}}"}, Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`),
	}
}

func queued(t *testing.T, i *asynq.Inspector, name string) int {
	t.Helper()
	names, err := i.Queues()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, name) {
		return 0
	}
	info, err := i.GetQueueInfo(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size
}

// One id, one message: repeated calls change nothing, however many at once, and another body is refused.
func TestMessageIsEnqueuedOnce(t *testing.T) {
	c, inspect := newClient(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if id, err := c.Message(ctx, letter()); err != nil || id != "letter" {
				t.Errorf("%q, %v", id, err)
			}
		})
	}
	wg.Wait()
	if n := queued(t, inspect, queue.Line(message.Email)); n != 1 {
		t.Errorf("%d tasks", n)
	}
	tasks, err := inspect.ListPendingTasks(queue.Line(message.Email))
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	stored, err := task.Parse(task.Message{}.Kind(), tasks[0].Payload)
	if err != nil {
		t.Fatal(err)
	}
	if at := stored.(task.Message).Begins(); at.IsZero() || time.Since(at) < 0 {
		t.Errorf("it was enqueued at %v", at)
	}
	late := letter()
	late.EnqueuedAt = time.Now().Add(-time.Hour)
	if _, err := c.Message(ctx, late); err != nil {
		t.Errorf("the same message at another time: %v", err)
	}
	other := letter()
	other.Text = "Bye"
	if _, err := c.Message(ctx, other); !errors.Is(err, ErrConflict) {
		t.Errorf("another body: %v", err)
	}
	record, err := c.MessageStatus(ctx, "letter")
	if err != nil || record.State != ledger.Pending {
		t.Errorf("%v, %v", record, err)
	}
}

func TestFaultyMessagesAreRefused(t *testing.T) {
	c, inspect := newClient(t)
	faults := map[string]func(*task.Message){
		"no channel":        func(m *task.Message) { m.Channel = "" },
		"no recipient":      func(m *task.Message) { m.To = "" },
		"no content":        func(m *task.Message) { m.Text = "" },
		"two contents":      func(m *task.Message) { m.Shortcut = "x" },
		"no sender":         func(m *task.Message) { m.From = "" },
		"bad sender":        func(m *task.Message) { m.From = "help@acme.example\r\nBcc: x@y.com" },
		"bad context":       func(m *task.Message) { m.Context = json.RawMessage(`[]`) },
		"broken context":    func(m *task.Message) { m.Context = json.RawMessage(`{"a":`) },
		"bad policy":        func(m *task.Message) { m.Policy = "maybe" },
		"id with a brace":   func(m *task.Message) { m.ID = "a}b" },
		"id with two dots":  func(m *task.Message) { m.ID = "a..b" },
		"id of a megabyte":  func(m *task.Message) { m.ID = string(make([]byte, 1<<20)) },
		"reply to an error": func(m *task.Message) { m.ReplyTo = "@" },
	}
	for name, spoil := range faults {
		m := letter()
		spoil(&m)
		if _, err := c.Message(context.Background(), m); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if n := queued(t, inspect, queue.Line(message.Email)); n != 0 {
		t.Errorf("%d tasks", n)
	}
}

func audience(n int, last error) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for i := range n {
			if !yield(bulk.Recipient{Email: fmt.Sprintf("u%d@example.com", i)}, nil) {
				return
			}
		}
		if last != nil {
			yield(bulk.Recipient{}, last)
		}
	}
}

func definition() bulk.Definition {
	return bulk.Definition{ID: "news", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi"}}}}
}

func TestBulkIsStoredWholeThenStarted(t *testing.T) {
	c, inspect := newClient(t)
	ctx := context.Background()
	id, err := c.Bulk(ctx, definition(), audience(450, nil), BulkOptions{})
	if err != nil || id != "news" {
		t.Fatal(id, err)
	}
	status, err := c.Bulks().Status(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if want := (bulk.Status{ID: "news", State: bulk.Ready, Planned: 450, Pending: 450}); status != want {
		t.Errorf("status %+v, want %+v", status, want)
	}
	n := 0
	for name := range queueNames() {
		n += queued(t, inspect, name)
	}
	if n != 1 {
		t.Errorf("%d tasks, want the one that starts the bulk", n)
	}
	if _, err := c.Bulk(ctx, definition(), audience(1, nil), BulkOptions{}); !errors.Is(err, ErrConflict) {
		t.Error("a second bulk took the same id")
	}
	i := 0
	for r, err := range c.Bulks().Results(ctx, id) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("u%d@example.com", i); r.To != want || r.Index != i || r.State != ledger.Pending {
			t.Fatalf("result %+v, want %s", r, want)
		}
		i++
	}
	if i != 450 {
		t.Errorf("%d results", i)
	}
}

func queueNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range append(queue.Bulks(), queue.Singles()...) {
			if !yield(name) {
				return
			}
		}
	}
}

// An audience that breaks off sends nothing; the bulk says so for as long as it is kept.
func TestBrokenAudienceSendsNothing(t *testing.T) {
	c, inspect := newClient(t)
	ctx := context.Background()
	broken := &bulk.RowError{Line: 452, Err: errors.New("torn")}
	if _, err := c.Bulk(ctx, definition(), audience(450, broken), BulkOptions{}); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	for name := range queueNames() {
		if n := queued(t, inspect, name); n != 0 {
			t.Errorf("%d tasks in %s", n, name)
		}
	}
	status, err := c.Bulks().Status(ctx, "news")
	if err != nil || status.State != bulk.Loading {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestBadRowsCanBeSkipped(t *testing.T) {
	c, _ := newClient(t)
	ctx := context.Background()
	var seen []int
	rows := func(yield func(bulk.Recipient, error) bool) {
		for i := range 5 {
			var err error
			if i == 2 {
				err = &bulk.RowError{Line: 4, Err: errors.New("torn")}
			}
			if !yield(bulk.Recipient{Email: "a@example.com"}, err) {
				return
			}
		}
	}
	id, err := c.Bulk(ctx, definition(), rows, BulkOptions{OnBadRow: func(e *bulk.RowError) error { seen = append(seen, e.Line); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	status, err := c.Bulks().Status(ctx, id)
	if err != nil || status.Planned != 4 || len(seen) != 1 || seen[0] != 4 {
		t.Errorf("%+v, %v, bad rows %v", status, err, seen)
	}
}

func TestEmptyAudienceIsRefused(t *testing.T) {
	c, _ := newClient(t)
	if _, err := c.Bulk(context.Background(), definition(), audience(0, nil), BulkOptions{}); err == nil {
		t.Error("a bulk without recipients was taken")
	}
}

// Redis that refuses writes is an error to the caller, never a false "accepted", and nothing of it turns up when writes
// are taken again.
func TestRedisThatRefusesWrites(t *testing.T) {
	refusals := map[string][2][]any{ // by name: what makes Redis refuse, and what ends that
		"out of memory": {{"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}},
		"read-only":     {{"REPLICAOF", "127.0.0.1", "1"}, {"REPLICAOF", "NO", "ONE"}},
	}
	for name, commands := range refusals {
		t.Run(name, func(t *testing.T) {
			c, inspect := newClient(t)
			ctx := context.Background()
			if err := c.Dead().Put(ctx, dead.Letter{ID: "letter", Kind: "bulk.chunk", Payload: json.RawMessage(`{"bulk":"b","chunk":1}`)}); err != nil {
				t.Fatal(err)
			}
			if err := c.rdb.Do(ctx, commands[0]...).Err(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Message(ctx, letter()); err == nil {
				t.Error("a message was accepted")
			}
			if _, err := c.Bulk(ctx, definition(), audience(1, nil), BulkOptions{}); err == nil {
				t.Error("a bulk was accepted")
			}
			if err := c.RetryDead(ctx, "letter"); err == nil {
				t.Error("a dead letter was put back")
			}
			if _, err := c.Attach(ctx, "a.txt", "", []byte("a")); err == nil {
				t.Error("an attachment was stored")
			}
			if err := c.rdb.Do(ctx, commands[1]...).Err(); err != nil {
				t.Fatal(err)
			}
			for name := range queueNames() {
				if n := queued(t, inspect, name); n > 0 {
					t.Errorf("%d tasks in %s", n, name)
				}
			}
			if _, err := c.Dead().Get(ctx, "letter"); err != nil {
				t.Errorf("the dead letter: %v", err)
			}
			if _, err := c.Message(ctx, letter()); err != nil {
				t.Errorf("the message, once more: %v", err)
			}
		})
	}
}
