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
// the first fault.
func Check(data []byte, l Limits) error {
	if l.Bytes > 0 && len(data) > l.Bytes {
		return fault.At("", fault.TooLong, "%d bytes, at most %d", len(data), l.Bytes)
	}
	if !utf8.Valid(data) {
		return fault.At("", fault.BadCharacter, "not UTF-8 at byte %d", invalidAt(data)+1)
	}
	if !json.Valid(data) {
		return syntaxFault(data)
	}
	s := scan{rest: data, limits: l.withDefaults()}
	if f := s.value(0); f != nil {
		return *f
	}
	return nil
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

// scan walks over valid JSON.
type scan struct {
	rest     []byte
	limits   Limits
	elements int
	path     path
}

func (s *scan) skipBlanks() { s.rest = skipBlanks(s.rest) }

func (s *scan) fault(code, format string, args ...any) *fault.Fault {
	f := fault.At(s.path.pointer(), code, format, args...)
	return &f
}

// value passes over one value.
func (s *scan) value(depth int) *fault.Fault {
	s.skipBlanks()
	switch s.rest[0] {
	case '{', '[':
		if depth == s.limits.Depth {
			return s.fault(fault.TooDeep, "arrays and objects are nested deeper than %d", s.limits.Depth)
		}
		return s.list(depth+1, s.rest[0] == '{')
	default:
		s.rest = s.rest[valueEnd(s.rest):]
	}
	return nil
}

// list passes over an array or an object.
func (s *scan) list(depth int, object bool) *fault.Fault {
	var known names
	for i := 0; ; i++ {
		s.rest = s.rest[1:] // the bracket or the comma
		if s.skipBlanks(); s.rest[0] == ']' || s.rest[0] == '}' {
			break
		}
		if s.elements++; s.elements > s.limits.Elements {
			return s.fault(fault.TooMany, "more than %d values in all of the document", s.limits.Elements)
		}
		if object {
			end := valueEnd(s.rest)
			name := Text(s.rest[:end])
			s.rest = skipBlanks(s.rest[end:])[1:] // the colon
			s.path.push(name)
			switch before, twice := known.add(name); {
			case twice && before == name:
				return s.fault(fault.Duplicate, "the member stands twice")
			case twice:
				return s.fault(fault.Duplicate, "the member stands twice, once as %s", fault.Quote(before))
			}
		} else {
			s.path.pushIndex(i)
		}
		if f := s.value(depth); f != nil {
			return f
		}
		s.path.pop()
		if s.skipBlanks(); s.rest[0] == ']' || s.rest[0] == '}' {
			break
		}
	}
	s.rest = s.rest[1:]
	return nil
}
