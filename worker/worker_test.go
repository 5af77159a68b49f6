package worker

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

func TestBulkReachesEveryoneOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	s.worker() // two workers share the queue
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 650)
	if status := s.complete(id); status.Sent != 650 {
		t.Errorf("status %+v", status)
	}
	for to, n := range s.out.sent {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
	if len(s.out.sent) != 650 {
		t.Errorf("%d recipients", len(s.out.sent))
	}
	ids := map[string]bool{}
	for _, m := range s.out.mails {
		ids[m.ID] = true
		name := "U" + strings.TrimSuffix(strings.TrimPrefix(m.To[0].Addr, "u"), "@example.com")
		if m.Subject != "Hello "+name || !strings.Contains(m.Text, "Hi "+name+"!") {
			t.Fatalf("%s got %q: %q", m.To[0].Addr, m.Subject, m.Text)
		}
	}
	if len(ids) != 650 {
		t.Errorf("%d message ids for 650 messages", len(ids))
	}
}

// One recipient never fails a chunk: what goes wrong with each is its own matter, and is written down.
func TestEachFailureIsItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, try int) error {
		switch m.To[0].Addr {
		case "gone@example.com":
			return &send.Error{Permanent: true, Code: "smtp_550", Reply: "no such user"}
		case "busy@example.com":
			if try == 1 {
				return &send.Error{Code: "smtp_451"}
			}
		case "panic@example.com":
			panic("poison")
		}
		return nil
	}
	s.worker()
	rows := func(yield func(bulk.Recipient, error) bool) {
		for _, r := range []bulk.Recipient{
			{Email: "ok@example.com"}, {Email: "gone@example.com"}, {Email: "not an address"}, {Email: ""}, {Email: "busy@example.com"},
			{Email: "panic@example.com"}, {Email: "large@example.com", Attachments: []message.Ref{{Name: "a.txt", Inline: strings.Repeat("YWFh", 2<<20)}}},
			{Email: "missing@example.com", Attachments: []message.Ref{{File: "../../etc/passwd"}}}, {Email: "last@example.com"},
		} {
			if !yield(r, nil) {
				return
			}
		}
	}
	id, err := s.client.Bulk(context.Background(), bulk.Definition{Messages: []bulk.Part{{
		Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"},
	}}}, rows, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.complete(id)
	s.want(id, map[string]int{
		"sent": 3, "failed smtp_550": 1, "failed invalid_address": 1, "skipped no_address": 1, "failed attachment_too_large": 1,
		"failed attachment_path": 1, "unknown internal_error": 1,
	})
	if s.out.tries["gone@example.com"] != 1 || s.out.tries["busy@example.com"] != 2 {
		t.Errorf("tries %v", s.out.tries)
	}
}

// Failures are kept in our own books, however many: Asynq's archive would drop those beyond 10,000.
func TestManyFailuresAreAllListed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(*message.Message, int) error { return &send.Error{Permanent: true, Code: "smtp_550"} }
	s.worker()
	const many = 20_000
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Text: "Hi", Subject: "Hi"}}}}, many)
	if status := s.complete(id); status.Failed != many {
		t.Errorf("status %+v", status)
	}
	s.want(id, map[string]int{"failed smtp_550": many})
}

// What a worker left claimed when it died is unknown under "hold": listed, and never sent again.
func TestHold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(m *message.Message, try int) error {
		switch {
		case m.To[0].Addr == "u1@example.com":
			return &send.Error{Ambiguous: true, Code: "timeout"}
		case m.To[0].Addr == "u2@example.com" && try == 1:
			return &send.Error{Code: "smtp_451"} // surely not sent: given back and tried again
		}
		return nil
	}
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}, Policy: task.Hold}}}, 10)
	dead, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := dead.Claim(ctx, ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0), 7); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	s.worker()
	s.complete(id)
	s.want(id, map[string]int{"sent": 8, "unknown interrupted": 1, "unknown timeout": 1})
	if s.out.sent["u7@example.com"] != 0 || s.out.tries["u1@example.com"] != 1 || s.out.tries["u2@example.com"] != 2 {
		t.Errorf("sent %v, tries %v", s.out.sent, s.out.tries)
	}
}

// Under "resend" an answer that never came is another try with the same message id.
func TestResend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var ids []string
	s.out.answer = func(m *message.Message, try int) error {
		ids = append(ids, m.ID)
		if try == 1 {
			return &send.Error{Ambiguous: true, Code: "timeout"}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 1)
	s.complete(id)
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("message ids %v", ids)
	}
}

// Trouble with the account stops the chunk instead of trying everyone against a closed door, and counts for nobody.
func TestAccountTrouble(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var down sync.Map
	down.Store("down", true)
	s.out.answer = func(*message.Message, int) error {
		if _, yes := down.Load("down"); yes {
			return &send.Error{Account: true, Code: "smtp_connect"}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 100)
	s.await("someone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) > 0 })
	down.Delete("down")
	if status := s.complete(id); status.Sent != 100 {
		t.Errorf("status %+v", status)
	}
	if n := len(s.out.tries); n != 100 {
		t.Errorf("%d tried", n)
	}
	tried := 0
	for _, n := range s.out.tries {
		tried += n
	}
	if tried > 110 {
		t.Errorf("%d tries for 100 recipients: the closed door was tried by more than those in flight", tried)
	}
}

func TestSingleMessage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	ctx := context.Background()
	letter := task.Message{
		ID: "one", Channel: message.Email, From: "help@acme.example", To: "ada@example.com",
		Content: task.Content{Text: "[[sn.greeting]] {{customer.firstName}}", Subject: "Hi"},
		Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`), Locale: "fr-CA",
	}
	for range 3 { // enqueued again, sent once
		if _, err := s.client.Message(ctx, letter); err != nil {
			t.Fatal(err)
		}
	}
	var record enqueue.Status
	s.await("the message is done", func() bool {
		var err error
		record, err = s.client.MessageStatus(ctx, "one")
		return err == nil && record.State.Final()
	})
	if record.State != ledger.Sent || s.out.count() != 1 {
		t.Fatalf("record %+v, %d sent", record, s.out.count())
	}
	if text := s.out.mails[0].Text; strings.TrimSpace(text) != "Bonjour Ada" {
		t.Errorf("text %q", text)
	}
	if _, err := s.client.Message(ctx, letter); err != nil {
		t.Error("enqueued again after it was sent:", err)
	}
}

// A payload from a newer client is kept for a newer worker.
func TestPayloadsOfNewerClientsAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := asynq.NewClientFromRedisClient(s.rdb)
	newer := asynq.NewTask("message.send", []byte(`{"id":"x","channel":"email","from":"a@example.com","to":"b@example.com","text":"Hi","color":"red"}`))
	if _, err := client.Enqueue(newer, asynq.Queue(queue.Messages), asynq.TaskID("x")); err != nil {
		t.Fatal(err)
	}
	s.worker()
	inspector := asynq.NewInspectorFromRedisClient(s.rdb)
	s.await("it waits for another worker", func() bool {
		info, err := inspector.GetTaskInfo(queue.Messages, "x")
		return err == nil && info.State == asynq.TaskStateRetry && info.Retried == 0
	})
	if s.out.count() != 0 {
		t.Error("it was sent without what this worker doesn't understand")
	}
}

func TestMissingOptionsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := New(Options{})
	for _, name := range []string{"Redis", "Ledger", "Catalog", "Renderer", "Attachments", "Senders", "Limiter", "Suppressions", "Log", "Metrics"} {
		if err == nil || !strings.Contains(err.Error(), name+" is required") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

// A message that is taken for trouble of the account, time and again, does not hold up the others of its chunk.
func TestOneMessagesTroubleLetsOthersPass(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var refused sync.Map
	refused.Store("first", true)
	const first = "u0@example.com"
	s.out.answer = func(m *message.Message, _ int) error {
		if _, yes := refused.Load("first"); yes && m.To[0].Addr == first {
			return &send.Error{Account: true, Code: "smtp_554", Status: 554, RetryAfter: 50 * time.Millisecond}
		}
		return nil
	}
	status := func(id string) bulk.Status {
		got, err := s.client.Bulks().Status(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	s.worker(func(o *Options) { o.Concurrency = 1 }) // one message at a time
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 60)
	s.await("all others are sent", func() bool { return status(id).Sent == 59 })
	if got := status(id); got.Pending != 1 {
		t.Errorf("%+v", got)
	}
	refused.Delete("first")
	if status := s.complete(id); status.Sent != 60 {
		t.Errorf("%+v", status)
	}
}
