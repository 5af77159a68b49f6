package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// byMessage are the events that a receiver got, by the id in their data, in their order.
func (r *receiver) byMessage() map[string][]told {
	all := map[string][]told{}
	for _, e := range r.events() {
		id, _ := e.Data["id"].(string)
		if about, ok := e.Data["message"].(string); ok {
			id = about
		}
		all[id] = append(all[id], e)
	}
	return all
}

func types(events []told) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Type)
	}
	return strings.Join(out, " ")
}

func (s *site) message(m task.Message) string {
	s.t.Helper()
	if m.Channel == "" {
		m.Channel = message.Email
	}
	if m.Channel == message.Email && m.From == "" {
		m.From = "help@acme.example"
	}
	if m.Content == (task.Content{}) {
		m.Content = task.Content{Text: "Hi", Subject: "Hi"}
	}
	id, err := s.client.Message(context.Background(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// Whatever becomes of a message, its caller learns it, with the ids that they know and without the address.
func TestCallersLearnWhatBecameOfMessages(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(m *message.Message, _ int) error {
		switch m.ID {
		case "bad":
			return &send.Error{Permanent: true, Code: "smtp_550", Reply: "no such user gone@example.com"}
		case "odd":
			return &send.Error{Ambiguous: true, Code: "timeout"}
		}
		return nil
	}
	s.out.receipt = "provider-1"
	err := s.suppressions().Add(context.Background(), message.Email, suppress.Entry{Address: "no@example.com", Reason: suppress.Unsubscribed})
	if err != nil {
		t.Fatal(err)
	}
	s.worker(r.on(s), func(o *Options) { o.Senders[message.Note] = s.out })
	talk := json.RawMessage(`{"conversation":{"id":"c1","name":"x"},"customer":{"id":77,"email":"ada@example.com"}}`)
	s.message(task.Message{ID: "ok", To: "ada@example.com", Context: talk})
	s.message(task.Message{ID: "bad", To: "gone@example.com"})
	s.message(task.Message{ID: "odd", To: "odd@example.com", Policy: task.Hold})
	s.message(task.Message{ID: "no", To: "no@example.com"})
	s.message(task.Message{ID: "issue", To: "i@example.com", Content: task.Content{Text: "{{customer.firstName}}", Subject: "S"}, OnIssue: task.SkipOnIssue})
	s.message(task.Message{ID: "late", To: "l@example.com", SendBefore: time.Now().Add(-time.Hour)})
	s.message(task.Message{ID: "gone", To: "g@example.com", Content: task.Content{Shortcut: "nothing-of-that-name"}})
	s.message(task.Message{ID: "note", To: "c2", Channel: message.Note})
	want := map[string]string{
		"ok": "message.sent", "bad": "message.failed", "odd": "message.held", "no": "message.suppressed", "issue": "message.skipped",
		"late": "message.expired", "gone": "message.failed", "note": "message.sent note.created",
	}
	s.await("all events", func() bool { return len(r.events()) == 9 })
	got := r.byMessage()
	for id, kinds := range want {
		if types(got[id]) != kinds {
			t.Errorf("%s: %s, want %s", id, types(got[id]), kinds)
		}
	}
	ok := got["ok"][0]
	delete(ok.Data, "at")
	if fmt.Sprint(ok.Data) != "map[channel:email conversation:c1 customer:77 id:ok providerId:provider-1 state:sent]" || ok.Stream != "conversation:c1" {
		t.Errorf("%+v", ok)
	}
	if bad := got["bad"][0]; bad.Data["code"] != "smtp_550" || bad.Stream != "message:bad" || bad.Sequence != 1 {
		t.Errorf("%+v", bad)
	}
	if note := got["note"][1]; note.Data["conversation"] != "c2" || note.Data["providerId"] != "provider-1" || note.Stream != "conversation:c2" {
		t.Errorf("%+v", note)
	}
	for _, e := range r.events() {
		if data, _ := json.Marshal(e.Data); bytes.Contains(data, []byte("@example.com")) {
			t.Errorf("an address in %s", data)
		}
	}
}

// A bulk says how far it is, is completed once, and tells of each message only when it was asked to.
func TestCallersLearnHowABulkGoes(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = func(m *message.Message, _ int) error {
		if m.To[0].Addr == "u7@example.com" {
			return &send.Error{Permanent: true, Code: "smtp_550"}
		}
		return nil
	}
	s.worker(r.on(s))
	s.worker(r.on(s))
	d := bulk.Definition{ID: "loud", Events: true, Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}
	s.bulk(d, 650)
	d.ID, d.Events = "quiet", false
	s.bulk(d, 650)
	count := func(stream, kind string) (n int) {
		for _, e := range r.events() {
			if e.Stream == stream && e.Type == kind {
				n++
			}
		}
		return n
	}
	s.await("both bulks are told to be complete", func() bool {
		return count("bulk:loud", outbox.TypeCompleted) == 1 && count("bulk:quiet", outbox.TypeCompleted) == 1
	})
	if sent, failed := count("bulk:loud", outbox.TypeMessageSent), count("bulk:loud", outbox.TypeMessageFailed); sent != 649 || failed != 1 {
		t.Errorf("%d sent, %d failed", sent, failed)
	}
	var last told
	percents := map[string][]float64{}
	for _, e := range r.events() {
		if e.Stream == "bulk:quiet" && strings.HasPrefix(e.Type, "message.") {
			t.Fatalf("nobody asked for %+v", e)
		}
		if e.Type == outbox.TypeProgress {
			percents[e.Stream] = append(percents[e.Stream], e.Data["percent"].(float64))
		}
		if e.Stream == "bulk:loud" {
			last = e
		}
		if e.Type == outbox.TypeMessageFailed && (e.Data["to"] != "u7@example.com" || e.Data["bulk"] != "loud") {
			t.Errorf("%+v", e)
		}
	}
	if last.Type != outbox.TypeCompleted || last.Data["sent"] != 649.0 || last.Data["failed"] != 1.0 || last.Data["state"] != "completed" {
		t.Errorf("the last is %+v", last)
	}
	for stream, p := range percents {
		if !slices.IsSorted(p) || len(slices.Compact(slices.Clone(p))) != len(p) {
			t.Errorf("%s: progress %v", stream, p)
		}
	}
	// Sent again to those who failed, it is completed again: that is another round.
	s.out.mu.Lock()
	s.out.answer = nil
	s.out.mu.Unlock()
	if n, err := s.client.ResendBulk(context.Background(), "loud", ledger.Failed); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.await("it is complete again", func() bool { return count("bulk:loud", outbox.TypeCompleted) == 2 })
	if n := count("bulk:loud", outbox.TypeMessageSent); n != 650 {
		t.Errorf("%d sent", n)
	}
	for _, e := range r.events() {
		last = e
	}
	if last.Data["round"] != 1.0 || last.Data["sent"] != 650.0 {
		t.Errorf("%+v", last)
	}
}

// Whoever sent the last message may die before telling, and its task with it: the reconciler finds out, and the end of
// the bulk waits for what comes before it.
func TestWhatWasNotToldIsFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, r := newSite(t), newReceiver(t)
	d := bulk.Definition{ID: "b", Events: true, Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}
	s.bulk(d, 10)
	// A worker that died after its last mark.
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	if err := s.events().AddPending(ctx, "b", 0); err != nil {
		t.Fatal(err)
	}
	for slot := range 10 {
		if err := books.Mark(ctx, ledger.Owner{Kind: ledger.Bulk, ID: "b"}.Chunk(0), slot, ledger.Sent, ledger.Reason{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.client.Bulks().MarkStarted(ctx, "b", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.rdb.Del(ctx, "asynq:{"+bulkStartQueue(t, "b")+"}:pending").Err(); err != nil {
		t.Fatal(err)
	}
	s.worker(r.on(s))
	s.await("all is told", func() bool { return len(r.events()) == 11 })
	if last := r.events()[10]; last.Type != outbox.TypeCompleted {
		t.Errorf("the last is %+v", last)
	}
	if s.out.count() != 0 {
		t.Errorf("%d sent again", s.out.count())
	}
	s.await("the bulk is finished", func() bool {
		running, err := s.client.Bulks().Running(ctx)
		return err == nil && len(running) == 0
	})
}

func bulkStartQueue(t *testing.T, id string) string {
	t.Helper()
	_, name, err := queue.Address(task.BulkStart{Bulk: id})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// A dead endpoint slows nothing: messages go out as if it weren't there.
func TestADeadEndpointSlowsNoSending(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	var hang atomic.Bool
	hang.Store(true)
	block := make(chan struct{})
	take := r.server.Config.Handler
	r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if hang.Load() {
			<-block
			return
		}
		take.ServeHTTP(w, req)
	})
	t.Cleanup(func() { hang.Store(false); close(block) })
	s.worker(r.on(s))
	for i := range 200 {
		s.message(task.Message{ID: fmt.Sprint("m", i), To: fmt.Sprintf("u%d@example.com", i)})
	}
	began := time.Now()
	s.await("all are sent", func() bool { return s.out.count() == 200 })
	if took := time.Since(began); took > time.Minute {
		t.Errorf("200 messages took %s", took)
	}
	if n := len(r.events()); n != 0 {
		t.Errorf("%d events arrived at an endpoint that hangs", n)
	}
}
