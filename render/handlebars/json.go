package handlebars

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/heraldsend/herald/render/handlebars/syntax"
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
	memberSlab syntax.Slab[Member]
	itemSlab   syntax.Slab[Value]
	objectSlab syntax.Slab[object]
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
	d.memberSlab.Reset()
	d.itemSlab.Reset()
	d.objectSlab.Reset()
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
	return Value{}, d.fail("unexpected " + Quote(d.text[d.pos:d.pos+1]))
}

func (d *Decoder) literal(word string) bool {
	if !strings.HasPrefix(d.text[d.pos:], word) {
		return d.fail("unexpected " + Quote(d.text[d.pos:d.pos+1]))
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
	whole := syntax.Digits(s[n:])
	if whole == 0 || whole > 1 && s[n] == '0' {
		return Value{}, d.fail("a malformed number")
	}
	n += whole
	prints := whole > 1 || s[0] != '-' || s[n-1] != '0' // not -0
	if n < len(s) && s[n] == '.' {
		fraction := syntax.Digits(s[n+1:])
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
		exponent := syntax.Digits(s[n:])
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
		items := d.itemSlab.Take(len(d.items)-base, len(d.text)/128)
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
	o := &d.objectSlab.Take(1, len(d.text)/128)[0]
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
				return Value{}, d.fail("the key " + Quote(key) + " comes twice")
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
		o.members = d.memberSlab.Take(len(d.members)-base, len(d.text)/32)
		copy(o.members, d.members[base:])
		d.members = d.members[:base]
		o.finish(&seen)
		return objectValue(o), true
	}
}
