// Package plain turns HTML into the text that a person reads when a mail client
// shows no HTML: links keep their addresses, lists and quotations their marks,
// table rows stay rows, and what is struck through can be told from what is not.
// Lines are not wrapped; clients do that to their own width. It is also the home
// of the rules that such a conversion needs and others share: what a link is,
// what styles hide, what ends a line.
package plain

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/heraldsend/herald/render/meter"
)

// ErrTooLong is wrapped by the error of a text that would have more bytes than
// it may.
var ErrTooLong = errors.New("the text is too long")

// ErrTooDeep is wrapped by the error of HTML whose elements stand too deep within
// each other.
var ErrTooDeep = errors.New("HTML elements are nested too deep")

// Options bound a conversion.
type Options struct {
	Limit int                             // bytes of the text
	Link  func(label, href string) string // what is said of a link; nil: Link
}

// FromHTML converts a document or a fragment. What styles or the hidden attribute
// hide, styles, scripts and comments are left out. The errors are ErrTooLong,
// ErrTooDeep and the meter's own.
func FromHTML(m *meter.Meter, source string, o Options) (string, error) {
	if o.Link == nil {
		o.Link = Link
	}
	if isPlain(source) && len(source) <= o.Limit {
		return source, nil
	}
	if err := chargeNodes(m, source); err != nil {
		return "", err
	}
	root, err := html.Parse(m.Reader(strings.NewReader(source)))
	switch {
	case errors.Is(err, meter.ErrSpent) || m.Err() != nil:
		return "", err
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrTooDeep, err) // a string has no other errors
	}
	w := &writer{meter: m, Options: o, tables: tablesIn(root)}
	w.children(root, look{})
	if w.err != nil {
		return "", w.err
	}
	return string(w.out), nil
}

// isPlain says of a short text that it is its own conversion.
func isPlain(source string) bool {
	for i := range len(source) {
		switch c := source[i]; {
		case c == '<' || c == '&' || c < ' ' || c == 0xc2: // that a no-break space begins with
			return false
		case c == ' ' && (i == 0 || i+1 == len(source) || source[i-1] == ' '):
			return false
		}
	}
	return true
}

// writer collapses white space as a browser does and emits line breaks late,
// so that the margins of nested blocks merge.
type writer struct {
	Options
	meter    *meter.Meter
	err      error // ends the conversion
	out      []byte
	prefixes []prefix // of the current line, outermost first
	width    int      // of all prefixes
	breaks   int      // line breaks owed before the next text
	space    bool     // a space owed before the next text
	opening  string   // marks owed before the next text, such as "~~"
	label    int      // where the first word of a link stands in out; -1: it has none yet
	lists    []list
	row      bool // within a table's row: breaks are spaces
	tables   tables
}

// prefix begins each line of a quotation or a list item.
type prefix struct {
	first, rest string // first: a list mark, used once
	used        bool
}

// maxWidth bounds the prefixes of a line: they are written again for each line.
const maxWidth = 40

func (w *writer) children(n *html.Node, l look) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c, l)
	}
}

func (w *writer) node(n *html.Node, l look) {
	if w.err == nil {
		w.err = w.meter.Charge(1)
	}
	if w.err != nil {
		return
	}
	switch n.Type {
	case html.TextNode:
		switch {
		case !l.seen():
		case l.pre && !w.row:
			w.verbatim(n.Data)
		default:
			w.text(n.Data)
		}
	case html.ElementNode:
		switch inner := l.within(n.Data, n.Attr); {
		case inner.hidden:
		case inner.struck && !l.struck:
			w.between("~~", "~~", func() { w.element(n, inner) })
		default:
			w.element(n, inner)
		}
	case html.DocumentNode:
		w.children(n, l)
	}
}

func (w *writer) element(n *html.Node, l look) {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Object,
		atom.Iframe, atom.Svg, atom.Video, atom.Audio, atom.Select, atom.Textarea:
	case atom.Br:
		w.lineBreak()
	case atom.Hr:
		w.owe(2)
		w.word("---")
		w.owe(2)
	case atom.Img:
		if !l.invisible { // a size of text is none of pictures
			w.text(attr(n, "alt"))
		}
	case atom.Input:
		w.checkbox(n)
	case atom.A:
		w.link(n, l)
	case atom.Q:
		w.quotation(n, l)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl, atom.Figure, atom.Pre:
		w.block(n, 2, l)
	case atom.Blockquote:
		w.quoted(n, l)
	case atom.Ul, atom.Ol:
		w.list(n, l)
	case atom.Li:
		w.item(n, l)
	case atom.Table:
		w.table(n, l)
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Address,
		atom.Td, atom.Th, atom.Tr, atom.Dt, atom.Dd, atom.Center, atom.Figcaption, atom.Form, atom.Caption:
		w.block(n, 1, l)
	default:
		w.children(n, l)
	}
}

// block sets the content of n apart by at least margin line breaks.
func (w *writer) block(n *html.Node, margin int, l look) {
	w.owe(margin)
	w.children(n, l)
	w.owe(margin)
}

func (w *writer) owe(breaks int) {
	if w.row {
		w.space = true
		return
	}
	w.breaks = max(w.breaks, breaks)
	w.space = false
}

// lineBreak is <br>: two of them make an empty line, three make no more.
func (w *writer) lineBreak() {
	if w.row {
		w.space = true
		return
	}
	w.breaks = min(w.breaks+1, 2)
	w.space = false
}

func (w *writer) text(s string) {
	for s != "" {
		i := strings.IndexFunc(s, isSpace)
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			w.word(s[:i])
		}
		rest := strings.TrimLeftFunc(s[i:], isSpace)
		if len(rest) < len(s[i:]) {
			w.space = true
		}
		s = rest
	}
}

// between writes content between marks, if there is any.
func (w *writer) between(before, after string, content func()) {
	outer := w.opening
	w.opening += before
	content()
	if w.opening == outer+before { // nothing was written
		w.opening = outer
		return
	}
	w.out = append(w.out, after...)
}

// isSpace also takes the no-break space, which plain text has no use for.
func isSpace(r rune) bool {
	return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' || r == '\u00a0'
}

func (w *writer) verbatim(s string) {
	for i, line := range strings.Split(strings.TrimSuffix(s, "\n"), "\n") {
		if i > 0 {
			w.breaks++
		}
		if line != "" {
			w.word(line)
		}
	}
	if strings.HasSuffix(s, "\n") {
		w.owe(1)
	}
}

// word appends s after the line breaks or the space that are owed.
func (w *writer) word(s string) {
	if len(w.out)+len(s)+w.breaks*w.width > w.Limit {
		if w.err == nil {
			w.err = fmt.Errorf("%w: more than %d bytes", ErrTooLong, w.Limit)
		}
		return
	}
	switch {
	case len(w.out) == 0:
		w.startLine()
	case w.breaks > 0:
		for range w.breaks - 1 {
			w.out = append(w.out, '\n')
			w.blankLine()
		}
		w.out = append(w.out, '\n')
		w.startLine()
	case w.space:
		w.out = append(w.out, ' ')
	}
	w.breaks, w.space = 0, false
	if w.opening != "" {
		w.out = append(w.out, w.opening...)
		w.opening = ""
	}
	if w.label < 0 {
		w.label = len(w.out)
	}
	w.out = append(w.out, s...)
}

func (w *writer) startLine() {
	for i := range w.prefixes {
		p := &w.prefixes[i]
		if p.used {
			w.out = append(w.out, p.rest...)
			continue
		}
		p.used = true
		w.out = append(w.out, p.first...)
	}
}

// blankLine writes what a line without text begins with.
func (w *writer) blankLine() {
	begin := len(w.out)
	for _, p := range w.prefixes {
		if !p.used { // nothing of the item is out yet: no mark, no indent
			break
		}
		w.out = append(w.out, p.rest...)
	}
	w.out = append(w.out[:begin], bytes.TrimRight(w.out[begin:], " ")...)
}

// prefixed writes content with a prefix before its lines, unless there are very
// many already.
func (w *writer) prefixed(first, rest string, content func()) {
	if w.width+len(first) > maxWidth {
		content()
		return
	}
	w.width += len(first)
	w.prefixes = append(w.prefixes, prefix{first: first, rest: rest})
	content()
	w.prefixes = w.prefixes[:len(w.prefixes)-1]
	w.width -= len(first)
}

func (w *writer) quoted(n *html.Node, l look) {
	w.owe(2)
	w.prefixed("> ", "> ", func() { w.children(n, l) })
	w.owe(2)
}

// quotation is <q>, which browsers set in quotation marks.
func (w *writer) quotation(n *html.Node, l look) {
	w.between("“", "”", func() { w.children(n, l) })
}

func (w *writer) link(n *html.Node, l look) {
	w.label = -1
	w.children(n, l)
	begin := w.label
	w.label = 0
	href := attr(n, "href")
	if href == "" || w.err != nil || !l.seen() && begin < 0 {
		return
	}
	if begin < 0 {
		if text := w.Link("", href); text != "" {
			w.word(text)
		}
		return
	}
	label := string(w.out[begin:])
	if text := w.Link(label, href); text != label {
		w.out = append(w.out[:begin], text...)
	}
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
