//go:build !race

package render

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/meter/metertest"
)

// tagPieces are whole tags and blocks, which stand among the pieces of a format; package handlebars has those that may be faulty.
var tagPieces = []string{
	"{{x}}", "{{{x}}}", "{{y}}", "{{{y}}}", "{{#if x}}a{{/if}}", "{{#if y}}a{{else}}b{{/if}}", "{{#each l}}{{this}}{{/each}}", "{{#each l}}\n- {{this}}\n{{/each}}", "{{o.a}}", "{{! c }}",
	"{{uppercase x}}", "{{dateFormat d}}", "{{number n}}", "{{join l}}", "{{#ifCond n '>' 1}}a{{/ifCond}}", "{{truncate x 3}}",
}

// costOf renders a text on a channel, with values.
func costOf(t testing.TB, format content.Format, channel catalog.Channel, values map[string]any) func(string) error {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := load(t)
	usual := map[string]any{"x": "<b>x</b> & y", "l": []any{1, "a", nil}, "o": map[string]any{"a": "b"}, "n": 12.5, "d": "2019-01-18"}
	return func(text string) error {
		data := usual
		shortcut := catalog.Shortcut{Name: "inline", Message: text, Format: format, Subject: "s", EmailTemplate: catalog.NoTemplate}
		if values != nil { // what is measured is a value, and the template is given
			shortcut.Message = "{{x}} [a]({{x}})\n\n{{{x}}}"
			data = map[string]any{"x": text}
		}
		encoded, err := json.Marshal(data)
		if err != nil {
			return err
		}
		b, err := c.InlineBundle(shortcut)
		if err != nil {
			return err
		}
		p, err := r.Open(b)
		if err != nil {
			return err
		}
		_, err = p.Render(context.Background(), Request{Channel: channel, Context: encoded})
		return err
	}
}

// costlyConverters are what makes contents, each with the grammar of its input.
func costlyConverters(t testing.TB) map[string]struct {
	pieces  []string
	convert func(string) error
} {
	type converter = struct {
		pieces  []string
		convert func(string) error
	}
	of := func(pieces ...[]string) (all []string) {
		for _, p := range pieces {
			all = append(all, p...)
		}
		return all
	}
	value := map[string]any{}
	return map[string]converter{
		"MarkdownEmail":  {of(tagPieces, metertest.Markdown), costOf(t, content.Markdown, catalog.Email, nil)},
		"MarkdownChat":   {of(tagPieces, metertest.Markdown), costOf(t, content.Markdown, catalog.Chat, nil)},
		"HTMLEmail":      {of(tagPieces, metertest.HTML), costOf(t, content.HTML, catalog.Email, nil)},
		"HTMLChat":       {of(tagPieces, metertest.HTML), costOf(t, content.HTML, catalog.Chat, nil)},
		"TextSMS":        {of(tagPieces, metertest.Markdown), costOf(t, content.Text, catalog.SMS, nil)},
		"ValuesHTML":     {metertest.HTML, costOf(t, content.HTML, catalog.Email, value)},
		"ValuesMarkdown": {metertest.Markdown, costOf(t, content.Markdown, catalog.Email, value)},
		"ValuesChat":     {metertest.Markdown, costOf(t, content.Markdown, catalog.Chat, value)},
	}
}

// What a content costs grows with its texts and values, or a limit ends it.
func TestCostsOfGrammars(t *testing.T) {
	for name, c := range costlyConverters(t) {
		t.Run(name, func(t *testing.T) { metertest.Run(t, c.pieces, c.convert) })
	}
}

func FuzzCostsMarkdownEmail(f *testing.F)  { fuzzCosts(f, "MarkdownEmail") }
func FuzzCostsMarkdownChat(f *testing.F)   { fuzzCosts(f, "MarkdownChat") }
func FuzzCostsHTMLEmail(f *testing.F)      { fuzzCosts(f, "HTMLEmail") }
func FuzzCostsHTMLChat(f *testing.F)       { fuzzCosts(f, "HTMLChat") }
func FuzzCostsTextSMS(f *testing.F)        { fuzzCosts(f, "TextSMS") }
func FuzzCostsValuesHTML(f *testing.F)     { fuzzCosts(f, "ValuesHTML") }
func FuzzCostsValuesMarkdown(f *testing.F) { fuzzCosts(f, "ValuesMarkdown") }
func FuzzCostsValuesChat(f *testing.F)     { fuzzCosts(f, "ValuesChat") }

func fuzzCosts(f *testing.F, name string) {
	c := costlyConverters(f)[name]
	metertest.Fuzz(f, c.pieces, c.convert)
}
