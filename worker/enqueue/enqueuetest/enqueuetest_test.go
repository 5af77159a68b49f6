package enqueuetest_test

import (
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/enqueue/enqueuetest"
)

func letter(id string) enqueue.Message {
	return enqueue.Message{
		ID: id, Channel: enqueue.Email, From: "Fernhill <stay@fernhill.example>", To: "ada@example.com",
		Content: enqueue.Content{Subject: "Hello", Text: "Hi {{customer.firstName}}"},
	}
}

// A service's test sees what was enqueued, and decides what became of it.
func TestFake(t *testing.T) {
	ctx := t.Context()
	fake := enqueuetest.New(t)
	later := letter("b")
	later.SendAt = time.Now().Add(time.Hour)
	receipts, err := fake.Client.Messages(ctx, []enqueue.Message{letter("a"), later, letter("c")})
	if err != nil || len(receipts) != 3 {
		t.Fatal(receipts, err)
	}
	if got := fake.Messages(); len(got) != 3 || got[0].ID != "a" || got[0].To != "ada@example.com" || got[1].SendAt.IsZero() {
		t.Errorf("%+v", got)
	}
	if again, err := fake.Client.Enqueue(ctx, letter("a")); err != nil || !again.Already {
		t.Errorf("%+v, %v", again, err)
	}
	other := letter("a")
	other.Text = "Bye"
	if _, err := fake.Client.Message(ctx, other); !errors.Is(err, enqueue.ErrConflict) {
		t.Errorf("%v", err)
	}
	if err := fake.Client.Reschedule(ctx, "b", time.Now().Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	if err := fake.Client.CancelMessage(ctx, "c"); err != nil {
		t.Error(err)
	}
	fake.Settle("a", enqueue.Failed, "smtp_550")
	status, err := fake.Client.MessageStatus(ctx, "a")
	if err != nil || status.State != enqueue.Failed || status.Reason.Code != "smtp_550" {
		t.Errorf("%+v, %v", status, err)
	}
	if got := fake.Messages(); len(got) != 1 || got[0].ID != "b" {
		t.Errorf("left: %+v", got)
	}
}

func audience(to ...string) iter.Seq2[enqueue.Recipient, error] {
	return func(yield func(enqueue.Recipient, error) bool) {
		for _, one := range to {
			if !yield(enqueue.Recipient{To: one}, nil) {
				return
			}
		}
	}
}

// A bulk is stored with its audience, and may be sent again by whoever got no answer.
func TestFakeBulk(t *testing.T) {
	fake := enqueuetest.New(t)
	news := enqueue.Bulk{ID: "news", Messages: []enqueue.Part{{Channel: enqueue.Email, From: "stay@fernhill.example", Content: enqueue.Content{Shortcut: "news"}}}}
	for range 2 {
		if id, err := fake.Client.Bulk(t.Context(), news, audience("ada@example.com", "bob@example.com"), enqueue.BulkOptions{}); err != nil || id != "news" {
			t.Fatal(id, err)
		}
	}
	if got := fake.Bulks(); len(got) != 1 || got[0] != "news" {
		t.Errorf("%v", got)
	}
	if got := fake.Recipients("news"); len(got) != 2 || got[1].Email != "bob@example.com" {
		t.Errorf("%+v", got)
	}
	news.ID, news.Messages = "two", append(news.Messages, enqueue.Part{Channel: enqueue.SMS, Content: enqueue.Content{Text: "Hi"}})
	var row *enqueue.RowError
	if _, err := fake.Client.Bulk(t.Context(), news, audience("ada@example.com"), enqueue.BulkOptions{}); !errors.As(err, &row) {
		t.Errorf("one address on two channels: %v", err)
	}
	if len(fake.Bulks()) != 1 {
		t.Error("it was started")
	}
}
