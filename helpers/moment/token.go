package moment

import (
	"strings"
	"unicode/utf8"
)

// tokenLength is the length of the format token, escaped or bracketed text, or single character at the start of s;
// 0 at a line break, which Moment drops. It is Moment's expression formattingTokens, quirks included: "[…]" runs to
// the last "]" before the next "[", and "w|" is one piece of literal text.
func tokenLength(s string) int {
	if n := bracketLength(s); n > 0 {
		return n
	}
	if s[0] == '\\' {
		if len(s) > 1 {
			if n := plainLength(s[1:]); n > 0 {
				return 1 + n
			}
		}
		return 1
	}
	return plainLength(s)
}

// bracketLength is the length of the bracketed text at the start of s, 0 where there is none.
func bracketLength(s string) int {
	if s[0] != '[' {
		return 0
	}
	end := len(s)
	if next := strings.IndexByte(s[1:], '['); next >= 0 {
		end = 1 + next
	}
	return strings.LastIndexByte(s[:end], ']') + 1
}

func plainLength(s string) int {
	c := s[0]
	switch c {
	case 'H', 'h':
		if strings.HasPrefix(s[1:], "mm") {
			if strings.HasPrefix(s[3:], "ss") {
				return 5
			}
			return 3
		}
		return run(s, c, 2)
	case 'M':
		if second(s) == 'o' {
			return 2
		}
		return run(s, c, 4)
	case 'D':
		if second(s) == 'o' {
			return 2
		}
		if strings.HasPrefix(s, "DDDo") {
			return 4
		}
		return run(s, c, 4)
	case 'd':
		if second(s) == 'o' {
			return 2
		}
		return run(s, c, 4)
	case 'w', 'W':
		if b := second(s); b == 'o' || b == '|' || b == c {
			return 2
		}
		return 1
	case 'Q':
		if second(s) == 'o' {
			return 2
		}
		return 1
	case 'N':
		return run(s, c, 5)
	case 'Y':
		n := run(s, c, 6)
		if n == 3 {
			n = 2
		}
		return n
	case 'y':
		if second(s) == 'o' {
			return 2
		}
		return run(s, c, 4)
	case 'g', 'G':
		n := run(s, c, 5)
		if n == 3 {
			n = 2
		}
		return n
	case 'k', 'm', 's', 'z', 'Z':
		return run(s, c, 2)
	case 'S':
		return run(s, c, 9)
	case '\n', '\r':
		return 0
	}
	if c < utf8.RuneSelf {
		return 1
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == '\u2028' || r == '\u2029' {
		return 0
	}
	return n
}

func run(s string, c byte, most int) int {
	n := 1
	for n < most && n < len(s) && s[n] == c {
		n++
	}
	return n
}

func second(s string) byte {
	if len(s) > 1 {
		return s[1]
	}
	return 0
}

// literal is the text that a token which is no format token prints.
func literal(token string) string {
	if len(token) > 1 && token[0] == '[' {
		return token[1 : len(token)-1]
	}
	return strings.ReplaceAll(token, `\`, "")
}

// expand replaces localized formats (LT, LL, llll…) by what the locale has for them, as often as Moment does.
func (l *Locale) expand(format string) string {
	for range 6 {
		next := l.expandOnce(format)
		if next == format {
			break
		}
		format = next
	}
	return format
}

func (l *Locale) expandOnce(s string) string {
	if strings.IndexByte(s, 'L') < 0 && strings.IndexByte(s, 'l') < 0 {
		return s
	}
	var b strings.Builder
	for s != "" {
		n := bracketLength(s)
		switch {
		case n > 0:
		case s[0] == '\\' && len(s) > 1 && localLength(s[1:]) > 0:
			n = 1 + localLength(s[1:])
		default:
			if n = localLength(s); n > 0 {
				b.WriteString(l.longFormat(s[:n]))
				s = s[n:]
				continue
			}
			n = 1
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String()
}

// localLength is the length of the localized format at the start of s, 0 where there is none.
func localLength(s string) int {
	switch {
	case strings.HasPrefix(s, "LTS"):
		return 3
	case strings.HasPrefix(s, "LT"):
		return 2
	case s[0] == 'L' || s[0] == 'l':
		return run(s, s[0], 4)
	}
	return 0
}

// longFormat is the expansion of a localized format. A lower-case one that the locale does not define is the
// upper-case one with one letter less in MMMM, MM, DD and dddd.
func (l *Locale) longFormat(key string) string {
	if text, ok := l.formats[key]; ok && text != "" {
		return text
	}
	upper, ok := l.formats[strings.ToUpper(key)]
	if !ok {
		return key
	}
	var b strings.Builder
	for upper != "" {
		n := tokenLength(upper)
		if n == 0 {
			_, n = utf8.DecodeRuneInString(upper)
			upper = upper[n:]
			continue
		}
		token := upper[:n]
		upper = upper[n:]
		switch token {
		case "MMMM", "MM", "DD", "dddd":
			token = token[1:]
		}
		b.WriteString(token)
	}
	return b.String()
}
