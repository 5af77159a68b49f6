package compose

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// What travels is what was rendered, addressed in the form that travels.
func TestMessage(t *testing.T) {
	s := newScene(t, message.Email)
	s.job.Message.To, s.job.Message.Cc, s.job.Message.ReplyTo = `"Ada L." <Ada@EXAMPLE.com>`, []string{"bob@bücher.example"}, "replies@acme.example"
	s.job.Message.Unsubscribe, s.text = true, "Hi {{customer.firstName}} {{unsubscribe.url}}"
	s.job.Message.Attachments = []message.Ref{pdf(100)}
	code, got := s.try(t)
	if code != "" {
		t.Fatal(got.Verdict)
	}
	m := got.Message
	for _, pair := range [][2]string{
		{m.From.String(), "Acme <help@acme.example>"}, {m.To[0].String(), "Ada L. <Ada@example.com>"}, {m.Cc[0].Addr, "bob@xn--bcher-kva.example"},
		{m.ReplyTo.Addr, "replies@acme.example"}, {m.Subject, "Hi"}, {m.Attachments[0].Type, "application/pdf"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%q, want %q", pair[0], pair[1])
		}
	}
	if m.Unsubscribe == "" || !strings.Contains(m.Text, m.Unsubscribe) || !strings.Contains(m.HTML, "Hi Ada") {
		t.Errorf("link %q, text %q", m.Unsubscribe, m.Text)
	}
}

// Format characters, which translation tools put around values, are taken out of a subject.
func TestSubjectLosesFormatCharacters(t *testing.T) {
	s := newScene(t, message.Email)
	b, err := s.cat.InlineBundle(catalog.Shortcut{Name: "x", Subject: "For {{customer.firstName}}\u202e!", Message: "Hi"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.composer(t).Renderer.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	s.job.Content = NewContent(p)
	s.job.Message.Context = json.RawMessage(`{"customer":{"firstName":"\u2068Ada\u2069"}}`)
	if code, got := s.try(t); code != "" || got.Message.Subject != "For Ada!" || got.Content.Subject != "For Ada!" {
		t.Errorf("%q %+v", code, got.Message)
	}
}

// A channel that carries addresses of files gets links to those that have none; a bulk's messages share the files themselves.
func TestFilesOfAnSMSAreLinked(t *testing.T) {
	s := newScene(t, message.SMS)
	c := s.composer(t)
	files, err := c.Find(t.Context(), s.job.policy(), []message.Ref{pdf(100)})
	if err != nil {
		t.Fatal(err)
	}
	s.job.Files = files
	s.open(t, c)
	got, err := c.Try(t.Context(), s.job)
	if err != nil || got.Message == nil || !strings.HasPrefix(got.Message.Attachments[0].URL, "https://") {
		t.Fatalf("%v, %+v", err, got)
	}
	if files.list[0].URL != "" {
		t.Error("the shared file was changed")
	}
}

// People see the content also of a message that nobody gets, and what is wrong with a template before all else.
func TestShow(t *testing.T) {
	for name, test := range map[string]struct {
		do      func(*scene)
		code    string
		content bool
	}{
		"good":                  {func(*scene) {}, "", true},
		"suppressed":            {func(s *scene) { s.job.Suppressed = []*suppress.Entry{{Reason: "complaint"}} }, "complaint", true},
		"no address":            {func(s *scene) { s.job.Message.To = "" }, "no_address", true},
		"unsubscribed by link":  {func(s *scene) { s.job.Message.To, s.job.Message.Unsubscribe = "", true }, "no_address", true},
		"a template that fails": {func(s *scene) { s.job.Message.To, s.job.Message.Context = "", []byte("[]") }, "render_error", false},
	} {
		s := newScene(t, message.Email)
		test.do(s)
		c := s.composer(t)
		s.open(t, c)
		got, err := c.Show(t.Context(), s.job)
		code := ""
		if got.Verdict != nil {
			code = got.Verdict.Code
		}
		if err != nil || code != test.code || (got.Content != nil) != test.content {
			t.Errorf("%s: %q, content %v, %v", name, code, got.Content, err)
		}
	}
}

// Actions alone are admitted or not; no message is made of them.
func TestActionsAlone(t *testing.T) {
	s := newScene(t, message.Email)
	s.job.Message.Channel, s.job.Message.To, s.job.Message.Actions = "", "", &task.Actions{Status: "done"}
	got, err := s.composer(t).Try(t.Context(), s.job)
	if err != nil || got.Message != nil || got.Verdict != nil {
		t.Errorf("%+v, %v", got, err)
	}
	s.job.Message.Context = nil
	if got, err := s.composer(t).Try(t.Context(), s.job); err != nil || got.Verdict == nil || got.Verdict.Code != "no_conversation" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Content that nobody can get is a verdict for everyone; content that is there is compiled once.
func TestOpen(t *testing.T) {
	s := newScene(t, message.Email)
	c := s.composer(t)
	for name, content := range map[string]task.Content{
		"an unknown shortcut": {Shortcut: "none"},
		"a torn template":     {Text: "{{#if x}}", Subject: "Hi"},
		"an unknown layout":   {Text: "x", Subject: "x", Template: "nowhere"},
		"forgotten sources":   {Sources: strings.Repeat("0", 64)},
	} {
		_, err := c.Open(t.Context(), content)
		var v *Verdict
		if !errors.As(err, &v) || v.Code != "template_error" {
			t.Errorf("%s: %v", name, err)
		}
	}
	first, err := c.Open(t.Context(), task.Content{Shortcut: "tagged"})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Open(t.Context(), task.Content{Shortcut: "tagged"}); err != nil || again != first {
		t.Errorf("compiled twice: %v", err)
	}
	sources, err := Pin(t.Context(), c.Blobs, time.Hour, s.cat, task.Content{Shortcut: "tagged"})
	if err != nil {
		t.Fatal(err)
	}
	if pinned, err := c.Open(t.Context(), task.Content{Shortcut: "tagged", Sources: sources}); err != nil || pinned.Prepared().Bundle().Hash() != first.Prepared().Bundle().Hash() {
		t.Errorf("pinned content differs: %v", err)
	}
}

// A bulk's parts are judged once; its messages share content and files, and a recipient's own files are looked up for them alone.
func TestOpenBulk(t *testing.T) {
	s := newScene(t, message.Email)
	s.rules.NoBulk = map[message.Channel]error{message.Chat: errors.New("not for many")}
	c := s.composer(t)
	d := bulk.Definition{ID: "b", Layout: task.Layout, Messages: []bulk.Part{
		{Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"}, Attachments: []message.Ref{pdf(100)}},
		{Channel: message.Chat, Content: task.Content{Text: "Hi"}},
		{Channel: message.Note, Content: task.Content{Shortcut: "none"}},
	}}
	var pinned []message.Channel
	b, err := c.OpenBulk(t.Context(), d, func(c message.Channel, sources string) (string, error) {
		pinned = append(pinned, c)
		return sources, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(pinned, []message.Channel{message.Email}) {
		t.Errorf("pinned for %v", pinned)
	}
	r := bulk.Recipient{Email: "ada@example.com", Conversation: "c77"}
	for slot, want := range []string{"", "bulk_refused", "template_error"} {
		got, err := c.Try(t.Context(), b.Job(0, slot, r, nil))
		code := ""
		if got.Verdict != nil {
			code = got.Verdict.Code
		}
		if err != nil || code != want {
			t.Errorf("slot %d: %q, %v", slot, code, err)
		}
	}
	shared, own := b.Job(0, 0, r, nil), b.Job(0, 0, bulk.Recipient{Email: "bob@example.com", Attachments: []message.Ref{file("own.txt", "x")}}, nil)
	if shared.Files == nil || own.Files != nil {
		t.Errorf("files %v, %v", shared.Files, own.Files)
	}
	if got, err := c.Try(t.Context(), own); err != nil || got.Message == nil || len(got.Message.Attachments) != 2 {
		t.Errorf("%+v, %v", got.Verdict, err)
	}
	if _, err := c.OpenBulk(t.Context(), d, func(message.Channel, string) (string, error) { return "", errors.New("Redis") }); err == nil || err.Error() != "Redis" {
		t.Errorf("trouble with pinning: %v", err)
	}
}

func TestAboutWhom(t *testing.T) {
	for _, test := range []struct {
		channel                message.Channel
		context, own           string
		conversation, customer string
	}{
		{message.Email, `{"conversation":{"id":"c1"},"customer":{"id":"u1"}}`, "c2", "c1", "u1"},
		{message.Email, `{"customer":{"id":17}}`, "c2", "c2", "17"},
		{message.Email, `{}`, "", "", ""},
		{message.Email, `not JSON`, "", "", ""},
		{message.Email, `{"conversation":{"id":{"no":1}}}`, "", "", ""},
		{message.SMS, `{}`, "", "", ""},
		{message.Chat, `{}`, "", "to", ""},
		{message.Note, `{}`, "", "to", ""},
		{"", `{}`, "", "", ""},
	} {
		conversation, customer := AboutWhom(task.Message{Channel: test.channel, To: "to", Context: json.RawMessage(test.context)}, test.own)
		if conversation != test.conversation || customer != test.customer {
			t.Errorf("%s %s: %q, %q", test.channel, test.context, conversation, customer)
		}
	}
}

// The link comes last in the context, so that it wins over one that came along.
func TestWithUnsubscribe(t *testing.T) {
	for context, want := range map[string]string{
		`{}`:                             `{"unsubscribe":{"url":"u\"&"}}`,
		` { } `:                          ` { "unsubscribe":{"url":"u\"&"}}`,
		`{"a":1}`:                        `{"a":1,"unsubscribe":{"url":"u\"&"}}`,
		`{"unsubscribe":{"url":"own"}} `: `{"unsubscribe":{"url":"own"},"unsubscribe":{"url":"u\"&"}}`,
	} {
		got := string(withUnsubscribe([]byte(context), `u"&`))
		if strings.ReplaceAll(got, `\u0026`, "&") != want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, want %s", context, got, want)
		}
	}
}

func TestAddresses(t *testing.T) {
	j := Job{Message: task.Message{Channel: message.Email, To: "A <a@EXAMPLE.com>", Cc: []string{"none"}, Bcc: []string{"c@example.com"}}}
	if got := j.Addresses(); !slices.Equal(got, []string{"a@example.com", "", "c@example.com"}) {
		t.Errorf("%q", got)
	}
	j.To = []address.Address{{Addr: "x@example.com"}, {Addr: "y@example.com"}}
	if got := j.Addresses(); !slices.Equal(got, []string{"x@example.com", "y@example.com"}) {
		t.Errorf("of a forward: %q", got)
	}
	for country, want := range map[string]string{"GB": "+447912345678", "": ""} {
		if got := Travelling(message.SMS, country, "07912 345678"); got != want {
			t.Errorf("in %q: %q", country, got)
		}
	}
}

// What CheckRecipient lets pass of a recipient, Address takes.
func TestCheckRecipient(t *testing.T) {
	for _, c := range message.Channels {
		for _, to := range []string{somebody[c.Address()], "nobody\u0007", "07912345678", "+1"} {
			m := task.Message{ID: "m", Channel: c, From: "help@acme.example", To: to}
			if c.Address() == address.Phone {
				m.From = ""
			}
			_, err := Address(m, nil)
			if early := CheckRecipient(m); c.Address() != address.Mailbox && (early == nil) != (err == nil) {
				t.Errorf("%s %q: %v, then %v", c, to, early, err)
			}
		}
	}
}

// Links for a look are as long as real ones, so that what is seen has the size of what is sent.
func TestSampleLinksAreAsLong(t *testing.T) {
	real, err := link.New(link.Options{PublicURL: "https://herald.example", Secrets: []string{strings.Repeat("s", 32)}})
	if err != nil {
		t.Fatal(err)
	}
	near := func(a, b string) bool {
		return len(a) > len(b)*3/4 && len(a) < len(b)*5/4 && strings.HasPrefix(a, "https://")
	}
	ada := link.Subscriber{Channel: message.Email, Address: "ada@example.com", Owner: "bulk", Topic: "news", Locale: "pt-BR", Sender: strings.Repeat("Fernhill ", 9)}
	if a, b := (SampleLinks{}).Unsubscribe(ada), real.Unsubscribe(ada); !near(a, b) {
		t.Errorf("%d characters for %d", len(a), len(b))
	}
	f := link.File{Blob: strings.Repeat("0", 64), Name: "menu.pdf", Type: "application/pdf"}
	if a, b := (SampleLinks{}).Media(f), real.Media(f); !near(a, b) {
		t.Errorf("%d characters for %d", len(a), len(b))
	}
}

// The catalog's files are found behind what was put beside them, and an unknown blob is fs.ErrNotExist to the resolver.
func TestLocalBlobs(t *testing.T) {
	cat, err := catalog.Load(rendertest.Folder("attachments/a.pdf", "%PDF-1.7", "shortcuts/x.yaml", "subject: x\nmessage: x\nattachments: [a.pdf]\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, message.Note)
	s.cat = cat
	c := s.composer(t)
	content, err := c.Open(t.Context(), task.Content{Shortcut: "x"})
	if err != nil {
		t.Fatal(err)
	}
	s.job.Content = content
	if got, err := c.Try(context.Background(), s.job); err != nil || got.Message == nil || string(got.Message.Attachments[0].Data) != "%PDF-1.7" {
		t.Errorf("%+v, %v", got, err)
	}
}

// BenchmarkCompose is what a message costs from its task to what travels, BenchmarkCheck what of that its channel's check
// takes, which the sender asks again.
func BenchmarkCompose(b *testing.B) { benchmark(b, false) }
func BenchmarkCheck(b *testing.B)   { benchmark(b, true) }

func benchmark(b *testing.B, check bool) {
	for _, c := range message.Channels {
		b.Run(string(c), func(b *testing.B) {
			s := newScene(b, c)
			s.text = strings.Repeat("Hi {{customer.firstName}}, your order is on its way. ", 20)
			composer := s.composer(b)
			s.open(b, composer)
			s.job.Files = &Files{}
			made, err := composer.Try(b.Context(), s.job)
			if err != nil || made.Message == nil {
				b.Fatal(err, made.Verdict)
			}
			b.ReportAllocs()
			for b.Loop() {
				if check {
					err = s.rules.Checks[c](made.Message)
				} else {
					_, err = composer.Try(b.Context(), s.job)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
