package content

import (
	"bytes"
	"context"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/meter"
	"github.com/heraldsend/herald/render/plain"
)

// Sanitizer keeps the parts of foreign HTML that {{{x}}} allows: text with its structure and links. It is safe for
// concurrent use.
type Sanitizer struct{ converter *Converter }

// NewSanitizer returns a Sanitizer. Making it is costly: keep it.
func NewSanitizer() *Sanitizer { return &Sanitizer{NewConverter()} }

// HTML returns the part of source that may be shown. With notes, pictures leave their names in brackets.
func (s *Sanitizer) HTML(source []byte, notes bool) []byte {
	return balanced(s.converter.policy.SanitizeBytes(plain.Flatten(source, notes)))
}

// Text returns the text that a person reads in HTML that HTML returned, at most limit bytes.
func (s *Sanitizer) Text(ctx context.Context, safe []byte, limit int) (string, error) {
	return s.converter.rawText(meter.New(ctx, 4*limit), safe, limit)
}

// maxNesting is how deep elements of a value may stand within each other; deeper ones are left out, their text is not.
const maxNesting = 200

// balanced closes what safe, which is sanitised, leaves open, and drops what closes elements that are not its own: a
// value can't leave the place that its author gave it. It takes time in proportion to its length, unlike a parser that
// mends HTML as browsers do.
func balanced(safe []byte) []byte {
	if isBalanced(safe) {
		return safe
	}
	var out bytes.Buffer
	var open []string
	count := map[string]int{}
	closeLast := func() {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		count[name]--
		if len(open) < maxNesting {
			out.WriteString("</" + name + ">")
		}
	}
	z := html.NewTokenizer(bytes.NewReader(safe))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := bytes.Clone(z.Raw())
		nameBytes, _ := z.TagName()
		name := string(nameBytes)
		switch {
		case (kind == html.StartTagToken || kind == html.SelfClosingTagToken) && !voidElements[name]: // browsers don't close <b/>
			if len(open) < maxNesting {
				out.Write(raw)
			}
			open = append(open, name)
			count[name]++
		case kind == html.EndTagToken:
			for count[name] > 0 {
				last := open[len(open)-1]
				closeLast()
				if last == name {
					break
				}
			}
		default:
			out.Write(raw)
		}
	}
	for len(open) > 0 {
		closeLast()
	}
	return out.Bytes()
}

// isBalanced says whether every element of HTML is closed within the one that it stands in, and none too deep.
func isBalanced(source []byte) bool {
	var open []string
	z := html.NewTokenizer(bytes.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return len(open) == 0
		case html.StartTagToken, html.SelfClosingTagToken:
			nameBytes, _ := z.TagName()
			if name := string(nameBytes); !voidElements[name] {
				open = append(open, name)
			}
			if len(open) > maxNesting {
				return false
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
