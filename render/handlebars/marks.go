package handlebars

import (
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Marks make an output tell text of authors from values: each value stands behind Open and its kind, up to Close. Values
// are printed as EscapeText has it, in three braces too, and hold no control characters, so that no data forges a mark.
type Marks struct {
	Open, Close byte // control characters other than newline and tab; authors' texts are printed with blanks instead
	Returned    byte // kind of what a block helper returns
	// Block gives the kinds of the marks before and behind what a block prints, which hold no value; 0: there are none.
	Block func(text string, tags *syntax.Tags) (begin, end byte)
	// Kind is the kind of what a tag prints.
	Kind func(*ast.MustacheStatement) byte
}

// without gives text without marks.
func (m *Marks) without(text string) string {
	if m == nil || strings.IndexByte(text, m.Open) < 0 && strings.IndexByte(text, m.Close) < 0 {
		return text
	}
	return strings.NewReplacer(string(rune(m.Open)), " ", string(rune(m.Close)), " ").Replace(text)
}

// appendEnd ends what the mark of o began.
func (m *Marks) appendEnd(dst []byte, o *op) []byte {
	if o.end != 0 {
		return append(dst, m.Open, o.end)
	}
	return append(dst, m.Close)
}
