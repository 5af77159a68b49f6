package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

func rows(all ...bulk.Recipient) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// mailAndText is a bulk on two channels, with a content of its own on each.
func mailAndText(id string) bulk.Definition {
	return bulk.Definition{ID: id, Messages: []bulk.Part{
		{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}},
		{Channel: message.SMS, From: "+15005550006", Content: task.Content{Text: "SMS for {{customer.firstName}}", Format: "text"}},
	}}
}

func (s *site) start(d bulk.Definition, audience iter.Seq2[bulk.Recipient, error]) string {
	s.t.Helper()
	id, err := s.client.Bulk(context.Background(), d, audience, enqueue.BulkOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// Everyone gets a message of its own on each channel that they have an address for; one channel's trouble is not
// another's.
func TestSeveralChannels(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, _ int) error {
		if m.Channel == message.SMS && m.To[0].Addr == "+15005550001" {
			return &send.Error{Permanent: true, Code: "twilio_21211"}
		}
		return nil
	}
	s.worker()
	name := func(s string) json.RawMessage { return json.RawMessage(`{"customer":{"firstName":"` + s + `"}}`) }
	id := s.start(mailAndText("both"), rows(
		bulk.Recipient{Email: "ada@example.com", Phone: "+15005550002", Context: name("Ada")},
		bulk.Recipient{Email: "bob@example.com", Phone: "+15005550001", Context: name("Bob")},
		bulk.Recipient{Email: "cleo@example.com", Context: name("Cleo")},
	))
	if status := s.complete(id); status.Planned != 6 {
		t.Errorf("status %+v", status)
	}
	s.want(id, map[string]int{"sent": 4, "failed twilio_21211": 1, "skipped no_address": 1})
	got := map[string]string{}
	for _, m := range s.out.mails {
		got[m.ID] = strings.TrimSpace(m.Text)
	}
	want := map[string]string{
		"both+0.0.email": "Hi Ada!", "both+0.0.sms": "SMS for Ada", "both+0.1.email": "Hi Bob!", "both+0.2.email": "Hi Cleo!",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A message that can't be prepared fails on its channel; the other goes out.
func TestOnePartBroken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	d := mailAndText("half")
	d.Messages[1].Text = "{{#if x}}"
	s.complete(s.start(d, rows(bulk.Recipient{Email: "ada@example.com", Phone: "+15005550002"})))
	s.want("half", map[string]int{"sent": 1, "failed template_error": 1})
}

func TestDuplicatesAreSkipped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	d := mailAndText("once")
	d.Deduplicate = true
	s.complete(s.start(d, rows(
		bulk.Recipient{Email: "ada@example.com", Phone: "+15005550002"},
		bulk.Recipient{Email: "ADA@example.com", Phone: "+15005550003"},
	)))
	s.want("once", map[string]int{"sent": 3, "skipped duplicate_address": 1})
}

// A bulk that is to begin later waits, can be cancelled while it waits, and what came too late is not sent.
func TestTimes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	ctx := context.Background()
	ada := bulk.Recipient{Email: "ada@example.com", Phone: "+15005550002"}
	state := func(id string) bulk.State {
		status, err := s.client.Bulks().Status(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return status.State
	}

	late := mailAndText("late")
	late.SendBefore = time.Now().Add(time.Millisecond)
	s.complete(s.start(late, rows(ada)))
	s.want("late", map[string]int{"skipped expired": 2})

	soon := mailAndText("soon")
	soon.SendAt = time.Now().Add(2 * time.Second)
	s.start(soon, rows(ada))
	if got := state("soon"); got != bulk.Scheduled {
		t.Errorf("state %s", got)
	}
	never := mailAndText("never")
	never.SendAt = time.Now().Add(time.Hour)
	s.start(never, rows(ada))
	if err := s.client.CancelBulk(ctx, "never"); err != nil {
		t.Fatal(err)
	}
	s.await("the bulk is cancelled", func() bool { return state("never") == bulk.Stopped })
	s.want("never", map[string]int{"skipped cancelled": 2})

	s.complete("soon")
	for _, m := range s.out.mails {
		if !strings.HasPrefix(m.ID, "soon+") {
			t.Errorf("sent %s", m.ID)
		}
	}
	record := s.results("soon")
	if record["sent"] != 2 || time.Now().Before(soon.SendAt) {
		t.Errorf("results %v before %s", record, soon.SendAt)
	}
}

// By local time each zone's recipients get theirs in turn: whose time is over at once, the others later.
func TestLocalTimes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	ctx := context.Background()
	d := mailAndText("local")
	d.SendAtLocal = time.Now().UTC().Add(30 * time.Minute).Format(bulk.LocalLayout)
	id := s.start(d, rows(
		bulk.Recipient{Email: "west@example.com", Timezone: "America/New_York"},
		bulk.Recipient{Email: "east@example.com", Timezone: "Asia/Tokyo"},
		bulk.Recipient{Email: "utc@example.com"},
	))
	s.await("the east has theirs", func() bool { return s.out.count() == 1 })
	if to := s.out.mails[0].To[0].Addr; to != "east@example.com" {
		t.Errorf("sent to %s", to)
	}
	dues, err := s.client.Bulks().Dues(ctx, id)
	if err != nil || len(dues) != 3 {
		t.Fatalf("%v, %v", dues, err)
	}
	var hours []int
	for chunk := range 3 {
		hours = append(hours, int(dues[chunk].Sub(dues[1]).Round(time.Hour).Hours()))
	}
	if got := fmt.Sprint(hours); got != "[-9 0 5]" && got != "[-9 0 4]" {
		t.Errorf("the chunks' times are %s hours from UTC's", got)
	}
	if err := s.client.CancelBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	s.await("the others are skipped", func() bool { return s.results(id)["skipped cancelled"] == 4 })
	if _, err := s.client.Bulk(ctx, d, rows(bulk.Recipient{Email: "x@example.com", Timezone: "Mars/Base"}), enqueue.BulkOptions{}); err == nil {
		t.Error("a taken id was taken again")
	}
	d.ID = "mars"
	if _, err := s.client.Bulk(ctx, d, rows(bulk.Recipient{}, bulk.Recipient{Email: "x@example.com", Timezone: "Mars/Base"}), enqueue.BulkOptions{}); err == nil ||
		!strings.Contains(err.Error(), `line 2: /timezone: "Mars/Base" is not`) {
		t.Errorf("an unknown zone: %v", err)
	}
}

// The canary's recipients get theirs first. When they fail, the bulk pauses, and somebody decides.
func TestCanary(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	failing := true
	s.out.answer = func(*message.Message, int) error {
		if failing {
			return &send.Error{Permanent: true, Code: "smtp_550"}
		}
		return nil
	}
	s.worker()
	email := func(id string) bulk.Definition {
		return bulk.Definition{
			ID: id, Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}},
			Canary: &bulk.Canary{Percent: 10, MaxFailurePercent: 5},
		}
	}
	s.start(email("sick"), people(300))
	var status bulk.Status
	s.await("the canary failed", func() bool {
		var err error
		if status, err = s.client.Bulks().Status(ctx, "sick"); err != nil {
			t.Fatal(err)
		}
		return status.Canary == "failed"
	})
	// 10 % are 30; whole chunks of 20 went out.
	if status.State != bulk.Pausing || status.Pending < 260 {
		t.Errorf("status %+v", status)
	}
	s.out.mu.Lock()
	failing = false
	s.out.mu.Unlock()
	if err := s.client.ResumeBulk(ctx, "sick"); err != nil {
		t.Fatal(err)
	}
	if status := s.complete("sick"); status.Canary != "overruled" || status.Sent < 260 {
		t.Errorf("status %+v", status)
	}
	s.start(email("well"), people(300))
	if status := s.complete("well"); status.Canary != "passed" || status.Sent != 300 {
		t.Errorf("status %+v", status)
	}
}

// Everything works on a Redis Cluster as on one Redis: no command touches keys of two slots.
func TestOnACluster(t *testing.T) {
	t.Parallel()
	s := newSiteOn(t, redistest.StartCluster(t, 3))
	ctx := context.Background()
	if err := s.suppressions().Add(ctx, message.SMS, suppress.Entry{Address: "+15550007"}); err != nil {
		t.Fatal(err)
	}
	s.out.answer = func(m *message.Message, try int) error {
		if m.To[0].Addr == "+15550013" && try == 1 {
			return &send.Error{Code: "twilio_429", Status: 429}
		}
		return nil
	}
	r := newReceiver(t)
	s.worker(r.on(s))
	s.worker(r.on(s))
	d := mailAndText("wide")
	d.Deduplicate, d.Canary, d.Rate, d.Messages[1].Policy = true, &bulk.Canary{Percent: 5}, 2000, task.Hold
	audience := func(yield func(bulk.Recipient, error) bool) {
		for i := range 500 {
			if !yield(bulk.Recipient{Email: fmt.Sprintf("u%d@example.com", i), Phone: fmt.Sprintf("+1555%04d", i)}, nil) {
				return
			}
		}
	}
	s.start(d, audience)
	letter := task.Message{ID: "one", Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Shortcut: "hello"}}
	if _, err := s.client.Message(ctx, letter); err != nil {
		t.Fatal(err)
	}
	cancelled := letter
	cancelled.ID, cancelled.SendAt = "two", time.Now().Add(time.Hour)
	if _, err := s.client.Message(ctx, cancelled); err != nil {
		t.Fatal(err)
	}
	if err := s.client.CancelMessage(ctx, "two"); err != nil {
		t.Fatal(err)
	}
	if record := s.fate(s.forward(forwardTo("ann@partner.example"), talkOf(t, s, 1000))); record.State != ledger.Sent {
		t.Errorf("the forward: %+v", record)
	}
	s.complete("wide")
	s.want("wide", map[string]int{"sent": 999, "suppressed manual": 1})
	s.await("the end of the bulk, the message and the forward are told", func() bool {
		types := map[string]bool{}
		for _, e := range r.events() {
			types[e.Type] = true
		}
		return types["bulk.completed"] && types["message.sent"] && types["conversation.forwarded"]
	})
	s.await("the single message is sent", func() bool {
		r, err := s.client.MessageStatus(ctx, "one")
		return err == nil && r.State == ledger.Sent
	})
	n, err := s.client.ResendBulk(ctx, "wide", ledger.Suppressed)
	if err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	s.complete("wide")
}

// A sender's rate holds for its messages alone.
func TestRateOfASender(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker(func(o *Options) { o.Rates = map[string]float64{"email:slow@acme.example": 20} })
	d := bulk.Definition{ID: "slow", Messages: []bulk.Part{{Channel: message.Email, From: "Acme <Slow@acme.example>", Content: task.Content{Shortcut: "hello"}}}}
	started := time.Now()
	s.complete(s.start(d, people(40)))
	if took := time.Since(started); took < 1500*time.Millisecond {
		t.Errorf("40 messages at 20 a second took %s", took)
	}
}

// A slow bulk holds up no other: while it waits for its rate, a later one goes out.
func TestSlowBulkGivesWay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	part := []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}
	s.start(bulk.Definition{ID: "slow", Messages: part, Rate: 2}, people(1000))
	s.await("the slow one began", func() bool { return s.out.count() > 0 })
	s.start(bulk.Definition{ID: "quick", Messages: part}, people(500))
	s.complete("quick")
	status, err := s.client.Bulks().Status(context.Background(), "slow")
	if err != nil || status.Sent > 300 {
		t.Errorf("%+v, %v", status, err)
	}
}
