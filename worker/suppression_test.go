package worker

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

func (s *site) suppressions() *suppress.Store {
	s.t.Helper()
	store, err := suppress.New(suppress.Options{Redis: s.rdb})
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

func (s *site) bulkTo(d bulk.Definition, rate float64, to ...string) string {
	s.t.Helper()
	channel := d.Messages[0].Channel
	d.Messages[0].Content, d.Rate = task.Content{Subject: "Hi", Text: "Hi"}, rate
	rows := func(yield func(bulk.Recipient, error) bool) {
		for _, address := range to {
			r := bulk.Recipient{Email: address, Context: json.RawMessage(`{}`)}
			if channel == message.SMS {
				r.Email, r.Phone = "", address
			}
			if !yield(r, nil) {
				return
			}
		}
	}
	id, err := s.client.Bulk(context.Background(), d, rows, enqueue.BulkOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// Who is on the list gets nothing, under either policy, and the books say why. Off the list, they can be sent to.
func TestSuppressedGetNothing(t *testing.T) {
	t.Parallel()
	for _, policy := range []task.Policy{task.Resend, task.Hold} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			ctx := context.Background()
			list := s.suppressions()
			err := list.Add(ctx, message.Email,
				suppress.Entry{Address: "gone@example.com", Reason: suppress.HardBounce},
				suppress.Entry{Address: "*@rival.example", Reason: "competitor"},
				suppress.Entry{Address: "friend@rival.example", Allow: true},
			)
			if err != nil {
				t.Fatal(err)
			}
			s.worker()
			email := bulk.Definition{Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Policy: policy}}}
			id := s.bulkTo(email, 0, "ok@example.com", "Gone@Example.COM", "spy@rival.example", "Friend <friend@rival.example>", "")
			if status := s.complete(id); status.Suppressed != 2 {
				t.Errorf("status %+v", status)
			}
			s.want(id, map[string]int{"sent": 2, "suppressed hard_bounce": 1, "suppressed competitor": 1, "skipped no_address": 1})
			if len(s.out.tries) != 2 || s.out.sent["ok@example.com"] != 1 || s.out.sent["friend@rival.example"] != 1 {
				t.Errorf("tries %v", s.out.tries)
			}
			for r, err := range s.client.Bulks().Results(ctx, id) {
				if err != nil {
					t.Fatal(err)
				}
				if r.To == "spy@rival.example" && !strings.HasPrefix(r.Reason.Text, "on the suppression list by *@rival.example since 20") {
					t.Errorf("reason %q", r.Reason.Text)
				}
			}
			if _, err := list.Remove(ctx, message.Email, "", "gone@example.com"); err != nil {
				t.Fatal(err)
			}
			if n, err := s.client.ResendBulk(ctx, id, ledger.Suppressed); n != 2 || err != nil {
				t.Fatal(n, err)
			}
			s.complete(id)
			s.want(id, map[string]int{"sent": 3, "suppressed competitor": 1, "skipped no_address": 1})
		})
	}
}

// A mailbox that does not exist is written to once: the next bulk leaves it out. Other permanent failures stay with their
// message.
func TestHardBounceSuppressesTheNextBulk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, _ int) error {
		switch m.To[0].Addr {
		case "gone@example.com", "*@example.com":
			return &send.Error{Permanent: true, Suppress: true, Code: "smtp_550", Enhanced: "5.1.1", Reply: "no such user"}
		case "full@example.com":
			return &send.Error{Permanent: true, Code: "smtp_552"}
		}
		return nil
	}
	s.worker()
	email := bulk.Definition{Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example"}}}
	people := []string{"gone@example.com", "full@example.com", "ok@example.com", "*@example.com"}
	email.ID = "first"
	s.complete(s.bulkTo(email, 0, people...))
	s.want("first", map[string]int{"sent": 1, "failed smtp_550": 2, "failed smtp_552": 1})
	found, err := s.suppressions().Check(context.Background(), message.Email, "", people)
	if err != nil || found[0] == nil || found[0].Reason != suppress.HardBounce || found[0].Source != "first" || found[1] != nil || found[2] != nil || found[3] != nil {
		t.Errorf("entries %v, %v", found, err)
	}
	email.ID = "second"
	s.complete(s.bulkTo(email, 0, people...))
	s.want("second", map[string]int{"sent": 1, "suppressed hard_bounce": 1, "failed smtp_550": 1, "failed smtp_552": 1})
	if s.out.tries["gone@example.com"] != 1 || s.out.tries["full@example.com"] != 2 {
		t.Errorf("tries %v", s.out.tries)
	}
}

func TestUnsubscribedNumber(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, _ int) error {
		if m.To[0].Addr == "+15005550004" {
			return &send.Error{Permanent: true, Suppress: true, Code: "twilio_21610"}
		}
		return nil
	}
	s.worker()
	sms := bulk.Definition{ID: "first", Messages: []bulk.Part{{Channel: message.SMS, From: "+15005550006"}}}
	s.complete(s.bulkTo(sms, 0, "+15005550004", "+15005550001"))
	s.want("first", map[string]int{"sent": 1, "failed twilio_21610": 1})
	sms.ID = "second"
	s.complete(s.bulkTo(sms, 0, "+1 (500) 555-0004", "+15005550001"))
	s.want("second", map[string]int{"sent": 1, "suppressed unsubscribed": 1})
}

func TestSuppressedMessage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	if err := s.suppressions().Add(ctx, message.Email, suppress.Entry{Address: "ada@example.com", Reason: suppress.Complaint}); err != nil {
		t.Fatal(err)
	}
	s.worker()
	letter := task.Message{ID: "one", Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Text: "Hi", Subject: "Hi"}}
	if _, err := s.client.Message(ctx, letter); err != nil {
		t.Fatal(err)
	}
	var record enqueue.Status
	s.await("the message is done", func() bool {
		var err error
		record, err = s.client.MessageStatus(ctx, "one")
		return err == nil && record.State.Final()
	})
	if record.State != ledger.Suppressed || record.Reason.Code != suppress.Complaint || s.out.count() != 0 {
		t.Errorf("record %+v, %d sent", record, s.out.count())
	}
}

// away is a list that can't be read the first time.
type away struct {
	delivery.Suppressions
	asked, addresses atomic.Int32
}

func (a *away) Check(ctx context.Context, c message.Channel, topic string, addresses []string) ([]*suppress.Entry, error) {
	if a.asked.Add(1) == 1 {
		return nil, errors.New("the list is away")
	}
	a.addresses.Add(int32(len(addresses)))
	return a.Suppressions.Check(ctx, c, topic, addresses)
}

// Each of the five chunks asks once for all of its recipients; while the list can't be read nobody is written to; and those who get
// nothing don't wait for the rate.
func TestSuppressionsAreAskedOnceAChunk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	list := &away{Suppressions: s.suppressions()}
	if err := s.suppressions().Add(context.Background(), message.Email, suppress.Entry{Address: "*@example.com"}); err != nil {
		t.Fatal(err)
	}
	s.worker(func(o *Options) { o.Suppressions = list })
	to := make([]string, 100)
	for i := range to {
		to[i] = strings.Repeat("x", i%50+1) + "@example.com"
	}
	email := bulk.Definition{Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example"}}}
	s.want(s.complete(s.bulkTo(email, 0.001, to...)).ID, map[string]int{"suppressed manual": 100})
	if list.asked.Load() != 5+1 || list.addresses.Load() != 100 || s.out.count() != 0 {
		t.Errorf("asked %d times, of %d addresses; %d sent", list.asked.Load(), list.addresses.Load(), s.out.count())
	}
}

// A mail with copies is one mail: it goes to all of them, or to nobody when one may not be written to.
func TestCopies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	if err := s.suppressions().Add(ctx, message.Email, suppress.Entry{Address: "gone@example.com", Reason: suppress.HardBounce}); err != nil {
		t.Fatal(err)
	}
	s.worker()
	for id, bcc := range map[string]string{"all": "boss@example.com", "none": "Gone@example.com"} {
		letter := task.Message{
			ID: id, Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Cc: []string{"Bob <bob@example.com>"}, Bcc: []string{bcc},
			Content: task.Content{Text: "Hi", Subject: "Hi"},
		}
		if _, err := s.client.Message(ctx, letter); err != nil {
			t.Fatal(err)
		}
		var record enqueue.Status
		s.await("the message is done", func() bool {
			var err error
			record, err = s.client.MessageStatus(ctx, id)
			return err == nil && record.State.Final()
		})
		if id == "none" && (record.State != ledger.Suppressed || !strings.HasPrefix(record.Reason.Text, "Gone@example.com is on the suppression list")) {
			t.Errorf("record %+v", record)
		}
	}
	if s.out.count() != 1 || len(s.out.mails[0].Cc) != 1 || s.out.mails[0].Cc[0].Addr != "bob@example.com" || s.out.mails[0].Bcc[0].Addr != "boss@example.com" {
		t.Errorf("sent %+v", s.out.mails)
	}
}
