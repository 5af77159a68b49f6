package syntax

import (
	"strings"
	"unicode/utf8"
)

// This file has what the lexer recognizes at the start of a text: lengths of its
// parts in bytes, 0 where there is none.

// closesTag returns the length of }} or ~}} at the start of s, 0 if neither is there.
func closesTag(s string) int {
	if strings.HasPrefix(s, "}}") {
		return 2
	}
	if strings.HasPrefix(s, "~}}") {
		return 3
	}
	return 0
}

// closeLen returns the length of any closing token at the start of s.
func closeLen(s string) int {
	if strings.HasPrefix(s, "}}}") {
		return 3
	}
	if strings.HasPrefix(s, "}~}}") {
		return 4
	}
	return closesTag(s)
}

// quotedLen returns the length of the quoted text at the start of s, with both
// quotes, 0 if it isn't closed. A backslash keeps a quote from closing, unless
// no later one does.
func quotedLen(s string, quote byte) int {
	last := 0
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == quote {
			i++
			last = i + 1
		} else if s[i] == quote {
			return i + 1
		}
	}
	return last
}

// numberLen returns the length of the number at the start of s, 0 if there is none.
func numberLen(s string) int {
	n := 0
	if s[0] == '-' {
		n = 1
	}
	d := Digits(s[n:])
	if d == 0 {
		return 0
	}
	n += d
	if n < len(s) && s[n] == '.' {
		if d := Digits(s[n+1:]); d > 0 {
			n += 1 + d
		}
	}
	return n
}

// Digits is how many digits s begins with.
func Digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

// idLen returns the length of the longest name at the start of s.
func idLen(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if !idByte[c] {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if IsSpace(r) {
			return i
		}
		i += size
	}
	return len(s)
}

// idByte has the ASCII characters that a name may hold.
var idByte = func() (t [utf8.RuneSelf]bool) {
	for c := byte('!'); c < utf8.RuneSelf; c++ {
		t[c] = strings.IndexByte("!\"#%&'()*+,./;<=>@[\\]^`{|}~", c) < 0
	}
	for c := byte(0); c < ' '; c++ {
		t[c] = !IsSpace(rune(c))
	}
	return t
}()

// endsID reports whether a name may end before s.
func endsID(s string) bool {
	return s != "" && (strings.IndexByte("=~}/.)|", s[0]) >= 0 || spaceLen(s) > 0)
}

// endsLiteral reports whether a literal may end before s.
func endsLiteral(s string) bool {
	return s != "" && (strings.IndexByte("~})", s[0]) >= 0 || spaceLen(s) > 0)
}

func isWord(c byte) bool {
	return c == '_' || c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// IsSpace reports whether JavaScript's \s matches r.
func IsSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// spaceLen returns the length of the white space at the start of s.
func spaceLen(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c > ' ' || !IsSpace(rune(c)) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !IsSpace(r) {
			return i
		}
		i += size
	}
	return len(s)
}
