package worker

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// What was sent is known for as long as is said. Until then its id is taken; after that the same id is another message,
// forward or bulk, although the queue still knows the tasks of the first, and nothing of the first is left in the books.
func TestRetention(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	const retention = 3 * time.Second
	var err error
	if err := s.client.Close(); err != nil {
		t.Fatal(err)
	}
	if s.client, err = enqueue.New(enqueue.Options{Redis: s.rdb, Log: s.log, Retention: retention}); err != nil {
		t.Fatal(err)
	}
	s.worker(func(o *Options) {
		if o.Ledger, err = ledger.New(ledger.Options{Redis: s.rdb, Log: s.log, Retention: retention}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = o.Ledger.Close() })
	})
	const talk = `{"messages":[{"id":"m1","channel":"email","direction":"in","sentAt":"2026-01-02T03:04:05Z","body":"Hi"}]}`
	enqueueAll := func(text string) error {
		m := letterTo("same", "ada@example.com")
		m.Content = task.Content{Text: text, Subject: "Hi"}
		_, one := s.client.Message(ctx, m)
		_, two := s.client.Forward(ctx, task.Forward{ID: "same", From: "help@acme.example", To: "ada@example.com", Introduction: text}, []byte(talk))
		d := bulk.Definition{ID: "same", Messages: []bulk.Part{{Channel: "email", From: "help@acme.example", Content: task.Content{Text: text, Subject: "Hi"}}}}
		_, three := s.client.Bulk(ctx, d, people(2), enqueue.BulkOptions{})
		for _, err := range []error{one, two, three} {
			if errors.Is(err, enqueue.ErrConflict) != errors.Is(one, enqueue.ErrConflict) {
				t.Errorf("they differ: %v, %v, %v", one, two, three)
			}
		}
		return errors.Join(one, two, three)
	}
	for round, text := range []string{"first", "second"} {
		began := time.Now()
		if err := enqueueAll(text); err != nil {
			t.Fatal(err)
		}
		s.await("all is sent", func() bool { return s.out.count() == 4*(round+1) })
		if err := enqueueAll("another"); !errors.Is(err, enqueue.ErrConflict) && time.Since(began) < retention {
			t.Errorf("another one while the first is known: %v", err)
		}
		s.await("nothing is known any more", func() bool {
			keys, err := s.rdb.Keys(ctx, "herald:*{same*").Result()
			if err != nil {
				t.Fatal(err)
			}
			return len(keys) == 0
		})
		if _, err := s.client.MessageStatus(ctx, "same"); !errors.Is(err, ledger.ErrNotFound) {
			t.Error(err)
		}
		if _, err := s.client.Bulks().Status(ctx, "same"); !errors.Is(err, bulk.ErrNotFound) {
			t.Error(err)
		}
	}
}
