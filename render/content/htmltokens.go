package content

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/plain"
)

// htmlToken is a token of a page, as its author wrote it.
type htmlToken struct {
	kind       html.TokenType
	raw        string
	name       string
	attributes []html.Attribute
	dropped    bool   // begin or end of a link within a link
	closer     int    // of a link's begin: the index of its end; 0: it has none
	label      string // of a link that holds text alone: its text
}

func (t *htmlToken) href() string {
	for _, a := range t.attributes {
		if a.Key == "href" {
			return a.Val
		}
	}
	return ""
}

// tokenize reads HTML, with the relations between links.
func tokenize(source string) []htmlToken {
	out := make([]htmlToken, 0, 2*strings.Count(source, "<")+1)
	z := html.NewTokenizer(strings.NewReader(source))
	at := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		t := htmlToken{kind: kind, raw: source[at : at+len(z.Raw())]}
		at += len(t.raw)
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			t.name = nameIn(t.raw[1:], name)
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				t.attributes = append(t.attributes, html.Attribute{Key: string(key), Val: string(value)})
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			t.name = nameIn(t.raw[2:], name)
		}
		out = append(out, t)
	}
	pairLinks(out)
	return out
}

// nameIn is the name that raw begins with, in lower case.
func nameIn(raw string, name []byte) string {
	if len(raw) >= len(name) && raw[:len(name)] == string(name) {
		return raw[:len(name)]
	}
	return string(name)
}

// pairLinks finds the end of each link. A link within another one doesn't count: the author meant the outer one.
func pairLinks(tokens []htmlToken) {
	var open []int
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.name != "a":
		case t.kind == html.StartTagToken:
			open = append(open, i)
		case t.kind == html.EndTagToken && len(open) > 0:
			tokens[open[len(open)-1]].closer = i
			open = open[:len(open)-1]
		}
	}
	end := 0
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.closer == 0 || t.href() == "":
		case i < end:
			t.dropped, tokens[t.closer].dropped = true, true
		default:
			end = t.closer
		}
	}
	for i := range tokens {
		if t := &tokens[i]; t.closer > 0 && !t.dropped {
			t.label = labelOf(tokens[i+1 : t.closer])
		}
	}
}

// labelOf is the text of a link that holds nothing else.
func labelOf(within []htmlToken) string {
	label := ""
	for i := range within {
		t := &within[i]
		switch {
		case t.dropped:
		case t.kind == html.TextToken && label == "":
			label = html.UnescapeString(t.raw)
		default:
			return ""
		}
	}
	return label
}

// isItsAddress reports whether the text of a link is its address as the author wrote it: then values in it are
// written as in an address.
func isItsAddress(label, href string) bool {
	return strings.HasPrefix(label, "https://") && len(label) > len("https://") && plain.Same(label, href) ||
		strings.HasPrefix(label, "http://") && len(label) > len("http://") && plain.Same(label, href) ||
		strings.HasPrefix(label, "www.") && plain.Same(label, href)
}
