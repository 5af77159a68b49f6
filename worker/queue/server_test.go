package queue

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

// A task that ended holds the address and the text: it goes by itself, also when no worker runs any more.
func TestFinishedTasksGo(t *testing.T) {
	ctx, rdb := t.Context(), redistest.Start(t).Client()
	c := New(rdb)
	m := task.Message{ID: "m", Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Text: "Hi"}, Layout: task.Layout}
	if _, err := c.Enqueue(ctx, m); err != nil {
		t.Fatal(err)
	}
	id, name, err := Address(m)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(ServerOptions{
		Redis: rdb, Queues: []string{name}, Concurrency: 1, DrainTimeout: time.Second, Gate: &Gate{}, Log: slog.New(slog.DiscardHandler),
		Handler: func(context.Context, Run, []byte) error { return nil }, Crashes: func(context.Context, string, string) (int, error) { return 0, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if info, err := c.info(name, id); err == nil && info.State == asynq.TaskStateCompleted {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
	}
	s.Shutdown()
	key := "asynq:{" + name + "}:t:" + id
	if left := rdb.TTL(ctx, key).Val(); rdb.Exists(ctx, key).Val() != 1 || left < Retention || left > Retention+time.Hour {
		t.Errorf("%s is kept for %s", key, left)
	}
}
