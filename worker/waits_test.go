package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Whoever waits can see what for, single or in a bulk, and no longer than that: trouble of the account, of the recipient, a
// pause, a time.
func TestWhatWaitsSaysWhatFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	var loginWorks atomic.Bool
	s.out.answer = func(m *message.Message, try int) error {
		if !loginWorks.Load() {
			return &send.Error{Code: "smtp_auth", Account: true, Reply: "535 5.7.8 no such login"}
		}
		if m.To[0].Addr == "full@example.com" && try <= 2 {
			return &send.Error{Code: "smtp_452", Reply: "452 4.2.2 mailbox full"}
		}
		return nil
	}
	s.worker()
	s.message(task.Message{ID: "one", To: "ada@example.com"})
	d := bulk.Definition{ID: "news", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}}}}
	s.start(d, rows(bulk.Recipient{Email: "ada@example.com"}, bulk.Recipient{Email: "full@example.com"}))
	waits := func(id string) ledger.Wait {
		t.Helper()
		status, err := s.client.MessageStatus(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if status.State.Final() != (status.Waiting == nil) {
			t.Fatalf("%s: %+v, waits for %+v", id, status.Record, status.Waiting)
		}
		if status.Waiting == nil {
			return ledger.Wait{}
		}
		return *status.Waiting
	}
	for _, id := range []string{"one", "news+0.0.email", "news+0.1.email"} {
		s.await(id+" waits for the login", func() bool {
			w := waits(id)
			return w.Code == "smtp_auth" && w.Text == "535 5.7.8 no such login" && !w.Since.IsZero() && w.Attempts == 1
		})
	}
	loginWorks.Store(true)
	s.await("one waits for its mailbox alone", func() bool {
		return waits("news+0.1.email").Code == "smtp_452" && waits("news+0.0.email").Code == ""
	})
	if w := waits("news+0.1.email"); w.Text != "452 4.2.2 mailbox full" {
		t.Errorf("%+v", w)
	}
	if err := s.client.PauseBulk(ctx, "news"); err != nil {
		t.Fatal(err)
	}
	if w := waits("news+0.1.email"); w.Code != ledger.WaitPaused {
		t.Errorf("%+v while paused", w)
	}
	if err := s.client.ResumeBulk(ctx, "news"); err != nil {
		t.Fatal(err)
	}
	s.complete("news")
	s.await("one is sent", func() bool { return waits("one").Code == "" })
}

// A message that a dead run may have sent is not cancelled, however often it has to be tried again, and nothing else is
// said of it than that nobody knows where it can't be sent any more.
func TestHeldMessagesAreNotCancelled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	for id, content := range map[string]task.Content{"sendable": {Text: "Hi", Subject: "Hi"}, "broken": {Text: "{{#if x}}", Subject: "Hi"}} {
		s.message(task.Message{ID: id, To: id + "@example.com", Content: content})
		if ok, err := books.Claim(ctx, ledger.Owner{Kind: ledger.Message, ID: id}.Chunk(0), 0); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	s.out.answer = func(m *message.Message, try int) error {
		if try == 1 {
			return &send.Error{Code: "smtp_452", Reply: "452 4.2.2 mailbox full"}
		}
		return nil
	}
	s.worker()
	s.await("it waits for its second try", func() bool {
		status, err := s.client.MessageStatus(ctx, "sendable")
		return err == nil && status.Waiting != nil && status.Waiting.Code == "smtp_452"
	})
	if err := s.client.CancelMessage(ctx, "sendable"); !errors.Is(err, enqueue.ErrTooLate) {
		t.Errorf("cancelled: %v", err)
	}
	if f := s.fate("sendable"); f.State != ledger.Sent {
		t.Errorf("%+v", f.Record)
	}
	if f := s.fate("broken"); f.State != ledger.Unknown || f.Reason.Code != "interrupted" {
		t.Errorf("%+v", f.Record)
	}
}
