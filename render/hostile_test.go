package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/rendertest"
	"github.com/heraldsend/herald/templates"
)

// customerStrings are what people have typed into name fields.
func customerStrings(t *testing.T) map[string]string {
	t.Helper()
	var all map[string]string
	if err := json.Unmarshal([]byte(hostile(t, "customer_strings.json")), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func hostile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "hostile", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// hostilePlaces puts {{customer.name}} where authors put names.
var hostilePlaces = map[content.Format]string{
	content.Markdown: `
    Hi {{customer.name}},

    # {{customer.name}}

    - {{customer.name}}
    - **{{customer.name}}** and _{{customer.name}}_ and ~~{{customer.name}}~~

    > {{customer.name}}

    1. {{customer.name}}

    | a | b |
    |---|---|
    | {{customer.name}} | x |

    {{customer.name}}

    [{{customer.name}}](https://example.com/{{customer.name}}?q={{customer.name}}) ![{{customer.name}}](https://example.com/i.png)

    <p title="{{customer.name}}">{{customer.name}}</p>

    end`,
	content.HTML: `
    <h1 id="{{customer.name}}">{{customer.name}}</h1>
    <p title='{{customer.name}}' class={{customer.name}}>{{customer.name}}</p><!-- {{customer.name}} -->
    <a href="https://example.com/{{customer.name}}?q={{customer.name}}" style="color: {{customer.name}}" onclick="f('{{customer.name}}')">x</a>
    <a href={{customer.name}}>unquoted</a><textarea>{{customer.name}}</textarea><title>{{customer.name}}</title>
    <script>var x = "{{customer.name}}"</script><style>p {color: {{customer.name}} }</style>
    <p>end</p>`,
	content.Text: `
    Hi {{customer.name}},

    # {{customer.name}}
    - {{customer.name}}

    end`,
}

func hostilePrepared(t *testing.T, format content.Format) *Prepared {
	c := load(t, "emails/page.hbs", "<html><head><title>{{customer.name}}</title></head><body><p>{{customer.name}}</p>{{{draft.htmlBody}}}</body></html>\n",
		"defaults.yaml", "replyTemplate: page\n",
		"shortcuts/s.yaml", fmt.Sprintf("subject: For {{customer.name}}!\nformat: %s\nmessage: |%s\n", format, hostilePlaces[format]))
	return open(t, c, "s")
}

func renderName(t *testing.T, p *Prepared, channel catalog.Channel, name string) *Content {
	t.Helper()
	data, err := json.Marshal(map[string]any{"customer": map[string]any{"name": name}})
	if err != nil {
		t.Fatal(err)
	}
	return renderOne(t, p, channel, string(data), "en")
}

// shape is a page's elements and the names of their attributes, without the
// line breaks that a value may bring.
func shape(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			b.WriteString("<!---->")
		case n.Type == html.ElementNode && n.Data != "br":
			b.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteString(">")
		}
	}
	return b.String()
}

// reading is a page's text with white space as single spaces.
func reading(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return oneLine(b.String())
}

func oneLine(s string) string { return string(content.AppendOneLine(nil, []byte(s))) }

// Lines 1, 2 and 10 of the list of bad inputs, and every customer string, in
// every channel and format: the value reads as it was typed, and nothing else
// of the content changes.
func TestCustomerStrings(t *testing.T) {
	// Without bare links: those a chat makes of any text.
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))
	toHTML := func(s string) string {
		var b bytes.Buffer
		if err := markdown.Convert([]byte(s), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for format := range hostilePlaces {
		p := hostilePrepared(t, format)
		wantMail := shape(t, renderName(t, p, catalog.Email, "benign").HTML)
		// Where the author wrote no Markdown a blank line of a value is a blank line, not a change.
		chatShape := func(page string) string {
			if format == content.Markdown {
				return shape(t, page)
			}
			return strings.ReplaceAll(shape(t, page), "<p>", "")
		}
		wantChat := chatShape(toHTML(renderName(t, p, catalog.Chat, "benign").Text))
		for label, value := range customerStrings(t) {
			t.Run(string(format)+"/"+label, func(t *testing.T) {
				want := oneLine(value)
				mail := renderName(t, p, catalog.Email, value)
				if got := shape(t, mail.HTML); got != wantMail {
					t.Errorf("the page's structure changed:\n%s\nwant\n%s\n%s", got, wantMail, mail.HTML)
				}
				if !strings.Contains(reading(t, mail.HTML), want) {
					t.Errorf("HTML lacks %q:\n%s", want, mail.HTML)
				}
				if got := "For " + want + "!"; mail.Subject != got {
					t.Errorf("subject %q, want %q", mail.Subject, got)
				}
				for _, channel := range []catalog.Channel{catalog.Email, catalog.SMS} {
					if got := oneLine(renderName(t, p, channel, value).Text); !strings.Contains(got, want) || !strings.HasSuffix(got, "end") {
						t.Errorf("%s text lacks %q: %q", channel, want, got)
					}
				}
				for _, channel := range []catalog.Channel{catalog.Chat, catalog.Note} {
					text := renderName(t, p, channel, value).Text
					page := toHTML(text)
					if got := chatShape(page); got != wantChat {
						t.Errorf("%s: the structure changed:\n%s\nwant\n%s\n%s", channel, got, wantChat, text)
					}
					if got := reading(t, page); !strings.Contains(got, want) {
						t.Errorf("%s lacks %q: %q", channel, want, got)
					}
				}
				for _, r := range mail.HTML + mail.Text + mail.Subject {
					if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
						t.Fatalf("control character %U in the mail", r)
					}
				}
			})
		}
	}
}

// The same in the shortcuts that people start from: the page keeps its
// structure, and says the name where it says one.
func TestCustomerStringsInSamples(t *testing.T) {
	c := sampleCatalog(t)
	all := customerStrings(t)
	for _, name := range c.Shortcuts() {
		p := open(t, c, name)
		rendered := func(firstName string) *Content {
			quoted, err := json.Marshal(firstName)
			if err != nil {
				t.Fatal(err)
			}
			return renderOne(t, p, catalog.Email, strings.Replace(string(templates.DemoContext()), `"firstName": "Ada"`, `"firstName": `+string(quoted), 1), "en")
		}
		benign := rendered("Benign")
		want := shape(t, benign.HTML)
		for label, value := range all {
			mail := rendered(value)
			if got := shape(t, mail.HTML); got != want {
				t.Errorf("%s, %s: the structure changed:\n%s\nwant\n%s", name, label, got, want)
			}
			value = oneLine(value)
			if says := strings.Contains(benign.Text, "Benign"); says && (!strings.Contains(oneLine(mail.Text), value) || !strings.Contains(reading(t, mail.HTML), value)) {
				t.Errorf("%s, %s: the mail lacks %q", name, label, value)
			}
		}
	}
}

// Line 2: data split over two fields does not join into a tag.
func TestSplitFields(t *testing.T) {
	p := open(t, load(t, "shortcuts/s.yaml", "subject: \"{{customer.a}}{{customer.b}}\"\nmessage: \"{{customer.a}}{{customer.b}}\"\n"), "s")
	all := customerStrings(t)
	for _, kind := range []string{"mustache", "snippet"} {
		a, b := all["split_"+kind+"_a"], all["split_"+kind+"_b"]
		data, _ := json.Marshal(map[string]any{"customer": map[string]string{"a": a, "b": b}, "secret": "leaked"})
		for _, channel := range catalog.Channels() {
			content := renderOne(t, p, channel, string(data), "")
			text := strings.ReplaceAll(content.Text, `\`, "")
			if strings.TrimSpace(text) != a+b || channel == catalog.Email && content.Subject != a+b {
				t.Errorf("%s, %s: %q, %q; want %q", kind, channel, content.Text, content.Subject, a+b)
			}
		}
	}
}

// Lines 3, 4, 6 and 9: what must not compile, and where it says so.
func TestBrokenTemplates(t *testing.T) {
	for _, c := range []struct {
		name, message, code string
		line, column        int
		says                string
	}{
		{"snippet by data", "a\n[[sn.{{name}}]]", "unknown_snippet", 3, 3, "sn."},
		{"unknown snippet", "a [[sn.gretting]]", "unknown_snippet", 2, 5, `did you mean "sn.greeting"`},
		{"cycle", "[[sn.cycle_a]]", "snippet_cycle", 0, 0, "sn.cycle_a → sn.cycle_b → sn.cycle_a"},
		{"unclosed", "text\n  " + strings.TrimSpace(hostile(t, "unclosed.hbs")), "unclosed_block", 3, 5, "if"},
		{"bad close", strings.TrimSpace(hostile(t, "bad_close.hbs")), "syntax", 2, 0, ""},
		{"helper", strings.TrimSpace(hostile(t, "missing_helper.hbs")), "unknown_helper", 2, 5, "nope"},
		{"partial", strings.TrimSpace(hostile(t, "missing_partial.hbs")), "unknown_partial", 2, 7, "nope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			loaded := load(t,
				"snippets/sn.greeting.yaml", rendertest.GreetingSnippet,
				"snippets/sn.cycle_a.yaml", "source: en\ntexts:\n  en: "+handlebars.Quote(strings.TrimSpace(hostile(t, "snippet_cycle_a.txt")))+"\n",
				"snippets/sn.cycle_b.yaml", "source: en\ntexts:\n  en: "+handlebars.Quote(strings.TrimSpace(hostile(t, "snippet_cycle_b.txt")))+"\n",
				"shortcuts/s.yaml", "message: |\n  "+strings.ReplaceAll(c.message, "\n", "\n  ")+"\n")
			_, err := loaded.Bundle("s")
			var fault *catalog.TemplateError
			if !errors.As(err, &fault) {
				t.Fatalf("error %v, want a *TemplateError", err)
			}
			if fault.Code != c.code || !strings.Contains(fault.Message, c.says) {
				t.Errorf("%s: %s; want %s, saying %q", fault.Code, fault.Message, c.code, c.says)
			}
			if c.line > 0 && (fault.File != "shortcuts/s.yaml" || fault.Line != c.line || c.column > 0 && fault.Column != c.column) {
				t.Errorf("at %s:%d:%d, want shortcuts/s.yaml:%d:%d", fault.File, fault.Line, fault.Column, c.line, c.column)
			}
		})
	}
}

// Lines 5, 6, 7 and 8: bombs end as errors, soon, and leave nothing running.
func TestBombs(t *testing.T) {
	snippets := []string{"emails/partials/p.hbs", hostile(t, "recursive_partial.hbs"),
		"emails/partials/mutual_a.hbs", hostile(t, "mutual_a.hbs"), "emails/partials/mutual_b.hbs", hostile(t, "mutual_b.hbs")}
	for line := range strings.Lines(hostile(t, "snippet_bomb.txt")) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			snippets = append(snippets, "snippets/"+name+".yaml", "source: en\ntexts:\n  en: \""+text+"\"\n")
		}
	}
	list := make([]int, 100)
	data, err := json.Marshal(map[string]any{"a": list})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, message, codes string }{
		{"snippet bomb", "[[sn.b0]]", "limit_snippets limit_output limit_steps"},
		{"shallower snippet bomb", "[[sn.b3]]", "limit_output limit_steps"},
		{"partial", "{{> p}}", "limit_partials limit_output limit_steps"},
		{"partials", "{{> mutual_a}}", "limit_partials"},
		{"nested blocks", strings.Repeat("{{#if a}}", 20_000) + strings.Repeat("{{/if}}", 20_000), "limit_nesting limit_source"},
		{"nested subexpressions", "{{not " + strings.Repeat("(not ", 20_000) + "a" + strings.Repeat(")", 20_000) + "}}", "limit_nesting"},
		{"each bomb", hostile(t, "each_bomb.hbs"), "limit_steps limit_output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			routines := runtime.NumGoroutine()
			message, _ := json.Marshal(c.message)
			loaded := load(t, append(snippets, "shortcuts/s.yaml", "message: "+string(message)+"\n")...)
			b, err := loaded.Bundle("s")
			took := cputest.Spent(func() {
				if err != nil {
					return
				}
				r, newErr := New(Options{})
				if newErr != nil {
					t.Fatal(newErr)
				}
				var p *Prepared
				if p, err = r.Open(b); err == nil {
					_, err = p.Render(context.Background(), Request{Channel: catalog.Email, Context: data})
				}
			})
			var fault *catalog.TemplateError
			if !errors.As(err, &fault) || !strings.Contains(c.codes, fault.Code) {
				t.Fatalf("error %.200v, want one of %s", err, c.codes)
			}
			if took > 2*time.Second {
				t.Errorf("took %v of CPU time", took)
			}
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 256<<20 {
				t.Errorf("allocated %d MB", n>>20)
			}
			if n := runtime.NumGoroutine(); n > routines+1 {
				t.Errorf("%d goroutines, %d before", n, routines)
			}
		})
	}
}
