package content

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
)

// emptiedIn finds what to cut out of Markdown so that empty values change nothing else: parts that hold nothing but
// empty values, with the author's marks around them. It does for Markdown what withoutEmptied does for HTML. The cuts
// are in order.
func emptiedIn(document ast.Node, source string, t Tokens) []cut {
	e := &markdownEmptied{source: source, tokens: t, ends: map[int]bool{}}
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
	ends   map[int]bool // of the cuts
}

func (e *markdownEmptied) add(c cut) {
	e.cuts = append(e.cuts, c)
	e.ends[c.end] = true
}

// state says what a part of a document holds.
type state struct{ empty, filled bool }

func (s state) and(o state) state { return state{s.empty || o.empty, s.filled || o.filled} }

func (s state) goes() bool { return s.empty && !s.filled }

// blocks cuts empty blocks within a block.
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
	case *ast.Blockquote:
		all := e.blocks(n)
		if title := titleOf(n); title != nil && all.goes() {
			e.cutLine(title.mark.begin)
		}
		return all
	case *calloutTitle:
		return state{}
	case *ast.List, *ast.ListItem:
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
	var nodes []ast.Node // of the line
	isFirst := true
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		nodes = append(nodes, c)
		line = line.and(e.inline(c))
		if t, ok := c.(*ast.Text); c.NextSibling() != nil && (!ok || !t.SoftLineBreak() && !t.HardLineBreak()) {
			continue
		}
		switch begin, _, ok := boundsOf(nodes[0]); {
		case !ok:
		case line.goes() && (!isFirst || !beginsItem(n)):
			e.cutLine(begin)
		case line.empty && line.filled:
			e.guard(e.trim(nodes))
		}
		all = all.and(line)
		line, nodes, isFirst = state{}, nil, false
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

// beginsItem reports whether the mark of a list item stands before the first line of a block.
func beginsItem(n ast.Node) bool {
	item, ok := n.Parent().(*ast.ListItem)
	return ok && item.FirstChild() == n
}

// inline finds what an inline node holds, and cuts emphasis and code that hold nothing but empty values.
func (e *markdownEmptied) inline(n ast.Node) state {
	switch n := n.(type) {
	case *ast.Text:
		segment := e.source[n.Segment.Start:n.Segment.Stop]
		rest := e.tokens.withoutEmpty(segment)
		return state{len(rest) < len(segment), strings.TrimSpace(rest) != ""}
	case *ast.Emphasis, *extension.Strikethrough, *ast.CodeSpan:
		var all state
		var nodes []ast.Node
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			all = all.and(e.inline(c))
			nodes = append(nodes, c)
		}
		switch {
		case all.goes():
			if begin, end, ok := e.outside(n); ok {
				e.add(cut{begin: begin, end: end})
			}
		case all.empty && n.Kind() != ast.KindCodeSpan:
			e.trim(nodes)
		}
		return all
	case *ast.Link:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			e.inline(c)
		}
	}
	return state{filled: true}
}

// outside are the bounds of an inline node, with its marks.
func (e *markdownEmptied) outside(n ast.Node) (begin, end int, ok bool) {
	switch n := n.(type) {
	case *ast.Text:
		return n.Segment.Start, n.Segment.Stop, true
	case *ast.CodeSpan:
		if begin, end, ok = boundsOf(n); ok {
			begin, end = e.backticks(begin, end)
		}
		return begin, end, ok
	case *ast.Emphasis, *extension.Strikethrough:
		begin, _, ok = e.outside(n.FirstChild())
		_, end, okEnd := e.outside(n.LastChild())
		if !ok || !okEnd {
			return 0, 0, false
		}
		marks := 2
		if emphasis, ok := n.(*ast.Emphasis); ok {
			marks = emphasis.Level
		} else if begin < 2 || end+2 > len(e.source) || e.source[begin-2] != '~' || e.source[end+1] != '~' {
			marks = 1
		}
		return max(begin-marks, 0), min(end+marks, len(e.source)), true
	}
	return 0, 0, false
}

// backticks widens the bounds of code to its backticks.
func (e *markdownEmptied) backticks(begin, end int) (int, int) {
	before := strings.TrimRight(e.source[:begin], " ")
	after := strings.TrimLeft(e.source[end:], " ")
	before = strings.TrimRight(before, "`")
	after = strings.TrimLeft(after, "`")
	return len(before), len(e.source) - len(after)
}

// trim cuts empty values and blanks at both ends of neighbouring nodes: marks of emphasis must stand next to words.
// It returns where the rest begins; -1 if that is not known.
func (e *markdownEmptied) trim(nodes []ast.Node) int {
	begin, last := -1, -1 // of what is cut at the beginning
	rest := nodes
	for ; len(rest) > 0; rest = rest[1:] {
		from, to, ok := e.outside(rest[0])
		if begin < 0 {
			begin, last = from, from
		}
		if t, isText := rest[0].(*ast.Text); isText && !e.hollow(t) {
			if last = e.leading(from); last > to {
				last = to
			}
			break
		}
		if !ok || !e.hollow(rest[0]) {
			last = max(last, begin)
			break
		}
		last = to
	}
	if begin >= 0 && last > begin && len(rest) > 0 {
		e.add(cut{begin: begin, end: last})
	}
	at, end := -1, -1 // of what is cut at the end
	for len(rest) > 0 {
		n := rest[len(rest)-1]
		from, to, ok := e.outside(n)
		if !ok {
			break
		}
		if end < 0 {
			end = to
		}
		if t, isText := n.(*ast.Text); isText && !e.hollow(t) {
			at = e.trailing(from, to)
			break
		}
		if !e.hollow(n) {
			break
		}
		at = from
		rest = rest[:len(rest)-1]
	}
	if at >= 0 && at < end {
		e.add(cut{begin: at, end: end})
	}
	return last
}

// hollow reports whether an inline node holds nothing but empty values and blanks.
func (e *markdownEmptied) hollow(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Text:
		return strings.TrimSpace(e.tokens.withoutEmpty(e.source[n.Segment.Start:n.Segment.Stop])) == ""
	case *ast.Emphasis, *extension.Strikethrough, *ast.CodeSpan:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			if !e.hollow(c) {
				return false
			}
		}
		return true
	}
	return false
}

// leading is the first place, from at on, of something other than empty values and blanks.
func (e *markdownEmptied) leading(at int) int {
	for at < len(e.source) {
		switch {
		case e.isEmpty(at):
			at += e.tokens.Length()
		case e.source[at] == ' ':
			at++
		default:
			return at
		}
	}
	return at
}

// trailing is the end of the last thing before end that is no empty value and no blank.
func (e *markdownEmptied) trailing(begin, end int) int {
	for end > begin {
		switch n := e.tokens.Length(); {
		case end-n >= begin && e.isEmpty(end-n):
			end -= n
		case e.source[end-1] == ' ':
			end--
		default:
			return end
		}
	}
	return end
}

func (e *markdownEmptied) isEmpty(at int) bool {
	end := at + e.tokens.Length()
	return end <= len(e.source) && strings.HasPrefix(e.source[at:], e.tokens.prefix) && e.source[end-1] == kindEmpty
}

// guard prevents text from beginning a block when an empty value before it, at the start of a line, is cut.
func (e *markdownEmptied) guard(at int) {
	if at < 0 || at >= len(e.source) {
		return
	}
	digits := at
	for digits < len(e.source) && e.source[digits] >= '0' && e.source[digits] <= '9' {
		digits++
	}
	if !e.ends[at] {
		return // nothing was cut there
	}
	switch c := e.source[at]; {
	case digits > at && digits < len(e.source) && (e.source[digits] == '.' || e.source[digits] == ')'):
		e.add(cut{begin: digits, end: digits, instead: `\`})
	case strings.IndexByte("#>-+=:|", c) >= 0, (c == '*' || c == '~') && at+1 < len(e.source) && e.source[at+1] == ' ':
		e.add(cut{begin: at, end: at, instead: `\`})
	}
}

// cell keeps an empty cell at the start of its row if the row has no bar before it.
func (e *markdownEmptied) cell(n *extension.TableCell) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		e.inline(c)
	}
	at, _, ok := boundsOf(n)
	if !ok || n.PreviousSibling() != nil {
		return
	}
	line := strings.LastIndexByte(e.source[:at], '\n') + 1
	if rest := e.leading(at); rest > at && strings.TrimLeft(e.source[line:at], " >") == "" && rest < len(e.source) && e.source[rest] == '|' {
		e.add(cut{begin: at, end: rest, instead: "| "})
	}
}

// cutLine cuts the line of the source that at stands in.
func (e *markdownEmptied) cutLine(at int) {
	begin, end := e.lineAt(at)
	e.add(cut{begin: begin, end: end})
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
		e.add(cut{begin: begin, end: next})
	}
}
