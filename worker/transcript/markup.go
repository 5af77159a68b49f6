package transcript

import (
	"bytes"
	"html"
	"slices"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/redact"
)

// markup returns HTML without secrets, even if elements divide them. It removes attributes that hold one, and comments.
func (r *redactor) markup(m *conversation.Message, source []byte, o redact.Options) string {
	if r.idle() {
		return string(source)
	}
	for range maxCuts {
		cleaned, changed := r.cleaned(m, source, o)
		if r.unproven || !changed {
			return string(cleaned)
		}
		source = cleaned
	}
	r.unproven = true
	return ""
}

// seam stands between texts that an element divides: a word may end there, and may go on.
const seam = "\n"

// cleaned is one round of markup.
func (r *redactor) cleaned(m *conversation.Message, source []byte, o redact.Options) (out []byte, changed bool) {
	var all strings.Builder // the text of all text tokens
	each(source, func(t *token) {
		if t.isText() {
			all.WriteString(t.text() + seam)
		}
	})
	w := &cleaning{hits: r.find(m, all.String(), o)}
	w.out.Grow(len(source))
	known := map[string]bool{} // attributes are often the same
	holds := func(s string) bool {
		found, ok := known[s]
		if !ok {
			found = len(r.find(m, s, o)) > 0
			known[s] = found
		}
		return found
	}
	each(source, func(t *token) {
		switch {
		case t.isText():
			w.text(t)
		case t.kind == nethtml.StartTagToken || t.kind == nethtml.SelfClosingTagToken:
			w.tag(t, holds)
		case t.kind == nethtml.CommentToken && holds(string(t.raw)):
			w.changed = true
		default:
			w.out.Write(t.raw)
		}
	})
	return w.out.Bytes(), w.changed
}

// cleaning writes HTML without what was found in its text.
type cleaning struct {
	out     bytes.Buffer
	hits    []redact.Span // in the text of all text tokens
	at      int           // in that text
	changed bool
}

// text writes a text token without hits. It writes the mark where a hit begins.
func (w *cleaning) text(t *token) {
	text := t.text()
	from, end := w.at, w.at+len(text)
	w.at = end + len(seam)
	for len(w.hits) > 0 && w.hits[0].End <= from {
		w.hits = w.hits[1:]
	}
	if len(w.hits) == 0 || w.hits[0].Start >= end {
		w.out.Write(t.raw)
		return
	}
	w.changed = true
	done := 0
	for _, hit := range w.hits {
		if hit.Start >= end {
			break
		}
		w.out.WriteString(html.EscapeString(text[done:max(hit.Start-from, 0)]))
		if hit.Start >= from {
			w.out.WriteString(Mark)
		}
		done = min(hit.End-from, len(text))
	}
	w.out.WriteString(html.EscapeString(text[done:]))
}

// tag writes a start tag without attributes that hold a secret.
func (w *cleaning) tag(t *token, holds func(string) bool) {
	kept := slices.DeleteFunc(slices.Clone(t.attributes), func(a nethtml.Attribute) bool { return holds(a.Val) })
	if len(kept) == len(t.attributes) {
		w.out.Write(t.raw)
		return
	}
	w.changed = true
	w.out.WriteString("<" + t.name)
	for _, a := range kept {
		w.out.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
	}
	w.out.WriteString(">")
}

// token is a piece of HTML.
type token struct {
	kind       nethtml.TokenType
	raw        []byte
	name       string // of a tag
	attributes []nethtml.Attribute
	verbatim   bool // of a style: no person reads it, and entities are none
}

// isText reports text that a person reads.
func (t *token) isText() bool { return t.kind == nethtml.TextToken && !t.verbatim }

func (t *token) text() string { return html.UnescapeString(string(t.raw)) }

// each calls f for every token of source, which is valid during the call.
func each(source []byte, f func(t *token)) {
	z := nethtml.NewTokenizer(bytes.NewReader(source))
	verbatim := false
	for {
		t := token{kind: z.Next()}
		if t.kind == nethtml.ErrorToken {
			return
		}
		t.raw = bytes.Clone(z.Raw()) // reading a tag's attributes changes it
		t.verbatim = verbatim && t.kind == nethtml.TextToken
		verbatim = false
		if t.kind == nethtml.StartTagToken || t.kind == nethtml.SelfClosingTagToken {
			name, more := z.TagName()
			t.name = string(name)
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				t.attributes = append(t.attributes, nethtml.Attribute{Key: string(key), Val: string(value)})
			}
			verbatim = t.name == "style" || t.name == "script"
		}
		f(&t)
	}
}
