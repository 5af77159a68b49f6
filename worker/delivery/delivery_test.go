package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// way plays everyone whom Deliver asks, and notes in which order.
type way struct {
	steps     []string
	refused   *compose.Verdict // by Admit
	unmade    error            // by Compose
	verdict   *compose.Verdict // by Compose
	taken     bool             // by somebody else
	sendErr   error
	sendPanic bool
	drains    func() // called while the message waits for its turn
}

func (w *way) note(format string, args ...any) {
	w.steps = append(w.steps, fmt.Sprintf(format, args...))
}

func (w *way) Admit(compose.Job) *compose.Verdict { w.note("admit"); return w.refused }

func (w *way) Compose(_ context.Context, j compose.Job) (compose.Composed, error) {
	w.note("compose")
	return compose.Composed{Message: &message.Message{Channel: j.Message.Channel, To: []message.Address{{Addr: j.Message.To}}}, Verdict: w.verdict}, w.unmade
}

func (w *way) Chunk(context.Context, ledger.Chunk) ([]ledger.Record, error) { return nil, nil }

func (w *way) Claim(context.Context, ledger.Chunk, int) (bool, error) {
	w.note("claim")
	return !w.taken, nil
}

func (w *way) Release(context.Context, ledger.Chunk, int) error { w.note("release"); return nil }

func (w *way) Mark(_ context.Context, _ ledger.Chunk, _ int, s ledger.State, _ ledger.Reason) error {
	w.note("mark %s", s)
	return nil
}

func (w *way) Post(_ context.Context, _ ledger.Chunk, _ int, s ledger.State, r ledger.Reason) *ledger.Commit {
	w.note("%s", strings.TrimSpace("post "+s.String()+" "+r.Code))
	return nil
}

func (w *way) PostSent(_ context.Context, _ ledger.Chunk, _ int, _ ledger.Proof) *ledger.Commit {
	w.note("post sent")
	return nil
}

func (w *way) Wait(ctx context.Context, lane string, _ float64) error {
	w.note("wait %s", lane)
	if w.drains != nil {
		w.drains()
		<-ctx.Done()
	}
	return ctx.Err()
}

func (w *way) Slow(context.Context, string) { w.note("slow") }
func (w *way) Lanes() []rate.Lane           { return nil }

func (w *way) Check(context.Context, message.Channel, string, []string) ([]*suppress.Entry, error) {
	return nil, nil
}

func (w *way) Suppress(_ context.Context, _ message.Channel, address, reason, _ string) error {
	w.note("suppress %s %s", address, reason)
	return nil
}

func (w *way) Send(context.Context, *message.Message) (send.Receipt, error) {
	w.note("send")
	if w.sendPanic {
		panic("poison")
	}
	return send.Receipt{ID: "r-1"}, w.sendErr
}

// Every step has its place, and what a step finds out ends the way with an outcome that is recorded.
func TestDeliver(t *testing.T) {
	email := task.Message{Channel: message.Email, From: "Acme <Help@acme.example>", To: "a@example.com"}
	text := task.Message{Channel: message.SMS, To: "+15550100"}
	late := email
	late.SendBefore = time.Now().Add(-time.Hour)
	refused := &compose.Verdict{State: ledger.Suppressed, Code: "manual"}
	for name, c := range map[string]struct {
		way   way
		job   Job
		steps string
		again string // the reason of another attempt
	}{
		"resend":                     {job: Job{Job: compose.Job{Message: email}}, steps: "admit, wait channel:email, compose, send, post sent"},
		"hold":                       {job: Job{Job: compose.Job{Message: text}}, steps: "admit, wait channel:sms, claim, compose, send, post sent"},
		"alone":                      {job: Job{Job: compose.Job{Message: email}, Alone: true}, steps: "admit, wait channel:email, claim, compose, send, post sent"},
		"quarantined":                {job: Job{Job: compose.Job{Message: email}, Quarantined: true}, steps: "admit, wait channel:email, claim, compose, send, post sent"},
		"alone and quarantined":      {job: Job{Job: compose.Job{Message: email}, Alone: true, Quarantined: true}, steps: "admit, wait channel:email, claim, compose, send, post sent"},
		"of a bulk with a rate":      {job: Job{Job: compose.Job{Message: email}, Chunk: ledger.Owner{Kind: ledger.Bulk, ID: "b"}.Chunk(0), BulkRate: 5}, steps: "admit, wait bulk:b, wait channel:email, compose, send, post sent"},
		"refused":                    {way: way{refused: refused}, job: Job{Job: compose.Job{Message: text}}, steps: "admit, post suppressed manual"},
		"actions alone":              {job: Job{}, steps: "admit, post done"},
		"its time has passed":        {job: Job{Job: compose.Job{Message: late}, Alone: true}, steps: "admit, wait channel:email, post skipped expired"},
		"somebody else has it":       {way: way{taken: true}, job: Job{Job: compose.Job{Message: text}}, steps: "admit, wait channel:sms, claim"},
		"no content":                 {way: way{verdict: &compose.Verdict{State: ledger.Failed, Code: "render_error"}}, job: Job{Job: compose.Job{Message: text}}, steps: "admit, wait channel:sms, claim, compose, post failed render_error"},
		"a file for later":           {way: way{unmade: &compose.Trouble{Code: "attachment_fetch"}}, job: Job{Job: compose.Job{Message: text}}, steps: "admit, wait channel:sms, claim, compose, release", again: "attachment_fetch"},
		"later, under resend":        {way: way{sendErr: &send.Error{Code: "smtp_451"}}, job: Job{Job: compose.Job{Message: email}}, steps: "admit, wait channel:email, compose, send", again: "smtp_451"},
		"later, under hold":          {way: way{sendErr: &send.Error{Code: "twilio_500"}}, job: Job{Job: compose.Job{Message: text}}, steps: "admit, wait channel:sms, claim, compose, send, release", again: "twilio_500"},
		"too fast":                   {way: way{sendErr: &send.Error{Code: "http_429", Status: 429}}, job: Job{Job: compose.Job{Message: email}}, steps: "admit, wait channel:email, compose, send, slow", again: "http_429"},
		"nobody knows":               {way: way{sendErr: &send.Error{Code: "timeout", Ambiguous: true}}, job: Job{Job: compose.Job{Message: text}}, steps: "admit, wait channel:sms, claim, compose, send, post unknown timeout"},
		"never again":                {way: way{sendErr: &send.Error{Code: "smtp_550", Permanent: true, Suppress: true}}, job: Job{Job: compose.Job{Message: email}}, steps: "admit, wait channel:email, compose, send, suppress a@example.com hard_bounce, post failed smtp_550"},
		"the sender breaks down":     {way: way{sendPanic: true}, job: Job{Job: compose.Job{Message: email}}, steps: "admit, wait channel:email, compose, send, post unknown internal_error"},
		"a channel without a sender": {job: Job{Job: compose.Job{Message: task.Message{Channel: message.Chat, To: "c"}}}, steps: "admit, wait channel:chat, compose", again: "no_sender"},
	} {
		t.Run(name, func(t *testing.T) {
			w := c.way
			d := newDelivery(t, &w, context.Background(), nil)
			c.job.Log, c.job.Notes = slog.New(slog.DiscardHandler), &Notes{}
			_, err := d.Deliver(context.Background(), c.job)
			var again *queue.Again
			if errors.As(err, &again) {
				if again.Reason != c.again {
					t.Errorf("again: %s, want %q", again.Reason, c.again)
				}
			} else if err != nil || c.again != "" {
				t.Errorf("%v, want again: %q", err, c.again)
			}
			if got := strings.Join(w.steps, ", "); got != c.steps {
				t.Errorf("%s\nwant %s", got, c.steps)
			}
			if sent := strings.HasSuffix(c.steps, "send, post sent"); sent != (c.job.Notes.Of(0).ProviderID == "r-1") {
				t.Errorf("receipt %q", c.job.Notes.Of(0).ProviderID)
			}
		})
	}
}

func newDelivery(t *testing.T, w *way, draining context.Context, rates map[string]float64) *Delivery {
	t.Helper()
	m, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(Options{
		Ledger: w, Composer: w, Senders: map[message.Channel]Sender{message.Email: w, message.SMS: w}, Limiter: w, Suppressions: w,
		Rates: rates, Metrics: m, Draining: draining,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Whoever waits for a turn when the worker drains gets another one later; nothing was claimed for it.
func TestDrainWhileWaiting(t *testing.T) {
	draining, drain := context.WithCancel(context.Background())
	w := &way{drains: drain}
	d := newDelivery(t, w, draining, map[string]float64{"email:help@acme.example": 1})
	_, err := d.Deliver(context.Background(), Job{Alone: true, Job: compose.Job{
		Message: task.Message{Channel: message.Email, From: "Acme <Help@acme.example>", To: "a@example.com"},
	}})
	var again *queue.Again
	if !errors.As(err, &again) || again.Reason != "worker stops" || again.Counts {
		t.Errorf("%v", err)
	}
	if got := strings.Join(w.steps, ", "); got != "admit, wait sender:email:help@acme.example" {
		t.Error(got)
	}
}
