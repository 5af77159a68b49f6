package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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

// A server with many slots takes tasks with several of Asynq's servers. Together they keep its limit, run each task once, and
// stop together.
func TestManySlots(t *testing.T) {
	t.Parallel()
	rdb := redistest.Start(t).Client()
	c := New(rdb)
	const tasks, slots = 200, 30
	for i := range tasks {
		if _, err := c.Enqueue(t.Context(), task.Message{ID: fmt.Sprint(i), Channel: message.Email, Layout: task.Layout, To: "a@example.com", From: "b@example.com", Content: task.Content{Text: "Hi"}}); err != nil {
			t.Fatal(err)
		}
	}
	var running, most, over atomic.Int64
	var mu sync.Mutex
	runs := map[string]int{}
	full, done := make(chan struct{}), make(chan struct{})
	s, err := NewServer(ServerOptions{
		Redis: rdb, Queues: Singles(), Concurrency: slots, DrainTimeout: time.Minute, Gate: &Gate{}, Log: slog.New(slog.DiscardHandler),
		Crashes: func(context.Context, string, string) (int, error) { return 0, nil },
		Handler: func(_ context.Context, run Run, _ []byte) error {
			if n := running.Add(1); n == slots && most.Swap(n) < n {
				close(full) // all slots are taken
			} else if n > slots {
				over.Add(1)
			}
			defer running.Add(-1)
			select {
			case <-full:
			case <-time.After(time.Minute):
			}
			mu.Lock()
			defer mu.Unlock()
			if runs[run.ID]++; len(runs) == tasks {
				close(done)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.takers) < 2 {
		t.Fatalf("%d takers", len(s.takers))
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Error("not all tasks ran")
	}
	s.Stop()
	s.Shutdown()
	mu.Lock()
	defer mu.Unlock()
	for id, n := range runs {
		if n != 1 {
			t.Errorf("%s ran %d times", id, n)
		}
	}
	if over.Load() > 0 || most.Load() != slots {
		t.Errorf("more than %d at the same time %d times", slots, over.Load())
	}
}
