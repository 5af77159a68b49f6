package worker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// sick is a sender that can't reach its account until it is cured.
type sick struct {
	recorder
	cured atomic.Bool
	tries atomic.Int64 // at messages
}

func (s *sick) trouble() error {
	if s.cured.Load() {
		return nil
	}
	return &send.Error{Account: true, Unreached: true, Code: "smtp_connect", Step: "CONNECT", Where: "mail.acme.example:587", Err: errors.New("no such host")}
}

func (s *sick) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	s.tries.Add(1)
	if err := s.trouble(); err != nil {
		return send.Receipt{}, err
	}
	return s.recorder.Send(ctx, m)
}

// Probe implements prober.
func (s *sick) Probe(context.Context) error { return s.trouble() }

// A worker that can't reach an account leaves the channel's tasks to the others, after those that it had: it meets the
// trouble no more often than it has messages in flight. It goes on with other channels, and comes back when the account
// does.
func TestASickWorkerLeavesItsTasks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var mail sick
	texts := &recorder{}
	s.worker(func(o *Options) {
		o.Senders = map[message.Channel]delivery.Sender{message.Email: &mail, message.SMS: texts}
	})
	// While it is alone, everything waits, and says for what.
	s.start(bulk.Definition{ID: "news", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}, people(1000))
	s.message(task.Message{ID: "one", To: "ada@example.com"})
	s.await("it met the trouble", func() bool { return mail.tries.Load() > 0 })
	if _, err := s.client.Message(t.Context(), task.Message{ID: "text", Channel: message.SMS, To: "+15005550006", Content: task.Content{Text: "Hi"}}); err != nil {
		t.Fatal(err)
	}
	s.await("texts go out", func() bool { return texts.count() == 1 })
	s.worker()
	if status := s.complete("news"); status.Sent != 1000 {
		t.Errorf("%+v", status)
	}
	if f := s.fate("one"); f.State != ledger.Sent {
		t.Errorf("%+v", f.Record)
	}
	const inFlight = 8 + 2 // of bulks and single ones
	if n := mail.tries.Load(); n > inFlight {
		t.Errorf("the sick worker tried %d messages, at most %d are in flight", n, inFlight)
	}
	mail.cured.Store(true)
	s.await("the cured one sends", func() bool {
		s.start(bulk.Definition{Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}, people(100))
		return mail.count() > 0
	})
}
