package worker

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/bulkrun"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// A worker that is told to stop in the middle of a bulk finishes what is in flight; the next one does the rest. Nobody
// is left out, nobody is sent to twice.
func TestDrainAndRestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(*message.Message, int) error { time.Sleep(time.Millisecond); return nil }
	stop := s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 600)
	s.await("some are sent", func() bool { return s.out.count() > 50 })
	stop()
	before := s.out.count()
	if before >= 600 {
		t.Fatal("the worker was done before it was stopped")
	}
	status, err := s.client.Bulks().Status(context.Background(), id)
	if err != nil || status.Sent != before || status.Pending != 600-before {
		t.Errorf("%d sent, books %+v, %v", before, status, err)
	}
	s.worker()
	if status := s.complete(id); status.Sent != 600 {
		t.Errorf("status %+v", status)
	}
	for to, n := range s.out.sent {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
}

// A pause stops a bulk in its tracks; a resume does the rest; nobody is sent to twice.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(*message.Message, int) error { time.Sleep(5 * time.Millisecond); return nil }
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 1000)
	s.await("some are sent", func() bool { return s.out.count() > 20 })
	if err := s.client.PauseBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	s.await("it stands still", func() bool {
		before := s.out.count()
		time.Sleep(2 * bulkrun.ControlAge)
		return s.out.count() == before
	})
	status, err := s.client.Bulks().Status(ctx, id)
	if err != nil || status.State != bulk.Pausing || status.Pending == 0 || status.Sent != s.out.count() {
		t.Errorf("status %+v, %v; %d sent", status, err, s.out.count())
	}
	if err := s.client.ResumeBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	if status := s.complete(id); status.Sent != 1000 || s.out.count() != 1000 {
		t.Errorf("status %+v, %d sent", status, s.out.count())
	}
}

// Two workers together keep to a bulk's rate, a change of it takes effect while it runs, and a worker that waits for its
// turn drains at once.
func TestRate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	d := bulk.Definition{ID: "slow", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}
	d.Rate = 40
	id, err := s.client.Bulk(ctx, d, people(400), enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stop := s.worker()
	s.worker()
	s.await("it started", func() bool { return s.out.count() > 0 })
	started, before := time.Now(), s.out.count()
	s.await("some more are sent", func() bool { return s.out.count() >= before+30 })
	if n, took := s.out.count()-before, time.Since(started); float64(n) > 40*(took.Seconds()+0.2)+16 { // 16 were on their way
		t.Errorf("%d messages in %s, at a rate of 40", n, took)
	}
	stop()
	if err := s.client.Bulks().SetRate(ctx, id, 0); err != nil {
		t.Fatal(err)
	}
	if status := s.complete(id); status.Sent != 400 || s.out.count() != 400 {
		t.Errorf("status %+v, %d sent", status, s.out.count())
	}
	if err := s.client.Bulks().SetRate(ctx, id, -1); err == nil {
		t.Error("took a negative rate")
	}
}

// Who is pending when a bulk is cancelled is skipped, those who wait for another try included.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(m *message.Message, try int) error {
		if m.To[0].Addr != "u0@example.com" {
			return &send.Error{Code: "smtp_451", RetryAfter: time.Hour}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 50)
	s.await("everyone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) == 50 })
	if err := s.client.CancelBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	s.await("it is over", func() bool {
		status, err := s.client.Bulks().Status(ctx, id)
		return err == nil && status.State == bulk.Stopped
	})
	s.want(id, map[string]int{"sent": 1, "skipped cancelled": 49})
	if err := s.client.ResumeBulk(ctx, id); err == nil {
		t.Error("a cancelled bulk was resumed")
	}
}

// What failed can be sent again, what is unknown resolved; what was sent stays sent.
func TestResendAndResolve(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(m *message.Message, try int) error {
		switch {
		case try > 1:
			return nil
		case m.To[0].Addr == "u1@example.com":
			return &send.Error{Permanent: true, Code: "smtp_550"}
		case m.To[0].Addr == "u2@example.com" || m.To[0].Addr == "u3@example.com":
			return &send.Error{Ambiguous: true, Code: "timeout"}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}, Policy: task.Hold}}}, 5)
	s.complete(id)
	s.want(id, map[string]int{"sent": 2, "failed smtp_550": 1, "unknown timeout": 2})
	if n, err := s.client.ResendBulk(ctx, id, ledger.Failed); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.complete(id)
	s.want(id, map[string]int{"sent": 3, "unknown timeout": 2})
	if n, err := s.client.ResendBulk(ctx, id, ledger.Unknown); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	s.complete(id)
	s.want(id, map[string]int{"sent": 5})
	if s.out.tries["u0@example.com"] != 1 || s.out.tries["u1@example.com"] != 2 || s.out.tries["u2@example.com"] != 2 {
		t.Errorf("tries %v", s.out.tries)
	}
	if n, err := s.client.ResolveBulk(ctx, id, enqueue.AsSent); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// A provider that says 429 slows the channel although it has no rate of its own.
func TestBackPressureWithoutARate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, try int) error {
		if m.To[0].Addr == "u0@example.com" && try == 1 {
			return &send.Error{Code: "http_429", Status: 429}
		}
		return nil
	}
	registry := prometheus.NewRegistry()
	s.worker(func(o *Options) { o.Metrics = registry })
	s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 1000)
	s.await("the channel is slowed", func() bool {
		got := values(t, registry)
		return got["herald_lane_limit{email}"] == 0 && got["herald_lane_limit_in_force{email}"] > 0
	})
}
