package handlebars

import (
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
	EscapeText:     func(dst []byte, s string) []byte { return appendEscaped(dst, s, EscapeText) },
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
	if size < 8 {
		return appendShortHTML(dst, s)
	}
	from, to := unsafe.Pointer(unsafe.StringData(s)), unsafe.Pointer(unsafe.SliceData(dst[n:n+size]))
	last := size - 8
	for i := 0; i < last; i += 8 {
		w := word(from, i)
		if maySpecial(w) {
			return appendSpecialHTML(dst[:n+i], s[i:])
		}
		putWord(to, i, w)
	}
	w := word(from, last)
	if maySpecial(w) {
		return appendSpecialHTML(dst, s)
	}
	putWord(to, last, w)
	return dst[:n+size]
}

// appendShortHTML is appendHTML for less than eight bytes, for which dst has room.
func appendShortHTML(dst []byte, s string) []byte {
	n, size := len(dst), len(s)
	to := dst[n : n+size]
	if size >= 4 {
		p := unsafe.Pointer(unsafe.StringData(s))
		first, last := half(p, 0), half(p, size-4)
		if maySpecial(first | last<<32) {
			return appendSpecialHTML(dst, s)
		}
		putHalf(unsafe.Pointer(unsafe.SliceData(to)), 0, first)
		putHalf(unsafe.Pointer(unsafe.SliceData(to)), size-4, last)
		return dst[:n+size]
	}
	set := &special[EscapeHTML]
	for i := range to {
		if set[s[i]] {
			return appendSpecialHTML(dst, s)
		}
		to[i] = s[i]
	}
	return dst[:n+size]
}

// appendSpecialHTML is appendHTML for what may have something to escape.
func appendSpecialHTML(dst []byte, s string) []byte {
	set := &special[EscapeHTML]
	start, i := 0, 0
	for i < len(s) {
		if i+8 <= len(s) && !maySpecial(word(unsafe.Pointer(unsafe.StringData(s)), i)) {
			i += 8
			continue
		}
		for end := min(i+8, len(s)); i < end; i++ {
			if set[s[i]] {
				dst = append(dst, s[start:i]...)
				dst = append(dst, reference(s[i])...)
				start = i + 1
			}
		}
	}
	return append(dst, s[start:]...)
}

// maySpecial reports whether one of eight bytes may be special in HTML: is ` or one of "#&' or <=>?.
func maySpecial(w uint64) bool {
	const low, high = 0x0101010101010101, 0x8080808080808080
	a, b, c := w^low*'`', (w|low*5)^low*'\'', (w|low*3)^low*'?'
	return ((a-low)|(b-low)|(c-low))&^w&high != 0
}

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
