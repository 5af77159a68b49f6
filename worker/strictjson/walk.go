package strictjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/worker/fault"
)

// Members yields the names and the raw values of an object, which must be valid JSON. The values are parts of it.
func Members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for name, value := range members(object) {
			if !yield(string(name), value) {
				return
			}
		}
	}
}

// members is Members with names that may be parts of the object.
func members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		rest := skipBlanks(object[1:])
		for rest[0] != '}' {
			end := valueEnd(rest)
			name := unquoted(rest[:end])
			rest = skipBlanks(skipBlanks(rest[end:])[1:]) // the colon
			end = valueEnd(rest)
			if !yield(name, rest[:end:end]) {
				return
			}
			if rest = skipBlanks(rest[end:]); rest[0] == ',' {
				rest = skipBlanks(rest[1:])
			}
		}
	}
}

// Elements yields the raw values of an array, which must be valid JSON. They are parts of it.
func Elements(array []byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		rest := skipBlanks(array[1:])
		for i := 0; rest[0] != ']'; i++ {
			end := valueEnd(rest)
			if !yield(i, rest[:end:end]) {
				return
			}
			if rest = skipBlanks(rest[end:]); rest[0] == ',' {
				rest = skipBlanks(rest[1:])
			}
		}
	}
}

// Text reads a JSON string, which must be valid.
func Text(quoted []byte) string { return string(unquoted(quoted)) }

// unquoted is Text, of which it may be a part.
func unquoted(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // valid: can't fail
	return []byte(s)
}

// Is says in words what a JSON value is, but not which: an object, a list, a text, a number, true or false, null.
func Is(value []byte) string {
	switch {
	case len(value) == 0:
		return "nothing"
	case value[0] == '{':
		return "an object"
	case value[0] == '[':
		return "a list"
	case value[0] == '"':
		return "a text"
	case value[0] == 't', value[0] == 'f':
		return "true or false"
	case value[0] == 'n':
		return "null"
	}
	return "a number"
}

// valueEnd is the length of the JSON value that b begins with, which must be valid.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func skipBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return b
}

// path leads from the whole document to where a walk is.
type path []step

type step struct {
	name  []byte // nil for a place in a list
	index int
}

func (p *path) push(name []byte)    { *p = append(*p, step{name: name}) }
func (p *path) pushIndex(index int) { *p = append(*p, step{index: index}) }
func (p *path) pop()                { *p = (*p)[:len(*p)-1] }

// longestPointer is how long a pointer may be, in bytes, and longestStep a name in it. Beyond that a pointer leads to the
// last value on the way for which there is room: a fault echoes no more of foreign names, and its pointer resolves.
const (
	longestPointer = 500
	longestStep    = 100
)

func (p path) pointer() string {
	var b strings.Builder
	for _, s := range p {
		text := strconv.Itoa(s.index)
		if s.name != nil {
			text = fault.Escape(string(s.name))
		}
		if len(text) > longestStep || b.Len()+len(text) >= longestPointer {
			break
		}
		b.WriteString("/" + text)
	}
	return b.String()
}

// Find returns the value that a JSON pointer leads to in a document, which must be valid JSON; false where there is none.
func Find(data []byte, pointer string) ([]byte, bool) {
	value := bytes.Trim(data, " \t\r\n")
steps:
	for _, want := range fault.Steps(pointer) {
		switch value[0] {
		case '{':
			for name, v := range Members(value) {
				if name == want {
					value = v
					continue steps
				}
			}
		case '[':
			for i, v := range Elements(value) {
				if strconv.Itoa(i) == want {
					value = v
					continue steps
				}
			}
		}
		return nil, false
	}
	return value, true
}
