package worker

import (
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Everything can be stopped: what runs and what is enqueued, by workers that run and by those that start. Whoever waits
// says why, and nothing is lost.
func TestPauseAll(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := t.Context()
	s.out.answer = func(*message.Message, int) error { time.Sleep(2 * time.Millisecond); return nil }
	s.worker()
	news := []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}
	s.start(bulk.Definition{ID: "news", Messages: news}, people(3000))
	s.await("it began", func() bool { return s.out.count() > 0 })
	since, err := s.client.PauseAll(ctx)
	if err != nil || since.IsZero() {
		t.Fatal(since, err)
	}
	quiet := func() bool {
		before := s.out.count()
		time.Sleep(2 * pauseEvery)
		return s.out.count() == before
	}
	s.await("nothing more is sent", quiet)
	s.worker()
	s.message(task.Message{ID: "one", To: "ada@example.com"})
	sent := s.out.count()
	if sent >= 3000 {
		t.Fatal("it was complete before it was paused: make it slower")
	}
	if cause := s.progress("news").Cause; cause == nil || cause.Code != fleet.Paused {
		t.Errorf("the bulk waits for %+v", cause)
	}
	if one, err := s.client.MessageStatus(ctx, "one"); err != nil || one.Waiting == nil || one.Waiting.Code != fleet.Paused || !one.Waiting.Since.Equal(since) {
		t.Errorf("the message waits for %+v, %v", one.Waiting, err)
	}
	if again, err := s.client.PauseAll(ctx); err != nil || !again.Equal(since) {
		t.Errorf("paused again since %s, %v", again, err)
	}
	if !quiet() || s.out.count() != sent {
		t.Error("something was sent while everything is paused")
	}
	if err := s.client.ResumeAll(ctx); err != nil {
		t.Fatal(err)
	}
	if status := s.complete("news"); status.Sent != 3000 || s.out.count() < 3000 {
		t.Errorf("%+v", status)
	}
	if f := s.fate("one"); f.State != ledger.Sent {
		t.Errorf("%+v", f.Record)
	}
}
