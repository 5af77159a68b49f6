package explain

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

func TestExplain(t *testing.T) {
	c := load(t, "snippets/sn.greeting.yaml", rendertest.GreetingSnippet, "shortcuts/s.yaml", `
subject: For {{customer.name}}
message: |
  [[sn.greeting]]!

  {{#ifCond customer.custom.tierStr "==" "Gold"}}
  Gold, {{../customer.firstName}}
  {{else}}
  Plain since {{dateFormat customer.custom.sinceAt format="YYYY"}}
  {{/ifCond}}
  Bye
`)
	p := open(t, c, "s")
	got, err := Explain(context.Background(), p, render.Request{Channel: catalog.Email, Locale: "fr-CA",
		Context: []byte(`{"customer":{"name":"Ada L","firstName":"Ada","custom":{"tierStr":"Silver","sinceAt":"2019-01-18"}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, part := range got.Parts {
		for _, s := range part.Spans {
			file, line, column := c.Locate(s.Template, s.Line, s.Column)
			lines = append(lines, strings.Join([]string{part.Part, string(s.Kind), handlebars.Quote(s.Text), s.Source, file, at(line, column), s.Snippet, s.Language, strings.Join(s.Branches, " > ")}, "|"))
		}
	}
	want := []string{
		`subject|text|"For "||shortcuts/s.yaml|2:10|||`,
		`subject|field|"Ada L"|customer.name|shortcuts/s.yaml|2:14|||`,
		`message|text|"Bonjour "||snippets/sn.greeting.yaml|7:7|sn.greeting|fr|`,
		`message|field|"Ada"|customer.firstName|snippets/sn.greeting.yaml|7:15|sn.greeting|fr|`,
		`message|text|"!\n\n"||shortcuts/s.yaml|4:18|||`,
		`message|text|"Plain since "||shortcuts/s.yaml|9:3|||else of ifCond customer.custom.tierStr "==" "Gold"`,
		`message|helper|"2019"|dateFormat customer.custom.sinceAt format="YYYY"|shortcuts/s.yaml|9:15|||else of ifCond customer.custom.tierStr "==" "Gold"`,
		`message|text|"\n"||shortcuts/s.yaml|9:67|||else of ifCond customer.custom.tierStr "==" "Gold"`,
		`message|text|"Bye\n"||shortcuts/s.yaml|11:3|||`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if len(got.Uses) != 1 || got.Uses[0] != (SnippetUse{"sn.greeting", "fr", false}) {
		t.Errorf("%+v", got.Uses)
	}
}

// A snippet's spans stand in the blocks around its place, a message's in the
// layout is elided, and the issues are those of a rendering.
func TestExplainBlocksLayoutIssues(t *testing.T) {
	c := load(t, "snippets/sn.outer.yaml", "source: en\ntexts:\n  en: \"{{#if b}}<[[sn.inner]]>{{/if}} out\"\n",
		"snippets/sn.inner.yaml", "source: en\ntexts:\n  en: \"{{#if c}}in{{/if}}\"\n",
		"emails/e.hbs", "<p>{{draft.preheader}}{{#if draft.htmlBody}}{{{draft.htmlBody}}}{{/if}}{{#if a}}{{> foot}}{{/if}}</p>\n", "emails/partials/foot.hbs", "{{{draft.htmlBody}}} {{a}} {{footer}}",
		"shortcuts/s.yaml", "emailTemplate: e\npreheader: \" \"\nmessage: |\n  {{#if a}}{{a}} {{a}}\n  {{#if b}}[[sn.outer]] {{a}} {{missing}}{{/if}}{{/if}}\n")
	p := open(t, c, "s")
	req := render.Request{Channel: catalog.Email, Context: []byte(`{"a":"A","b":1,"c":1}`)}
	got, err := Explain(context.Background(), p, req)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, part := range got.Parts {
		for _, s := range part.Spans {
			lines = append(lines, strings.Join([]string{part.Part, handlebars.Quote(s.Text), s.Source, s.Snippet, strings.Join(s.Branches, " > ")}, "|"))
		}
	}
	want := []string{
		`preheader|" "|||`,
		`message|"A"|a||if a`,
		`message|" "|||if a`,
		`message|"A"|a||if a`,
		`message|"\n"|||if a`,
		`message|"<"||sn.outer|if a > if b > if b`,
		`message|"in"||sn.inner|if a > if b > if b > if c`,
		`message|">"||sn.outer|if a > if b > if b`,
		`message|" out"||sn.outer|if a > if b`,
		`message|" "|||if a > if b`,
		`message|"A"|a||if a > if b`,
		`message|" "|||if a > if b`,
		`message|"\n"|||`,
		`layout|"<p>"|||`,
		`layout|"…"|draft.htmlBody||if draft.htmlBody`,
		`layout|"…"|draft.htmlBody||if a`,
		`layout|" "|||if a`,
		`layout|"A"|a||if a`,
		`layout|" "|||if a`,
		`layout|"</p>\n"|||`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	content, err := p.Render(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Issues, content.Issues) || len(content.Issues) == 0 {
		t.Errorf("issues %+v, want %+v", got.Issues, content.Issues)
	}
}

func at(line, column int) string {
	f := catalog.Finding{Line: line, Column: column}
	return strings.TrimSuffix(strings.TrimPrefix(f.String(), ":"), ": ")
}

// The spans of a part are what it printed.
func TestExplainEqualsRender(t *testing.T) {
	c, err := catalog.Load(templates.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Shortcuts() {
		p := open(t, c, name)
		for _, locale := range []string{"en", "de", "ja"} {
			for _, channel := range catalog.Channels() {
				req := render.Request{Channel: channel, Context: templates.DemoContext(), Locale: locale}
				x, err := Explain(context.Background(), p, req)
				if err != nil {
					t.Fatal(err)
				}
				_, parts, err := p.Trace(context.Background(), req)
				if err != nil {
					t.Fatal(err)
				}
				for i, part := range x.Parts {
					var got strings.Builder
					for _, s := range part.Spans {
						got.WriteString(s.Text)
					}
					want := strings.NewReplacer("\x01h", "…", "\x01x", "…").Replace(string(parts[i].Output))
					if want = string(content.Unmark([]byte(want))); got.String() != want {
						t.Errorf("%s, %s, %s:\n%q\nwant\n%q", name, channel, locale, got.String(), want)
					}
				}
			}
		}
	}
}

func load(t testing.TB, files ...string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load(rendertest.Folder(files...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB, c *catalog.Catalog, shortcut string) *render.Prepared {
	t.Helper()
	b, err := c.Bundle(shortcut)
	if err != nil {
		t.Fatal(err)
	}
	r, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Open(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
