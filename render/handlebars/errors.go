package handlebars

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Code says what kind of error or issue something is. Codes are stable.
type Code string

// The codes of Error.
const (
	CodeSyntax         Code = Code(syntax.FaultSyntax)   // the template can't be parsed
	CodeUnclosed       Code = Code(syntax.FaultUnclosed) // a block without its closing tag; the position is the opener's
	CodeUnknownHelper  Code = "unknown_helper"           // a call with arguments of a helper that isn't there
	CodeUnknownPartial Code = "unknown_partial"          //
	CodeUnknownSnippet Code = Code(syntax.FaultSnippet)  //
	CodeSnippetCycle   Code = "snippet_cycle"            // a snippet that holds itself
	CodeArgument       Code = "argument"                 // wrong number of arguments, unknown option, or a literal that the helper refuses
	CodeHelper         Code = "helper"                   // a helper failed at execution; Err is its error
	CodeStrict         Code = "strict"                   // a missing field in strict mode
	CodeBlockParam     Code = "block_param"              // a block parameter that the helper doesn't give
	CodeCanceled       Code = "canceled"                 // the context is done; Err is its error
	CodeLimitSource    Code = Code(syntax.FaultLength)   // the source is too long
	CodeLimitNesting   Code = Code(syntax.FaultNesting)  // blocks or sub-expressions nested too deeply
	CodeLimitPartials  Code = "limit_partials"           // partials nested too deeply
	CodeLimitSnippets  Code = "limit_snippets"           // snippets nested too deeply
	CodeLimitOutput    Code = "limit_output"             // too much output
	CodeLimitSteps     Code = "limit_steps"              // too much work
)

// The codes of Issue that this package raises; helpers add their own.
const (
	IssueMissingField    Code = "missing_field"    // a printed field is undefined or null
	IssueEmptyField      Code = "empty_field"      // a printed field is an empty text
	IssueSnippetFallback Code = "snippet_fallback" // a snippet has no text in a wanted language
)

// Error is the error of compiling or executing a template. Line and Column are
// 1-based and count runes; they are 0 where an error has no position.
type Error struct {
	Code       Code
	Message    string
	Template   string // name of the template, partial or snippet (with its language) that the position is in
	Line       int
	Column     int
	SourceLine string   // the offending line, at most 100 characters of it
	Suggestion string   // of an unknown name: what was probably meant, or ""
	Err        error    // the cause, if any
	More       []*Error // of compiling: the other faults of the same text

	caret int // runes before the column in SourceLine
}

// Error returns "template:line:column: message".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Template)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Unwrap returns the cause, if any.
func (e *Error) Unwrap() error { return e.Err }

// Limit reports whether the error is a broken limit rather than a fault of the template.
func (e *Error) Limit() bool { return strings.HasPrefix(string(e.Code), "limit_") }

// Detail returns the message with the source line and a caret below the column.
func (e *Error) Detail() string {
	if e.Line == 0 {
		return e.Error()
	}
	pad := []rune(e.SourceLine)
	pad = pad[:min(e.caret, len(pad))]
	for i, r := range pad {
		if r != '\t' {
			pad[i] = ' '
		}
	}
	return e.Error() + "\n\t" + e.SourceLine + "\n\t" + string(pad) + "^"
}

// Issue is something that a rendering went on in spite of: a missing field, a
// snippet without a translation, an invalid date.
type Issue struct {
	Code     Code
	Message  string
	Field    string // the path as written, where there is one
	Template string
	Line     int
	Column   int
}

// errorAt makes an Error at byte offset pos of s; pos < 0 means no position.
func (s *source) errorAt(code Code, pos int, format string, args ...any) *Error {
	message := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	e := &Error{Code: code, Message: message, Template: s.name}
	if pos >= 0 {
		e.Line, e.Column = s.lines.Position(s.text, pos)
		e.SourceLine, e.caret = s.excerpt(pos)
	}
	return e
}

// excerpt returns the line at a byte offset, or at most 100 characters of it, and
// the number of characters in it before the offset.
func (s *source) excerpt(pos int) (line string, caret int) {
	pos = min(pos, len(s.text))
	before, after := s.text[:pos], s.text[pos:]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	after, _, _ = strings.Cut(after, "\n")
	left := lastRunes(before, 60)
	right := strings.TrimSuffix(after, "\r")
	if left != before {
		left = "..." + lastRunes(left, 57)
	}
	caret = utf8.RuneCountInString(left)
	return strings.ToValidUTF8(syntax.Shorten(left+right), "\uFFFD"), caret
}

// lastRunes returns the last n characters of s.
func lastRunes(s string, n int) string {
	i := len(s)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
	}
	return s[i:]
}

// Quote shows a name or value in a message: quoted, control characters escaped, at most 100 characters.
func Quote(s string) string { return syntax.Quote(s) }
