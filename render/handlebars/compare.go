package handlebars

import (
	"math"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// StrictEqual is JavaScript's ===. Arrays and objects are equal only to themselves.
func StrictEqual(a, b Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case KindUndefined, KindNull:
		return true
	case KindBool:
		return a.bits == b.bits
	case KindString:
		return a.text() == b.text()
	case KindNumber:
		return compareNumbers(a, b) == 0
	}
	return a.ptr == b.ptr && a.bits == b.bits
}

// LooseEqual is JavaScript's ==.
func LooseEqual(a, b Value) bool {
	switch {
	case a.IsNil() || b.IsNil():
		return a.IsNil() && b.IsNil()
	case a.kind == b.kind:
		return StrictEqual(a, b)
	case a.kind == KindBool:
		return LooseEqual(Number(a.toNumber()), b)
	case b.kind == KindBool:
		return LooseEqual(a, Number(b.toNumber()))
	case a.kind >= KindArray && b.kind >= KindArray:
		return false
	case a.kind >= KindArray && b.kind == KindString:
		return a.textIs(b.text())
	case b.kind >= KindArray && a.kind == KindString:
		return b.textIs(a.text())
	}
	return a.toNumber() == b.toNumber()
}

// textIs reports whether v prints as s, without printing all of a large array.
func (v Value) textIs(s string) bool {
	rest, ok := v.cutText(s)
	return ok && rest == ""
}

// cutText cuts what v prints as from the start of s.
func (v Value) cutText(s string) (rest string, ok bool) {
	switch v.kind {
	case KindString:
		return strings.CutPrefix(s, v.text())
	case KindArray:
		for i, item := range v.Items() {
			if i > 0 {
				if s, ok = strings.CutPrefix(s, ","); !ok {
					return s, false
				}
			}
			if s, ok = item.cutText(s); !ok {
				return s, false
			}
		}
		return s, true
	}
	var buffer [64]byte
	return strings.CutPrefix(s, string(v.appendText(buffer[:0], len(buffer))))
}

// Compare orders a and b as JavaScript's < does: two strings by UTF-16 units,
// everything else as numbers. ok is false where they have no order (NaN).
func Compare(a, b Value) (order int, ok bool) {
	if a.kind >= KindArray && (b.kind >= KindArray || b.kind == KindString) {
		a = String(a.Text())
	}
	if b.kind >= KindArray && a.kind == KindString {
		b = String(b.Text())
	}
	if a.kind == KindString && b.kind == KindString {
		return compareUTF16(a.text(), b.text()), true
	}
	if a.kind == KindNumber && b.kind == KindNumber {
		order = compareNumbers(a, b)
		return order, order != 2
	}
	x, y := a.toNumber(), b.toNumber()
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, x == y
}

// compareNumbers compares exactly where both are integers; 2 means no order.
func compareNumbers(a, b Value) int {
	if a.rep == repInt && b.rep == repInt {
		switch x, y := int64(a.bits), int64(b.bits); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	x, _ := a.Float()
	y, _ := b.Float()
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	case x == y:
		return 0
	}
	return 2
}

// compareUTF16 compares by UTF-16 units. That is byte order, but for characters
// beyond U+FFFF, whose first unit is below U+E000.
func compareUTF16(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xf0 && y >= 0xee && y < 0xf0 {
			return -1
		}
		if y >= 0xf0 && x >= 0xee && x < 0xf0 {
			return 1
		}
		if x < y {
			return -1
		}
		return 1
	}
	switch {
	case len(a) < len(b):
		return -1
	case len(a) > len(b):
		return 1
	}
	return 0
}

// toNumber is JavaScript's Number(v).
func (v Value) toNumber() float64 {
	switch v.kind {
	case KindNull:
		return 0
	case KindBool:
		return float64(v.bits)
	case KindNumber:
		f, _ := v.Float()
		return f
	case KindString:
		return stringToNumber(v.text())
	case KindArray: // the number that its text is, which has a comma if it has two items
		switch items := v.Items(); {
		case len(items) == 0:
			return 0
		case len(items) > 1:
		case items[0].IsNil():
			return 0
		case items[0].kind == KindBool: // "true"
		default:
			return items[0].toNumber()
		}
	}
	return math.NaN()
}

// stringToNumber is JavaScript's Number(s).
func stringToNumber(s string) float64 {
	s = strings.TrimFunc(s, syntax.IsSpace)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		if base := map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]|0x20]; base > 0 {
			return radixNumber(s[2:], base)
		}
	}
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && strings.IndexByte("+-.eE", c) < 0 {
			switch s {
			case "Infinity", "+Infinity":
				return math.Inf(1)
			case "-Infinity":
				return math.Inf(-1)
			}
			return math.NaN()
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

func radixNumber(s string, base int) float64 {
	f := 0.0
	for i := range len(s) {
		d, err := strconv.ParseUint(s[i:i+1], base, 8)
		if err != nil {
			return math.NaN()
		}
		f = f*float64(base) + float64(d)
	}
	return f
}
