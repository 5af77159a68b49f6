package handlebars

import (
	"iter"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Text returns what AppendText appends.
func (v Value) Text() string {
	if v.kind == KindString || v.kind == KindNumber && v.rep == repPrints {
		return v.text()
	}
	return string(v.AppendText(nil))
}

// AppendText appends v as JavaScript's String prints it, but undefined and null
// as "": arrays joined by commas, objects as [object Object]. Of an array it
// appends about a million bytes at most.
func (v Value) AppendText(dst []byte) []byte { return v.appendText(dst, len(dst)+maxArrayText) }

// maxArrayText bounds the text of an array: one that holds the same array twice,
// and so on, would be too long for any machine.
const maxArrayText = 1 << 20

// appendText is AppendText, but may stop where dst is longer than most.
func (v Value) appendText(dst []byte, most int) []byte {
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(dst, v.bits != 0)
	case KindNumber:
		switch v.rep {
		case repInt:
			return strconv.AppendInt(dst, int64(v.bits), 10)
		case repPrints:
			return append(dst, v.text()...)
		}
		f, _ := v.Float()
		return syntax.AppendNumber(dst, f)
	case KindString:
		return append(dst, v.text()...)
	case KindArray:
		for i, item := range v.Items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst = item.appendText(dst, most); len(dst) > most {
				break
			}
		}
	case KindObject:
		return append(dst, "[object Object]"...)
	}
	return dst
}

// utf16Len is the length of s in UTF-16 units. A byte that is no UTF-8 counts one.
func utf16Len(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// utf16Units calls yield for each UTF-16 unit of s, as a string; half of a pair is
// U+FFFD.
func utf16Units(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 0; i < len(s); {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r > 0xffff {
				if first := yield("\uFFFD"); !first || !yield("\uFFFD") {
					return
				}
			} else if !yield(s[i : i+size]) {
				return
			}
			i += size
		}
	}
}

// utf16At returns the UTF-16 unit i of s.
func utf16At(s string, i int) Value {
	for unit := range utf16Units(s) {
		if i == 0 {
			return String(unit)
		}
		i--
	}
	return Value{}
}

func itoa(i int) string { return strconv.Itoa(i) }
