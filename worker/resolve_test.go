package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// vague answers nobody's first try and takes all others.
func vague(_ *message.Message, try int) error {
	if try == 1 {
		return &send.Error{Ambiguous: true, Code: "smtp_timeout", Err: errors.New("no answer")}
	}
	return nil
}

// What nobody knew of, a person settles: each way, for messages, forwards and messages of bulks, with its event, once.
func TestResolve(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	s.out.answer = vague
	s.worker(r.on(s))
	ctx := context.Background()
	const talk = `{"messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Hi"}]}`
	resolvers := map[string]func(context.Context, string, enqueue.Resolution) error{"message": s.client.ResolveMessage, "forward": s.client.ResolveForward, "older": s.client.ResolveMessage}
	want := map[enqueue.Resolution]struct {
		state ledger.State
		event string
		tries int
	}{
		enqueue.AsSent: {ledger.Sent, "message.held message.sent", 1}, enqueue.AsFailed: {ledger.Failed, "message.held message.failed", 1},
		enqueue.AsResend: {ledger.Sent, "message.held message.sent", 2},
	}
	name := func(kind string, as enqueue.Resolution) string { return kind + "-" + string(as) }
	for kind := range resolvers {
		for _, as := range enqueue.Resolutions {
			id := name(kind, as)
			if kind != "forward" {
				s.message(task.Message{ID: id, To: id + "@example.com", Policy: task.Hold})
				continue
			}
			if _, err := s.client.Forward(ctx, task.Forward{ID: id, From: "help@acme.example", To: id + "@example.com", Policy: task.Hold}, []byte(talk)); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.await("nobody knows of anything", func() bool { return len(r.events()) == 9 })
	for kind, resolve := range resolvers {
		for _, as := range enqueue.Resolutions {
			id := name(kind, as)
			if record := s.fate(id); record.State != ledger.Unknown {
				t.Fatalf("%s is %s", id, record.State)
			}
			if kind == "older" { // it kept nothing beside the books; the queue still knows the task
				s.rdb.Del(ctx, "herald:message:{"+id+"}:about:0")
			}
			if err := resolve(ctx, id, as); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	s.await("all is known", func() bool { return len(r.events()) == 18 })
	told := r.byMessage()
	for kind, resolve := range resolvers {
		for as, want := range want {
			id := name(kind, as)
			record := s.fate(id)
			if kind == "forward" {
				want.event = strings.ReplaceAll(want.event, "message.sent", "conversation.forwarded")
			}
			if got := types(told[id]); record.State != want.state || got != want.event || s.out.tries[id+"@example.com"] != want.tries {
				t.Errorf("%s: %s, events %s, %d tries", id, record.State, got, s.out.tries[id+"@example.com"])
			}
			// Once more is harmless where it changes nothing, and refused otherwise.
			for _, again := range enqueue.Resolutions {
				err := resolve(ctx, id, again)
				if same := string(again) == want.state.String(); same && err != nil && !(again == enqueue.AsSent && as == enqueue.AsResend) || !same && !errors.Is(err, enqueue.ErrNotUnknown) {
					t.Errorf("%s, then as %s: %v", id, again, err)
				}
			}
		}
	}
	if len(r.events()) != 18 {
		t.Errorf("%d events", len(r.events()))
	}
	for _, err := range []error{s.client.ResolveMessage(ctx, "unheard-of", enqueue.AsSent), s.client.ResolveForward(ctx, "message-sent", enqueue.AsSent)} {
		if !errors.Is(err, ledger.ErrNotFound) {
			t.Error(err)
		}
	}
	if err := s.client.ResolveMessage(ctx, "message-sent", "maybe"); err == nil {
		t.Error("resolved as maybe")
	}
}

// A bulk's messages are settled one by one or all together; callers learn each outcome, and the bulk's new end.
func TestResolveBulk(t *testing.T) {
	t.Parallel()
	for _, as := range enqueue.Resolutions {
		t.Run(string(as), func(t *testing.T) {
			t.Parallel()
			s, r := newSite(t), newReceiver(t)
			s.out.answer = vague
			s.worker(r.on(s))
			ctx := context.Background()
			id := s.bulk(bulk.Definition{ID: "news", Events: true, Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}, Policy: task.Hold}}}, 45)
			if status := s.complete(id); status.Unknown != 45 {
				t.Fatalf("%+v", status)
			}
			s.await("all were told that they are held", func() bool {
				held := 0
				for _, e := range r.events() {
					if e.Type == "message.held" {
						held++
					}
				}
				return held == 45
			})
			if err := s.client.ResolveMessage(ctx, "news+0.3.email", as); err != nil {
				t.Fatal(err)
			}
			s.await("one is known", func() bool { return s.complete(id).Unknown == 44 })
			n, err := s.client.ResolveBulk(ctx, id, as)
			if n != 44 || err != nil {
				t.Fatal(n, err)
			}
			status := s.complete(id)
			s.await("the events of all, and an end at which nobody is unknown", func() bool {
				events, all := r.events(), 0
				for _, e := range events {
					if strings.HasPrefix(e.Type, "message.") {
						all++
					}
				}
				if all < 90 {
					return false
				}
				last := events[len(events)-1]
				return last.Type == "bulk.completed" && last.Data["unknown"] == 0.0
			})
			state, tries := "sent", 1
			switch as {
			case enqueue.AsFailed:
				state = "failed"
			case enqueue.AsResend:
				tries = 2
			}
			if fmt.Sprint(status.Sent, status.Failed) != map[string]string{"sent": "45 0", "failed": "0 45"}[state] || s.out.tries["u7@example.com"] != tries {
				t.Errorf("%+v, %d tries", status, s.out.tries["u7@example.com"])
			}
			for who, events := range r.byMessage() {
				if who != id && types(events) != "message.held message."+state {
					t.Errorf("%s: %s", who, types(events))
				}
			}
			if err := s.client.ResolveMessage(ctx, "news+1.1.email", enqueue.AsResend); !errors.Is(err, enqueue.ErrNotUnknown) {
				t.Error(err)
			}
			if err := s.client.ResolveMessage(ctx, "news+9.1.email", as); !errors.Is(err, ledger.ErrNotFound) {
				t.Error(err)
			}
		})
	}
}
