// Package plain turns HTML into the text that a person reads when a mail client
// shows no HTML: links keep their addresses, lists their marks, table rows stay
// rows. Lines are not wrapped; clients do that to their own width.
package plain

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML converts a document or a fragment. Hidden elements (display:none,
// the hidden attribute), styles, scripts and comments are left out. The error
// is the parser's: elements nested deeper than it allows.
func FromHTML(source string) (string, error) {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return "", err
	}
	w := &writer{}
	w.children(root)
	return string(w.out), nil
}

// writer collapses white space as a browser does and emits line breaks late,
// so that the margins of nested blocks merge.
type writer struct {
	out      []byte
	prefixes []prefix // of the current line, outermost first
	breaks   int      // line breaks owed before the next text
	space    bool     // a space owed before the next text
	pre      int      // depth of <pre>
	lists    []list
	row      bool // within a data table's row: breaks are spaces
}

// prefix begins each line of a quotation or a list item.
type prefix struct {
	first, rest string // first: a list mark, used once
	used        bool
}

type list struct {
	ordered bool
	next    int
}

func (w *writer) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *writer) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
	case html.ElementNode:
		if !hidden(n) {
			w.element(n)
		}
	case html.DocumentNode:
		w.children(n)
	}
}

func (w *writer) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Object,
		atom.Iframe, atom.Svg, atom.Video, atom.Audio, atom.Select, atom.Textarea:
	case atom.Br:
		w.lineBreak()
	case atom.Hr:
		w.block(n, 2, func() { w.word("---") })
	case atom.Img:
		w.text(attr(n, "alt"))
	case atom.Input:
		w.checkbox(n)
	case atom.A:
		w.link(n)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl, atom.Figure:
		w.block(n, 2, nil)
	case atom.Pre:
		w.pre++
		w.block(n, 2, nil)
		w.pre--
	case atom.Blockquote:
		w.quoted(n)
	case atom.Ul, atom.Ol:
		w.list(n)
	case atom.Li:
		w.item(n)
	case atom.Table:
		w.table(n)
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Address,
		atom.Td, atom.Th, atom.Tr, atom.Dt, atom.Dd, atom.Center, atom.Figcaption, atom.Form, atom.Caption:
		w.block(n, 1, nil)
	default:
		w.children(n)
	}
}

// block sets the content of n apart by at least margin line breaks.
func (w *writer) block(n *html.Node, margin int, content func()) {
	w.owe(margin)
	if content != nil {
		content()
	} else {
		w.children(n)
	}
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
	if w.pre > 0 {
		w.verbatim(s)
		return
	}
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
	switch {
	case len(w.out) == 0:
		w.startLine()
	case w.breaks > 0:
		for range w.breaks - 1 {
			w.out = append(w.out, '\n')
			w.out = append(w.out, strings.TrimRight(w.restOfPrefixes(), " ")...)
		}
		w.out = append(w.out, '\n')
		w.startLine()
	case w.space:
		w.out = append(w.out, ' ')
	}
	w.breaks, w.space = 0, false
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

func (w *writer) restOfPrefixes() string {
	s := ""
	for _, p := range w.prefixes {
		if !p.used { // nothing of the item is out yet: no mark, no indent
			break
		}
		s += p.rest
	}
	return s
}

func (w *writer) prefixed(first, rest string, content func()) {
	w.prefixes = append(w.prefixes, prefix{first: first, rest: rest})
	content()
	w.prefixes = w.prefixes[:len(w.prefixes)-1]
}

func (w *writer) quoted(n *html.Node) {
	w.owe(2)
	w.prefixed("> ", "> ", func() { w.children(n) })
	w.owe(2)
}

func (w *writer) list(n *html.Node) {
	margin := 2
	if len(w.lists) > 0 {
		margin = 1
	}
	start := 1
	if v, err := strconv.Atoi(attr(n, "start")); err == nil {
		start = v
	}
	w.lists = append(w.lists, list{ordered: n.DataAtom == atom.Ol, next: start})
	w.block(n, margin, nil)
	w.lists = w.lists[:len(w.lists)-1]
}

func (w *writer) item(n *html.Node) {
	mark := "- "
	if len(w.lists) > 0 {
		if l := &w.lists[len(w.lists)-1]; l.ordered {
			mark = strconv.Itoa(l.next) + ". "
			l.next++
		}
	}
	w.owe(1)
	w.prefixed(mark, strings.Repeat(" ", len(mark)), func() { w.children(n) })
	w.owe(1)
}

// link writes "text (address)", or the address alone where the text says no
// more, or the text alone where the address leads nowhere else.
func (w *writer) link(n *html.Node) {
	href := strings.TrimSpace(attr(n, "href"))
	before := len(w.out)
	w.children(n)
	label := strings.TrimSpace(string(w.out[before:]))
	bare := strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "tel:")
	switch {
	case href == "" || strings.HasPrefix(href, "#"):
	case sameAddress(label, href):
	case label == "":
		w.word(bare)
	default:
		w.space = true
		w.word("(" + bare + ")")
	}
}

func sameAddress(label, address string) bool {
	for _, scheme := range []string{"", "mailto:", "tel:", "https://", "http://"} {
		if rest, ok := strings.CutPrefix(address, scheme); ok && (label == rest || label == strings.TrimSuffix(rest, "/")) {
			return true
		}
	}
	return false
}

func (w *writer) checkbox(n *html.Node) {
	if attr(n, "type") != "checkbox" {
		return
	}
	if hasAttr(n, "checked") {
		w.word("[x]")
	} else {
		w.word("[ ]")
	}
}

func hidden(n *html.Node) bool {
	if hasAttr(n, "hidden") {
		return true
	}
	style := strings.ToLower(strings.ReplaceAll(attr(n, "style"), " ", ""))
	return strings.Contains(style, "display:none") || strings.Contains(style, "mso-hide:all")
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
