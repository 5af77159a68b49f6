package enqueue

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// A message for a time has a task that doesn't run before, and books and an id that outlive it, however far off it is.
func TestMessageIsScheduled(t *testing.T) {
	ctx := context.Background()
	c, inspect := newClient(t)
	m := letter()
	m.SendAt = time.Now().Add(bulk.MaxAhead - time.Hour)
	id, err := c.Message(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	info, err := inspect.GetTaskInfo(queue.Line(message.Email), "message:"+id)
	if err != nil || info.State != asynq.TaskStateScheduled || info.NextProcessAt.Before(m.SendAt) || info.NextProcessAt.Sub(m.SendAt) > time.Second {
		t.Errorf("%+v, %v; want it at %s", info, err, m.SendAt)
	}
	keys, err := c.rdb.Keys(ctx, "herald:message:*").Result()
	if err != nil || len(keys) != 3 { // the request, its books, what was asked for
		t.Fatalf("keys %v, %v", keys, err)
	}
	for _, key := range keys {
		left, err := c.rdb.TTL(ctx, key).Result()
		if want := time.Until(m.SendAt) + ledger.DefaultRetention; err != nil || left < want-time.Minute || left > want+time.Minute {
			t.Errorf("%s is kept for %s, %v; want %s", key, left, err, want)
		}
	}
	if _, err := c.Message(ctx, m); err != nil {
		t.Errorf("the same again: %v", err)
	}
	m.ID, m.SendAt = "too-far", time.Now().Add(bulk.MaxAhead+time.Hour)
	if _, err := c.Message(ctx, m); err == nil || !strings.Contains(err.Error(), "sendAt: 60 days ahead; at most 60 are") {
		t.Errorf("too far ahead: %v", err)
	}
	m.ID, m.SendAt, m.SendBefore = "never", time.Now().Add(time.Hour), time.Now().Add(time.Minute)
	if _, err := c.Message(ctx, m); err == nil || !strings.Contains(err.Error(), "sendBefore: not after sendAt") {
		t.Errorf("before it begins: %v", err)
	}
	if _, err := c.MessageStatus(ctx, "never"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a refused message has books: %v", err)
	}
}

func TestCancelMessage(t *testing.T) {
	ctx := context.Background()
	c, inspect := newClient(t)
	m := letter()
	m.SendAt = time.Now().Add(time.Hour)
	id, err := c.Message(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice is harmless
		if err := c.CancelMessage(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	record, err := c.MessageStatus(ctx, id)
	if err != nil || record.State != ledger.Skipped || record.Reason.Code != "cancelled" {
		t.Errorf("%+v, %v", record, err)
	}
	if info, err := inspect.GetTaskInfo(queue.Line(message.Email), "message:"+id); err != nil || info.State != asynq.TaskStatePending {
		t.Errorf("its task waits for its time: %+v, %v", info, err)
	}
	for want, state := range map[string]ledger.State{"is sent": ledger.Sent, "is failed": ledger.Failed, "is unknown": ledger.Unknown} {
		m := letter()
		m.ID = state.String()
		if _, err := c.Message(ctx, m); err != nil {
			t.Fatal(err)
		}
		if err := c.ledger.Mark(ctx, ledger.Owner{Kind: ledger.Message, ID: m.ID}.Chunk(0), 0, state, ledger.Reason{}); err != nil {
			t.Fatal(err)
		}
		if err := c.CancelMessage(ctx, m.ID); !errors.Is(err, ErrTooLate) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", state, err)
		}
	}
	m = letter()
	m.ID = "under-way"
	if _, err := c.Message(ctx, m); err != nil {
		t.Fatal(err)
	}
	if ok, err := c.ledger.Claim(ctx, ledger.Owner{Kind: ledger.Message, ID: m.ID}.Chunk(0), 0); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := c.CancelMessage(ctx, m.ID); !errors.Is(err, ErrTooLate) || !strings.Contains(err.Error(), "is being sent") {
		t.Errorf("under way: %v", err)
	}
	// The books of a bulk of one are no message's.
	if err := c.ledger.Open(ctx, ledger.Owner{Kind: ledger.Bulk, ID: "bulk"}.Chunk(0), 1); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"bulk", "nobody"} {
		if err := c.CancelMessage(ctx, id); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
}
