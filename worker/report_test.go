package worker

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// only has senders for some channels.
func only(out delivery.Sender, channels ...message.Channel) func(*Options) {
	return func(o *Options) {
		o.Senders = map[message.Channel]delivery.Sender{}
		for _, c := range channels {
			o.Senders[c] = out
		}
		o.Unconfigured = map[message.Channel]string{message.SMS: "HERALD_SMS_URL"}
	}
}

func (s *site) progress(id string) enqueue.Progress {
	s.t.Helper()
	p, err := s.client.BulkProgress(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// A worker takes nothing that it can't send: what nobody can send says so, and goes out by the one worker that can, with no
// attempt in vain.
func TestWorkersTakeWhatTheyCanSend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	texts := bulk.Definition{ID: "texts", Messages: []bulk.Part{{Channel: message.SMS, From: "+15005550006", Content: task.Content{Text: "Hi"}}}}
	phones := func(yield func(bulk.Recipient, error) bool) {
		for i := range 600 {
			if !yield(bulk.Recipient{Email: "u@example.com", Phone: "+1500555" + string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10)) + "0"}, nil) {
				return
			}
		}
	}
	s.start(texts, phones)
	if _, err := s.client.Message(t.Context(), task.Message{ID: "one", Channel: message.SMS, To: "+15005550006", Content: task.Content{Text: "Hi"}}); err != nil {
		t.Fatal(err)
	}
	waits := func(code, words string) func() bool {
		return func() bool {
			one, err := s.client.MessageStatus(t.Context(), "one")
			if err != nil || one.Waiting == nil {
				t.Fatalf("%+v, %v", one, err)
			}
			cause := s.progress("texts").Cause
			return one.Waiting.Code == code && strings.Contains(one.Waiting.Text, words) && cause != nil && cause.Code == code && strings.Contains(cause.Text, words)
		}
	}
	s.await("both say that no worker runs", waits(fleet.NoWorker, "herald worker"))
	s.worker(only(s.out, message.Email))
	s.await("both say that no worker has a sender", waits(fleet.NoSender, "HERALD_SMS_URL"))
	if troubles := s.progress("texts").Troubles; len(troubles) != 1 || troubles[0].Channel != message.SMS || troubles[0].Worker == "" {
		t.Errorf("%+v", troubles)
	}
	able := &recorder{}
	s.worker(only(able, message.Email, message.SMS))
	if status := s.complete("texts"); status.Sent != 600 {
		t.Errorf("%+v", status)
	}
	if f := s.fate("one"); f.State != ledger.Sent || f.Attempts != 1 {
		t.Errorf("%+v", f)
	}
	// A bulk on both channels is that of the worker that can send both, once the other one knows it.
	s.await("the other one leaves it", func() bool {
		workers, err := s.client.Fleet(t.Context())
		return err == nil && len(workers) == 2
	})
	both := mailAndText("both")
	s.start(both, phones)
	if status := s.complete("both"); status.Sent != 1200 {
		t.Errorf("%+v", status)
	}
}

// Trouble of a worker's account is told with worker, channel, account and error, wherever somebody asks why a bulk waits.
func TestTroubleOfALineIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var mail sick
	s.worker(func(o *Options) { o.Senders = map[message.Channel]delivery.Sender{message.Email: &mail} })
	s.start(bulk.Definition{ID: "news", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}, people(3000))
	s.await("its trouble is told", func() bool {
		p := s.progress("news")
		return len(p.Troubles) == 1 && p.Troubles[0].Code == "smtp_connect" && p.Troubles[0].Account == "mail.acme.example:587" && strings.Contains(p.Troubles[0].Detail, "no such host") &&
			p.Cause != nil && p.Cause.Code == "smtp_connect" && strings.Contains(p.Cause.Text, "mail.acme.example:587")
	})
	mail.cured.Store(true)
	if status := s.complete("news"); status.Sent != 3000 {
		t.Errorf("%+v", status)
	}
	if p := s.progress("news"); p.Cause != nil || p.Troubles != nil {
		t.Errorf("over, and %+v", p)
	}
}

// A Redis that knows less than it had acknowledged is found, and told.
func TestLostWritesAreTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := t.Context()
	registry, log := prometheus.NewRegistry(), &logtest.Buffer{}
	l := newLines(&queue.Gate{}, nil, discard(), ctx)
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	store, gate, guard := fleet.New(s.rdb), &queue.Gate{}, fleet.NewGuard()
	r, err := newReporter(Options{Redis: s.rdb, Unguarded: s.rdb, Guard: guard, Ledger: books, Metrics: registry, Log: slog.New(slog.NewTextHandler(log, nil))}, gate, l,
		func() map[message.Channel]delivery.Trouble { return nil }, &pauser{store: store, gate: gate, log: discard()}, func(map[string]float64) {})
	if err != nil {
		t.Fatal(err)
	}
	rounds := func(n int) {
		t.Helper()
		for range n {
			if err := r.round(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	losses := func() float64 {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "herald_redis_lost_writes_total" {
				return f.GetMetric()[0].GetCounter().GetValue()
			}
		}
		t.Fatal("no such metric")
		return 0
	}
	counter := "herald:{fleet}:writes:" + r.self.ID
	rounds(3)
	if got := losses(); got != 0 {
		t.Fatalf("%v losses while all is well", got)
	}
	s.rdb.Incr(ctx, counter) // an answer got lost, and the client asked again
	rounds(1)
	s.rdb.DecrBy(ctx, counter, 2) // an older state
	rounds(2)
	if got := losses(); got != 1 || !strings.Contains(log.String(), "lost writes") {
		t.Errorf("%v losses told: %s", got, log)
	}
	if safe, err := store.Safe(ctx); err != nil || safe.On() {
		t.Errorf("the worker remembers all of it, and the fleet is in safe mode: %+v, %v", safe, err)
	}
	s.rdb.FlushAll(ctx)
	rounds(1)
	if got := losses(); got != 2 {
		t.Errorf("%v losses after an emptied Redis", got)
	}
	// What is older than its memory it can't put back.
	for i := range r.history {
		r.history[i].at = r.history[i].at.Add(-time.Hour)
	}
	rounds(5)
	s.rdb.DecrBy(ctx, counter, 6)
	rounds(1)
	if safe, err := store.Safe(ctx); err != nil || safe.Why != fleet.LostTooMuch || !safe.Since.IsZero() {
		t.Errorf("%+v, %v", safe, err)
	}
}

// Of workers that differ in rates the lowest rate holds for all, as long as its worker lives, and who differs is told.
func TestLowestRateHolds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	log := &logtest.Buffer{}
	s.log = slog.New(slog.NewTextHandler(log, nil))
	var asked []*askedRate
	rated := func(perSecond float64) func(*Options) {
		return func(o *Options) {
			o.Rates, o.SharedSettings = map[string]float64{"email": perSecond}, map[string]string{"HERALD_COUNTRY": "same"}
			spy := &askedRate{Limiter: o.Limiter}
			asked, o.Limiter = append(asked, spy), spy
		}
	}
	all := func(perSecond float64, workers ...int) func() bool {
		return func() bool {
			m := task.Message{Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Text: "Hi", Subject: "Hi"}}
			if _, err := s.client.Message(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			for _, w := range workers {
				if rate, _ := asked[w].last.Load().(float64); rate != perSecond {
					return false
				}
			}
			return true
		}
	}
	s.worker(rated(500))
	s.await("its own rate holds", all(500, 0))
	stop := s.worker(rated(100))
	s.await("the lower rate holds for both", all(100, 0, 1))
	if !strings.Contains(log.String(), "HERALD_RATES") {
		t.Errorf("nobody says that the rates differ: %s", log)
	}
	stop()
	s.await("its own rate holds again", all(500, 0))
}

// askedRate remembers the rate at which a message of the channel last waited for its turn.
type askedRate struct {
	Limiter
	last atomic.Value
}

func (a *askedRate) Wait(ctx context.Context, lane string, perSecond float64) error {
	if lane == delivery.ChannelLane(message.Email) {
		a.last.Store(perSecond)
	}
	return a.Limiter.Wait(ctx, lane, perSecond)
}
