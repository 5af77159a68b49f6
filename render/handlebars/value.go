package handlebars

import (
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// Kind is the type of a Value. They are JSON's, and undefined for what is absent.
type Kind uint8

// The kinds of value.
const (
	KindUndefined Kind = iota // a missing field or argument; the zero Value
	KindNull
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	return [...]string{"undefined", "null", "bool", "number", "string", "array", "object"}[k]
}

// Value is one value of template data: what JSON can say, or undefined. It is
// immutable and three words long: pass it by value. The zero Value is undefined.
//
// A number from JSON text keeps its text, so that integers of any size print
// exactly; an object keeps its members in JavaScript's order (integer keys
// ascending, then the rest as inserted).
type Value struct {
	ptr  unsafe.Pointer // string data, first array item, or *object
	bits uint64         // string or array length, bool, number bits
	kind Kind
	rep  rep
}

// rep says how a string or number is represented.
type rep uint8

const (
	repPlain  rep = iota
	repSafe       // string that is not escaped
	repInt        // number: bits hold an int64
	repText       // number: ptr and bits hold its JSON text
	repPrints     // number: as repText, and the text is also how it prints

	repMarked rep = 'A' // string of MarkedString: from here on, the kind of its mark
)

// Null returns JSON's null.
func Null() Value { return Value{kind: KindNull} }

// Bool returns a boolean value.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, bits: 1}
	}
	return Value{kind: KindBool}
}

// Number returns a number value.
func Number(f float64) Value {
	return Value{kind: KindNumber, bits: math.Float64bits(f)}
}

// Int returns a number value that prints exactly.
func Int(i int64) Value {
	return Value{kind: KindNumber, rep: repInt, bits: uint64(i)}
}

// Decimal returns a number value that prints as its text and keeps every digit:
// digits, with a minus and a point or without. Another text is undefined.
func Decimal(text string) Value {
	v := numberValue(text)
	if v.kind == KindNumber && !strings.ContainsAny(text, "eE") {
		v.rep = repPrints
		return v
	}
	return Value{}
}

// String returns a string value. It is escaped when it is printed.
func String(s string) Value {
	return Value{kind: KindString, ptr: unsafe.Pointer(unsafe.StringData(s)), bits: uint64(len(s))}
}

// Safe returns a string value that is printed as it is, never escaped. Never
// make one of data.
func Safe(s string) Value {
	v := String(s)
	v.rep = repSafe
	return v
}

// MarkedString returns a string value that templates compiled with Marks print as Open and kind, a letter; others print it
// as it is. To helpers and comparisons it is s. Never make one of data.
func MarkedString(s string, kind byte) Value {
	v := String(s)
	v.rep = rep(kind)
	return v
}

// Array returns an array value. It keeps items: don't change them afterwards.
func Array(items []Value) Value {
	return Value{kind: KindArray, ptr: unsafe.Pointer(unsafe.SliceData(items)), bits: uint64(len(items))}
}

// Kind returns the type of v.
func (v Value) Kind() Kind { return v.kind }

// IsNil reports whether v is undefined or null.
func (v Value) IsNil() bool { return v.kind <= KindNull }

// IsSafe reports whether v is a string that is printed without escaping.
func (v Value) IsSafe() bool { return v.kind == KindString && v.rep == repSafe }

// text is the string data of a string, or of a number with a text.
func (v Value) text() string {
	return unsafe.String((*byte)(v.ptr), int(v.bits))
}

func (v Value) object() *object { return (*object)(v.ptr) }

// Str returns the string that v is; false when v is not a string.
func (v Value) Str() (string, bool) {
	if v.kind != KindString {
		return "", false
	}
	return v.text(), true
}

// Items returns the items of an array, nil for everything else. Don't change them.
func (v Value) Items() []Value {
	if v.kind != KindArray {
		return nil
	}
	return unsafe.Slice((*Value)(v.ptr), int(v.bits))
}

// Members returns the members of an object in order, nil for everything else.
// Don't change them.
func (v Value) Members() []Member {
	if v.kind != KindObject {
		return nil
	}
	return v.object().members
}

// Get returns the field of an object, the item of an array by its decimal index,
// or their length ("length", also of a string, in UTF-16 units). Everything else
// is undefined: there are no methods and no prototypes.
func (v Value) Get(name string) Value {
	switch v.kind {
	case KindObject:
		return v.object().get(name)
	case KindArray:
		if name == "length" {
			return Int(int64(v.bits))
		}
		if i, ok := arrayIndex(name); ok && i < int(v.bits) {
			return v.Items()[i]
		}
	case KindString:
		if name == "length" {
			return Int(int64(utf16Len(v.text())))
		}
		if i, ok := arrayIndex(name); ok {
			return utf16At(v.text(), i)
		}
	}
	return Value{}
}

// arrayIndex parses a canonical array index: decimal, no sign, no leading zero.
func arrayIndex(s string) (int, bool) {
	if s == "" || len(s) > 9 || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int(c)
	}
	return n, true
}

// Digits returns the text of a number with every digit that it was made with,
// where Text prints JavaScript's shortest: that of JSON, maybe with an exponent.
// For other values it is Text.
func (v Value) Digits() string {
	if v.kind == KindNumber && v.rep == repText {
		return v.text()
	}
	return v.Text()
}

// Float returns the number that v is; false when v is not a number.
func (v Value) Float() (float64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	switch v.rep {
	case repInt:
		return float64(int64(v.bits)), true
	case repText, repPrints:
		f, _ := strconv.ParseFloat(v.text(), 64) // out of range gives ±Inf, as in JavaScript
		return f, true
	}
	return math.Float64frombits(v.bits), true
}

// Truthy is JavaScript's truth: false for undefined, null, false, 0, NaN and "".
func (v Value) Truthy() bool {
	switch v.kind {
	case KindUndefined, KindNull:
		return false
	case KindBool, KindString:
		return v.bits != 0
	case KindNumber:
		f, _ := v.Float()
		return f != 0 && f == f
	}
	return true
}

// IsEmpty is what a block takes for nothing: everything that isn't truthy but
// the number 0, and the empty array.
func (v Value) IsEmpty() bool {
	switch v.kind {
	case KindArray:
		return v.bits == 0
	case KindNumber:
		f, _ := v.Float()
		return f != f
	}
	return !v.Truthy()
}
