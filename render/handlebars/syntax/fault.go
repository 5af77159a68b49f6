package syntax

import "strconv"

// FaultCode says what kind of fault it is. Codes are stable.
type FaultCode string

// The codes of Fault.
const (
	FaultSyntax   FaultCode = "syntax"          // the template can't be parsed
	FaultUnclosed FaultCode = "unclosed_block"  // a block without its closing tag; the place is the opener's
	FaultSnippet  FaultCode = "unknown_snippet" // what begins as a snippet is none
	FaultLength   FaultCode = "limit_source"    // the source is too long
	FaultNesting  FaultCode = "limit_nesting"   // blocks or sub-expressions nested too deeply
)

// Fault is something that keeps a template from being parsed.
type Fault struct {
	Code    FaultCode
	Span    Span // of what is wrong; Start < 0: no place
	Message string
}

// Error returns the message.
func (f *Fault) Error() string { return f.Message }

// Span is a part of a text, in bytes.
type Span struct {
	Start, End int
}

// Shorten cuts s to at most 100 characters, for messages.
func Shorten(s string) string {
	if len(s) <= 100 {
		return s
	}
	n := 0
	for i := range s {
		if n == 97 {
			return s[:i] + "..."
		}
		n++
	}
	return s
}

// Quote shows a name in a message: quoted, control characters escaped, at most 100 characters.
func Quote(s string) string { return strconv.Quote(Shorten(s)) }
