package catalog

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// textPos maps a place within a YAML scalar to its place in the file.
type textPos struct {
	line, column int // of the scalar's first character
	style        scalarStyle
	raw          string // the file from there on, where the scalar is not written as it reads
}

// scalarStyle is how a scalar is written.
type scalarStyle uint8

const (
	stylePlain scalarStyle = iota
	styleSingle
	styleDouble
	styleLiteral // every line of it begins at the column
	styleFolded
)

func (d *yamlDecoder) textPos(n *yaml.Node) textPos {
	p := textPos{line: n.Line + d.offset, column: n.Column}
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.LiteralStyle:
		return textPos{line: p.line + 1, column: d.blockIndent(n) + 1, style: styleLiteral}
	case yaml.FoldedStyle:
		p = textPos{line: p.line + 1, column: d.blockIndent(n) + 1, style: styleFolded}
	case yaml.SingleQuotedStyle:
		p.column, p.style = p.column+1, styleSingle
	case yaml.DoubleQuotedStyle:
		p.column, p.style = p.column+1, styleDouble
	}
	if raw := d.from(p.line-d.offset, p.column); p.style == styleFolded || !strings.HasPrefix(raw, n.Value) || strings.Contains(n.Value, "\n") {
		p.raw = raw
	}
	return p
}

// from is the file from a place on.
func (d *yamlDecoder) from(line, column int) string {
	if d.starts == nil {
		d.whole = string(d.data)
		at := 0
		for _, l := range d.lines {
			d.starts = append(d.starts, at)
			at += len(l) + 1
		}
	}
	if line > len(d.starts) {
		return ""
	}
	rest := d.whole[d.starts[line-1]:]
	for range column - 1 {
		_, n := utf8.DecodeRuneInString(rest)
		if n == 0 || rest[0] == '\n' {
			break
		}
		rest = rest[n:]
	}
	return rest
}

// at maps a 1-based line and column within the text to the file's.
func (p textPos) at(line, column int) (int, int) {
	line, column = max(line, 1), max(column, 1)
	switch {
	case p.line == 0:
		return 0, 0
	case p.style == styleLiteral:
		return p.line + line - 1, p.column + column - 1
	case p.raw == "":
		return p.line, p.column + column - 1
	}
	w := &scalarWalk{textPos: p, line: p.line, column: p.column}
	for (w.textLine < line-1 || w.textLine == line-1 && w.textColumn < column-1) && w.step() {
	}
	return w.line, w.column
}

// scalarWalk goes through a scalar, in the file and in the text that it stands for.
type scalarWalk struct {
	textPos
	pos                  int
	line, column         int
	textLine, textColumn int // 0-based
}

// step goes over what stands for one character of the text, or for none; false at the end of the file.
func (w *scalarWalk) step() bool {
	rest := w.raw[w.pos:]
	if rest == "" {
		return false
	}
	if blank := len(rest) - len(strings.TrimLeft(rest, " \t")); w.style != styleFolded && blank > 0 && strings.HasPrefix(rest[blank:], "\n") {
		w.skip(blank)
		return true
	}
	switch {
	case rest[0] == '\n':
		w.fold()
	case w.style == styleSingle && strings.HasPrefix(rest, "''"):
		w.skip(2)
		w.textColumn++
	case w.style == styleDouble && rest[0] == '\\':
		w.escape(rest)
	default:
		_, n := utf8.DecodeRuneInString(rest)
		w.skip(n)
		w.textColumn++
	}
	return true
}

// skip goes over n bytes of a line.
func (w *scalarWalk) skip(n int) {
	w.column += utf8.RuneCountInString(w.raw[w.pos : w.pos+n])
	w.pos += n
}

// fold goes over line breaks: one is a blank of the text, of several all but one are line breaks of it.
func (w *scalarWalk) fold() {
	breaks := w.breaks()
	if breaks > 1 {
		w.textLine, w.textColumn = w.textLine+breaks-1, 0
		return
	}
	w.textColumn++
}

// breaks goes over line breaks and the indentation behind them.
func (w *scalarWalk) breaks() (n int) {
	for w.pos < len(w.raw) && w.raw[w.pos] == '\n' {
		n++
		w.pos, w.line, w.column = w.pos+1, w.line+1, 1
		rest := w.raw[w.pos:]
		indent := len(rest) - len(strings.TrimLeft(rest, " \t"))
		if w.style == styleFolded {
			indent = min(indent, w.textPos.column-1)
		}
		w.skip(indent)
	}
	return n
}

// escape goes over an escape of a text in double quotes.
func (w *scalarWalk) escape(rest string) {
	if len(rest) < 2 {
		w.skip(len(rest))
		return
	}
	n := 2
	switch rest[1] {
	case 'x':
		n = 4
	case 'u':
		n = 6
	case 'U':
		n = 10
	case 'n':
		w.skip(2)
		w.textLine, w.textColumn = w.textLine+1, 0
		return
	case '\n':
		w.skip(1)
		w.breaks()
		return
	}
	w.skip(min(n, len(rest)))
	w.textColumn++
}

// write gives a text as it is written in the scalar; false where it can't stand there.
func (p textPos) write(s string) (string, bool) {
	switch p.style {
	case styleLiteral:
		return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", p.column-1)), true
	case styleDouble:
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s), true
	case styleSingle:
		return strings.ReplaceAll(s, "'", "''"), !strings.Contains(s, "\n")
	}
	return s, !strings.ContainsAny(s, "\n#") && !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":")
}

// Edit is an edit of a template's file that puts a text in the place of another, both ends by line and column of the
// template. It is false where the file can't have that text there.
func (c *Catalog) Edit(template string, line, column, endLine, endColumn int, text string) (Edit, bool) {
	ok := true
	if pos, scalar := c.scalar(template); scalar {
		text, ok = pos.write(text)
		if first := line == 1 && column == 1; first && pos.style == stylePlain { // what may begin a plain scalar is not told here
			ok = false
		}
	}
	e := Edit{Text: text}
	_, e.Line, e.Column = c.Locate(template, line, column)
	_, e.EndLine, e.EndColumn = c.Locate(template, endLine, endColumn)
	return e, ok
}
