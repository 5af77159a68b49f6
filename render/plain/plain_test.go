package plain

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/render/meter"
)

func TestFromHTML(t *testing.T) {
	for _, c := range []struct{ name, html, want string }{
		{"paragraphs", "<p>Hello\n  Ada,</p>\n<p>two&nbsp;words</p>", "Hello Ada,\n\ntwo words"},
		{"line breaks", "a<br>b<br><br>c<br><br><br>d", "a\nb\n\nc\n\nd"},
		{"link", `See <a href="https://example.com/t/1">your order</a>.`, "See your order (https://example.com/t/1)."},
		{"link that is its text", `<a href="https://example.com/">example.com</a> <a href="mailto:a@example.com">a@example.com</a>`,
			"example.com a@example.com"},
		{"link around an image", `<a href="https://example.com"><img src=x alt="Lumen"></a>`, "Lumen (https://example.com)"},
		{"link without text", `<a href="https://example.com/x"><img src=x></a>`, "https://example.com/x"},
		{"anchor", `<a href="#top">up</a>`, "up"},
		{"list", "<p>Bring:</p><ul><li>a lamp</li><li>oil<ul><li>olive</li></ul></li></ul><p>Done</p>",
			"Bring:\n\n- a lamp\n- oil\n  - olive\n\nDone"},
		{"ordered", `<ol start="9"><li>nine<br>more</li><li>ten</li></ol>`, "9. nine\n   more\n10. ten"},
		{"loose list", "<ul><li><p>one</p></li><li><p>two</p></li></ul>", "- one\n\n- two"},
		{"tasks", `<ul><li><input type="checkbox" checked> done</li><li><input type="checkbox"> open</li></ul>`, "- [x] done\n- [ ] open"},
		{"quote", "<blockquote><p>one</p><p>two<br>three</p></blockquote>after", "> one\n>\n> two\n> three\n\nafter"},
		{"table", "<table><thead><tr><th>Item</th><th>Price</th></tr></thead><tbody><tr><td>Lamp</td><td>24.00</td></tr></tbody></table>",
			"Item | Price\nLamp | 24.00"},
		{"table with blocks in cells", "<table><tr><td><p>Lamp</p><p>brass</p></td><td>24<br>25</td></tr></table>x", "Lamp brass | 24 25\n\nx"},
		{"table with a blank heading", "<table><thead><tr><th></th><th></th></tr></thead><tr><td>a</td><td>b</td></tr></table>", "a | b"},
		{"table with blank cells", "<table><tr><th>Stay</th><th> </th></tr><tr><td>a</td><td></td><td>c</td></tr></table>", "Stay\na | | c"},
		{"layout table", `<table role="presentation"><tr><td><h1>Title</h1></td><td>side</td></tr><tr><td><p>body</p></td></tr></table>`,
			"Title\n\nside\n\nbody"},
		{"layout table without role", `<table><tr><td><table><tr><td>a</td></tr></table></td><td>b</td></tr></table>`, "a\nb"},
		{"hidden", `<div style="display: none">preheader</div><p hidden>x</p><style>p{}</style><script>1</script>text`, "text"},
		{"head", "<html><head><title>T</title></head><body>b</body></html>", "b"},
		{"pre", "<pre><code>a  b\n\n  c\n</code></pre>after", "a  b\n\n  c\n\nafter"},
		{"rule", "a<hr>b", "a\n\n---\n\nb"},
		{"entities", "Tom &amp; Jerry &lt;3 &#x27;q&#x27;", "Tom & Jerry <3 'q'"},
		{"inline", "a <b>bold</b>, <em>x</em>y", "a bold, xy"},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := FromHTML(meter.New(t.Context(), 1<<40), c.html, Options{Limit: 1 << 20})
			if err != nil || got != c.want {
				t.Errorf("got  %q, %v\nwant %q", got, err, c.want)
			}
		})
	}
}

// Depth and size are bounded by the parser; nothing here may be quadratic.
func TestFromHTMLHostile(t *testing.T) {
	for _, source := range []string{
		strings.Repeat("<div>", 100_000),
		strings.Repeat("<table><tr><td>", 20_000),
		strings.Repeat("<li>", 50_000),
		strings.Repeat("<blockquote>", 400) + strings.Repeat("x<br>", 2000),
		strings.Repeat("<a href=x>", 50_000),
	} {
		var (
			out string
			err error
		)
		took := cputest.Spent(func() { out, err = FromHTML(meter.New(t.Context(), 1<<40), source, Options{Limit: 4 << 20}) })
		if err == nil && len(out) > 4<<20 {
			t.Errorf("%.20q: %d bytes out of %d", source, len(out), len(source))
		}
		if took > 10*time.Second {
			t.Errorf("%.20q took %v of CPU time", source, took)
		}
	}
}
