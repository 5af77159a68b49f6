package handlebars

import (
	"math"
	"strconv"
	"strings"
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
	case a.kind >= KindArray:
		if b.kind >= KindArray {
			return false
		}
		return LooseEqual(String(a.Text()), b)
	case b.kind >= KindArray:
		return LooseEqual(a, String(b.Text()))
	}
	return a.toNumber() == b.toNumber()
}

// Compare orders a and b as JavaScript's < does: two strings by UTF-16 units,
// everything else as numbers. ok is false where they have no order (NaN).
func Compare(a, b Value) (order int, ok bool) {
	if a.kind >= KindArray {
		a = String(a.Text())
	}
	if b.kind >= KindArray {
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
	case KindArray, KindObject:
		return stringToNumber(v.Text())
	}
	return math.NaN()
}

// stringToNumber is JavaScript's Number(s).
func stringToNumber(s string) float64 {
	s = strings.TrimFunc(s, isSpace)
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
