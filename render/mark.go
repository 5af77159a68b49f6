package render

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// shifts maps places in marked sources back to their templates', by template
// name: what an issue says must be where the author wrote it.
type shifts map[string][]shift

// shift says that from column marked on, a line of the marked source is the
// template's from column original on.
type shift struct {
	line, marked, original int
}

func (s shifts) original(template string, line, column int) int {
	best := column
	for _, e := range s[template] {
		if e.line == line && e.marked <= column {
			best = e.original + column - e.marked
		}
		if e.line > line {
			break
		}
	}
	return best
}

// mark returns source with marks around everything that it prints.
func mark(name, source string, all shifts) string {
	source = unforged(source)
	tags := syntax.ScanTags(source)
	if len(tags) == 0 {
		return source
	}
	m := marker{source: source, line: 1, column: 1, markedColumn: 1}
	begins, ends := blocksInLines(source, tags)
	for i, t := range tags {
		m.copy(t.Start)
		switch {
		case begins[i]:
			m.around(t, opening(content.KindBegin), "")
		case ends[i]:
			m.around(t, "", opening(content.KindEnd))
		case t.Kind != syntax.TagPrint && t.Kind != syntax.TagPrintRaw:
			m.copy(t.End)
		case isPath(t, "draft.htmlBody") && t.Kind == syntax.TagPrintRaw:
			m.instead(t, opening(content.KindHTMLBody), "")
		case isPath(t, "draft.textBody"):
			m.instead(t, opening(content.KindTextBody), "")
		case t.Kind == syntax.TagPrintRaw && isSignature(t):
			m.instead(t, opening(content.KindAgent), t.Inside)
		case t.Kind == syntax.TagPrintRaw:
			m.instead(t, opening(content.KindRaw), t.Inside)
		default:
			m.instead(t, opening(content.KindValue), t.Inside)
		}
	}
	m.copy(len(source))
	if all != nil {
		all[name] = m.shifts
	}
	return string(m.out)
}

// blocksInLines finds the tags that begin and end blocks within a line: where such a block prints nothing, the text around
// keeps its structure. A tag that has a line of its own takes that line with it; a block between other tags leaves it to them.
func blocksInLines(source string, tags []syntax.Tag) (begins, ends map[int]bool) {
	var open []int
	for i, t := range tags {
		switch {
		case t.Kind == syntax.TagOpen, strings.HasPrefix(strings.TrimLeft(source[t.Start:t.End], "{~"), "#"):
			open = append(open, i)
		case t.Kind == syntax.TagClose && len(open) > 0:
			begin := open[len(open)-1]
			open = open[:len(open)-1]
			between := begin > 0 && tags[begin-1].End == tags[begin].Start && i+1 < len(tags) && tags[i+1].Start == t.End
			if b := tags[begin]; b.Kind == syntax.TagOpen && !between && isInLine(source, b) && isInLine(source, t) {
				if begins == nil {
					begins, ends = map[int]bool{}, map[int]bool{}
				}
				begins[begin], ends[i] = true, true
			}
		}
	}
	return begins, ends
}

// isInLine says whether a tag shares its line with something else.
func isInLine(source string, t syntax.Tag) bool {
	before, after := strings.TrimRight(source[:t.Start], " \t"), strings.TrimLeft(source[t.End:], " \t\r")
	alone := (before == "" || strings.HasSuffix(before, "\n")) && (after == "" || after[0] == '\n')
	return !alone && !strings.HasSuffix(source[:t.Start], `\`)
}

// unforged blanks what an author's own text may not hold: the marks.
func unforged(source string) string {
	if strings.IndexByte(source, content.MarkOpen) < 0 && strings.IndexByte(source, content.MarkClose) < 0 {
		return source
	}
	return strings.NewReplacer(string(rune(content.MarkOpen)), " ", string(rune(content.MarkClose)), " ").Replace(source)
}

func isPath(t syntax.Tag, path string) bool { return strings.TrimSpace(t.Inside) == path }

// isSignature says whether t prints the agent's signature.
func isSignature(t syntax.Tag) bool {
	path := strings.TrimSpace(t.Inside)
	for strings.HasPrefix(path, "../") {
		path = path[len("../"):]
	}
	path = strings.TrimPrefix(path, "@root.")
	return path == "user.emailSignature" || path == "currentUser.emailSignature"
}

type marker struct {
	source               string
	pos                  int // in source: all before is out
	out                  []byte
	line                 int
	column, markedColumn int // of pos, in runes
	shifts               []shift
}

// copy writes the source up to end as it is.
func (m *marker) copy(end int) {
	text := m.source[m.pos:end]
	m.out = append(m.out, text...)
	m.pos = end
	m.advance(text)
}

func (m *marker) advance(text string) {
	n := strings.Count(text, "\n")
	if n > 0 {
		m.line += n
		m.column, m.markedColumn = 1, 1
		text = text[strings.LastIndexByte(text, '\n')+1:]
	}
	runes := utf8.RuneCountInString(text)
	m.column += runes
	m.markedColumn += runes
}

// add writes text that the source has not.
func (m *marker) add(text string) {
	m.out = append(m.out, text...)
	m.markedColumn += utf8.RuneCountInString(text)
}

// opening begins the mark of a value.
func opening(kind byte) string { return string([]byte{content.MarkOpen, kind}) }

// around copies t with marks outside of it. The white space that t strips is stripped by comments outside the marks.
func (m *marker) around(t syntax.Tag, before, after string) {
	if before != "" && t.StripLeft {
		m.add("{{~!}}")
	}
	m.add(before)
	m.shifts = append(m.shifts, shift{m.line, m.markedColumn, m.column})
	m.copy(t.End)
	m.add(after)
	if after != "" && t.StripRight {
		m.add("{{!~}}")
	}
	m.shifts = append(m.shifts, shift{m.line, m.markedColumn, m.column})
}

// instead writes a marked print of expression in place of t, with open before
// it. The white space that t strips is stripped by comments outside the marks.
func (m *marker) instead(t syntax.Tag, open, expression string) {
	if t.StripLeft {
		m.add("{{~!}}")
	} else if bytes.HasSuffix(m.out, []byte(`\\`)) { // \\{{ is a backslash, but only next to the braces
		m.out = m.out[:len(m.out)-1]
		m.markedColumn--
	}
	m.add(open)
	if expression != "" {
		m.add("{{")
		skipped := m.source[t.Start:t.Body]
		m.column += utf8.RuneCountInString(skipped)
		m.pos = t.Body
		m.shifts = append(m.shifts, shift{m.line, m.markedColumn, m.column})
		m.copy(t.Body + len(expression))
		m.add("}}")
	}
	rest := m.source[m.pos:t.End]
	m.pos = t.End
	if n := strings.Count(rest, "\n"); n > 0 {
		m.line += n // only within an expression that is left out
		m.column = 1
		rest = rest[strings.LastIndexByte(rest, '\n')+1:]
	}
	m.column += utf8.RuneCountInString(rest)
	if expression != "" {
		m.add(string(rune(content.MarkClose)))
	}
	if t.StripRight {
		m.add("{{!~}}")
	}
	m.shifts = append(m.shifts, shift{m.line, m.markedColumn, m.column})
}
