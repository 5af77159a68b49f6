package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds how deeply a body's arrays and objects are nested: as deep as a template's data may be.
const maxDepth = 1000

// checkJSON refuses what encoding/json lets pass: a member that stands twice in its object, or twice but for its case
// (two readers would see two values), text that is not UTF-8, anything behind the value. What passes is one JSON value.
// The error is a *Problem.
func checkJSON(body []byte) error {
	if !utf8.Valid(body) {
		return badJSON("the body is not UTF-8: byte %d", invalidAt(body)+1)
	}
	if !json.Valid(body) {
		var value json.RawMessage
		err := json.Unmarshal(body, &value)
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			line, column := position(body, int(syntax.Offset))
			return badJSON("line %d, column %d: %s", line, column, syntax.Error())
		}
		return badJSON("the body is not one JSON value")
	}
	s := strictScan{rest: body}
	return s.value(0)
}

func badJSON(format string, args ...any) *Problem {
	p := problem(http.StatusBadRequest, "invalid_json", "the body is not the JSON that Herald takes")
	return p.at("", format, args...)
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

// strictScan walks over valid JSON.
type strictScan struct {
	rest []byte
}

func (s *strictScan) skipBlanks() { s.rest = bytes.TrimLeft(s.rest, " \t\r\n") }

// value passes over one value. An error's pointer is completed by those who called.
func (s *strictScan) value(depth int) error {
	s.skipBlanks()
	if depth > maxDepth {
		return badJSON("arrays and objects are nested deeper than %d", maxDepth)
	}
	switch s.rest[0] {
	case '{':
		return s.object(depth + 1)
	case '[':
		return s.array(depth + 1)
	case '"':
		s.text()
	default:
		end := bytes.IndexAny(s.rest, ",]} \t\r\n")
		if end < 0 {
			end = len(s.rest)
		}
		s.rest = s.rest[end:]
	}
	return nil
}

// text passes over a string and returns it with its quotes.
func (s *strictScan) text() []byte {
	i := 1
	for ; s.rest[i] != '"'; i++ {
		if s.rest[i] == '\\' {
			i++
		}
	}
	text := s.rest[:i+1]
	s.rest = s.rest[i+1:]
	return text
}

func (s *strictScan) array(depth int) error {
	for i := 0; ; i++ {
		s.rest = s.rest[1:] // the bracket or the comma
		if s.skipBlanks(); s.rest[0] == ']' {
			break
		}
		if err := s.value(depth); err != nil {
			return under(err, strconv.Itoa(i))
		}
		if s.skipBlanks(); s.rest[0] == ']' {
			break
		}
	}
	s.rest = s.rest[1:]
	return nil
}

func (s *strictScan) object(depth int) error {
	var known names
	for {
		s.rest = s.rest[1:] // the brace or the comma
		if s.skipBlanks(); s.rest[0] == '}' {
			break
		}
		name := unquote(s.text())
		switch before, twice := known.add(name); {
		case twice && before == name:
			return under(badJSON("the member stands twice"), name)
		case twice:
			return under(badJSON("the member stands twice, once as %.60q", before), name)
		}
		s.skipBlanks()
		s.rest = s.rest[1:] // the colon
		if err := s.value(depth); err != nil {
			return under(err, name)
		}
		if s.skipBlanks(); s.rest[0] == '}' {
			break
		}
	}
	s.rest = s.rest[1:]
	return nil
}

// under puts a step before the pointer of an error.
func under(err error, step string) error {
	var p *Problem
	if errors.As(err, &p) {
		fault := &p.Errors[0]
		if len(fault.Pointer) < 200 { // a deep path says no more
			fault.Pointer = "/" + clip(pointerEscapes.Replace(step)) + fault.Pointer
		}
	}
	return err
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// names are the members of one object so far.
type names struct {
	few  []string          // while they are few, to be looked through
	many map[string]string // by their folded form, afterwards
}

const fewNames = 12

// add takes in a name, unless it is there already but for its case: then it returns the one that is.
func (n *names) add(name string) (before string, twice bool) {
	if n.many != nil {
		key := folded(name)
		if before, twice = n.many[key]; !twice {
			n.many[key] = name
		}
		return before, twice
	}
	for _, known := range n.few {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	if n.few = append(n.few, name); len(n.few) > fewNames {
		n.many = make(map[string]string, 2*len(n.few))
		for _, known := range n.few {
			n.many[folded(known)] = known
		}
	}
	return "", false
}

// folded is the same text for all that strings.EqualFold takes for equal.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}

// unquote reads a valid JSON string.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return fmt.Sprint(inner) // can't be: it was valid
	}
	return s
}
