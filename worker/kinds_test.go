package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

func letterTo(id, to string) task.Message {
	return task.Message{
		ID: id, Channel: message.Email, From: "help@acme.example", To: to, Content: task.Content{Shortcut: "hello"},
		Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`),
	}
}

// A message, a forward and a bulk of one id, enqueued in any order and each after the one before is done, are three: all
// mails leave, each under a name of its own, and the books of each balance.
func TestKindsOfOneID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.worker()
	talk := []byte(`{"id":"c1","messages":[{"channel":"email","direction":"in","body":"It broke."}]}`)
	enqueueOne := map[string]func(id string){
		"message": func(id string) {
			if _, err := s.client.Message(ctx, letterTo(id, "message-"+id+"@example.com")); err != nil {
				t.Fatal(err)
			}
			s.await("the message is sent", func() bool {
				r, err := s.client.MessageStatus(ctx, id)
				return err == nil && r.State == ledger.Sent
			})
		},
		"forward": func(id string) {
			f := forwardTo("forward-" + id + "@example.com")
			f.ID = id
			s.forward(f, talk)
			s.await("the forward is sent", func() bool {
				r, err := s.client.ForwardStatus(ctx, id)
				return err == nil && r.State == ledger.Sent
			})
		},
		"bulk": func(id string) {
			s.bulk(bulk.Definition{ID: id, Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 3)
			s.complete(id)
		},
	}
	ids := []string{"x", "bulk", "message.0.0.email", "forward-1", "a.b", "states"}
	orders := [][]string{
		{"message", "forward", "bulk"}, {"message", "bulk", "forward"}, {"forward", "message", "bulk"},
		{"forward", "bulk", "message"}, {"bulk", "message", "forward"}, {"bulk", "forward", "message"},
	}
	for i, order := range orders {
		for range 2 { // the same of the same kind again is harmless
			for _, kind := range order {
				if kind == "bulk" {
					if _, err := s.client.Bulks().Bulk(ctx, ids[i]); !errors.Is(err, bulk.ErrNotFound) {
						continue // a client's bulk is created once
					}
				}
				enqueueOne[kind](ids[i])
			}
		}
	}
	for i, id := range ids {
		if status, err := s.client.Bulks().Status(ctx, id); err != nil || status.Planned != 3 || status.Sent != 3 || status.Pending != 0 || status.State != bulk.Completed {
			t.Errorf("%v: bulk %+v, %v", orders[i], status, err)
		}
		for _, to := range []string{"message-" + id + "@example.com", "forward-" + id + "@example.com"} {
			if n := s.out.sent[to]; n != 1 {
				t.Errorf("%v: %s got %d mails", orders[i], to, n)
			}
		}
	}
	names := map[string]string{}
	for _, m := range s.out.mails {
		if other, taken := names[m.ID]; taken {
			t.Errorf("%s and %s got mails of one name, %s", m.To[0].Addr, other, m.ID)
		}
		names[m.ID] = m.To[0].Addr
	}
	if want := len(ids) * 5; len(names) != want {
		t.Errorf("%d mails, want %d", len(names), want)
	}
}

// Nobody can give a message the id that a bulk's recipient has, or a forward's mail.
func TestDerivedIDsCannotBeGiven(t *testing.T) {
	t.Parallel()
	d := bulk.Definition{ID: "b", Messages: []bulk.Part{{Channel: message.Email}}, Layout: task.Layout}
	for _, id := range []string{d.MessageID(12, 3), d.RecipientID(12, 3), task.Forward{ID: "f", Layout: task.Layout}.MessageID()} {
		if task.CheckID(id) == nil {
			t.Errorf("%s can be given", id)
		}
	}
	d.Layout = 0
	if got := d.MessageID(12, 3); got != "b.12.3.email" {
		t.Errorf("in layout 0 it was b.12.3.email, and is %s", got)
	}
}

// The events of a message and a forward of one id are told apart, by their names too.
func TestEventsOfOneID(t *testing.T) {
	t.Parallel()
	at := time.Unix(1796115600, 0)
	facts := []outbox.Message{
		{ID: "x", State: "failed", At: at},
		{ID: "x", Forward: true, Name: task.Forward{ID: "x", Layout: task.Layout}.MessageID(), State: "failed", At: at},
		{ID: "x+0.0.email", Bulk: "x", State: "failed", At: at},
	}
	ids, streams := map[string]bool{}, map[string]bool{}
	for _, f := range facts {
		e := f.Event()
		ids[e.ID], streams[e.Stream] = true, true
	}
	if len(ids) != 3 || len(streams) != 3 {
		t.Errorf("%d ids, %d streams: %v, %v", len(ids), len(streams), ids, streams)
	}
}

// What the version before stored, in its keys and with its tasks, goes out once, and is found, repeated and cancelled as
// what is stored now.
func TestUpgradeWithAFullQueue(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	q := queue.New(s.rdb)
	set := func(key string, value any) {
		t.Helper()
		if err := s.rdb.Set(ctx, key, value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	// old stores a payload as the version before did.
	old := func(p task.Payload, id, taskID string) {
		t.Helper()
		data, err := task.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		set("herald:message:{"+id+"}", blob.Hash(data))
		set("herald:{"+id+":0}:states:0", make([]byte, 5))
		if _, err := q.Enqueue(ctx, p); err != nil {
			t.Fatal(err)
		}
		if found, err := s.rdb.Exists(ctx, "asynq:{message}:t:"+taskID).Result(); err != nil || found != 1 {
			t.Fatalf("no task %s, %v", taskID, err)
		}
	}
	for i := range 50 {
		id := fmt.Sprintf("m%d", i)
		old(letterTo(id, id+"@example.com"), id, id)
	}
	cancelled := letterTo("late", "late@example.com")
	old(cancelled, "late", "late")

	// A forward: its conversation is stored as ever.
	talk := []byte(`{"id":"c1","messages":[{"channel":"email","direction":"in","body":"It broke."}]}`)
	f := forwardTo("fw@example.com")
	f.ID = "fw"
	s.forward(f, talk)
	kept, err := asynq.NewInspectorFromRedisClient(s.rdb).GetTaskInfo(queue.Line(message.Email), "forward:fw")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.Del(ctx, "herald:forward:{fw}", "herald:forward:{fw}:states:0", "asynq:{message:email}:t:forward:fw").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.LRem(ctx, "asynq:{message:email}:pending", 0, "forward:fw").Err(); err != nil {
		t.Fatal(err)
	}
	oldForward, err := task.Decode[task.Forward](kept.Payload)
	if err != nil {
		t.Fatal(err)
	}
	oldForward.Layout, oldForward.EnqueuedAt = 0, time.Time{} // as the version before had it
	old(oldForward, "fw", "fw")

	// A bulk of 40 in two chunks, half way: the first chunk is sent, the second waits, and its start was never run.
	s.oldBulk("news", 40)

	again := func() {
		t.Helper()
		for i := range 50 {
			id := fmt.Sprintf("m%d", i)
			if _, err := s.client.Message(ctx, letterTo(id, id+"@example.com")); err != nil {
				t.Errorf("the same again: %v", err)
			}
			if _, err := s.client.Message(ctx, letterTo(id, "other@example.com")); !errors.Is(err, enqueue.ErrConflict) {
				t.Errorf("another one: %v", err)
			}
		}
		s.forward(f, talk)
		other := forwardTo("other@example.com")
		other.ID = "fw"
		if _, err := s.client.Forward(ctx, other, talk); !errors.Is(err, enqueue.ErrConflict) {
			t.Errorf("another forward: %v", err)
		}
	}
	again()
	if err := s.client.CancelMessage(ctx, "late"); err != nil {
		t.Fatal(err)
	}
	// What is new under an id of the bulk is another thing, at once.
	if _, err := s.client.Message(ctx, letterTo("news", "new@example.com")); err != nil {
		t.Fatal(err)
	}
	s.worker()
	for i := range 50 {
		s.await("the old messages are sent", func() bool {
			r, err := s.client.MessageStatus(ctx, fmt.Sprintf("m%d", i))
			if err != nil {
				t.Fatal(err)
			}
			return r.State == ledger.Sent
		})
	}
	s.await("the old forward is sent", func() bool {
		r, err := s.client.ForwardStatus(ctx, "fw")
		return err == nil && r.State == ledger.Sent
	})
	if status := s.complete("news"); status.Planned != 40 || status.Sent != 40 {
		t.Errorf("the old bulk: %+v", status)
	}
	again()
	if r, err := s.client.MessageStatus(ctx, "late"); err != nil || r.State != ledger.Skipped || r.Reason.Code != "cancelled" {
		t.Errorf("the cancelled one: %+v, %v", r, err)
	}
	s.await("the new message is sent", func() bool {
		r, err := s.client.MessageStatus(ctx, "news")
		return err == nil && r.State == ledger.Sent
	})
	if status := s.complete("news"); status.Sent != 40 || status.Pending != 0 {
		t.Errorf("the old bulk: %+v", status)
	}
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	for to, n := range s.out.sent {
		if n != 1 {
			t.Errorf("%s got %d mails", to, n)
		}
	}
	if want := 50 + 1 + 20 + 1; len(s.out.sent) != want {
		t.Errorf("%d people got mails, want %d", len(s.out.sent), want)
	}
	ids := map[string]bool{}
	for _, m := range s.out.mails {
		ids[m.ID] = true
	}
	for _, id := range []string{"m7", "fw", "news.1.0.email", "news"} { // as the version before would have called them
		if !ids[id] {
			t.Errorf("no mail was called %s: %v", id, ids)
		}
	}
}

// oldBulk stores a bulk of two chunks as the version before did, with the first of them sent, and its start enqueued.
func (s *site) oldBulk(id string, recipients int) {
	s.t.Helper()
	ctx := context.Background()
	d := bulk.Definition{ID: id, Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}
	if _, err := s.client.CreateBulk(ctx, d); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.client.LoadBulk(ctx, id, people(recipients), enqueue.BulkOptions{}); err != nil {
		s.t.Fatal(err)
	}
	definition, err := s.rdb.HGet(ctx, "herald:bulk:{"+id+"}", "definition").Result()
	if err != nil || !strings.Contains(definition, `,"layout":2}`) {
		s.t.Fatal(definition, err)
	}
	pipe := s.rdb.Pipeline()
	pipe.HSet(ctx, "herald:bulk:{"+id+"}", "definition", strings.Replace(definition, `,"layout":2}`, "}", 1))
	for _, key := range []string{"{" + id + ":0}:states:0", "{" + id + ":0}:recipients:0", "{" + id + ":1}:states:1", "{" + id + ":1}:recipients:1"} {
		pipe.Rename(ctx, "herald:bulk:"+key, "herald:"+key)
	}
	pipe.Del(ctx, "herald:bulk:{"+id+":0}:filters:0") // which find wants: there were none
	pipe.Del(ctx, "herald:bulk:{"+id+":1}:filters:1")
	pipe.Set(ctx, "herald:{"+id+":0}:states:0", strings.Repeat("sjjjj", recipients/2), time.Hour)
	pipe.HSet(ctx, "herald:{"+id+":0}:counts", "s", recipients/2)
	if _, err := pipe.Exec(ctx); err != nil {
		s.t.Fatal(err)
	}
	if left := s.rdb.Keys(ctx, "herald:bulk:{"+id+":*").Val(); len(left) != 0 {
		s.t.Fatalf("in the new layout there are %q", left)
	}
	if _, err := queue.New(s.rdb).Enqueue(ctx, task.BulkStart{Bulk: id}); err != nil {
		s.t.Fatal(err)
	}
}
