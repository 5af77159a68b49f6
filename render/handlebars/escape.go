package handlebars

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

// text is what can be escaped.
type text interface{ ~string | ~[]byte }

// special has, by mode, the bytes that don't stand for themselves.
var special = [...][256]bool{
	EscapeHTML:     bytesOf(`&<>"'` + "`="),
	EscapeMarkdown: bytesOf("\\`*_{}[]()<>#+-.!|~&"),
	EscapeText:     controls(),
}

// escapers append a string, escaped by mode.
var escapers = [...]func(dst []byte, s string) []byte{
	EscapeHTML:     appendHTML,
	EscapeMarkdown: func(dst []byte, s string) []byte { return appendEscaped(dst, s, EscapeMarkdown) },
	EscapeText:     appendPlain,
}

func bytesOf(s string) (set [256]bool) {
	for i := range len(s) {
		set[s[i]] = true
	}
	return set
}

// controls are the control characters but newline and tab, and the bytes that
// other ends of lines than newline begin with.
func controls() (set [256]bool) {
	for c := range ' ' {
		set[c] = c != '\n' && c != '\t'
	}
	set[0x7f], set[0xc2], set[0xe2] = true, true, true
	return set
}

// lineEnd returns how many bytes of s are an end of a line that is none of Unix:
// CR, CR LF, VT, FF, NEL, U+2028, U+2029.
func lineEnd[T text](s T) int {
	switch s[0] {
	case '\r':
		if len(s) > 1 && s[1] == '\n' {
			return 2
		}
		return 1
	case '\v', '\f':
		return 1
	case 0xc2:
		if len(s) > 1 && s[1] == 0x85 {
			return 2
		}
	case 0xe2:
		if len(s) > 2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9) {
			return 3
		}
	}
	return 0
}

// needsEscape reports whether s holds a special byte.
func needsEscape[T text](s T, mode Escape) bool {
	set := &special[mode]
	for i := range len(s) {
		if set[s[i]] {
			return true
		}
	}
	return false
}

// appendEscaped appends s, escaped by mode.
func appendEscaped[T text](dst []byte, s T, mode Escape) []byte {
	set := &special[mode]
	start := 0
	for i := 0; i < len(s); i++ {
		if !set[s[i]] {
			continue
		}
		end := 0
		if mode == EscapeText {
			if end = lineEnd(s[i:]); end == 0 && s[i] >= 0x80 {
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch {
		case mode == EscapeHTML:
			dst = append(dst, reference(s[i])...)
		case mode == EscapeMarkdown:
			dst = append(dst, '\\', s[i])
		case end > 0:
			dst = append(dst, '\n')
			start = i + end
			i = start - 1
		}
	}
	return append(dst, s[start:]...)
}

// appendHTML is appendEscaped for HTML. Most values have nothing to escape: they are copied eight bytes at a time, as
// they are looked at.
func appendHTML(dst []byte, s string) []byte {
	n, size := len(dst), len(s)
	if cap(dst)-n < size {
		dst = slices.Grow(dst, size)
	}
	to := dst[n : n+size]
	from, into := unsafe.Pointer(unsafe.StringData(s)), unsafe.Pointer(unsafe.SliceData(to))
	if size < 8 {
		if size >= 4 {
			first, last := half(from, 0), half(from, size-4)
			if maybeSpecial(first|last<<32) == 0 {
				putHalf(into, 0, first)
				putHalf(into, size-4, last)
				return dst[:n+size]
			}
			return appendReferences(dst, s)
		}
		for i := range to {
			if special[EscapeHTML][s[i]] {
				return appendReferences(dst, s)
			}
			to[i] = s[i]
		}
		return dst[:n+size]
	}
	last := size - 8
	for i := 0; i < last; i += 8 {
		w := word(from, i)
		if maybeSpecial(w) != 0 {
			return appendReferences(dst[:n+i], s[i:])
		}
		putWord(into, i, w)
	}
	w := word(from, last)
	if maybeSpecial(w) != 0 {
		return appendReferences(dst, s)
	}
	putWord(into, last, w)
	return dst[:n+size]
}

// appendPlain is appendEscaped for plain text, as appendHTML is for HTML.
func appendPlain(dst []byte, s string) []byte {
	n, size := len(dst), len(s)
	if size < 8 {
		return appendEscaped(dst, s, EscapeText)
	}
	if cap(dst)-n < size {
		dst = slices.Grow(dst, size)
	}
	from, into := unsafe.Pointer(unsafe.StringData(s)), unsafe.Pointer(unsafe.SliceData(dst[n:n+size]))
	for i := 0; i < size; i += 8 {
		i = min(i, size-8)
		w := word(from, i)
		if maybeControl(w) {
			return appendEscaped(dst[:n+i], s[i:], EscapeText)
		}
		putWord(into, i, w)
	}
	return dst[:n+size]
}

// maybeControl reports whether one of eight bytes may be special in plain text: is a control character or not ASCII.
func maybeControl(w uint64) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	return ((w-low*' ')|((w^low*0x7f)-low)|w)&high != 0
}

// appendReferences is appendHTML for what may have something to escape.
func appendReferences(dst []byte, s string) []byte {
	from := unsafe.Pointer(unsafe.StringData(s))
	n, full := len(dst), 0 // full: n from where there may be no room
	for i := 0; i < len(s); {
		if n >= full {
			dst = slices.Grow(dst[:n], len(s)-i+2*8)
			full = cap(dst) - (len(s) - i) - 8
		}
		into := unsafe.Add(unsafe.Pointer(unsafe.SliceData(dst)), n)
		if i+8 <= len(s) {
			w := word(from, i)
			putWord(into, 0, w)
			clean := bits.TrailingZeros64(maybeSpecial(w)) / 8
			n += clean
			i += clean
			if clean == 8 {
				continue
			}
			into = unsafe.Add(into, clean)
		}
		r := &references[s[i]]
		putWord(into, 0, r.text)
		n += r.size
		i++
	}
	return dst[:n]
}

// maybeSpecial returns bits of the first of eight bytes that may be special in HTML: that is ` or one of "#&' or <=>?. 0:
// there is none.
func maybeSpecial(w uint64) uint64 {
	const low, high = 0x0101010101010101, 0x8080808080808080
	a, b, c := w^low*'`', (w|low*5)^low*'\'', (w|low*3)^low*'?'
	return ((a - low) | (b - low) | (c - low)) &^ w & high
}

// references are how bytes stand in HTML, as words.
var references = func() (all [256]struct {
	text uint64
	size int
}) {
	for c := range all {
		all[c].text, all[c].size = uint64(c), 1
		if special[EscapeHTML][c] {
			r := reference(byte(c))
			var text [8]byte
			all[c].size = copy(text[:], r)
			all[c].text = binary.LittleEndian.Uint64(text[:])
		}
	}
	return all
}()

// reference returns Handlebars.js' character reference of a special character.
func reference(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\'':
		return "&#x27;"
	case '`':
		return "&#x60;"
	}
	return "&#x3D;"
}
