package enqueue

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/task"
)

const talk = `{"id":"c1","messages":[{"channel":"email","direction":"in","sentAt":"2026-02-03T09:15:00Z","body":"Hi","attachments":[{"id":"a1","name":"a.pdf"}]}]}`

// The same again is harmless; something else under the same id is refused; a mistake stores nothing.
func TestForwardIsEnqueuedOnce(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	rdb := c.rdb
	ctx := context.Background()
	f := task.Forward{ID: "f1", From: "robin@desk.example", To: "partner@example.org"}
	for name, bad := range map[string]func() (task.Forward, string){
		"no messages":   func() (task.Forward, string) { return f, `{"messages":[]}` },
		"not JSON":      func() (task.Forward, string) { return f, `{"messages":[` },
		"bad address":   func() (task.Forward, string) { g := f; g.To = "a@b.example, x"; return g, talk },
		"unknown file":  func() (task.Forward, string) { g := f; g.Attachments = []string{"a2"}; return g, talk },
		"unknown order": func() (task.Forward, string) { g := f; g.Order = "up"; return g, talk },
		"said and undone": func() (task.Forward, string) {
			return f, `{"messages":[{"direction":"in","redacted":true,"Redacted":false}]}`
		},
	} {
		g, text := bad()
		if _, err := c.Forward(ctx, g, []byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if keys := rdb.Keys(ctx, "*").Val(); len(keys) > 0 {
		t.Errorf("mistakes left %q", keys)
	}
	f.Attachments = []string{"a1"}
	for range 2 {
		if id, err := c.Forward(ctx, f, []byte(talk)); err != nil || id != "f1" {
			t.Fatalf("%q, %v", id, err)
		}
	}
	if n := rdb.LLen(ctx, "asynq:{message:email}:pending").Val(); n != 1 {
		t.Errorf("%d tasks are queued", n)
	}
	if _, err := c.Forward(ctx, f, []byte(strings.Replace(talk, "Hi", "Ho", 1))); !errors.Is(err, ErrConflict) {
		t.Errorf("another conversation under the same id: %v", err)
	}
	record, err := c.MessageStatus(ctx, "f1")
	if err != nil || record.State.String() != "pending" {
		t.Errorf("%+v, %v", record, err)
	}
	if _, err := c.Forward(ctx, f, []byte(`{"messages":[{"channel":"note","body":"x"}]}`)); !errors.Is(err, conversation.ErrEmpty) {
		t.Errorf("only notes: %v", err)
	}
}

// However long the conversation is, its task in the queue is small: Asynq writes active tasks again and again.
func TestForwardsTaskIsSmall(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t)
	rdb := c.rdb
	long := strings.Replace(talk, "Hi", strings.Repeat("a long text ", 1<<20), 1)
	if _, err := c.Forward(context.Background(), task.Forward{ID: "f1", From: "robin@desk.example", To: "partner@example.org"}, []byte(long)); err != nil {
		t.Fatal(err)
	}
	data, err := rdb.HGet(context.Background(), "asynq:{message:email}:t:forward:f1", "msg").Bytes()
	if err != nil || len(data) > 1000 {
		t.Errorf("the task has %d bytes, %v", len(data), err)
	}
}
