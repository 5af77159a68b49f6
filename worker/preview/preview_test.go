package preview_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/channel/chat"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/note"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/preview"
	"github.com/heraldsend/herald/worker/task"
)

func newPreviewer(t testing.TB) *preview.Previewer {
	t.Helper()
	loaded, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := preview.New(preview.Options{Catalog: func() *catalog.Catalog { return loaded }, Renderer: renderer, Composer: composers(renderer), Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// composers goes by the rules of a site with everything set up.
func composers(r *render.Renderer) func(*catalog.Catalog) (*compose.Composer, error) {
	rules := compose.Rules{Links: compose.SampleLinks{}, Events: true, Checks: map[message.Channel]func(*message.Message) error{
		message.Email: email.Check, message.SMS: sms.Check, message.Chat: chat.Check, message.Note: note.Check,
	}}
	return func(c *catalog.Catalog) (*compose.Composer, error) { return compose.NewLocal(c, r, rules) }
}

func show(t testing.TB, p *preview.Previewer, req preview.Request) *preview.Preview {
	t.Helper()
	if req.Context == nil {
		req.Context = templates.DemoContext()
	}
	result, err := p.Render(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestEveryChannel(t *testing.T) {
	r := show(t, newPreviewer(t), preview.Request{Shortcut: templates.DemoShortcut, Locale: "fr", Source: true, Explain: true})
	if len(r.Mistakes) > 0 || len(r.Contents) != 4 {
		t.Fatalf("%+v", r)
	}
	email, sms, chat := r.Contents[0], r.Contents[1], r.Contents[2]
	if !strings.Contains(email.HTML, "Bonjour Ada,") || !strings.Contains(email.Text, "18 janvier 2019") {
		t.Errorf("the email is not French: %s", email.Text)
	}
	if email.From != "Robin Hale <robin@fernhill.example>" || email.To != "Ada Lovelace <ada.lovelace@example.com>" {
		t.Errorf("from %q to %q", email.From, email.To)
	}
	if !strings.Contains(email.EML, "Content-Disposition: attachment") || !strings.Contains(email.EML, "\r\nMIME-Version: 1.0\r\n") {
		t.Errorf("this is no whole email: %.500s", email.EML)
	}
	if len(email.Files.List) != 1 || email.Files.Total != email.Files.List[0].Size || email.Files.MaxTotal != 9_961_472 || email.Files.List[0].Max != 5_242_880 {
		t.Errorf("attachments: %+v", email.Files)
	}
	if sms.SMS == nil || len(sms.SMS.Segments) == 0 || strings.Join(sms.SMS.Segments, "") != sms.Text {
		t.Errorf("sms: %+v", sms.SMS)
	}
	if !strings.Contains(chat.HTML, "<strong>Ada</strong>") || !strings.Contains(chat.Text, "**Ada**") {
		t.Errorf("chat: %s", chat.HTML)
	}
	var subject *preview.ExplainedPart
	for i := range email.Parts {
		if email.Parts[i].Part == "subject" {
			subject = &email.Parts[i]
		}
	}
	if subject == nil || subject.Spans[0].Snippet != "sn.org_order_subject" || subject.Spans[0].File != "snippets/sn.org_order_subject.yaml" || subject.Spans[0].Language != "fr" {
		t.Errorf("explained subject: %+v", subject)
	}
}

func inline(message string) *catalog.Shortcut {
	return &catalog.Shortcut{Name: "order-issue-before-arrival", Subject: "Hello", Message: message}
}

// TestMistakesAtTheirPlace: lines count in the text that was given, though a shortcut of this name is in a file.
func TestMistakesAtTheirPlace(t *testing.T) {
	p := newPreviewer(t)
	for name, c := range map[string]struct {
		message string
		want    preview.Mistake
	}{
		"helper": {"Hi\n\n  {{dateFormt customer.id}}", preview.Mistake{Code: "unknown_helper", Suggestion: "dateFormat", Source: "  {{dateFormt customer.id}}",
			Place: preview.Place{Path: "message", Line: 3, Column: 5}}},
		"snippet": {"é [[sn.greting]]", preview.Mistake{Code: "unknown_snippet", Suggestion: "sn.greeting", Source: "é [[sn.greting]]",
			Place: preview.Place{Path: "message", Line: 1, Column: 3}}},
		"unclosed": {"a\n{{#if customer.id}}\nb", preview.Mistake{Code: "unclosed_block", Source: "{{#if customer.id}}", Place: preview.Place{Path: "message", Line: 2, Column: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := show(t, p, preview.Request{Inline: inline(c.message)})
			if len(r.Mistakes) != 1 || len(r.Contents) != 0 {
				t.Fatalf("%+v", r)
			}
			got := r.Mistakes[0]
			got.Message, got.Template, got.Fix = "", "", nil
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestOtherMistakes(t *testing.T) {
	p := newPreviewer(t)
	for name, c := range map[string]struct {
		req  preview.Request
		want string
	}{
		"nothing asked for": {preview.Request{}, "invalid"},
		"both":              {preview.Request{Shortcut: "x", Inline: inline("x")}, "invalid"},
		"no such shortcut":  {preview.Request{Shortcut: "order-issue-before-arival"}, "unknown_shortcut"},
		"context":           {preview.Request{Inline: inline("x"), Context: json.RawMessage(`{"a":1,"a":2}`)}, "context"},
		"context, a list":   {preview.Request{Inline: inline("x"), Context: json.RawMessage(`[]`)}, "context"},
		"sender":            {preview.Request{Inline: inline("x"), Message: task.Message{From: "nobody"}}, "address"},
		"layout":            {preview.Request{Inline: &catalog.Shortcut{Name: "x", EmailTemplate: "replly", Message: "x"}}, "unknown_email_template"},
		"format":            {preview.Request{Inline: &catalog.Shortcut{Name: "x", Format: "word", Message: "x"}}, "invalid"},
		"work without an end": {preview.Request{
			Inline:  inline(strings.Repeat("{{#each @root.a}}", 4) + "{{#if this}}{{/if}}" + strings.Repeat("{{/each}}", 4)),
			Context: json.RawMessage(`{"a":[1` + strings.Repeat(",1", 99) + `]}`),
		}, "limit_steps"},
	} {
		t.Run(name, func(t *testing.T) {
			r := show(t, p, c.req)
			if len(r.Mistakes) == 0 || r.Mistakes[0].Code != c.want || r.Mistakes[0].Message == "" {
				t.Errorf("%+v, want %s", r.Mistakes, c.want)
			}
		})
	}
}

func TestIssuesSayWhatWasMeant(t *testing.T) {
	r := show(t, newPreviewer(t), preview.Request{Inline: inline("a\n{{customer.fristName}}"), Channels: []catalog.Channel{catalog.SMS}})
	if len(r.Contents) != 1 || len(r.Contents[0].Issues) != 1 {
		t.Fatalf("%+v", r)
	}
	issue := r.Contents[0].Issues[0]
	if issue.Meant != "customer.firstName" || issue.Path != "message" || issue.Line != 2 || issue.Column != 3 {
		t.Errorf("%+v", issue)
	}
}

// TestRecognised: what was meant is said, with the edits that write it.
func TestRecognised(t *testing.T) {
	p := newPreviewer(t)
	for message, want := range map[string]string{
		"Hi {{#if customer.email == \"a\"}}x{{/if}}":         `condition 1:4 {{#if (eq customer.email "a")}}`,
		"a\n{{#ifCond customer.email \"==\" \"a\"}}x{{/if}}": "closing_tag 2:37 {{/ifCond}}",
		"a {{customer.first name}}":                          "field_name 1:3 {{customer.firstName}}",
		"{{#each conversation.channels}}{{this}}{{end}}":     "closing_tag 1:40 {{/each}}",
	} {
		r := show(t, p, preview.Request{Inline: inline(message)})
		if len(r.Mistakes) == 0 || len(r.Mistakes[0].Fix) == 0 {
			t.Errorf("%s: %+v", message, r.Mistakes)
			continue
		}
		m := r.Mistakes[0]
		if got := fmt.Sprintf("%s %d:%d %s", m.Code, m.Line, m.Column, m.Fix[0].Text); got != want || len(r.Mistakes) != 1 {
			t.Errorf("%s: %s, want %s; %d mistakes", message, got, want, len(r.Mistakes))
		}
	}
	r := show(t, p, preview.Request{Inline: inline("a {{customer.custom.dayAt}}"), Lint: true})
	if len(r.Warnings) != 1 || len(r.Warnings[0].Fix) != 1 || r.Warnings[0].Fix[0].Text != "{{dateFormat customer.custom.dayAt}}" {
		t.Errorf("%+v", r.Warnings)
	}
}

// TestWarnings: what this recipient doesn't see is found too.
func TestWarnings(t *testing.T) {
	r := show(t, newPreviewer(t), preview.Request{Inline: inline("a\n{{#unless customer.id}}{{customer.fristName}}{{/unless}}"), Lint: true})
	if len(r.Mistakes) > 0 || len(r.Contents) != 4 || len(r.Contents[0].Issues) > 0 {
		t.Fatalf("%+v", r)
	}
	if len(r.Warnings) != 1 || r.Warnings[0].Code != "unknown_field" || r.Warnings[0].Path != "message" || r.Warnings[0].Line != 2 {
		t.Errorf("%+v", r.Warnings)
	}
}

// TestDataStaysData: what a customer typed comes out as these characters everywhere.
func TestDataStaysData(t *testing.T) {
	context := json.RawMessage(`{"customer":{"firstName":"{{secret}} [[sn.signature]] <script>alert(1)</script>","email":"a@example.com"},"secret":"S3CRET"}`)
	r := show(t, newPreviewer(t), preview.Request{Inline: &catalog.Shortcut{Name: "x", Subject: "Hi {{customer.firstName}}", Message: "Hi {{customer.firstName}}"}, Context: context, Source: true})
	if len(r.Mistakes) > 0 {
		t.Fatalf("%+v", r.Mistakes)
	}
	for _, c := range r.Contents {
		whole := c.Subject + c.HTML + c.Text + c.EML
		if strings.Contains(whole, "S3CRET") || !strings.Contains(c.Text, "secret") {
			t.Errorf("%s: data was read as a template: %s", c.Channel, whole)
		}
		if strings.Contains(strings.ToLower(c.HTML), "<script") {
			t.Errorf("%s: a script in %s", c.Channel, c.HTML)
		}
	}
	if sms := r.Contents[1]; !strings.Contains(sms.Text, "{{secret}} [[sn.signature]] <script>alert(1)</script>") {
		t.Errorf("sms: %s", sms.Text)
	}
}

// TestFilesOverTheLimit: the preview says what sending would refuse, and shows the rest.
func TestFilesOverTheLimit(t *testing.T) {
	pdf := func(size int) *fstest.MapFile {
		return &fstest.MapFile{Data: append([]byte("%PDF-1.7\n"), make([]byte, size-9)...)}
	}
	loaded, err := catalog.Load(fstest.MapFS{
		"attachments/full.pdf": pdf(5_242_880), "attachments/over.pdf": pdf(5_242_881),
		"shortcuts/a.yaml": {Data: []byte("subject: s\nmessage: a\nattachments: [full.pdf]\n")}, "shortcuts/b.yaml": {Data: []byte("subject: s\nmessage: b\nattachments: [over.pdf]\n")},
		"shortcuts/c.yaml": {Data: []byte("subject: s\nmessage: c\nattachments: [full.pdf, over.pdf]\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := preview.New(preview.Options{Catalog: func() *catalog.Catalog { return loaded }, Renderer: renderer, Composer: composers(renderer)})
	if err != nil {
		t.Fatal(err)
	}
	for name, problem := range map[string]string{"a": "", "b": `attachment_too_large: "over.pdf"`, "c": `attachments_too_large: "over.pdf"`} {
		r := show(t, p, preview.Request{Shortcut: name, Channels: []catalog.Channel{catalog.Email}, Source: true})
		if len(r.Mistakes) > 0 || len(r.Contents) != 1 {
			t.Fatalf("%s: %+v", name, r.Mistakes)
		}
		if c := r.Contents[0]; !strings.HasPrefix(c.Files.Problem, problem) || (problem == "") != (c.Files.Problem == "") || (problem == "") != (c.EML != "") || len(c.EML) > 600<<10 {
			t.Errorf("%s: %+v, %d bytes of source", name, c.Files, len(c.EML))
		}
	}
}

func BenchmarkTyping(b *testing.B) {
	p := newPreviewer(b)
	catalog, _ := catalog.Load(templates.Catalog())
	s, _ := catalog.Shortcut(templates.DemoShortcut)
	n := 0
	for b.Loop() {
		n++
		edited := s
		edited.Message += strings.Repeat("x", n%97) + string(rune('a'+n%26))
		show(b, p, preview.Request{Inline: &edited, Source: true, Explain: true, Lint: true})
	}
}
