package transcript

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/task"
)

var update = flag.Bool("update", false, "write what came out into the golden files")

func newForwarder(t testing.TB) *Forwarder {
	t.Helper()
	r, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// builtIn is the catalog that Herald brings along.
var builtIn = sync.OnceValues(func() (*catalog.Catalog, error) { return catalog.Load(templates.Catalog()) })

// makeOne makes the transcript of a conversation with the built-in templates.
func makeOne(t testing.TB, w *Forwarder, f task.Forward, talk []byte) (*Made, error) {
	t.Helper()
	if f.ID == "" {
		f.ID = "golden"
	}
	if f.From == "" {
		f.From = "Robin <robin@desk.example>"
	}
	if f.To == "" {
		f.To = "partner@example.org"
	}
	catalog, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Bundle(catalog, f)
	if err != nil {
		return nil, err
	}
	p, err := w.Open(b)
	if err != nil {
		return nil, err
	}
	return w.Make(context.Background(), p, f, talk)
}

// A golden transcript is a text file: settings, the conversation, and what must come out. What stands under "absent",
// a line each, must be nowhere in the mail, and neither in the context that templates get; what stands under "absent.html"
// must not be in its HTML.
func TestGoldenTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden transcripts", err)
	}
	w := newForwarder(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := settingsOf(t, archive)
			talk := section(archive, "conversation.json")
			made, err := makeOne(t, w, f, talk)
			got := map[string]string{"error": ""}
			if err != nil {
				got["error"] = err.Error() + "\n"
			} else {
				raw, composeErr := email.Compose(made.Message, time.Unix(0, 0).UTC())
				if composeErr != nil {
					t.Fatal(composeErr)
				}
				got["subject"], got["text"], got["said"] = made.Message.Subject+"\n", made.Message.Text, saidOf(t, w, f, talk)
				absent(t, section(archive, "absent"), string(raw), made.Message.HTML, made.Message.Text, made.Message.Subject, contextOf(t, w, f, talk))
				absent(t, section(archive, "absent.html"), made.Message.HTML)
			}
			for i, s := range archive.Files {
				want, ok := got[s.Name]
				if !ok || string(s.Data) == want {
					continue
				}
				if *update {
					archive.Files[i].Data = []byte(want)
					continue
				}
				t.Errorf("%s is\n%s\nwant\n%s", s.Name, want, s.Data)
			}
			if err != nil && section(archive, "error") == nil {
				t.Errorf("error %v", err)
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// settingsOf reads the lines "key: value" above the sections; those that begin with # are for people.
func settingsOf(t *testing.T, a *txtar.Archive) task.Forward {
	t.Helper()
	f := task.Forward{Introduction: string(section(a, "introduction"))}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case line == "\n" || strings.HasPrefix(line, "#"):
		case key == "locale":
			f.Locale = value
		case key == "timezone":
			f.Timezone = value
		case key == "order":
			f.Order = task.ForwardOrder(value)
		case key == "attach":
			f.Attachments = strings.Split(value, ", ")
		case key == "by":
			f.ForwardedBy = &task.Agent{DisplayName: value}
		default:
			t.Fatalf("unknown setting %q", line)
		}
	}
	return f
}

func section(a *txtar.Archive, name string) []byte {
	for _, s := range a.Files {
		if s.Name == name {
			return s.Data
		}
	}
	return nil
}

// saidOf is the HTML of each message, in the transcript's order.
func saidOf(t *testing.T, w *Forwarder, f task.Forward, talk []byte) string {
	t.Helper()
	var b strings.Builder
	for _, e := range transcriptOf(t, w, f, talk).Messages {
		b.WriteString("[" + e.TextDirection + "]\n" + e.HTMLBody)
		if !strings.HasSuffix(e.HTMLBody, "\n") {
			b.WriteString("\n")
		}
	}
	return b.String()
}

func contextOf(t *testing.T, w *Forwarder, f task.Forward, talk []byte) string {
	t.Helper()
	data, err := transcriptOf(t, w, f, talk).Context()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func transcriptOf(t *testing.T, w *Forwarder, f task.Forward, talk []byte) *Transcript {
	t.Helper()
	c, err := conversation.Read(talk)
	if err != nil {
		t.Fatal(err)
	}
	files, err := c.Choose(f.Attachments)
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewTranscript(t.Context(), c, files, f, w.sanitizer)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func absent(t *testing.T, secrets []byte, places ...string) {
	t.Helper()
	for line := range strings.Lines(string(secrets)) {
		secret := strings.TrimSuffix(line, "\n")
		for i, place := range places {
			if at := strings.Index(strings.ToLower(place), strings.ToLower(secret)); at >= 0 {
				t.Errorf("%q stands in place %d: …%s…", secret, i, place[max(0, at-60):min(len(place), at+60)])
			}
		}
	}
}

// The layout that docs/forward.md shows works.
func TestLayoutOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/forward.md")
	if err != nil {
		t.Fatal(err)
	}
	_, layout, ok := strings.Cut(string(page), "```handlebars\n")
	layout, _, closed := strings.Cut(layout, "```")
	if !ok || !closed {
		t.Fatal("docs/forward.md shows no layout")
	}
	loaded, err := catalog.Load(fstest.MapFS{"emails/brief.hbs": {Data: []byte(layout)}})
	if err != nil {
		t.Fatal(err)
	}
	w := newForwarder(t)
	f := task.Forward{ID: "f", From: "a@desk.example", To: "b@partner.example", Template: "brief", Introduction: "Hello"}
	b, err := w.Bundle(loaded, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	made, err := w.Make(context.Background(), p, f, []byte(`{"messages":[
		{"direction":"in","sentAt":1770109200000,"createdBy":{"name":"Ada"},"body":"Hi & bye"},{"direction":"in","redacted":true,"body":"secret"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<p>Hello</p>", "<h3>Ada, February 3, 2026 9:00 AM UTC</h3>", "<p>Hi &amp; bye</p>", "<p>Redacted.</p>"} {
		if !strings.Contains(made.Message.HTML, want) {
			t.Errorf("%s is not in %s", want, made.Message.HTML)
		}
	}
}
