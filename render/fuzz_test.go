package render

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// Marks change nothing of a template's output, whatever the template; a trace neither, and it has every byte of it.
func FuzzMark(f *testing.F) {
	for _, dir := range []string{"../templates/emails", "../templates/emails/partials"} {
		files, err := filepath.Glob(dir + "/*.hbs")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	for _, seed := range []string{
		"{{a}}", "x {{~a~}} y", "{{{a}}} {{&a}}", "{{#if a}}\n  {{b}}\n{{else}}\n c\n{{/if}}\n", "{{! c }}{{!-- {{x}} --}}", `\{{a}} \\{{a}} {{b}}`,
		"{{{{raw}}}} {{a}} {{{{/raw}}}}", "[[sn.a]] {{b}}", "{{#each l}}{{this}}{{@index}}{{^}}none{{/each}}", `{{a "x}}y" b=[c}}]}}`, "{{#ifCond a '==' 1}}{{../a}}{{else if b}}z{{/ifCond}}",
		"{{>p}} {{> p x=a}}", "{{#> p}}{{a}}{{/p}}", "{{#*inline 'q'}}{{a}}{{/inline}}{{> q}}", "{{~#if a~}} x {{~/if~}}", "{{[a b].c}}{{l.[0]}}", "{{{~a~}}}", "{{a}}}", "{{uppercase (lowercase a)}}", "a\\{{b}}c{{d}}",
	} {
		f.Add(seed)
	}
	root, err := handlebars.ParseJSON([]byte(`{"a":"A\n{{x}}","b":true,"c":0,"l":["x",{"y":"z"},""],"d":null,"customer":{"name":"N"},"x":"\u0001t\u0002"}`))
	if err != nil {
		f.Fatal(err)
	}
	snippets := map[string]*catalog.Snippet{"sn.a": {Source: "en", Texts: map[string]string{"en": "\n{{#if b}}\n [{{a}}]\n{{/if}}\n"}}}
	partials := map[string]string{"p": "{{#if x}}\n <{{a}}{{x}}>\n{{/if}}\n{{> @partial-block}}", "head": "h", "preheader": "p", "footer": "[[sn.a]]", "q": "Q"}
	f.Fuzz(func(t *testing.T, source string) {
		if strings.ContainsAny(source, "\x01\x02") || strings.Contains(source, "draft.") || !utf8.ValidString(source) || len(source) > 4<<10 {
			return
		}
		x := handlebars.Exec{Context: root, Escape: handlebars.EscapeText, Languages: []string{"en"}}
		run := func(e *handlebars.Env, text string) ([]byte, error) {
			compiled, err := e.Compile("t", text)
			if err != nil {
				return nil, err
			}
			return compiled.Append(context.Background(), nil, &x)
		}
		limits := Limits{Steps: 10_000, Output: 64 << 10}
		plainEnv, err := catalog.NewEnv(catalog.NewTable(), snippets, partials, nil, limits, nil)
		if err != nil {
			t.Fatal(err)
		}
		// {{{x}}} prints what {{x}} does in the text mode, but for control characters.
		want, err := run(plainEnv, source)
		if err != nil {
			return
		}
		want = bytes.Map(func(r rune) rune {
			if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
				return -1
			}
			return r
		}, want)
		clean := func(b []byte) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
					return -1
				}
				return r
			}, string(b))
		}
		markedEnv, err := catalog.NewEnv(catalog.NewTable(), snippets, partials, nil, limits, content.Marks())
		if err != nil {
			t.Fatal(err)
		}
		got, err := run(markedEnv, source)
		if err != nil {
			if e, ok := err.(*handlebars.Error); ok && e.Limit() { // marks count towards the limits
				return
			}
			t.Fatalf("%q: marked: %v", source, err)
		}
		if text := clean(content.Unmark(bytes.Clone(got))); text != string(want) {
			t.Errorf("%q:\nmarked   %q\nunmarked %q\nwant     %q", source, got, text, want)
		}
		x.Trace = &handlebars.Trace{}
		defer func() { x.Trace = nil }()
		traced, err := run(markedEnv, source)
		if err != nil {
			t.Fatalf("%q: traced: %v", source, err)
		}
		if !bytes.Equal(traced, got) {
			t.Errorf("%q:\ntraced %q\nmarked %q", source, traced, got)
		}
		end := 0
		for _, piece := range append(x.Trace.Pieces, handlebars.Piece{Start: len(traced), End: len(traced)}) {
			if piece.Start < end || len(content.Unmark(bytes.Clone(traced[end:piece.Start]))) > 0 {
				t.Fatalf("%q: a piece from %d to %d follows %d of %q: %+v", source, piece.Start, piece.End, end, traced, x.Trace.Pieces)
			}
			end = piece.End
		}
	})
}

// A value changes nothing of a content but itself, whatever the value.
func FuzzValue(f *testing.F) {
	data, err := os.ReadFile("testdata/hostile/customer_strings.json")
	if err != nil {
		f.Fatal(err)
	}
	var all map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		f.Fatal(err)
	}
	for _, value := range all {
		f.Add(value)
	}
	f.Add("~")
	f.Add("0\u2028")
	f.Add("\\\n\\")
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))
	toHTML := func(s string) string {
		var b bytes.Buffer
		if err := markdown.Convert([]byte(s), &b); err != nil {
			f.Fatal(err)
		}
		return b.String()
	}
	type subject struct {
		p          *Prepared
		mail, chat string
	}
	subjects := make(map[content.Format]*subject)
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) || len(value) > 2000 || strings.TrimSpace(oneLine(value)) == "" {
			return
		}
		for format := range hostilePlaces {
			s := subjects[format]
			if s == nil {
				p := hostilePrepared(t, format)
				s = &subject{p: p, mail: shape(t, renderName(t, p, catalog.Email, "benign").HTML), chat: shape(t, toHTML(renderName(t, p, catalog.Chat, "benign").Text))}
				subjects[format] = s
			}
			if got := shape(t, renderName(t, s.p, catalog.Email, value).HTML); got != s.mail {
				t.Errorf("%s, %q: the mail's structure changed:\n%s\nwant\n%s", format, value, got, s.mail)
			}
			if text := renderName(t, s.p, catalog.Chat, value).Text; format == content.Markdown && shape(t, toHTML(text)) != s.chat {
				t.Errorf("%q: the chat's structure changed:\n%s\nwant\n%s\n%s", value, shape(t, toHTML(text)), s.chat, text)
			}
		}
	})
}
