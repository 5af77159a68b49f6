package transcript

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/worker/task"
)

// Whatever a message's HTML opens or closes, the message after it stands where it would without it, as a browser sees it.
func TestHostileHTMLStaysInPlace(t *testing.T) {
	w := newForwarder(t)
	for _, hostile := range []string{
		"<p>plain</p>", "</div></div></div></body></html>", "</p></td></tr></table></div>", "<b><i><u><a href='https://x.example'>", "<table>", "<table><tr><td>", "</table><table>",
		"<blockquote>" + strings.Repeat("<div>", 300), "<!-- ", "<![CDATA[", "<style>", "<script>", "<title>", "<textarea>", "<plaintext>", "<xmp>", "<noscript>", "<template>", "<select><option>",
		"<svg><desc>", "<math><mtext>", "<form><input>", "<p/>", "<div/>", "<b/><i/>", "<a href=\"", "<a href='x", "<", "&lt;/div&gt;", "<h1><h2><h3>", "<ul><li><ul><li>", "<pre>", "<p hidden>",
		"<div style=display:none>", "<ruby><rt>", "<frameset><frame>", "<body class=x>", "<html dir=rtl>", "<base href=//evil.example>", "<iframe>", "<object>", "<del><ins><s>", "<dl><dt><dd>",
		"<table><caption><div>", "<table><b>x</table>y", "<a><table><a>", "<li>", "<td>", "<tbody>",
	} {
		data, err := json.Marshal(map[string]any{"messages": []any{
			map[string]any{"direction": "in", "sentAt": 1770109200000, "htmlBody": "before" + hostile + "after"},
			map[string]any{"direction": "out", "sentAt": 1770109300000, "body": "MARKER"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		made, err := makeOne(t, w, task.Forward{Order: task.OldestFirst}, data)
		if err != nil {
			t.Errorf("%.40s: %v", hostile, err)
			continue
		}
		root, err := html.Parse(strings.NewReader(made.Message.HTML))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := placeOf(root, "MARKER"), []string{"html", "body.page", "div", "table.outer", "tbody", "tr", "td.gap", "table.card", "tbody", "tr", "td.pad", "div.said", "p"}; !slices.Equal(got, want) {
			t.Errorf("behind %.40s the next message stands in %v, want %v", hostile, got, want)
		}
	}
}

// placeOf gives the elements around a text, outermost first, each with its first class.
func placeOf(n *html.Node, text string) []string {
	if n.Type == html.TextNode && strings.Contains(n.Data, text) {
		var place []string
		for p := n.Parent; p != nil && p.Type == html.ElementNode; p = p.Parent {
			name := p.Data
			for _, a := range p.Attr {
				if class, _, _ := strings.Cut(a.Val, " "); a.Key == "class" {
					name += "." + class
				}
			}
			place = append(place, name)
		}
		slices.Reverse(place)
		return place
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if place := placeOf(c, text); place != nil {
			return place
		}
	}
	return nil
}
