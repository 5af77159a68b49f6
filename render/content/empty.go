package content

import (
	"strings"

	"golang.org/x/net/html"
)

// withoutEmptied removes from the HTML of a Markdown message everything that holds nothing but empty values: emphasis
// and code, paragraphs, headings, list items and quotations, and lines of a paragraph. All else stays as if there
// were words. Cells, links and rules stay.
func withoutEmptied(source string, t Tokens) string {
	if !t.hasEmpty(source) {
		return source
	}
	e := &emptied{tokens: t}
	for _, token := range tokenize(source) {
		e.token(&token)
	}
	e.endLine(len(e.out))
	return strings.Join(e.out, "")
}

// hasEmpty reports whether s holds the token of an empty value.
func (t Tokens) hasEmpty(s string) bool {
	for {
		at, _, kind := t.Next(s)
		if at < 0 {
			return false
		}
		if kind == kindEmpty {
			return true
		}
		s = s[at+t.Length():]
	}
}

type emptied struct {
	tokens Tokens
	out    []string
	open   []hollow
	line   hollow // since the last line break or block
	broken int    // the last <br> of the block in out; -1: none
	title  bool   // within the title of a callout: it fills nothing
}

// hollow is an element that may hold nothing but empty values.
type hollow struct {
	name   string
	begin  int // in out
	empty  bool
	filled bool
}

// mayGo reports whether an element is removed if it holds nothing but empty values.
func mayGo(name string) bool {
	switch name {
	case "strong", "em", "del", "code", "p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ul", "ol", "blockquote":
		return true
	}
	return false
}

func (e *emptied) token(t *htmlToken) {
	switch t.kind {
	case html.TextToken:
		text := e.tokens.withoutEmpty(t.raw)
		e.see(len(text) < len(t.raw), strings.TrimSpace(text) != "")
		e.out = append(e.out, text)
	case html.StartTagToken, html.SelfClosingTagToken:
		e.start(t)
	case html.EndTagToken:
		e.end(t)
	default:
		e.see(false, true)
		e.out = append(e.out, t.raw)
	}
}

// see records, for all open elements, that there is an empty value or something else.
func (e *emptied) see(empty, filled bool) {
	if e.title {
		return
	}
	e.line.empty, e.line.filled = e.line.empty || empty, e.line.filled || filled
	if n := len(e.open); n > 0 {
		top := &e.open[n-1]
		top.empty, top.filled = top.empty || empty, top.filled || filled
	}
}

func (e *emptied) start(t *htmlToken) {
	at := len(e.out)
	e.out = append(e.out, t.raw)
	if t.name == "div" && t.class() == classTitle {
		e.endLine(at)
		e.line, e.broken, e.title = hollow{}, -1, true
		return
	}
	switch {
	case t.name == "br":
		e.endLine(at)
		e.line, e.broken = hollow{}, at
		return
	case isOfBlocks(t.name):
		e.endLine(at)
		e.line, e.broken = hollow{}, -1
	}
	if mayGo(t.name) && t.kind == html.StartTagToken {
		e.open = append(e.open, hollow{name: t.name, begin: at})
		return
	}
	e.see(false, true)
}

func (e *emptied) end(t *htmlToken) {
	at := len(e.out)
	e.out = append(e.out, t.raw)
	e.title = e.title && t.name != "div"
	if isOfBlocks(t.name) {
		e.endLine(at)
		e.line, e.broken = hollow{}, -1
	}
	if !mayGo(t.name) {
		return
	}
	n := len(e.open)
	if n == 0 || e.open[n-1].name != t.name { // raw HTML that doesn't close what it opens: nothing of it goes
		e.open = e.open[:0]
		return
	}
	closed := e.open[n-1]
	e.open = e.open[:n-1]
	if goes := closed.empty && !closed.filled; goes {
		clear(e.out[closed.begin:])
		e.see(true, false)
		return
	}
	e.see(closed.empty, closed.filled)
}

// endLine removes a line of a paragraph that held nothing but empty values, with the break behind it, at at, or else
// with the break before it.
func (e *emptied) endLine(at int) {
	if !e.line.empty || e.line.filled {
		return
	}
	switch {
	case at < len(e.out) && strings.HasPrefix(e.out[at], "<br"):
		e.out[at] = ""
	case e.broken >= 0:
		e.out[e.broken] = ""
	}
}
