package handlebars

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// plainByte has the bytes that stand for themselves in a string, ASCII only.
var plainByte = func() (set [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		set[c] = c != '"' && c != '\\'
	}
	return set
}()

// plainLength returns how many bytes at the beginning of s stand for themselves.
func plainLength(s string) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for p := unsafe.Pointer(unsafe.StringData(s)); i+8 <= len(s); i += 8 {
		w := word(p, i)
		if odd := ((w ^ low*'"' - low) | (w ^ low*'\\' - low) | (w - low*' ') | w) & high; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(s) && plainByte[s[i]] {
		i++
	}
	return i
}

// string decodes the string at the position.
func (d *Decoder) string() (string, bool) {
	d.pos++
	s := d.text[d.pos:]
	i := plainLength(s)
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
