package render

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Sanitizer keeps of foreign HTML what {{{x}}} lets through: text with its structure and links. It is safe for
// concurrent use.
type Sanitizer struct{ converter *converter }

// NewSanitizer returns one; making it is costly, keep it.
func NewSanitizer() *Sanitizer { return &Sanitizer{newConverter()} }

// HTML returns what may be shown of source.
func (s *Sanitizer) HTML(source []byte) []byte { return s.converter.rawHTML(source) }

// Text returns what a person reads of HTML that came out of HTML.
func (s *Sanitizer) Text(safe []byte) string { return string(s.converter.rawText(safe)) }

// balanced closes what safe, which is sanitised, leaves open, and drops what closes elements that are not its own: a
// value can't leave the place that its author gave it. What is nested too deeply to be read comes back as text.
func balanced(safe []byte) []byte {
	if isBalanced(safe) {
		return safe
	}
	nodes, err := html.ParseFragment(bytes.NewReader(safe), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		return appendHTML(nil, textOnly(safe), "<br>\n")
	}
	var out bytes.Buffer
	for _, n := range nodes {
		if err := html.Render(&out, n); err != nil {
			return appendHTML(nil, textOnly(safe), "<br>\n")
		}
	}
	return out.Bytes()
}

// isBalanced says whether every element of HTML is closed within the one that it stands in.
func isBalanced(source []byte) bool {
	var open []string
	z := html.NewTokenizer(bytes.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return len(open) == 0
		case html.StartTagToken:
			nameBytes, _ := z.TagName()
			if name := string(nameBytes); !voidElements[name] {
				open = append(open, name)
			}
		case html.EndTagToken:
			nameBytes, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(nameBytes) {
				return false
			}
			open = open[:len(open)-1]
		}
	}
}

var voidElements = map[string]bool{"br": true, "hr": true, "img": true}

// textOnly is the text of HTML without its tags.
func textOnly(source []byte) []byte {
	var out strings.Builder
	z := html.NewTokenizer(bytes.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return []byte(out.String())
		case html.TextToken:
			out.Write(z.Text())
		}
	}
}
