// Package strictjson reads JSON in the one way in which it can be meant. Two readers must not see two values in one
// document, so it refuses what encoding/json lets pass: a member that stands twice in its object, or twice but for its
// case, text that is not UTF-8, anything behind the value. Limits stand before decoding: Check walks over the bytes and
// counts, and Conform looks at the shape, before anything is made of them.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
)

// Limits of one document. Zero is the default.
type Limits struct {
	Bytes    int // no limit by default
	Depth    int // arrays and objects within each other, 1,000 by default: as deep as a template's data may be
	Elements int // of all arrays together, and members of all objects: 524,288 by default, as many as a context of 1 MB can have
}

func (l Limits) withDefaults() Limits {
	if l.Depth == 0 {
		l.Depth = 1000
	}
	if l.Elements == 0 {
		l.Elements = 1 << 19
	}
	return l
}

// Check finds out whether data is one JSON value within the limits, in which no object has a member twice. The error is
// the first fault, of the syntax before all others.
func Check(data []byte, l Limits) error {
	if l.Bytes > 0 && len(data) > l.Bytes {
		return fault.At("", fault.TooLong, "%d bytes, at most %d", len(data), l.Bytes)
	}
	if !utf8.Valid(data) {
		return fault.At("", fault.BadCharacter, "not UTF-8 at byte %d", invalidAt(data)+1)
	}
	s := scans.Get().(*scan)
	defer scans.Put(s)
	*s = scan{data: data, limits: l.withDefaults(), path: s.path[:0], open: s.open[:0]}
	if s.document() {
		return nil
	}
	if s.found == nil || !json.Valid(data) {
		return syntaxFault(data)
	}
	return *s.found
}

func syntaxFault(data []byte) fault.Fault {
	var value json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(data, &value); errors.As(err, &syntax) {
		line, column := position(data, int(syntax.Offset))
		if bytes.IndexByte(data, '\n') < 0 {
			return fault.At("", fault.BadJSON, "column %d: %s", column, syntax.Error())
		}
		return fault.At("", fault.BadJSON, "line %d, column %d: %s", line, column, syntax.Error())
	}
	return fault.At("", fault.BadJSON, "not one JSON value")
}

// invalidAt is the offset of the first byte that is not UTF-8.
func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

// position is the line and column, from 1, of the byte that a syntax error was found behind.
func position(b []byte, offset int) (line, column int) {
	before := b[:max(0, min(offset-1, len(b)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}
