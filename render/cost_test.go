//go:build !race

package render

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// What one content may cost, whatever its texts and values: it ends by itself, as a content or as an error with a code.
const (
	maxCPU   = 2 * time.Second
	maxAlloc = 256 << 20 // bytes that are alive
)

// costly are texts that are long in few bytes of thought.
func costly() map[string]caseRequest {
	list := func(n int) json.RawMessage {
		return json.RawMessage(`{"l":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}`)
	}
	value := func(s string) json.RawMessage {
		data, err := json.Marshal(map[string]string{"x": s})
		if err != nil {
			panic(err)
		}
		return data
	}
	bomb := strings.Repeat("<ol start=9223372036854775806><li>", 99) + strings.Repeat("<br>x", 60_000)
	unclosed := ""
	for i := range 450 {
		unclosed += fmt.Sprintf("<p><b id=%d></p>", i)
	}
	tangles := `{"l":["` + strings.Repeat(strings.Repeat("[a](", 1000)+`","`, 200) + `"]}`
	out := map[string]caseRequest{
		"raw tangles":         {Text: "{{#each l}}{{{this}}}\n\n{{/each}}", Context: json.RawMessage(tangles)},
		"raw emphasis":        {Text: "{{#each l}}{{{this}}}\n\n{{/each}}", Context: json.RawMessage(strings.ReplaceAll(tangles, "[a](", "a**_"))},
		"reopened formatting": {Text: unclosed + strings.Repeat("<p>x", 50_000), Format: content.HTML, Context: value("")},
		"reopened in value":   {Text: "{{{x}}}", Format: content.HTML, Context: value(unclosed + strings.Repeat("<p>x", 200_000))},
		"ends of nothing":     {Text: strings.Repeat("x</i>", 50_000), Format: content.HTML, Context: value("")},
		"missing fields":      {Text: "{{#each l}}{{#each ../l}}" + strings.Repeat(" ", 200_000) + "{{y}}{{/each}}{{/each}}", Context: list(1000)},
		"missing in place":    {Text: strings.Repeat("a", 200_000) + "{{#each l}}{{#each ../l}}{{y}}{{/each}}{{/each}}", Context: list(1000)},
		"big number":          {Text: "{{#each l}}{{#if ../n}}x{{/if}}{{/each}}", Context: json.RawMessage(`{"n":` + strings.Repeat("9", 200_000) + `,"l":[` + strings.TrimSuffix(strings.Repeat("1,", 10_000), ",") + `]}`)},
		"bracket path":        {Text: "{{[a]" + strings.Repeat("/[a]", 62_000) + "}}", Context: value("")},
		"long date":           {Text: "{{dateFormat x}}", Context: value("2019-01-18T00:00:00" + strings.Repeat("0", 500_000))},
		"list prefixes":       {Text: "{{{x}}}", Format: content.HTML, Context: value(bomb)},
		"quote prefixes":      {Text: "{{{x}}}", Format: content.HTML, Context: value(strings.Repeat("<blockquote>", 99) + strings.Repeat("<br>x", 60_000))},
		"own prefixes":        {Text: bomb[:240_000], Format: content.HTML, Context: value("")},
		"many values":         {Text: "{{#each l}}{{this}}{{/each}}", Context: list(40_000)},
		"many empty":          {Text: "{{#each l}}**{{../y}}**{{/each}}", Context: list(20_000)},
		"many lines":          {Text: "{{#each l}}{{this}}\n{{/each}}", Context: list(40_000)},
		"many links":          {Text: "{{#each l}}[a](https://shop.example/{{this}}) {{/each}}", Context: list(10_000)},
		"many bare links":     {Text: "{{#each l}}https://shop.example/{{this}} {{/each}}", Context: list(10_000)},
		"many raw":            {Text: "{{#each l}}{{{this}}}{{/each}}", Context: list(40_000)},
		"links in links":      {Text: strings.Repeat(`<a href="https://shop.example/">`, 7000), Format: content.HTML, Context: value("")},
		"tables":              {Text: "{{{x}}}", Format: content.HTML, Context: value(strings.Repeat("<table><tr><td>", 20_000))},
		"cells":               {Text: "{{{x}}}", Format: content.HTML, Context: value("<table><tr>" + strings.Repeat("<td> </td>", 30_000) + "<td>a</td></tr></table>")},
		"struck":              {Text: "{{{x}}}", Format: content.HTML, Context: value(strings.Repeat(`<s style="text-decoration:line-through">a`, 8000))},
		"unclosed comment":    {Text: strings.Repeat("<!--[if mso]>", 15_000), Format: content.HTML, Context: value("")},
		"long word":           {Text: "{{x}}", Context: value(strings.Repeat("a", 900_000))},
		"long line ends":      {Text: "{{x}}", Context: value(strings.Repeat("\r", 900_000))},
		"number":              {Text: "[c](tel:{{x}})", Context: value(strings.Repeat("1 (0)", 100_000))},
		"address":             {Text: "[c]({{x}})", Context: value("https://" + strings.Repeat("a.", 100_000))},
		"label":               {Text: "[{{x}}]({{x}})", Context: value("https://shop.example/" + strings.Repeat("%41", 100_000))},
	}
	for _, unit := range []string{"[a](", "> ", ">", "[", "![", "]", "_a*", "*a_ ", "**a", "~~a", "`a``", "`", "<b>", "<!--", "<a ", "&", "&#", "1. ", "- ", "* ", "|a|\n|-|\n", "|", "a|", "[a]: b\n", "[a][b]", "# ", "\\", "(", "[](", "[a](<", "[a](b 'c", "http://a.b/", "www.a.b(", "a@b.c ", "<http:", "```\n", "    a\n", "\t", "- a\n  ", "> a\n", "{{x}}", "**{{y}}** "} {
		for _, size := range []int{24_000, 131_072} {
			out[fmt.Sprintf("%d of Markdown %s", size, unit)] = caseRequest{Text: strings.Repeat(unit, size/len(unit)), Context: value("")}
		}
	}
	return out
}

func TestCosts(t *testing.T) {
	for name, request := range costly() {
		b, err := load(t).InlineBundle(catalog.Shortcut{Name: "inline", Message: request.Text, Format: request.Format, Subject: "s", EmailTemplate: catalog.NoTemplate})
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		r, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, channel := range []catalog.Channel{catalog.Email, catalog.SMS, catalog.Chat} {
			t.Run(fmt.Sprintf("%s/%s", name, channel), func(t *testing.T) {
				before := cputest.Used()
				var most uint64
				done := make(chan struct{})
				watched := make(chan struct{})
				go func() {
					defer close(watched)
					for {
						var m runtime.MemStats
						runtime.ReadMemStats(&m)
						most = max(most, m.HeapAlloc)
						select {
						case <-done:
							return
						case <-time.After(50 * time.Millisecond):
						}
					}
				}()
				_, err := p.Render(context.Background(), Request{Channel: channel, Context: request.Context})
				close(done)
				<-watched
				var known *handlebars.Error
				if err != nil && !errors.As(err, &known) {
					t.Errorf("error without a code: %v", err)
				}
				if spent := cputest.Used() - before; spent > maxCPU {
					t.Errorf("%s: took %v (%v)", t.Name(), spent, err)
				} else if spent > 300*time.Millisecond {
					t.Logf("%s: took %v (%v)", t.Name(), spent, err)
				}
				if most > maxAlloc {
					t.Errorf("took %d MB", most>>20)
				}
			})
		}
	}
}
