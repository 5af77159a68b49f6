package render

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
)

// The ways by which a layout reaches the message. The message stands there as itself, once, and not escaped.
var waysToTheMessage = []string{
	`«draft.htmlBody»`,
	`«draft/htmlBody»`,
	`«this.draft.htmlBody»`,
	`«./draft.htmlBody»`,
	`«@root.draft.htmlBody»`,
	`«draft.[htmlBody]»`,
	`«lookup draft "htmlBody"»`,
	`«default draft.htmlBody "x"»`,
	`«default missing draft.htmlBody»`,
	`{{#with draft}}«htmlBody»{{/with}}`,
	`{{#with draft as |d|}}«d.htmlBody»{{/with}}`,
	`{{#with draft.htmlBody}}«this»{{/with}}`,
	`{{#draft}}«htmlBody»{{/draft}}`,
	`{{#if customer.name}}«draft.htmlBody»{{/if}}`,
	`{{#ifCond customer.name "==" "Ada"}}«../draft.htmlBody»{{/ifCond}}`,
	`{{#ifCond customer.name "==" "Ada"}}«draft.htmlBody»{{/ifCond}}`,
	`{{#ifCond customer.name "!=" "Ada"}}no{{else}}«draft.htmlBody»{{/ifCond}}`,
	`{{#with customer}}«../draft.htmlBody»{{/with}}`,
	`{{#with customer}}{{#each tags}}«../../draft.htmlBody»{{/each}}{{/with}}`,
	`{{#each customer.tags}}«@root.draft.htmlBody»{{/each}}`,
	`{{#unless missing}}«draft.htmlBody»{{/unless}}`,
	`{{#if draft.htmlBody}}«draft.htmlBody»{{/if}}`,
	`{{#each draft}}{{#ifCond @key "==" "htmlBody"}}«this»{{/ifCond}}{{/each}}`,
	`{{#*inline "main"}}«draft.htmlBody»{{/inline}}{{> main}}`,
	`{{> main}}`,
}

func TestTheMessageIsAValueOfTheLayout(t *testing.T) {
	for _, way := range waysToTheMessage {
		for _, braces := range [][2]string{{"{{{", "}}}"}, {"{{", "}}"}} {
			written := strings.NewReplacer("«", braces[0], "»", braces[1]).Replace(way)
			text := strings.ReplaceAll(written, "htmlBody", "textBody")
			partial := braces[0] + "draft.htmlBody" + braces[1]
			c := load(t, "emails/partials/main.hbs", partial,
				"emails/partials/text.hbs", strings.ReplaceAll(partial, "htmlBody", "textBody"),
				"emails/own.hbs", "<body><div>[HTML]"+written+"[/HTML]</div></body>", "emails/own.txt.hbs", "[TEXT]"+strings.ReplaceAll(text, "{{> main}}", "{{> text}}")+"[/TEXT]",
				"shortcuts/a.yaml", "subject: s\nmessage: \"Tea & **cake** for {{customer.name}}\"\nemailTemplate: own\n")
			got := renderOne(t, open(t, c, "a"), catalog.Email, `{"customer":{"name":"Ada","tags":["x"]}}`, "en")
			html, _, _ := strings.Cut(got.HTML[strings.Index(got.HTML, "[HTML]")+6:], "[/HTML]")
			if want := "<p>Tea &amp; <strong>cake</strong> for Ada</p>"; strings.TrimSpace(html) != want {
				t.Errorf("%s\ngot  %s\nwant %s", written, html, want)
			}
			if want := "[TEXT]Tea & cake for Ada[/TEXT]\n"; got.Text != want {
				t.Errorf("%s\ngot  %s\nwant %s", text, got.Text, want)
			}
		}
	}
}

func TestTheMessageInOtherPlaces(t *testing.T) {
	for _, c := range []struct{ layout, want, issue string }{
		{`<p title="{{draft.textBody}}">{{{draft.htmlBody}}}`, `<p title="Tea &amp; &lt;cake&gt;">`, ""},
		{`<p title="{{draft.htmlBody}}">{{{draft.htmlBody}}}`, `<p title="">`, IssueUnsafePlace},
		{`<style>{{draft.textBody}}</style>{{{draft.htmlBody}}}`, `<style></style>`, ""},
		{`<pre>{{draft.textBody}}</pre>`, `<pre>Tea &amp; &lt;cake&gt;</pre>`, ""},
		{`<i>{{truncate draft.textBody 5}}</i>{{{draft.htmlBody}}}`, `<i>Tea…</i>`, ""},
		{`<i>{{#ifCond draft.textBody "==" "Tea & <cake>"}}yes{{/ifCond}}</i>{{{draft.htmlBody}}}`, `<i>yes</i>`, ""},
		{`<i>{{length draft.textBody}}</i>{{{draft.htmlBody}}}`, `<i>12</i>`, ""},
	} {
		folder := load(t, "emails/own.hbs", c.layout, "shortcuts/a.yaml", "subject: s\nmessage: 'Tea & \\<cake>'\nemailTemplate: own\n")
		got := renderOne(t, open(t, folder, "a"), catalog.Email, `{}`, "en")
		if !strings.HasPrefix(got.HTML, c.want) {
			t.Errorf("%s\ngot  %s\nwant %s…", c.layout, got.HTML, c.want)
		}
		if codes, _ := json.Marshal(got.Issues); c.issue != "" && !strings.Contains(string(codes), c.issue) {
			t.Errorf("%s: issues %s, want %s", c.layout, codes, c.issue)
		}
	}
}

func TestALayoutThatLosesTheMessage(t *testing.T) {
	lost := []struct{ html, text string }{
		{"<p>Hello</p>", ""},
		{"{{#if missing}}{{{draft.htmlBody}}}{{/if}}", ""},
		{"{{#if draft.htmlBody}}yes{{/if}}", ""},
		{"{{truncate draft.htmlBody 20}}", ""},
		{"<!-- {{{draft.htmlBody}}} -->", ""},
		{`<a href="{{{draft.htmlBody}}}">x</a>`, ""},
		{"{{{draft.htmlBody}}}", "Hello"},
		{"{{{draft.htmlBody}}}", "{{#if missing}}{{draft.textBody}}{{/if}}"},
	}
	for _, l := range lost {
		files := []string{"emails/own.hbs", l.html, "shortcuts/a.yaml", "subject: s\nmessage: Tea\nemailTemplate: own\n"}
		if l.text != "" {
			files = append(files, "emails/own.txt.hbs", l.text)
		}
		p := open(t, load(t, files...), "a")
		_, err := p.Render(context.Background(), Request{Channel: catalog.Email, Context: []byte(`{}`)})
		var e *catalog.TemplateError
		if !errors.As(err, &e) || e.Code != "no_body" || !strings.HasPrefix(e.Template, "emails/own") {
			t.Errorf("%s | %s: %v", l.html, l.text, err)
		}
	}
	// A message that is empty is told as such.
	p := open(t, load(t, "emails/own.hbs", "{{#if draft.htmlBody}}{{{draft.htmlBody}}}{{/if}}", "shortcuts/a.yaml", "subject: s\nmessage: '{{missing}}'\nemailTemplate: own\n"), "a")
	if got := renderOne(t, p, catalog.Email, `{}`, ""); !strings.Contains(issueCodes(got), IssueEmptyMessage) {
		t.Errorf("an empty message: %s", issueCodes(got))
	}
}

func issueCodes(c *Content) string {
	var codes []string
	for _, i := range c.Issues {
		codes = append(codes, i.Code)
	}
	return strings.Join(codes, " ")
}
