package queue

import (
	"context"
	"slices"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/task"
)

func TestAddresses(t *testing.T) {
	seen := map[string]int{}
	for chunk := range 80 {
		id, name, err := Address(task.BulkChunk{Bulk: "b", Chunk: chunk})
		if err != nil || id == "" {
			t.Fatal(id, err)
		}
		seen[name]++
	}
	for _, name := range BulksOf("") {
		if seen[name] != 80/BulkShards {
			t.Errorf("%d of 80 chunks are in %s", seen[name], name)
		}
	}
	one := task.BulkChunk{Bulk: "b", Layout: task.Layout, Channel: message.SMS}
	if _, name, err := Address(one); err != nil || !slices.Contains(BulksOf(message.SMS), name) {
		t.Errorf("a chunk of SMS is in %s, %v", name, err)
	}
	first, _, _ := Address(task.BulkStart{Bulk: "b"})
	again, _, _ := Address(task.BulkStart{Bulk: "b", Round: 1})
	if first == again {
		t.Error("a second start has the id of the first")
	}
	if _, _, err := Address(nil); err == nil {
		t.Error("no payload has an address")
	}
}

// Enqueueing again is harmless, and Asynq never gives up a task by itself.
func TestEnqueueTwice(t *testing.T) {
	rdb := redistest.Start(t).Client()
	c := New(rdb)
	m := task.Message{ID: "m", Channel: message.SMS, To: "+4930123456", Content: task.Content{Text: "Hi"}}
	for i, want := range []bool{true, false} {
		if added, err := c.Enqueue(context.Background(), m); added != want || err != nil {
			t.Errorf("call %d: added %t, %v", i, added, err)
		}
	}
	info, err := asynq.NewInspectorFromRedisClient(rdb).GetTaskInfo(Messages, "m")
	if err != nil || info.MaxRetry != MaxAttempts || info.Retention != Retention || info.Type != m.Kind() {
		t.Errorf("%+v, %v", info, err)
	}
	m.To = ""
	if _, err := c.Enqueue(context.Background(), m); err == nil {
		t.Error("a faulty payload was enqueued")
	}
}
