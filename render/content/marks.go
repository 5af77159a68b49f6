package content

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// A marked template prints each value between marks, which separate text of the author from data. A mark is MarkOpen,
// a kind, then for a value the value and MarkClose.
const (
	MarkOpen  = '\x01'
	MarkClose = '\x02'

	KindValue    = 't' // {{x}}
	KindRaw      = 'r' // {{{x}}}
	KindAgent    = 'u' // {{{user.emailSignature}}}: raw, and of the team's own
	KindHTMLBody = 'h' // the message's HTML, in a layout: stands for the value
	KindTextBody = 'x' // its text

	KindBegin = 'b' // a block within a line begins, no value
	KindEnd   = 'e' // it ends, no value

	kindEmpty = '0' // in a skeleton: nothing was printed here
	kindWord  = 'w' // in converted Markdown: what a kind of callout is called
)

// Marks are for compiling the templates whose output this package writes.
func Marks() *handlebars.Marks {
	return &handlebars.Marks{Open: MarkOpen, Close: MarkClose, Returned: KindValue, Kind: kindOf, Block: blockInLine}
}

// blockInLine marks a block within a line: if it prints nothing, the text around it keeps its structure. A tag on a
// line of its own removes that line; a block between other tags leaves that to them.
func blockInLine(text string, tags *syntax.Tags) (begin, end byte) {
	before, after := text[:tags.Open.Start], text[tags.Close.End:]
	between := strings.HasSuffix(before, "}}") && strings.HasPrefix(after, "{{")
	if tags.Raw || between || !isInLine(text, tags.Open) || !isInLine(text, tags.Close) {
		return 0, 0
	}
	return KindBegin, KindEnd
}

// isInLine reports whether a tag shares its line with something else.
func isInLine(text string, tag syntax.Span) bool {
	before, after := strings.TrimRight(text[:tag.Start], " \t"), strings.TrimLeft(text[tag.End:], " \t\r")
	alone := (before == "" || strings.HasSuffix(before, "\n")) && (after == "" || after[0] == '\n')
	return !alone && !strings.HasSuffix(text[:tag.Start], `\`)
}

func kindOf(m *ast.MustacheStatement) byte {
	parts := fieldOf(m.Expression)
	switch {
	case m.Unescaped && (slices.Equal(parts, []string{"user", "emailSignature"}) || slices.Equal(parts, []string{"currentUser", "emailSignature"})):
		return KindAgent
	case m.Unescaped:
		return KindRaw
	}
	return KindValue
}

// HTMLBody is the HTML of the message, as a value for a layout: it stands wherever the layout prints it. It is valid
// as long as html does not change.
func HTMLBody(html []byte) handlebars.Value { return body(html, KindHTMLBody) }

// TextBody is HTMLBody for the text of the message, or the Markdown of a note.
func TextBody(text []byte) handlebars.Value { return body(text, KindTextBody) }

func body(text []byte, kind byte) handlebars.Value {
	return handlebars.MarkedString(unsafe.String(unsafe.SliceData(text), len(text)), kind)
}

// fieldOf is the path of a field that is printed without a helper, at any depth; nil for anything else.
func fieldOf(e *ast.Expression) []string {
	path, ok := e.Path.(*ast.PathExpression)
	if !ok || len(e.Params) > 0 || e.Hash != nil {
		return nil
	}
	if path.Data && len(path.Parts) > 0 {
		if path.Parts[0] != "root" {
			return nil
		}
		return path.Parts[1:]
	}
	return path.Parts
}
