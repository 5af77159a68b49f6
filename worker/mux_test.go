package worker

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// raw enqueues a task as some other client might have.
func (s *site) raw(kind, id, payload string) {
	s.t.Helper()
	_, err := asynq.NewClientFromRedisClient(s.rdb).Enqueue(asynq.NewTask(kind, []byte(payload)),
		asynq.Queue(queue.Messages), asynq.TaskID(id), asynq.MaxRetry(queue.MaxAttempts))
	if err != nil {
		s.t.Fatal(err)
	}
}

// deadLetter waits for a dead letter.
func (s *site) deadLetter(id string) (l dead.Letter) {
	s.t.Helper()
	s.await("there is a dead letter "+id, func() bool {
		var err error
		l, err = s.client.Dead().Get(context.Background(), id)
		return err == nil
	})
	return l
}

// A task that a worker is too old for waits for a newer one, for a day; then it is a dead letter, whole.
func TestNotUnderstoodIsKeptForADay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	// These two are a day old.
	ctx := context.Background()
	yesterday := time.Now().Add(-25 * time.Hour).UnixMilli()
	for _, id := range []string{"poem.write/old", "message.send/old-field"} {
		if err := s.rdb.Set(ctx, "herald:{dead}:since:"+id, yesterday, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	s.raw("poem.write", "old", `{"rhyme":"none"}`)
	s.raw("message.send", "old-field", `{"id":"old-field","color":"red"}`)
	s.raw("poem.write", "new", `{"rhyme":"none"}`)
	s.raw("message.send", "new-field", `{"id":"new-field","color":"red"}`)
	s.raw("message.send", "broken", `{"id":`)
	s.worker()
	for id, payload := range map[string]string{
		"poem.write/old":         `{"rhyme":"none"}`,
		"message.send/old-field": `{"id":"old-field","color":"red"}`,
	} {
		l := s.deadLetter(id)
		if string(l.Payload) != payload || l.Reason != "no worker understood it for a day" || l.Owner != strings.Split(id, "/")[1] {
			t.Errorf("%+v: %s", l, l.Payload)
		}
		if err := s.client.RetryDead(ctx, id); err == nil {
			t.Errorf("%s was enqueued again by a client that doesn't understand it", id)
		}
	}
	if l := s.deadLetter("message.send/broken"); l.Reason != "its payload is no JSON" {
		t.Errorf("%+v", l)
	}
	inspect := asynq.NewInspectorFromRedisClient(s.rdb)
	for _, id := range []string{"new", "new-field"} {
		s.await(id+" waits", func() bool {
			info, err := inspect.GetTaskInfo(queue.Messages, id)
			return err == nil && info.State == asynq.TaskStateRetry && info.Retried == 0 && time.Until(info.NextProcessAt) > 30*time.Second
		})
	}
	if counts, err := s.client.Dead().Count(ctx); err != nil || counts["poem.write"] != 1 || counts["message.send"] != 2 {
		t.Errorf("%v, %v", counts, err)
	}
}

// A message without books, and a chunk without a bulk, are dead letters. Put back, the message is sent.
func TestWhatIsGoneIsADeadLetter(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	m := task.Message{
		ID: "m", Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Shortcut: "hello"},
		Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`),
	}
	if _, err := s.client.Message(ctx, m); err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.Del(ctx, "herald:message:{m}:states:0").Err(); err != nil {
		t.Fatal(err)
	}
	q := queue.New(s.rdb)
	for _, p := range []task.Payload{task.BulkChunk{Bulk: "b", Chunk: 3}, task.BulkStart{Bulk: "b"}} {
		if _, err := q.Enqueue(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	s.worker()
	s.deadLetter("message.send/message:m")
	for id, kind := range map[string]string{"bulk.chunk/b:3": "bulk.chunk", "bulk.start/b:start:0": "bulk.start"} {
		if l := s.deadLetter(id); l.Owner != "bulk:b" || l.Kind != kind || !strings.HasPrefix(l.Reason, "gone") || l.Attempts != 1 {
			t.Errorf("%+v", l)
		}
	}
	if err := s.client.RetryDead(ctx, "message.send/message:m"); err != nil {
		t.Fatal(err)
	}
	s.await("the message is sent", func() bool {
		r, err := s.client.MessageStatus(ctx, "m")
		return err == nil && r.State == ledger.Sent
	})
	if _, err := s.client.Dead().Get(ctx, "message.send/message:m"); err == nil {
		t.Error("the letter is still there")
	}
	// What can't succeed comes back, as a letter of its own.
	if err := s.client.RetryDead(ctx, "bulk.chunk/b:3"); err != nil {
		t.Fatal(err)
	}
	s.deadLetter("bulk.chunk/b:3")
}

// A bulk whose definition is lost fails its recipients: they are in the books.
func TestBulkWithoutDefinition(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 3)
	if err := s.rdb.Del(ctx, "herald:bulk:{"+id+"}").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := queue.New(s.rdb).Enqueue(ctx, task.BulkChunk{Bulk: id, Layout: task.Layout, Channel: message.Email}); err != nil {
		t.Fatal(err)
	}
	s.worker()
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	s.await("everyone has failed", func() bool {
		records, err := books.Chunk(ctx, ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0))
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(records, func(r ledger.Record) bool { return r.State != ledger.Failed || r.Reason.Code != "bulk_gone" })
	})
}

// What an older client took and this version refuses is given up on at once: its letter says where the faults are, its books
// why, and its caller learns it. Other faults may be those of this worker: they wait.
func TestRefusedPayloadsAreGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	inspect := asynq.NewInspectorFromRedisClient(s.rdb)
	// spoil replaces the task of a message that waits.
	spoil := func(id, change, with string) {
		t.Helper()
		taskID := "message:" + id
		info, err := inspect.GetTaskInfo(queue.Line(message.Email), taskID)
		if err != nil {
			t.Fatal(err)
		}
		if err := inspect.DeleteTask(queue.Line(message.Email), taskID); err != nil {
			t.Fatal(err)
		}
		payload := strings.Replace(string(info.Payload), change, with, 1)
		if payload == string(info.Payload) {
			t.Fatalf("%s: nothing to spoil in %s", id, payload)
		}
		s.raw("message.send", taskID, payload)
	}
	ids := []string{"bad-to", "bad-zone", "newer-layout", "newer-field", "no-json"}
	for _, id := range ids {
		s.message(task.Message{ID: id, To: "ada@example.com", Timezone: "Europe/Berlin", Content: task.Content{Shortcut: "hello"}, Context: json.RawMessage(`{"conversation":{"id":"c1"}}`)})
	}
	spoil("bad-to", `"to":"ada@example.com"`, `"to":"ada at example"`)
	spoil("bad-zone", `Europe/Berlin`, `Mars/Phobos`)
	spoil("newer-layout", `"layout":2`, `"layout":3`)
	spoil("newer-field", `"layout":2`, `"layout":2,"color":"red"`)
	spoil("no-json", `"layout":2,`, `"layout":2`)
	s.worker(r.on(s))
	for id, want := range map[string]struct{ reason, text string }{
		"bad-to":   {"this version refuses it: /to invalid_address", "ada at example"},
		"bad-zone": {"this version refuses it: /timezone invalid_timezone", "Mars/Phobos"},
		"no-json":  {"its payload is no JSON", "no JSON"},
	} {
		letter := s.deadLetter("message.send/message:" + id)
		if letter.Reason != want.reason {
			t.Errorf("%s: %q", id, letter.Reason)
		}
		if f := s.fate(id); f.State != ledger.Failed || f.Reason.Code != "payload_refused" || !strings.Contains(f.Reason.Text, want.text) {
			t.Errorf("%s: %+v", id, f.Record)
		}
	}
	s.await("their callers know", func() bool { return len(r.events()) == 3 })
	for id, events := range r.byMessage() {
		if types(events) != "message.failed" || id != "no-json" && events[0].Stream != "conversation:c1" {
			t.Errorf("%s: %+v", id, events)
		}
	}
	for _, id := range []string{"newer-layout", "newer-field"} {
		s.await(id+" waits", func() bool {
			info, err := inspect.GetTaskInfo(queue.Messages, "message:"+id)
			return err == nil && info.State == asynq.TaskStateRetry
		})
		if f := s.record(id); f.State != ledger.Pending {
			t.Errorf("%s: %+v", id, f)
		}
	}
}

// A message that was given up on without being worked on is pending again when its letter is put back.
func TestGivenUpMessagesComeBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	id := s.message(task.Message{ID: "m", To: "ada@example.com", Content: task.Content{Shortcut: "hello"}})
	kind, payload, err := queue.New(s.rdb).Payload(task.Message{ID: "m", Layout: task.Layout})
	if err != nil {
		t.Fatal(err)
	}
	books := ledger.Owner{Kind: ledger.Message, ID: id}
	l, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if err := (&abandoned{ledger: l}).close(ctx, queue.Run{ID: "message:m", Kind: kind}, payload, ledger.Reason{Code: "not_understood", Text: "t"}); err != nil {
		t.Fatal(err)
	}
	if err := asynq.NewInspectorFromRedisClient(s.rdb).DeleteTask(queue.Line(message.Email), "message:m"); err != nil {
		t.Fatal(err)
	}
	if records, err := l.Chunk(ctx, books.Chunk(0)); err != nil || records[0].State != ledger.Failed {
		t.Fatal(records, err)
	}
	if err := s.client.Dead().Put(ctx, dead.Letter{ID: kind + "/message:m", Kind: kind, Payload: payload, Reason: "r", Owner: "message:m"}); err != nil {
		t.Fatal(err)
	}
	if err := s.client.RetryDead(ctx, kind+"/message:m"); err != nil {
		t.Fatal(err)
	}
	s.worker()
	if f := s.fate("m"); f.State != ledger.Sent {
		t.Errorf("%+v", f.Record)
	}
}
