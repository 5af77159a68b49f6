package worker

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// A bulk of whose last messages too many fail pauses by itself, says so, and goes on when a person wants it to.
func TestBulksPauseByThemselves(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	var blocked atomic.Bool
	var tries atomic.Int64
	blocked.Store(true)
	s.out.answer = func(m *message.Message, _ int) error {
		n := tries.Add(1)
		if blocked.Load() || n%10 == 0 { // 10 % fail anyway: that is allowed
			return &send.Error{Permanent: true, Code: "smtp_554", Reply: "554 5.7.1 blocked"}
		}
		return nil
	}
	above := func(o *Options) { o.PauseAbove = 20 }
	s.worker(r.on(s), above)
	s.worker(r.on(s), above)
	news := bulk.Definition{ID: "news", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}
	s.start(news, people(5000))
	s.await("it paused", func() bool { return s.progress("news").State == bulk.Pausing })
	s.await("what was in flight is settled", func() bool {
		before := s.progress("news").Settled()
		time.Sleep(time.Second) // between two looks: a message takes less
		p := s.progress("news")
		return p.Settled() == before && p.Failed > 500
	})
	p := s.progress("news")
	if p.Failed > 500+2*2*200 { // and what was in flight: two chunks a worker
		t.Errorf("%d failed before it paused", p.Failed)
	}
	if p.Cause == nil || p.Cause.Code != "failure_share" || !strings.Contains(p.FailureShare, " of ") {
		t.Errorf("%+v, cause %+v", p, p.Cause)
	}
	s.await("its owner knows", func() bool {
		n := 0
		for _, e := range r.events() {
			if e.Type == "bulk.paused" {
				n++
			}
		}
		return n == 1
	})
	blocked.Store(false)
	if err := s.client.ResumeBulk(t.Context(), "news"); err != nil {
		t.Fatal(err)
	}
	if status := s.complete("news"); status.Sent < 3000 || status.FailureShare != "" {
		t.Errorf("%+v", status)
	}
}
