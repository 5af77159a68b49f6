package handlebars

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// maxJSONDepth bounds how deeply arrays and objects of a JSON text are nested.
const maxJSONDepth = 1000

// JSONError is a fault in a JSON text, at a byte offset.
type JSONError struct {
	Offset  int
	Message string
}

// Error returns the message and the offset.
func (e *JSONError) Error() string { return fmt.Sprintf("json: %s at offset %d", e.Message, e.Offset) }

// ParseJSON decodes a JSON text. The value keeps nothing of the slice. Objects
// keep their order, numbers their text. As in JavaScript, of members with one key
// the last counts, and what is not Unicode becomes U+FFFD. Arrays and objects
// nest at most 1,000 deep. The error is a *JSONError.
func ParseJSON(text []byte) (Value, error) {
	var d Decoder
	return d.decode(string(text), false)
}

// ValidateJSON checks a JSON text as a boundary should: beyond what ParseJSON
// refuses, two members with one key, invalid UTF-8 and lone surrogates are errors.
// The error is a *JSONError.
func ValidateJSON(text []byte) error {
	var d Decoder
	_, err := d.decode(string(text), true)
	return err
}

// Decoder decodes JSON texts one after the other into memory that it uses again.
// It is for executions in great number, each with its own context. The zero value
// is ready for use; it is not safe for concurrent use.
type Decoder struct {
	text   string
	pos    int
	strict bool
	err    error

	bytes      []byte   // where strings with escapes go
	members    []Member // of the objects in progress, innermost last
	items      []Value  // of the arrays in progress
	memberSlab slab[Member]
	itemSlab   slab[Value]
	objectSlab slab[object]
}

// Decode decodes a text as ParseJSON does, but without a copy: strings are parts
// of the text, which must not be changed afterwards. The value, and all arrays
// and objects within, may be used until the next Decode or Reset; strings and
// numbers may be kept.
func (d *Decoder) Decode(text []byte) (Value, error) {
	d.Reset()
	return d.decode(unsafe.String(unsafe.SliceData(text), len(text)), false)
}

// Reset forgets the last text.
func (d *Decoder) Reset() {
	d.memberSlab.reset()
	d.itemSlab.reset()
	d.objectSlab.reset()
	clear(d.members[:cap(d.members)])
	clear(d.items[:cap(d.items)])
	*d = Decoder{bytes: d.bytes, members: d.members[:0], items: d.items[:0], memberSlab: d.memberSlab, itemSlab: d.itemSlab, objectSlab: d.objectSlab}
}

func (d *Decoder) decode(text string, strict bool) (Value, error) {
	d.text, d.strict = text, strict
	d.space()
	v, ok := d.value(0)
	if !ok {
		return Value{}, d.err
	}
	d.space()
	if d.pos < len(text) {
		d.fail("text after the value")
		return Value{}, d.err
	}
	return v, nil
}

// slab is memory that slices are cut from.
type slab[T any] struct {
	chunk []T
	used  int
}

// take cuts n elements. About as many are expected in all.
func (s *slab[T]) take(n, expected int) []T {
	if s.used+n > len(s.chunk) {
		s.chunk = make([]T, max(n, 4, min(expected, 1024), min(2*len(s.chunk), 4096)))
		s.used = 0
	}
	out := s.chunk[s.used : s.used+n : s.used+n]
	s.used += n
	return out
}

func (s *slab[T]) reset() {
	clear(s.chunk[:s.used])
	s.used = 0
}

func (d *Decoder) fail(message string) bool {
	if d.err == nil {
		d.err = &JSONError{d.pos, message}
	}
	return false
}

func (d *Decoder) space() {
	for d.pos < len(d.text) {
		switch d.text[d.pos] {
		case ' ', '\n', '\r', '\t':
			d.pos++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (d *Decoder) peek() byte {
	if d.pos < len(d.text) {
		return d.text[d.pos]
	}
	return 0
}

// next skips white space and returns the byte after it, which is not taken.
func (d *Decoder) next() byte {
	if c := d.peek(); c > ' ' {
		return c
	}
	d.space()
	return d.peek()
}

func (d *Decoder) value(depth int) (Value, bool) {
	switch c := d.peek(); c {
	case '"':
		s, ok := d.string()
		return String(s), ok
	case '{':
		return d.object(depth + 1)
	case '[':
		return d.array(depth + 1)
	case 't':
		return Bool(true), d.literal("true")
	case 'f':
		return Bool(false), d.literal("false")
	case 'n':
		return Null(), d.literal("null")
	default:
		if c == '-' || c-'0' <= 9 {
			return d.number()
		}
	}
	if d.pos >= len(d.text) {
		return Value{}, d.fail("the text ends too early")
	}
	return Value{}, d.fail("unexpected " + quote(d.text[d.pos:d.pos+1]))
}

func (d *Decoder) literal(word string) bool {
	if !strings.HasPrefix(d.text[d.pos:], word) {
		return d.fail("unexpected " + quote(d.text[d.pos:d.pos+1]))
	}
	d.pos += len(word)
	return true
}

func (d *Decoder) number() (Value, bool) {
	s := d.text[d.pos:]
	n := 0
	if s[0] == '-' {
		n++
	}
	whole := digits(s[n:])
	if whole == 0 || whole > 1 && s[n] == '0' {
		return Value{}, d.fail("a malformed number")
	}
	n += whole
	prints := whole > 1 || s[0] != '-' || s[n-1] != '0' // not -0
	if n < len(s) && s[n] == '.' {
		fraction := digits(s[n+1:])
		if fraction == 0 {
			return Value{}, d.fail("a malformed number")
		}
		n += 1 + fraction
		// JavaScript prints up to 15 digits as they are, if nothing is shorter.
		prints = whole+fraction <= 15 && s[n-1] != '0' && s[n-1-fraction-whole] != '0'
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		prints = false
		n++
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		exponent := digits(s[n:])
		if exponent == 0 {
			return Value{}, d.fail("a malformed number")
		}
		n += exponent
	}
	v := String(s[:n])
	v.kind, v.rep = KindNumber, repText
	if prints {
		v.rep = repPrints
	}
	d.pos += n
	return v, true
}

// numberValue makes a number of the text of a JSON number or a template's
// literal; a text that is neither is undefined.
func numberValue(text string) Value {
	d := Decoder{text: text}
	if c := d.peek(); c != '-' && c-'0' > 9 {
		return Value{}
	}
	v, ok := d.number()
	if !ok || d.pos < len(text) {
		return Value{}
	}
	return v
}

func (d *Decoder) array(depth int) (Value, bool) {
	if depth > maxJSONDepth {
		return Value{}, d.fail("nested too deeply")
	}
	d.pos++
	if d.next() == ']' {
		d.pos++
		return Array(nil), true
	}
	base := len(d.items)
	for {
		v, ok := d.value(depth)
		if !ok {
			return Value{}, false
		}
		d.items = append(d.items, v)
		switch d.next() {
		case ',':
			d.pos++
			d.next()
			continue
		case ']':
			d.pos++
		default:
			return Value{}, d.fail("expected , or ]")
		}
		items := d.itemSlab.take(len(d.items)-base, len(d.text)/128)
		copy(items, d.items[base:])
		d.items = d.items[:base]
		return Array(items), true
	}
}

func (d *Decoder) object(depth int) (Value, bool) {
	if depth > maxJSONDepth {
		return Value{}, d.fail("nested too deeply")
	}
	d.pos++
	o := &d.objectSlab.take(1, len(d.text)/128)[0]
	if d.next() == '}' {
		d.pos++
		return objectValue(o), true
	}
	base := len(d.members)
	var seen keySet
	for {
		if d.peek() != '"' {
			return Value{}, d.fail("expected a key in quotes")
		}
		key, ok := d.string()
		if !ok {
			return Value{}, false
		}
		if d.next() != ':' {
			return Value{}, d.fail("expected :")
		}
		d.pos++
		d.next()
		v, ok := d.value(depth)
		if !ok {
			return Value{}, false
		}
		if i := seen.add(d.members[base:], key); i >= 0 {
			if d.strict {
				return Value{}, d.fail("the key " + quote(key) + " comes twice")
			}
			d.members[base+i].Value = v
		} else {
			d.members = append(d.members, Member{key, v})
		}
		switch d.next() {
		case ',':
			d.pos++
			d.next()
			continue
		case '}':
			d.pos++
		default:
			return Value{}, d.fail("expected , or }")
		}
		o.members = d.memberSlab.take(len(d.members)-base, len(d.text)/32)
		copy(o.members, d.members[base:])
		d.members = d.members[:base]
		o.finish(&seen)
		return objectValue(o), true
	}
}

// plainByte has the bytes that stand for themselves in a string, ASCII only.
var plainByte = func() (set [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// string decodes the string at the position.
func (d *Decoder) string() (string, bool) {
	d.pos++
	s := d.text[d.pos:]
	i := 0
	for i < len(s) && plainByte[s[i]] {
		i++
	}
	if i < len(s) && s[i] == '"' {
		d.pos += i + 1
		return s[:i], true
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			d.pos += i + 1
			return d.unicode(s[:i])
		case c == '\\':
			return d.escaped(s, i)
		case c < ' ':
			d.pos += i
			return "", d.fail("a control character in a string")
		}
	}
	d.pos = len(d.text)
	return "", d.fail("a string is not closed")
}

// unicode makes s valid UTF-8, or fails.
func (d *Decoder) unicode(s string) (string, bool) {
	if utf8.ValidString(s) {
		return s, true
	}
	if d.strict {
		return "", d.fail("invalid UTF-8 in a string")
	}
	return strings.ToValidUTF8(s, "\uFFFD"), true
}

// escaped decodes a string with escapes; the first is at s[i].
func (d *Decoder) escaped(s string, i int) (string, bool) {
	if cap(d.bytes)-len(d.bytes) < i+64 {
		d.bytes = make([]byte, 0, max(1024, i+64)) // never used again: strings may be kept
	}
	base := len(d.bytes)
	out := append(d.bytes, s[:i]...)
	for i < len(s) {
		c := s[i]
		switch {
		case c == '"':
			d.pos += i + 1
			d.bytes = out
			return d.unicode(unsafe.String(unsafe.SliceData(out[base:]), len(out)-base))
		case c < ' ':
			d.pos += i
			return "", d.fail("a control character in a string")
		case c != '\\':
			from := i
			for i++; i < len(s) && s[i] != '"' && s[i] != '\\' && s[i] >= ' '; i++ {
			}
			out = append(out, s[from:i]...)
			continue
		case i+1 == len(s):
			i++
			continue
		}
		i += 2
		switch c := s[i-1]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, n := unicodeEscape(s[i:])
			if n == 0 || r == utf8.RuneError && d.strict && s[i:i+4] != "fffd" && s[i:i+4] != "FFFD" {
				d.pos += i - 2
				return "", d.fail("a malformed escape")
			}
			out = utf8.AppendRune(out, r)
			i += n
		default:
			d.pos += i - 2
			return "", d.fail("an unknown escape")
		}
	}
	d.pos = len(d.text)
	return "", d.fail("a string is not closed")
}

// unicodeEscape decodes what follows \u: four digits, or a pair of surrogates. It
// returns the character and the number of bytes, 0 if it is malformed.
func unicodeEscape(s string) (rune, int) {
	r, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if low, ok := hex4(s[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
