package plain

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// table writes a data table a row a line, cells apart by " | ". A table that
// only places things (role="presentation", or one column) is walked through.
func (w *writer) table(n *html.Node) {
	if attr(n, "role") == "presentation" || !isData(n) {
		w.block(n, 1, nil)
		return
	}
	w.owe(2)
	for row := range rows(n) {
		if !hasContent(row) {
			continue
		}
		w.owe(1)
		w.row = true
		first := true
		for c := row.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode || (c.DataAtom != atom.Td && c.DataAtom != atom.Th) {
				continue
			}
			if !hasContent(c) && isLastWithContent(c) {
				break
			}
			if !first {
				w.space = true
				w.word("|")
				w.space = true
			}
			first = false
			w.children(c)
		}
		w.row = false
	}
	w.owe(2)
}

// isData says whether the table has a heading cell or a row of two cells, and
// holds no table within.
func isData(table *html.Node) bool {
	wide := false
	for row := range rows(table) {
		cells := 0
		for c := row.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			if holdsTable(c) {
				return false
			}
			cells++
			wide = wide || c.DataAtom == atom.Th || cells > 1
		}
	}
	return wide
}

// hasContent says whether a row or cell has anything to read: Markdown tables must have
// a heading row, and some leave it blank.
func hasContent(row *html.Node) bool {
	for d := range row.Descendants() {
		if d.Type == html.TextNode && strings.TrimSpace(d.Data) != "" || d.DataAtom == atom.Img || d.DataAtom == atom.Input {
			return true
		}
	}
	return false
}

// isLastWithContent says whether only blank cells follow c.
func isLastWithContent(c *html.Node) bool {
	for c = c.NextSibling; c != nil; c = c.NextSibling {
		if hasContent(c) {
			return false
		}
	}
	return true
}

func holdsTable(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.DataAtom == atom.Table {
			return true
		}
	}
	return false
}

// rows yields the rows of table itself, not those of tables within.
func rows(table *html.Node) func(func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		for group := table.FirstChild; group != nil; group = group.NextSibling {
			if group.DataAtom == atom.Tr && !yield(group) {
				return
			}
			for row := group.FirstChild; row != nil; row = row.NextSibling {
				if row.DataAtom == atom.Tr && !yield(row) {
					return
				}
			}
		}
	}
}
