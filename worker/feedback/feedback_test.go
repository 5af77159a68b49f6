package feedback

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// scene is a recorder with messages that were sent: m1 to Ada, and a bulk to 30 people on two channels.
type scene struct {
	*Recorder
	t            *testing.T
	client       *enqueue.Client
	suppressions *suppress.Store
	events       *outbox.Store
	now          time.Time
}

func newScene(t *testing.T) *scene {
	t.Helper()
	ctx := context.Background()
	rdb := redistest.Start(t).Client()
	log := slog.New(slog.DiscardHandler)
	books, err := ledger.New(ledger.Options{Redis: rdb, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	client, err := enqueue.New(enqueue.Options{Redis: rdb, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s := &scene{t: t, client: client, now: time.Now()}
	if s.suppressions, err = suppress.New(suppress.Options{Redis: rdb}); err != nil {
		t.Fatal(err)
	}
	if s.events, err = outbox.New(outbox.Options{Redis: rdb}); err != nil {
		t.Fatal(err)
	}
	s.Recorder, err = New(Options{
		Ledger: books, Bulks: bulk.NewStore(rdb, books), Suppressions: s.suppressions, Events: s.events, Soft: suppress.SoftRule{Bounces: 2, Within: 240 * time.Hour},
		Metrics: prometheus.NewRegistry(), Now: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []task.Message{
		{ID: "m1", Channel: message.Email, From: "news@example.com", To: "Ada <ada@example.org>", Content: task.Content{Subject: "Hello", Text: "Hello"}},
		{ID: "m2", Channel: message.Email, From: "news@example.com", To: "ada@example.org", Content: task.Content{Subject: "Hello", Text: "Hello"}},
		{ID: "s1", Channel: message.SMS, To: "+15550100", Content: task.Content{Text: "Hello"}},
		{ID: "bad", Channel: message.Email, From: "news@example.com", To: "bad@example.org", Content: task.Content{Subject: "Hello", Text: "Hello"}},
	} {
		if _, err := client.Message(ctx, m); err != nil {
			t.Fatal(err)
		}
		state, reason := ledger.Sent, ledger.Reason{}
		if m.ID == "bad" {
			state, reason = ledger.Failed, ledger.Reason{Code: "smtp_550"}
		}
		if err := books.Mark(ctx, ledger.Owner{Kind: ledger.Message, ID: m.ID}.Chunk(0), 0, state, reason); err != nil {
			t.Fatal(err)
		}
	}
	d := bulk.Definition{ID: "news", Messages: []bulk.Part{
		{Channel: message.Email, From: "news@example.com", Content: task.Content{Subject: "News", Text: "News"}},
		{Channel: message.SMS, Content: task.Content{Text: "News"}},
	}}
	_, err = client.Bulk(ctx, d, func(yield func(bulk.Recipient, error) bool) {
		for i := range 30 {
			if !yield(bulk.Recipient{Email: fmt.Sprintf("r%d@example.org", i), Phone: fmt.Sprintf("+1555%07d", i)}, nil) {
				return
			}
		}
	}, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for chunk, n := 0, 30; n > 0; chunk++ {
		size := min(n, 20)
		for slot := range 2 * size {
			if err := books.Mark(ctx, ledger.Owner{Kind: ledger.Bulk, ID: "news"}.Chunk(chunk), slot, ledger.Sent, ledger.Reason{}); err != nil {
				t.Fatal(err)
			}
		}
		n -= size
	}
	return s
}

func (s *scene) record(r Report) Result {
	s.t.Helper()
	if r.Source == "" {
		r.Source = "mail"
	}
	result, err := s.Record(context.Background(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

// blocked is the reason for which an address is on the list, "" where it is not.
func (s *scene) blocked(c message.Channel, address string) string {
	s.t.Helper()
	found, err := s.suppressions.Check(context.Background(), c, "", []string{address})
	if err != nil {
		s.t.Fatal(err)
	}
	if found[0] == nil {
		return ""
	}
	return found[0].Reason
}

func (s *scene) state(id string) ledger.Feedback {
	s.t.Helper()
	status, err := s.client.MessageStatus(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return status.Feedback
}

// told are the types of the events that wait, in no order.
func (s *scene) told() map[string]int {
	s.t.Helper()
	list, err := s.events.List(context.Background(), 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	types := map[string]int{}
	for _, e := range list {
		types[e.Type]++
	}
	return types
}

func TestEachState(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for i, c := range []struct {
		state  ledger.FeedbackState
		reason string
		event  string
	}{
		{ledger.Delivered, "", outbox.TypeDelivered}, {ledger.BouncedSoft, "", outbox.TypeBounced}, {ledger.BouncedHard, suppress.HardBounce, outbox.TypeBounced},
		{ledger.Complained, suppress.Complaint, outbox.TypeComplained}, {ledger.Unsubscribed, suppress.Unsubscribed, outbox.TypeUnsubscribed},
	} {
		id, to := fmt.Sprintf("news+0.%d.email", i), fmt.Sprintf("r%d@example.org", i)
		before := s.told()[c.event]
		for again := range 3 {
			want := Kept
			if again > 0 {
				want = Known
			}
			if got := s.record(Report{ID: id, State: c.state, Status: "5.1.1", Words: "550 " + to + " said no", Recipient: strings.ToUpper(to)}); got != want {
				t.Errorf("%s: %s, want %s", c.state, got, want)
			}
		}
		f := s.state(id)
		if f.State != c.state || f.Source != "mail" || f.Status != "5.1.1" || f.Words != "550 [recipient] said no" {
			t.Errorf("%s: %+v", c.state, f)
		}
		if got := s.blocked(message.Email, to); got != c.reason {
			t.Errorf("%s: blocked for %q, want %q", c.state, got, c.reason)
		}
		if got := s.told()[c.event] - before; got != 1 {
			t.Errorf("%s: %d events", c.state, got)
		}
	}
	if s.record(Report{ID: "news+0.7.sms", State: ledger.OptedOut, Source: "twilio"}) != Kept || s.blocked(message.SMS, "+15550000007") != suppress.Unsubscribed || s.blocked(message.Email, "r7@example.org") != "" {
		t.Error("opting out of SMS")
	}
	status, err := s.client.Bulks().Status(context.Background(), "news")
	if err != nil || status.Feedback == nil || *status.Feedback != (bulk.Feedback{Delivered: 1, BouncedSoft: 1, BouncedHard: 1, OptedOut: 1, Unsubscribed: 1, Complained: 1, Unconfirmed: 54}) {
		t.Errorf("%+v, %v", status.Feedback, err)
	}
}

// Nobody is blocked for what another one's server says.
func TestWhomItIsAbout(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for name, c := range map[string]struct {
		in     Report
		result Result
		state  ledger.FeedbackState
	}{
		"forwarded":             {Report{ID: "news+0.0.email", State: ledger.BouncedHard, Recipient: "elsewhere@example.net"}, Kept, ledger.BouncedSoft},
		"nobody named":          {Report{ID: "news+0.1.email", State: ledger.BouncedHard}, Kept, ledger.BouncedHard},
		"several, nobody named": {Report{ID: "news+0.2.email", State: ledger.BouncedHard, Several: true}, Other, ledger.Unconfirmed},
		"several, another one":  {Report{ID: "news+0.3.email", State: ledger.Complained, Several: true, Recipient: "bob@example.org"}, Other, ledger.Unconfirmed},
		"several, this one":     {Report{ID: "news+0.4.email", State: ledger.BouncedHard, Several: true, Recipient: "r4@example.org"}, Kept, ledger.BouncedHard},
		"a name before it":      {Report{ID: "m1", State: ledger.BouncedHard, Recipient: "ada@example.org"}, Kept, ledger.BouncedHard},
	} {
		if got := s.record(c.in); got != c.result {
			t.Errorf("%s: %s, want %s", name, got, c.result)
		}
		if f := s.state(c.in.ID); f.State != c.state {
			t.Errorf("%s: %s, want %s", name, f.State, c.state)
		}
	}
	for _, to := range []string{"elsewhere@example.net", "r0@example.org", "r2@example.org", "r3@example.org", "bob@example.org"} {
		if got := s.blocked(message.Email, to); got != "" {
			t.Errorf("%s is blocked for %s", to, got)
		}
	}
	if got := s.blocked(message.Email, "ada@example.org"); got != suppress.HardBounce {
		t.Errorf("Ada is blocked for %q", got)
	}
	if got := s.record(Report{ID: "bad", State: ledger.BouncedHard}); got != NotSent {
		t.Errorf("about what was not sent: %s", got)
	}
	for _, id := range []string{"none", "", "x y", "news+0.900.email", "news+9.0.email", "news+0.0.chat", "other+0.0.email", "none+forward", strings.Repeat("x", 500)} {
		if got := s.record(Report{ID: id, State: ledger.BouncedHard}); got != Nothing {
			t.Errorf("%.40q: %s", id, got)
		}
	}
}

// Messages that bounce softly block their recipient by the rule. Another that was delivered in between begins anew.
func TestSoftBounces(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.record(Report{ID: "m1", State: ledger.BouncedSoft})
	s.record(Report{ID: "m1", State: ledger.BouncedSoft})
	if got := s.blocked(message.Email, "ada@example.org"); got != "" {
		t.Errorf("after one: %s", got)
	}
	s.record(Report{ID: "m2", State: ledger.BouncedSoft})
	if got := s.blocked(message.Email, "ada@example.org"); got != suppress.SoftBounces {
		t.Errorf("after two: %q", got)
	}
}

// Whoever took an address off the list is not overruled by an old report that comes once more.
func TestOldFeedbackAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	in := Report{ID: "m1", State: ledger.BouncedHard}
	s.record(in)
	remove := func() {
		if _, err := s.suppressions.Remove(context.Background(), message.Email, "", "ada@example.org"); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	s.now = s.now.Add(time.Hour) // its sender may not know that it was kept
	if s.record(in); s.blocked(message.Email, "ada@example.org") == "" {
		t.Error("what was begun is not finished")
	}
	remove()
	s.now = s.now.Add(25 * time.Hour)
	if got := s.record(in); got != Known || s.blocked(message.Email, "ada@example.org") != "" {
		t.Errorf("an old report blocks again: %s", got)
	}
}
