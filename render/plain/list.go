package plain

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// list is one that is being written.
type list struct {
	ordered bool
	next    int
}

func (w *writer) list(n *html.Node, l look) {
	margin := 2
	if len(w.lists) > 0 {
		margin = 1
	}
	w.lists = append(w.lists, list{ordered: n.DataAtom == atom.Ol, next: ordinal(attr(n, "start"), 1)})
	w.block(n, margin, l)
	w.lists = w.lists[:len(w.lists)-1]
}

// ordinal reads the number of a list item; one of more than nine digits, as
// Markdown has them, is none.
func ordinal(s string, otherwise int) int {
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n > -1e9 && n < 1e9 {
		return n
	}
	return otherwise
}

func (w *writer) item(n *html.Node, l look) {
	mark := "- "
	if len(w.lists) > 0 {
		if l := &w.lists[len(w.lists)-1]; l.ordered {
			l.next = ordinal(attr(n, "value"), l.next)
			mark = strconv.Itoa(l.next) + ". "
			l.next++
		}
	}
	w.owe(1)
	w.prefixed(mark, strings.Repeat(" ", len(mark)), func() { w.children(n, l) })
	w.owe(1)
}

// link writes what Options.Link says of it.

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
