package worker

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/task"
)

type fakeLinks struct{}

func (fakeLinks) Unsubscribe(s link.Subscriber) string {
	return "https://m.example/" + string(s.Channel) + "/" + s.Address + "/" + s.Owner
}

func (fakeLinks) Media(f link.File) string { return "https://m.example/media/" + f.Name + "/" + f.Blob }

// An SMS carries addresses: files that have none get a link to the API, and their bytes wait there.
func TestMediaLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker(func(o *Options) { o.Links = fakeLinks{} })
	const png = "iVBORw0KGgo="
	d := bulk.Definition{ID: "mms", Messages: []bulk.Part{{
		Channel: message.SMS, Content: task.Content{Text: "Hi", Format: "text"}, Attachments: []message.Ref{{Name: "a.png", Inline: png}},
	}}}
	s.complete(s.start(d, rows(bulk.Recipient{Phone: "+15005550006"}, bulk.Recipient{Phone: "+15005550007"})))
	if s.out.count() != 2 {
		t.Fatalf("%d sent", s.out.count())
	}
	for _, m := range s.out.mails {
		sha := blob.Hash(m.Attachments[0].Data)
		if want := "https://m.example/media/a.png/" + sha; m.Attachments[0].URL != want {
			t.Errorf("URL %q, want %q", m.Attachments[0].URL, want)
		}
		if _, err := blob.New(s.rdb).Blob(context.Background(), sha); err != nil {
			t.Error(err)
		}
	}
}

// Each recipient gets a link of their own, in the header and for the template; data can't replace it.
func TestUnsubscribeLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker(func(o *Options) { o.Links = fakeLinks{} })
	d := bulk.Definition{ID: "links", Messages: []bulk.Part{{
		Channel: message.Email, From: "help@acme.example", Unsubscribe: true,
		Content: task.Content{Text: "{{unsubscribe.url}}", Format: "text", Subject: "Hi", Template: "none"},
	}}}
	s.complete(s.start(d, rows(
		bulk.Recipient{Email: "a@example.com"},
		bulk.Recipient{Email: "b@example.com", Context: json.RawMessage(`{"unsubscribe":{"url":"https://evil.example"}} `)},
	)))
	message := map[string]string{"a@example.com": "links+0.0.email", "b@example.com": "links+0.1.email"} // the link says of which it was
	for _, m := range s.out.mails {
		if want := "https://m.example/email/" + m.To[0].Addr + "/" + message[m.To[0].Addr]; m.Unsubscribe != want || strings.TrimSpace(m.Text) != want {
			t.Errorf("header %q, text %q, want %q", m.Unsubscribe, m.Text, want)
		}
	}
	if s.out.count() != 2 {
		t.Errorf("%d sent", s.out.count())
	}
}

// Without a public URL such a message waits for an operator rather than going out without its link.
func TestNoUnsubscribeLinks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	letter := task.Message{
		ID: "one", Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Unsubscribe: true,
		Content: task.Content{Text: "Hi", Subject: "Hi"},
	}
	if _, err := s.client.Message(context.Background(), letter); err != nil {
		t.Fatal(err)
	}
	s.await("it waits for its next try", func() bool {
		n, err := s.rdb.ZCard(context.Background(), "asynq:{message:email}:retry").Result()
		return err == nil && n == 1
	})
	if s.out.count() != 0 {
		t.Error("it was sent")
	}
}
