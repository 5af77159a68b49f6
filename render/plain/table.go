package plain

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tables says of the tables of a document, their rows and their cells what they
// hold: it is found out once.
type tables map[*html.Node]holding

type holding struct {
	content bool // anything to read
	table   bool // a table
	block   bool // a table, or anything that begins a line of its own
}

// tablesIn looks at the tables below root.
func tablesIn(root *html.Node) tables {
	t := tables{}
	t.look(root)
	return t
}

func (t tables) look(n *html.Node) holding {
	var h holding
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			h.content = h.content || strings.TrimSpace(c.Data) != ""
		case html.ElementNode:
			inner := t.look(c)
			h.content = h.content || inner.content || c.DataAtom == atom.Img || c.DataAtom == atom.Input
			h.table = h.table || inner.table || c.DataAtom == atom.Table
			h.block = h.block || inner.block || beginsLine(c.DataAtom)
		}
	}
	switch n.DataAtom {
	case atom.Table, atom.Tr, atom.Td, atom.Th:
		t[n] = h
	}
	return h
}

// beginsLine says of an element whether it takes apart what a cell holds.
func beginsLine(a atom.Atom) bool {
	switch a {
	case atom.Table, atom.P, atom.Div, atom.Ul, atom.Ol, atom.Dl, atom.Blockquote, atom.Pre, atom.Hr, atom.Br,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Figure:
		return true
	}
	return false
}

// table writes a row a line, its cells apart by " | ". Of a table that only
// places things (role="presentation", one column, or with tables within) those
// rows are written so that hold nothing but short texts.
func (w *writer) table(n *html.Node, l look) {
	data := attr(n, "role") != "presentation" && w.isData(n)
	margin := 1
	if data {
		margin = 2
	}
	w.owe(margin)
	w.parts(n, l, data)
	w.owe(margin)
}

// parts writes what a table, or a part of one, holds.
func (w *writer) parts(n *html.Node, l look, data bool) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		inner := l.within(c.Data, c.Attr)
		switch {
		case c.Type == html.ElementNode && inner.hidden:
		case c.DataAtom == atom.Tbody, c.DataAtom == atom.Thead, c.DataAtom == atom.Tfoot:
			w.parts(c, inner, data)
		case c.DataAtom == atom.Tr && (data || w.isLine(c)):
			w.line(c, inner)
		default:
			w.node(c, l)
		}
	}
}

// line writes a row as one line.
func (w *writer) line(row *html.Node, l look) {
	if w.row { // in a cell of a row that is one line already
		w.children(row, l)
		return
	}
	cells := cellsOf(row)
	for len(cells) > 0 && !w.tables[cells[len(cells)-1]].content {
		cells = cells[:len(cells)-1]
	}
	w.owe(1)
	w.row = true
	for i, c := range cells {
		if i > 0 {
			w.space = true
			w.word("|")
			w.space = true
		}
		if inner := l.within(c.Data, c.Attr); !inner.hidden {
			w.children(c, inner)
		}
	}
	w.row = false
	w.owe(1)
}

// isLine says of a row whether it holds several short texts and no blocks.
func (w *writer) isLine(row *html.Node) bool {
	filled := 0
	for _, c := range cellsOf(row) {
		if w.tables[c].content {
			filled++
		}
	}
	return filled > 1 && !w.tables[row].block
}

func cellsOf(row *html.Node) []*html.Node {
	var cells []*html.Node
	for c := row.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
			cells = append(cells, c)
		}
	}
	return cells
}

// isData says whether the table has a heading cell or a row of two cells, and
// holds no table within.
func (w *writer) isData(table *html.Node) bool {
	if w.tables[table].table {
		return false
	}
	for row := range table.Descendants() {
		if row.DataAtom != atom.Tr {
			continue
		}
		cells := cellsOf(row)
		if len(cells) > 1 || slices.ContainsFunc(cells, func(c *html.Node) bool { return c.DataAtom == atom.Th }) {
			return true
		}
	}
	return false
}
