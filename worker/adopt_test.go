package worker

import (
	"context"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// What an older version left pending is kept from then on where the queue knows it, and gets its task again should it lose
// that; what the queue doesn't know has failed, and its caller learns it; nothing else changes. It is done once.
func TestOlderMessagesAreAdopted(t *testing.T) {
	t.Parallel()
	l := newLetters(t)
	ctx := context.Background()
	c := l.client(&fuse{left: -1})
	inspect := asynq.NewInspectorFromRedisClient(l.rdb)
	later := time.Now().Add(2 * time.Hour)
	for _, m := range []struct {
		kind   ledger.Kind
		id     string
		at     time.Time
		noTask bool
		age    time.Duration
	}{
		{ledger.Message, "queued", time.Time{}, false, time.Hour}, {ledger.Forward, "queued", time.Time{}, false, time.Hour}, {ledger.Message, "later", later, false, time.Hour},
		{ledger.Message, "lost", time.Time{}, true, time.Hour}, {ledger.Forward, "lost", time.Time{}, true, time.Hour},
		{ledger.Message, "young", time.Time{}, true, 0}, {ledger.Message, "sent", time.Time{}, false, time.Hour},
	} {
		if err := enqueueAs(ctx, c, m.kind, m.id, m.at); err != nil {
			t.Fatal(err)
		}
		o := ledger.Owner{Kind: m.kind, ID: m.id}
		if m.id == "sent" {
			if err := l.books.Mark(ctx, o.Chunk(0), 0, ledger.Sent, ledger.Reason{}); err != nil {
				t.Fatal(err)
			}
		}
		// As the version before had it.
		l.rdb.Del(ctx, o.Chunk(0).Key("about"))
		if err := l.books.RemoveUnsettled(ctx, o); err != nil {
			t.Fatal(err)
		}
		states := o.Chunk(0).Key("states")
		l.rdb.Expire(ctx, states, l.rdb.TTL(ctx, states).Val()-m.age)
		if m.noTask {
			if err := inspect.DeleteTask(queue.Line(message.Email), string(m.kind)+":"+m.id); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := func(when string, want map[string]string) {
		t.Helper()
		for name, state := range want {
			kind, id := ledger.Message, name
			if name[0] == 'f' {
				kind, id = ledger.Forward, name[2:]
			}
			if got := l.state(kind, id); got != state {
				t.Errorf("%s, %s: %q, want %q", when, name, got, state)
			}
		}
	}
	if err := l.look.adopt(ctx); err != nil {
		t.Fatal(err)
	}
	if err := l.look.adopt(ctx); err != nil { // somebody else, at the same time
		t.Fatal(err)
	}
	want("adopted", map[string]string{
		"queued": "pending", "f:queued": "pending", "later": "pending", "lost": "failed, no task", "f:lost": "failed, no task", "young": "pending, no task", "sent": "sent",
	})
	if status, err := c.MessageStatus(ctx, "lost"); err != nil || status.Reason.Code != "task_lost" {
		t.Errorf("%+v, %v", status, err)
	}
	// They lose their tasks.
	for _, id := range []string{"message:queued", "forward:queued", "message:later"} {
		if err := inspect.DeleteTask(queue.Line(message.Email), id); err != nil {
			t.Fatal(err)
		}
	}
	l.round(time.Minute)
	want("a minute later", map[string]string{"queued": "pending", "f:queued": "pending", "later": "pending, no task"})
	l.round(3 * time.Hour)
	want("at its time", map[string]string{"later": "pending"})

	// The young one was enqueued after all. Nobody looks a third time.
	if err := enqueueAs(ctx, c, ledger.Message, "young", time.Time{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l.rdb.Del(ctx, "herald:{unsettled:0}:adopting")
		if err := l.look.adopt(ctx); err != nil {
			t.Fatal(err)
		}
	}
	want("in the end", map[string]string{"young": "pending", "sent": "sent"})
	if mine, err := l.books.BeginAdoption(ctx, time.Minute); mine || err != nil {
		t.Errorf("not done: %v, %v", mine, err)
	}
	if r, err := l.books.Request(ctx, ledger.Owner{Kind: ledger.Message, ID: "queued"}.Chunk(0)); err != nil || r.To != "ada@example.com" || r.Channel != "email" {
		t.Errorf("%+v, %v", r, err)
	}
}
