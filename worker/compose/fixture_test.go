package compose

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/chat"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/note"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// somebody is a good recipient of each kind.
var somebody = map[address.Kind]string{address.Mailbox: "ada@example.com", address.Phone: "+447912345678", address.Conversation: "c77"}

// scene is one message, good until something is done to it, and the site that it is composed at.
type scene struct {
	job   Job
	rules Rules
	text  string // of the template; subject is the same for all
	cat   *catalog.Catalog
	// checked: lint is asked, as for content that is enqueued.
	checked bool
	limits  render.Limits
	files   Attachments // those of a resolver when nil
}

// newScene is a message on a channel that nothing is wrong with.
func newScene(t testing.TB, c message.Channel) *scene {
	t.Helper()
	cat, err := catalog.Load(rendertest.Folder("shortcuts/tagged.yaml", "subject: Hi\nmessage: Hi {{customer.firstName}}\ntags: [a, b, c, d, e, f, g, h, i, j]\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := task.Message{
		ID: "m1", Channel: c, To: somebody[c.Address()], Context: json.RawMessage(`{"customer":{"firstName":"Ada"},"conversation":{"id":"c77"}}`),
	}
	if c.Spec().Mail {
		m.From = "Acme <help@acme.example>"
	}
	return &scene{
		job: Job{Message: m, Owner: m.ID}, cat: cat, text: "Hi {{customer.firstName}}",
		rules: Rules{Links: SampleLinks{}, Events: true, Checks: map[message.Channel]func(*message.Message) error{
			message.Email: email.Check, message.SMS: sms.Check, message.Chat: chat.Check, message.Note: note.Check,
		}},
	}
}

// composer makes the site.
func (s *scene) composer(t testing.TB) *Composer {
	t.Helper()
	r, err := render.New(render.Options{Limits: s.limits})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewLocal(s.cat, r, s.rules)
	if err != nil {
		t.Fatal(err)
	}
	if s.files != nil {
		c.Attachments = s.files
	}
	return c
}

// open compiles the content, unless the job has some.
func (s *scene) open(t testing.TB, c *Composer) {
	t.Helper()
	if s.job.Content != nil {
		return
	}
	b, err := BundleOf(s.cat, task.Content{Text: s.text, Subject: "Hi"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Renderer.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	if s.job.Content = NewContent(p); s.checked {
		s.job.Content = s.job.Content.Checked(s.cat)
	}
}

// try says what becomes of the message: a verdict's or a trouble's code, "" for a message that travels.
func (s *scene) try(t testing.TB) (string, Composed) {
	t.Helper()
	c := s.composer(t)
	s.open(t, c)
	got, err := c.Try(context.Background(), s.job)
	var trouble *Trouble
	switch {
	case errors.As(err, &trouble):
		return trouble.Code, got
	case err != nil:
		t.Fatal(err)
	case (got.Verdict == nil) == (got.Message == nil):
		t.Errorf("message %v and verdict %v", got.Message, got.Verdict)
	case got.Verdict != nil:
		if got.Verdict.Text == "" || got.Verdict.State.String() == "" {
			t.Errorf("a verdict without words or state: %+v", got.Verdict)
		}
		return got.Verdict.Code, got
	}
	return "", got
}

// file is a reference with the bytes in it.
func file(name, data string) message.Ref {
	return message.Ref{Name: name, Inline: base64.StdEncoding.EncodeToString([]byte(data))}
}

// pdf is a file of a size that may be attached to everything.
func pdf(size int) message.Ref { return file("a.pdf", "%PDF-1.7\n"+strings.Repeat(" ", size-9)) }

// brokenFiles are attachments that end in err, or in a panic where there is none.
type brokenFiles struct{ err error }

func (b brokenFiles) Resolve(context.Context, attach.Policy, []message.Ref) ([]message.Attachment, error) {
	if b.err == nil {
		panic("broken on purpose")
	}
	return nil, b.err
}

// past and future are times on either side of any test.
var (
	past   = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	future = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
)
