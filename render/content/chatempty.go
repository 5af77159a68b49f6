package content

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
)

// emptiedIn finds what to cut out of Markdown so that empty values change nothing else of it: what holds nothing but them,
// with the author's marks around. It does for Markdown what withoutEmptied does for HTML. The cuts are in order.
func emptiedIn(document ast.Node, source string, t Tokens) []cut {
	e := &markdownEmptied{source: source, tokens: t}
	e.blocks(document)
	slices.SortStableFunc(e.cuts, func(a, b cut) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return b.end - a.end
	})
	return e.cuts
}

type markdownEmptied struct {
	source string
	tokens Tokens
	cuts   []cut
}

// state says what stands in a part of a document.
type state struct{ empty, filled bool }

func (s state) and(o state) state { return state{s.empty || o.empty, s.filled || o.filled} }

func (s state) goes() bool { return s.empty && !s.filled }

// blocks cuts what is empty within a block that holds blocks.
func (e *markdownEmptied) blocks(n ast.Node) state {
	var all state
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		all = all.and(e.block(c))
	}
	return all
}

func (e *markdownEmptied) block(n ast.Node) state {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		return e.lines(n)
	case *ast.List, *ast.ListItem, *ast.Blockquote:
		return e.blocks(n)
	case *extension.Table, *extension.TableRow, *extension.TableHeader:
		e.blocks(n)
		return state{filled: true}
	case *extension.TableCell:
		e.cell(n)
	}
	return state{filled: true}
}

// lines cuts the lines of a block that hold nothing but empty values.
func (e *markdownEmptied) lines(n ast.Node) state {
	var all, line state
	begin := n.FirstChild()
	isFirst := true
	endLine := func(last ast.Node) {
		at := e.startOf(begin)
		switch {
		case at < 0:
		case line.goes() && (!isFirst || !beginsItem(n)):
			e.cutLine(at)
		case line.empty:
			e.guard(at)
		}
		all = all.and(line)
		line, begin, isFirst = state{}, last.NextSibling(), false
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		line = line.and(e.inline(c))
		if t, ok := c.(*ast.Text); ok && (t.SoftLineBreak() || t.HardLineBreak()) || c.NextSibling() == nil {
			endLine(c)
		}
	}
	if all.goes() {
		for i := range n.Lines().Len() {
			e.cutLine(n.Lines().At(i).Start)
		}
		if h, ok := n.(*ast.Heading); ok && n.Lines().Len() > 0 {
			e.cutUnderline(h)
		}
	}
	return all
}

// beginsItem says whether the first line of a block has the mark of a list item before it.
func beginsItem(n ast.Node) bool {
	item, ok := n.Parent().(*ast.ListItem)
	return ok && item.FirstChild() == n
}

// inline finds what stands in an inline node, and cuts emphasis and code that hold nothing but empty values.
func (e *markdownEmptied) inline(n ast.Node) state {
	switch n := n.(type) {
	case *ast.Text:
		segment := string(n.Segment.Value([]byte(e.source)))
		rest := e.tokens.withoutEmpty(segment)
		return state{len(rest) < len(segment), strings.TrimSpace(rest) != ""}
	case *ast.Emphasis, *extension.Strikethrough, *ast.CodeSpan:
		var all state
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			all = all.and(e.inline(c))
		}
		begin, end, ok := boundsOf(n)
		switch {
		case !ok:
		case all.goes():
			begin, end = e.widen(n, begin, end)
			e.cuts = append(e.cuts, cut{begin: begin, end: end})
		case all.empty:
			e.trim(begin, end)
		}
		return all
	case *ast.Link:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			e.inline(c)
		}
	}
	return state{filled: true}
}

// widen takes the marks of an inline node, and of those within it that are cut too, to its bounds.
func (e *markdownEmptied) widen(n ast.Node, begin, end int) (int, int) {
	if span, ok := n.(*ast.CodeSpan); ok && span != nil {
		for begin > 0 && (e.source[begin-1] == '`' || e.source[begin-1] == ' ') {
			if begin--; e.source[begin] == '`' && (begin == 0 || e.source[begin-1] != '`') {
				break
			}
		}
		for end < len(e.source) && (e.source[end] == '`' || e.source[end] == ' ') {
			if end++; e.source[end-1] == '`' && (end == len(e.source) || e.source[end] != '`') {
				break
			}
		}
		return begin, end
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if _, ok := c.(*ast.Text); !ok {
			if b, f, ok := boundsOf(c); ok {
				b, f = e.widen(c, b, f)
				begin, end = min(begin, b), max(end, f)
			}
		}
	}
	marks := 2
	if emphasis, ok := n.(*ast.Emphasis); ok {
		marks = emphasis.Level
	} else if begin < 2 || end+2 > len(e.source) || e.source[begin-2] != '~' || e.source[end+1] != '~' {
		marks = 1
	}
	return max(begin-marks, 0), min(end+marks, len(e.source))
}

// trim cuts empty values and blanks at the ends of emphasis: its marks must stand next to words.
func (e *markdownEmptied) trim(begin, end int) {
	if at := e.leading(begin); at > begin {
		e.cuts = append(e.cuts, cut{begin: begin, end: min(at, end)})
	}
	at := end
	for at > begin {
		if n := e.tokens.Length(); at-n >= begin && e.isEmpty(at-n) {
			at -= n
		} else if e.source[at-1] == ' ' {
			at--
		} else {
			break
		}
	}
	if at < end && at > begin {
		e.cuts = append(e.cuts, cut{begin: at, end: end})
	}
}

// leading is where behind at something else than empty values and blanks stands, if there is an empty value at all.
func (e *markdownEmptied) leading(at int) int {
	begin, empty := at, false
	for at < len(e.source) {
		switch {
		case e.isEmpty(at):
			at += e.tokens.Length()
			empty = true
			continue
		case e.source[at] == ' ':
			at++
			continue
		}
		break
	}
	if !empty {
		return begin
	}
	return at
}

func (e *markdownEmptied) isEmpty(at int) bool {
	end := at + e.tokens.Length()
	return end <= len(e.source) && strings.HasPrefix(e.source[at:], e.tokens.prefix) && e.source[end-1] == kindEmpty
}

// guard keeps what comes behind an empty value at the beginning of a line from beginning a block.
func (e *markdownEmptied) guard(at int) {
	rest := e.leading(at)
	if rest == at || rest >= len(e.source) {
		return
	}
	digits := rest
	for digits < len(e.source) && e.source[digits] >= '0' && e.source[digits] <= '9' {
		digits++
	}
	switch c := e.source[rest]; {
	case digits > rest && digits < len(e.source) && (e.source[digits] == '.' || e.source[digits] == ')'):
		e.cuts = append(e.cuts, cut{begin: at, end: digits, instead: e.source[rest:digits] + `\`})
	case strings.IndexByte("#>-+=:|", c) >= 0, (c == '*' || c == '~') && rest+1 < len(e.source) && e.source[rest+1] == ' ':
		e.cuts = append(e.cuts, cut{begin: at, end: rest, instead: `\`})
	default:
		e.cuts = append(e.cuts, cut{begin: at, end: rest})
	}
}

// cell keeps a cell that is empty and begins its row, where the row has no bar before it.
func (e *markdownEmptied) cell(n *extension.TableCell) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		e.inline(c)
	}
	at := e.startOf(n.FirstChild())
	if at < 0 || n.PreviousSibling() != nil {
		return
	}
	line := strings.LastIndexByte(e.source[:at], '\n') + 1
	if rest := e.leading(at); rest > at && strings.TrimLeft(e.source[line:at], " >") == "" && rest < len(e.source) && e.source[rest] == '|' {
		e.cuts = append(e.cuts, cut{begin: at, end: rest, instead: "| "})
	}
}

// startOf is where the text of an inline node begins; -1: it has none.
func (e *markdownEmptied) startOf(n ast.Node) int {
	if n == nil {
		return -1
	}
	if begin, _, ok := boundsOf(n); ok {
		return begin
	}
	return -1
}

// cutLine cuts the line of the source that at stands in.
func (e *markdownEmptied) cutLine(at int) {
	begin, end := e.lineAt(at)
	e.cuts = append(e.cuts, cut{begin: begin, end: end})
}

func (e *markdownEmptied) lineAt(at int) (begin, end int) {
	begin = strings.LastIndexByte(e.source[:at], '\n') + 1
	if i := strings.IndexByte(e.source[at:], '\n'); i >= 0 {
		return begin, at + i + 1
	}
	return begin, len(e.source)
}

// cutUnderline cuts the line of = or - under a heading that is cut.
func (e *markdownEmptied) cutUnderline(h *ast.Heading) {
	_, end := e.lineAt(h.Lines().At(h.Lines().Len() - 1).Start)
	if end >= len(e.source) {
		return
	}
	begin, next := e.lineAt(end)
	if under := strings.TrimSpace(e.source[begin:next]); under != "" && strings.Trim(under, "=") == "" || h.Level == 2 && under != "" && strings.Trim(under, "-") == "" {
		e.cuts = append(e.cuts, cut{begin: begin, end: next})
	}
}
