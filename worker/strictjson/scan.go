package strictjson

import (
	"bytes"
	"sync"

	"github.com/heraldsend/herald/worker/fault"
)

// scan walks once over a document in UTF-8, and looks at its syntax, its limits and the names of its members. Its
// methods return false where the document is refused: for what they found or, if that is nil, for the syntax.
type scan struct {
	data     []byte
	at       int // in data
	limits   Limits
	elements int
	path     path
	open     [][]byte // the names of all objects that are open, those of the innermost last
	found    *fault.Fault
}

// scans are kept for their stacks: documents are many and most of them small. The next garbage collections drop them,
// and with them what they still hold of a document.
var scans = sync.Pool{New: func() any { return new(scan) }}

func (s *scan) refuse(code, format string, args ...any) bool {
	f := fault.At(s.path.pointer(), code, format, args...)
	s.found = &f
	return false
}

func (s *scan) document() bool {
	if !s.value(0) {
		return false
	}
	s.blanks()
	return s.at == len(s.data)
}

// next passes over blanks. It returns the byte behind them, which it doesn't pass, or 0 at the end.
func (s *scan) next() byte {
	s.blanks()
	if s.at == len(s.data) {
		return 0
	}
	return s.data[s.at]
}

func (s *scan) blanks() {
	for s.at < len(s.data) && isBlank(s.data[s.at]) {
		s.at++
	}
}

func (s *scan) value(depth int) bool {
	switch c := s.next(); c {
	case '{', '[':
		if depth == s.limits.Depth {
			return s.refuse(fault.TooDeep, "arrays and objects are nested deeper than %d", s.limits.Depth)
		}
		if c == '{' {
			return s.object(depth + 1)
		}
		return s.array(depth + 1)
	case '"':
		return s.text()
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

func (s *scan) word(word string) bool {
	if !bytes.HasPrefix(s.data[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scan) number() bool {
	if s.at < len(s.data) && s.data[s.at] == '-' {
		s.at++
	}
	switch {
	case s.at < len(s.data) && s.data[s.at] == '0':
		s.at++
	case !s.digits():
		return false
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits passes over digits, of which there must be one.
func (s *scan) digits() bool {
	from := s.at
	for s.at < len(s.data) && s.data[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > from
}

// text passes over a string.
func (s *scan) text() bool {
	for i := s.at + 1; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.at = i + 1
			return true
		case c < ' ':
			return false
		case c == '\\':
			n := escapeLen(s.data[i+1:])
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return false
}

// escapeLen is the length of what stands behind a backslash, 0 if nothing can stand there.
func escapeLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(b) > 4 && isHex(b[1]) && isHex(b[2]) && isHex(b[3]) && isHex(b[4]) {
			return 5
		}
	}
	return 0
}

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20-'a' < 6 }

// element counts a value of an array or an object.
func (s *scan) element() bool {
	if s.elements++; s.elements > s.limits.Elements {
		return s.refuse(fault.TooMany, "more than %d values in all of the document", s.limits.Elements)
	}
	return true
}

// more passes over the comma or the closing bracket behind an element.
func (s *scan) more(closing byte) (more, ok bool) {
	c := s.next()
	s.at++
	return c == ',', c == ',' || c == closing
}

func (s *scan) array(depth int) bool {
	if s.at++; s.next() == ']' {
		s.at++
		return true
	}
	for i := 0; ; i++ {
		if !s.element() {
			return false
		}
		s.path.pushIndex(i)
		if !s.value(depth) {
			return false
		}
		s.path.pop()
		if more, ok := s.more(']'); !more {
			return ok
		}
	}
}

func (s *scan) object(depth int) bool {
	if s.at++; s.next() == '}' {
		s.at++
		return true
	}
	known := names{stack: &s.open, from: len(s.open)}
	for {
		if s.next() != '"' {
			return false
		}
		from := s.at
		if !s.element() || !s.text() {
			return false
		}
		name := unquoted(s.data[from:s.at])
		if s.next() != ':' {
			return false
		}
		s.at++
		s.path.push(name)
		switch before, twice := known.add(name); {
		case twice && bytes.Equal(before, name):
			return s.refuse(fault.Duplicate, "the member stands twice")
		case twice:
			return s.refuse(fault.Duplicate, "the member stands twice, once as %s", fault.Quote(string(before)))
		}
		if !s.value(depth) {
			return false
		}
		s.path.pop()
		if more, ok := s.more('}'); !more {
			known.drop()
			return ok
		}
	}
}
