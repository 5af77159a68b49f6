package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

func TestContentThatCannotBePrepared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content task.Content
		want    string
	}{
		"unknown shortcut":    {task.Content{Shortcut: "helo"}, "failed template_error"},
		"broken template":     {task.Content{Text: "Hi {{#if a}}", Subject: "x"}, "failed template_error"},
		"unknown helper":      {task.Content{Text: "{{dateFmt a b}}", Subject: "x"}, "failed template_error"},
		"lost sources":        {task.Content{Shortcut: "hello", Sources: strings.Repeat("0", 64)}, "failed template_error"},
		"a mistyped field":    {task.Content{Text: "Dear {{customer.fristName}}", Subject: "x"}, "failed template_invalid"},
		"in the subject":      {task.Content{Text: "Dear", Subject: "For {{custmer.firstName}}"}, "failed template_invalid"},
		"an unknown zone":     {task.Content{Text: "{{dateFormat customer.createdAt format='ll' timezone='Mars/Phobos'}}", Subject: "x"}, "failed template_invalid"},
		"an empty message":    {task.Content{Text: "{{customer.custom.noneStr}}", Subject: "x"}, "failed empty_message"},
		"an empty subject":    {task.Content{Text: "x", Subject: "{{customer.custom.noneStr}}"}, "failed empty_message"},
		"mistyped on purpose": {task.Content{Text: "Dear {{customer.fristName}}", Subject: "x", Lint: task.LintOff}, "sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.worker()
			id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: c.content}}}, 3)
			s.complete(id)
			s.want(id, map[string]int{c.want: 3})
			if sent := s.out.count(); (sent == 0) != (c.want != "sent") {
				t.Errorf("%d were sent", sent)
			}
		})
	}
}

// A bulk over an account that must not carry one is refused, recipient by recipient; single messages go.
func TestNoBulk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker(func(o *Options) {
		o.NoBulk = map[message.Channel]error{message.Email: errors.New("a personal account")}
	})
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 3)
	s.complete(id)
	s.want(id, map[string]int{"failed bulk_refused": 3})
	if s.out.count() != 0 {
		t.Error("something was sent")
	}
}

func TestSkipOnIssue(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Text: "Hi {{customer.lastName}}", Subject: "Hi"}}}, OnIssue: task.SkipOnIssue}, 2)
	s.complete(id)
	s.want(id, map[string]int{"skipped missing_field": 2})
}

// Everyone gets the shortcut's file and the bulk's; a recipient's own comes on top, within one limit.
func TestAttachments(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	ref, err := s.client.Attach(context.Background(), "terms.txt", "", []byte("terms\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows := func(yield func(bulk.Recipient, error) bool) {
		_ = yield(bulk.Recipient{Email: "a@example.com"}, nil) &&
			yield(bulk.Recipient{Email: "b@example.com", Attachments: []message.Ref{{Name: "own.txt", Inline: "b3du"}}}, nil)
	}
	id, err := s.client.Bulk(context.Background(), bulk.Definition{Messages: []bulk.Part{{
		Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "with_guide"}, Attachments: []message.Ref{ref},
	}}}, rows, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.complete(id)
	s.want(id, map[string]int{"sent": 2})
	got := map[string]string{}
	for _, m := range s.out.mails {
		for _, a := range m.Attachments {
			got[m.To[0].Addr] += a.Name + "=" + strings.TrimSpace(string(a.Data)) + " "
		}
	}
	want := map[string]string{
		"a@example.com": "guide.txt=how to terms.txt=terms ",
		"b@example.com": "guide.txt=how to terms.txt=terms own.txt=own ",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("attachments %v, want %v", got, want)
	}
}

// A bulk keeps the sources it started with, whatever becomes of the worker's catalog.
func TestSourcesArePinned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.worker()
	s.out.answer = func(*message.Message, int) error { return &send.Error{Account: true, Code: "smtp_connect"} }
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 5)
	s.await("someone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) > 0 })
	stop()
	s.out.answer = nil
	s.worker(func(o *Options) {
		changed := fstest.MapFS{"shortcuts/hello.yaml": {Data: []byte("name: hello\nsubject: Changed\nmessage: Changed\n")}}
		loaded, err := catalog.Load(changed)
		if err != nil {
			t.Fatal(err)
		}
		o.Catalog = func() *catalog.Catalog { return loaded }
	})
	s.complete(id)
	for _, m := range s.out.mails {
		if !strings.HasPrefix(m.Subject, "Hello") {
			t.Errorf("subject %q", m.Subject)
		}
	}
}

// A message that brings no sources is rendered from the templates as they are when it is sent; a broken edit of them
// keeps the last good ones.
func TestTemplatesFollowTheirFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shortcuts"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "shortcuts", "hello.yaml"), []byte("subject: Hello\nmessage: "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	reloads := make(chan error, 10)
	live, err := catalog.NewLive(catalog.LiveOptions{FS: os.DirFS(dir), Interval: 10 * time.Millisecond, OnReload: func(_ *catalog.Catalog, err error) { reloads <- err }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go live.Watch(ctx)
	s := newSite(t)
	s.worker(func(o *Options) { o.Catalog = live.Catalog })
	wants := func(id, want string) {
		t.Helper()
		letter := task.Message{ID: id, Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Shortcut: "hello"}}
		if _, err := s.client.Message(ctx, letter); err != nil {
			t.Fatal(err)
		}
		n := s.out.count()
		s.await("the message is sent", func() bool { return s.out.count() > n })
		if got := strings.TrimSpace(s.out.mails[n].Text); got != want {
			t.Errorf("message %s says %q, want %q", id, got, want)
		}
	}
	wants("first", "one")
	write("two and more")
	if err := <-reloads; err != nil {
		t.Fatal(err)
	}
	wants("second", "two and more")
	write(`"{{#if x}}"`)
	if err := <-reloads; err == nil {
		t.Fatal("a broken edit was taken")
	}
	wants("third", "two and more")
}
