package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// outside takes messages, and counts them by recipient.
type outside struct {
	mu    sync.Mutex
	got   map[string]int
	twice int
}

func (o *outside) Send(_ context.Context, m *message.Message) (send.Receipt, error) {
	time.Sleep(2 * time.Millisecond)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.got == nil {
		o.got = map[string]int{}
	}
	if o.got[m.To[0].Addr]++; o.got[m.To[0].Addr] > 1 {
		o.twice++
	}
	return send.Receipt{}, nil
}

func (o *outside) count() (people, twice int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.got), o.twice
}

// fleetOf is a Redis with a client and workers.
type fleetOf struct {
	t        *testing.T
	settings Settings
	client   *Client
	out      *outside
}

func newFleet(t *testing.T, url string) *fleetOf {
	t.Helper()
	s := valid()
	s.RedisURL, s.Concurrency, s.SafeAfter, s.DrainTimeout = url, 8, time.Minute, 10*time.Second
	client, err := NewClient(t.Context(), &s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return &fleetOf{t, s, client, &outside{}}
}

// worker starts one, and returns what stops it.
func (f *fleetOf) worker() (stop func()) {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(f.t.Output(), nil))
	}
	w, err := NewWorker(f.t.Context(), WorkerOptions{
		Settings: &f.settings, Log: log, Metrics: NewMetrics(), Senders: map[message.Channel]delivery.Sender{message.Email: f.out},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	halt := w.Start(context.WithoutCancel(f.t.Context()), func(err error) { f.t.Error(err) })
	stop = sync.OnceFunc(func() { _ = halt(); _ = w.Close() })
	f.t.Cleanup(stop)
	return stop
}

// start starts a bulk to so many people.
func (f *fleetOf) start(id string, p task.Policy, people int) {
	f.t.Helper()
	audience := func(yield func(bulk.Recipient, error) bool) {
		for i := range people {
			if !yield(bulk.Recipient{Email: fmt.Sprintf("%s%d@example.com", id, i)}, nil) {
				return
			}
		}
	}
	d := bulk.Definition{ID: id, Messages: []bulk.Part{{Channel: message.Email, Policy: p, From: "a@acme.example", Content: task.Content{Subject: "Hi", Text: "Hi"}}}}
	if _, err := f.client.Bulk(f.t.Context(), d, audience, enqueue.BulkOptions{}); err != nil {
		f.t.Fatal(err)
	}
	if err := f.client.StartBulk(f.t.Context(), id); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleetOf) await(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (f *fleetOf) reached(n int) func() bool {
	return func() bool { people, _ := f.out.count(); return people >= n }
}

func (f *fleetOf) completed(id string) bulk.Status {
	f.t.Helper()
	var status bulk.Status
	f.await(id+" is complete", func() bool {
		p, err := f.client.BulkProgress(f.t.Context(), id)
		status = p.Status
		return err == nil && p.State == bulk.Completed
	})
	return status
}

// Redis falls back in the middle of a bulk: what the workers know to have gone out does not go out again, and everybody gets
// theirs.
func TestLostWrites(t *testing.T) {
	t.Parallel()
	const people, workers = 3000, 2
	for _, policy := range []task.Policy{task.Hold, task.Resend} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			f := newFleet(t, server.URL())
			f.start("news", policy, people)
			for range workers {
				f.worker()
			}
			f.await("the first have theirs", f.reached(people/6))
			backup := server.Backup()
			before, _ := f.out.count()
			f.await("more have theirs", f.reached(before+people/6))
			server.Rewind(backup)
			status := f.completed("news")
			reached, twice := f.out.count()
			t.Logf("after %d of %d, Redis forgot the last %d: %d reached, %d twice, %+v", before, people, people/6, reached, twice, status)
			inFlight := workers * f.settings.Concurrency
			if most := map[task.Policy]int{task.Hold: 0, task.Resend: inFlight}[policy]; twice > most {
				t.Errorf("%d got two, want at most %d", twice, most)
			}
			if reached+status.Unknown < people || status.Unknown > inFlight {
				t.Errorf("%d of %d reached, %d unknown", reached, people, status.Unknown)
			}
			if safe, err := f.client.Safe(t.Context()); err != nil || safe.On() {
				t.Errorf("the workers knew it all, and the fleet is in safe mode: %+v, %v", safe, err)
			}
		})
	}
}

// A backup is started: nothing is sent before an operator says from when, everybody who asks is told so, and what may have gone
// out since the backup becomes unknown. A fleet that was stopped in peace starts as it was.
func TestOldBackup(t *testing.T) {
	t.Parallel()
	const people = 200
	server := redistest.Start(t)
	f, rdb, ctx := newFleet(t, server.URL()), server.Client(), t.Context()
	f.start("first", task.Resend, 10)
	stop := f.worker()
	f.completed("first")
	stop()
	stop = f.worker() // it was at rest
	f.start("second", task.Resend, 10)
	f.completed("second")
	// The backup was taken while a worker lived: what is in it was all sent afterwards.
	if _, err := f.client.PauseAll(ctx); err != nil {
		t.Fatal(err)
	}
	f.start("news", task.Resend, people)
	one, err := f.client.Message(ctx, task.Message{Channel: message.Email, From: "a@acme.example", To: "one@example.com", Content: task.Content{Subject: "Hi", Text: "Hi"}})
	if err != nil {
		t.Fatal(err)
	}
	backup := server.Backup()
	if err := f.client.ResumeAll(ctx); err != nil {
		t.Fatal(err)
	}
	f.completed("news")
	f.await("one has theirs", func() bool { s, err := f.client.MessageStatus(ctx, one); return err == nil && s.State == ledger.Sent })
	stop()
	sent, _ := f.out.count()
	server.Rewind(backup)
	rdb.Del(ctx, "herald:{fleet}:paused")
	rdb.Set(ctx, "herald:{fleet}:alive", time.Now().Add(-time.Hour).Unix(), 0) // time goes by
	lostAt := time.Now()
	f.await("the next seconds", func() bool { return time.Now().Unix() > lostAt.Unix()+1 }) // when a message was enqueued is known to the second
	f.worker()
	f.start("new", task.Resend, 10)
	later, err := f.client.Message(ctx, task.Message{Channel: message.Email, From: "a@acme.example", To: "new@example.com", Content: task.Content{Subject: "Hi", Text: "Hi"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, cause := range map[string]func() string{
		"the bulk": func() string { p, _ := f.client.BulkProgress(ctx, "news"); return code(p.Cause) },
		"the message": func() string {
			s, _ := f.client.MessageStatus(ctx, one)
			if s.Waiting == nil {
				return ""
			}
			return s.Waiting.Code
		},
	} {
		f.await(what+" says why it waits", func() bool { return cause() == fleet.SafeMode })
	}
	ready := httptest.NewRecorder()
	health(ctx, rdb, 0, NewMetrics(), func() map[message.Channel]delivery.Trouble { return nil }).ServeHTTP(ready, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if ready.Code != http.StatusServiceUnavailable || !strings.Contains(ready.Body.String(), "herald resume --from") {
		t.Errorf("/readyz: %d %s", ready.Code, ready.Body)
	}
	if now, _ := f.out.count(); now != sent {
		t.Fatalf("%d got something in safe mode", now-sent)
	}
	unknown, err := f.client.SendFrom(ctx, lostAt)
	if err != nil || unknown != people+1 {
		t.Fatalf("%d are unknown, want %d: %v", unknown, people+1, err)
	}
	if status := f.completed("news"); status.Unknown != people {
		t.Errorf("%+v", status)
	}
	f.completed("new")
	f.await("what is new goes out", func() bool { s, err := f.client.MessageStatus(ctx, later); return err == nil && s.State == ledger.Sent })
	if s, err := f.client.MessageStatus(ctx, one); err != nil || s.State != ledger.Unknown || s.Reason.Code != ledger.LostWrites {
		t.Errorf("%+v, %v", s, err)
	}
	if _, twice := f.out.count(); twice > 0 {
		t.Errorf("%d got two", twice)
	}
	if _, err := f.client.SendFrom(ctx, lostAt); !errors.Is(err, enqueue.ErrNotSafe) {
		t.Errorf("safe mode is over, and ending it says %v", err)
	}
}

func code(c *enqueue.Cause) string {
	if c == nil {
		return ""
	}
	return c.Code
}
