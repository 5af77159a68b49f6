package lint

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// doubtfulFormat says what is odd about a Moment format, or "".
func doubtfulFormat(format string) string {
	tokens := formatTokens(format)
	has := func(list ...string) bool {
		return slices.ContainsFunc(list, func(token string) bool { return slices.Contains(tokens, token) })
	}
	for _, token := range tokens {
		if !isMomentToken(token) {
			return handlebars.Quote(token) + " is no token and is printed as it is; literal text stands in [brackets]"
		}
	}
	switch {
	case has("mm", "m") && !has("H", "HH", "h", "hh", "k", "kk", "Hmm", "hmm"):
		return `"mm" is minutes; months are "MM"`
	case has("yyyy", "yy", "y"):
		return `"yyyy" is the year of an era; the year is "YYYY"`
	case has("dd", "d") && has("M", "MM", "MMM", "MMMM") && !has("D", "DD", "Do"):
		return `"dd" is the day's name; the day of the month is "DD"`
	}
	return ""
}

// formatTokens lists the letters of a format as Moment reads them, without
// what [brackets] and backslashes protect.
func formatTokens(format string) []string {
	var out []string
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '[':
			if end := strings.IndexByte(format[i:], ']'); end > 0 {
				i += end + 1
				continue
			}
			i++
		case c == '\\':
			i += 2
		case content.IsLetter(c) && c < 0x80:
			n := momentToken(format[i:])
			out = append(out, format[i:i+n])
			i += n
		default:
			i++
		}
	}
	return out
}

// momentTokens are Moment's, longest first where one begins another.
var momentTokens = []string{
	"MMMM", "MMM", "MM", "Mo", "M", "DDDD", "DDDo", "DDD", "DD", "Do", "D", "dddd", "ddd", "dd", "do", "d", "YYYYYY", "YYYYY", "YYYY", "YY", "Y",
	"yyyy", "yyy", "yy", "yo", "y", "Qo", "Q", "gggg", "gg", "GGGG", "GG", "ww", "wo", "w", "WW", "Wo", "W", "E", "e",
	"Hmmss", "Hmm", "hmmss", "hmm", "HH", "H", "hh", "h", "kk", "k", "mm", "m", "ss", "s",
	"SSSSSSSSS", "SSSSSSSS", "SSSSSSS", "SSSSSS", "SSSSS", "SSSS", "SSS", "SS", "S", "ZZ", "Z", "zz", "z", "X", "x", "A", "a",
	"LTS", "LT", "LLLL", "LLL", "LL", "L", "llll", "lll", "ll", "l", "NNNNN", "NNNN", "NNN", "NN", "N",
}

// momentToken is the length of the token, or of the lone letter, at the start of s.
func momentToken(s string) int {
	for _, token := range momentTokens {
		if strings.HasPrefix(s, token) {
			return len(token)
		}
	}
	return 1
}

func isMomentToken(token string) bool { return slices.Contains(momentTokens, token) }
