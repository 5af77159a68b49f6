package worker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/testmode"
)

// ofShop is the id of a test of an owner.
func ofShop(id string) string { return task.Owned(task.TestOwner("shop"), id) }

// box is what the tests of an owner would have sent.
func (s *site) box() *caught.Store {
	s.t.Helper()
	store, err := caught.New(s.rdb)
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

// testing is the option of a worker that can take tests, and tells a receiver what becomes of them.
func (s *site) testing(r *receiver) func(*Options) {
	return func(o *Options) {
		r.on(s)(o)
		var err error
		if o.Tests, err = testmode.NewSender(s.box(), email.Compose); err != nil {
			s.t.Fatal(err)
		}
		books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = books.Close() })
		recorder, err := feedback.New(feedback.Options{
			Ledger: books, Bulks: bulk.NewStore(s.rdb, books), Suppressions: s.suppressions(), Events: o.Events, Metrics: prometheus.NewRegistry(),
		})
		if err != nil {
			s.t.Fatal(err)
		}
		o.OfTest = recorder.OfTest
	}
}

// caughtFor are the addresses that tests of the shop would have written to.
func (s *site) caughtFor() (to []string) {
	s.t.Helper()
	list, _, err := s.box().List(s.t.Context(), task.TestOwner("shop"), "", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range list {
		to = append(to, m.To...)
	}
	return to
}

// nobodyGotAnything fails the test if a sender was as much as tried, or an address is on a suppression list.
func (s *site) nobodyGotAnything() {
	s.t.Helper()
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	if len(s.out.tries) > 0 {
		s.t.Errorf("the channels got %v", s.out.tries)
	}
	for _, c := range []message.Channel{message.Email, message.SMS} {
		for entry, err := range s.suppressions().List(context.Background(), c) {
			s.t.Errorf("%s: %+v is suppressed, %v", c, entry, err)
		}
	}
}

// What each magic address makes of a message: its state in the end and its events.
func TestMagicAddresses(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.worker(s.testing(r))
	wants := map[string]struct{ state, events string }{
		"ada":          {"sent", "message.sent"},
		"delivered":    {"sent", "message.sent message.delivered"},
		"bounce":       {"sent", "message.sent message.bounced/bounced_hard"},
		"bounce+order": {"sent", "message.sent message.bounced/bounced_hard"},
		"soft-bounce":  {"sent", "message.sent message.bounced/bounced_soft"},
		"complaint":    {"sent", "message.sent message.complained"},
		"unsubscribe":  {"sent", "message.sent message.unsubscribed"},
		"opt-out":      {"sent", "message.sent message.opted_out"},
		"defer":        {"sent", "message.sent"},
		"fail":         {"failed test_failed", "message.failed"},
		"unknown":      {"unknown test_timeout", "message.held"},
		"suppressed":   {"suppressed hard_bounce", "message.suppressed"},
	}
	for _, m := range testmode.Magics {
		if wants[m.Name].state == "" {
			t.Errorf("%s is not tested", m.Name)
		}
	}
	ids := map[string]string{} // what is wanted
	var rows []bulk.Recipient
	for name := range wants {
		to := name + "@" + testmode.Domain
		content := task.Content{Text: "Hi", Subject: "Hi"}
		mail := ofShop("mail-" + strings.ReplaceAll(name, "+", "-"))
		s.message(task.Message{ID: mail, Channel: message.Email, From: "help@acme.example", To: "Ada <" + strings.ToUpper(to) + ">", Content: content, Policy: task.Hold})
		ids[mail] = name
		chat := ofShop("chat-" + strings.ReplaceAll(name, "+", "-")) // no worker has a sender for chats
		s.message(task.Message{ID: chat, Channel: message.Chat, To: to, Content: task.Content{Text: "Hi"}, Policy: task.Hold})
		ids[chat] = name
		for _, m := range testmode.Magics {
			if m.Name != name {
				continue
			}
			for i, number := range []string{"+121255501" + m.Number, "+44 7700 9000" + m.Number} {
				id := ofShop(fmt.Sprintf("sms-%s-%d", name, i))
				s.message(task.Message{ID: id, Channel: message.SMS, To: number, Content: task.Content{Text: "Hi"}})
				ids[id] = name
			}
		}
		rows = append(rows, bulk.Recipient{Email: to})
	}
	b := s.start(bulk.Definition{ID: ofShop("news"), Events: true, Messages: []bulk.Part{
		{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}, Policy: task.Hold},
	}}, func(yield func(bulk.Recipient, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
	s.complete(b)
	for row, err := range s.client.Bulks().Results(t.Context(), b) {
		if err != nil {
			t.Fatal(err)
		}
		ids[row.ID] = strings.TrimSuffix(row.To, "@"+testmode.Domain)
	}
	for id, name := range ids {
		want := wants[name]
		events := func() string {
			r.mu.Lock()
			defer r.mu.Unlock()
			_, own := task.SplitOwned(id)
			var got []string
			for _, e := range r.got {
				if e.Data["id"] != own {
					continue
				}
				if e.Data["owner"] != "shop" || !e.Test {
					t.Errorf("%s: the event is not marked: %+v", id, e)
				}
				text := e.Type
				if e.Type == "message.bounced" {
					text += "/" + fmt.Sprint(e.Data["feedback"])
				}
				got = append(got, text)
			}
			slices.SortStableFunc(got, func(a, b string) int { return strings.Count(a, "sent") - strings.Count(b, "sent") })
			slices.Reverse(got) // events of bulks come beside each other
			return strings.Join(got, " ")
		}
		s.await(fmt.Sprintf("%s (%s) has its events, not %q", id, name, events()), func() bool { return events() == want.events })
		got := s.fate(id)
		if state := strings.TrimSpace(got.State.String() + " " + got.Reason.Code); state != want.state {
			t.Errorf("%s is %s, want %s", id, state, want.state)
		}
	}
	s.nobodyGotAnything()
	if to := s.caughtFor(); slices.Contains(to, "fail@"+testmode.Domain) || !slices.Contains(to, "defer@"+testmode.Domain) || !slices.Contains(to, "ada@"+testmode.Domain) {
		t.Errorf("caught: %v", to)
	}
}

// However a test comes to be sent, it stays one: real addresses get nothing.
func TestTestsStayTests(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	ctx := t.Context()
	text := task.Content{Text: "Hi", Subject: "Hi"}
	mail := func(id, to string) task.Message {
		return task.Message{ID: ofShop(id), Channel: message.Email, From: "help@acme.example", To: to, Content: text, Policy: task.Hold}
	}
	done := s.worker(s.testing(r))
	s.message(mail("now", "now@example.com"))
	later := mail("later", "later@example.com")
	later.SendAt = time.Now().Add(time.Hour)
	s.message(later)
	if err := s.client.Reschedule(ctx, later.ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	held := mail("held", "unknown@"+testmode.Domain)
	s.message(held)
	s.await("it is held", func() bool { return s.fate(held.ID).State == ledger.Unknown })
	if err := s.client.ResolveMessage(ctx, held.ID, enqueue.AsResend); err != nil {
		t.Error(err)
	}
	spam := mail("spam", "spam@example.com")
	spam.Context = []byte(`{"conversation":{"id":"c1"},"customer":{"id":"u1","email":"customer@example.com","phone":"+447911123456"}}`)
	yes := true
	spam.Actions = &task.Actions{Spam: &yes}
	s.message(spam)
	copies := mail("copies", "to@example.com")
	copies.Cc, copies.Bcc = []string{"cc@example.com"}, []string{"bcc@example.com"}
	s.message(copies)
	s.forward(task.Forward{ID: ofShop("fwd"), From: "help@acme.example", To: "a@example.com, b@example.com"}, []byte(`{"id":"c2","messages":[{"channel":"email","direction":"in","body":"Hi"}]}`))
	b := s.start(bulk.Definition{ID: ofShop("news"), Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: text}}}, people(30))
	failing := s.start(bulk.Definition{ID: ofShop("again"), Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: text}}}, rows(bulk.Recipient{Email: "fail@" + testmode.Domain}))
	s.complete(b)
	s.complete(failing)
	if n, err := s.client.ResendBulk(ctx, failing, ledger.Failed); n != 1 || err != nil {
		t.Errorf("resend: %d, %v", n, err)
	}
	s.complete(failing)
	want := []string{"now@example.com", "later@example.com", "spam@example.com", "to@example.com", "cc@example.com", "bcc@example.com", "a@example.com", "b@example.com", "u0@example.com", "u29@example.com"}
	s.await("all is caught", func() bool {
		got := s.caughtFor()
		return !slices.ContainsFunc(want, func(to string) bool { return !slices.Contains(got, to) })
	})
	s.await("the conversation is told of apart", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return slices.ContainsFunc(r.got, func(e told) bool {
			return e.Type == "conversation.updated" && e.Test && e.Stream == "test:conversation:c1"
		})
	})
	done()
	s.nobodyGotAnything()
}
