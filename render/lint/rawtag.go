package lint

import (
	"strings"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// rawTag is what looks like a tag, whether or not it is one.
type rawTag struct {
	syntax.Span
	sigil string      // "", "#", "/", "^", ">", "&", "else"
	inner string      // what stands behind the sigil, without blanks around
	at    syntax.Span // where inner stands
	left  string      // braces with ~
	right string      // "" of a tag that isn't closed
}

// rawTags lists what looks like tags, in order, and the comments.
func rawTags(source string) (out []rawTag, comments []syntax.Span) {
	for pos := 0; ; {
		i := strings.Index(source[pos:], "{{")
		if i < 0 {
			return out, comments
		}
		at := pos + i
		switch rest := source[at:]; {
		case strings.HasSuffix(source[:at], `\`) && !strings.HasSuffix(source[:at], `\\`):
			pos = at + 2
			continue
		case strings.HasPrefix(strings.TrimPrefix(rest[2:], "~"), "!"):
			pos = at + commentLength(rest)
			comments = append(comments, span(at, pos))
			continue
		}
		tag := readRawTag(source, at)
		out = append(out, tag)
		pos = tag.End
	}
}

func commentLength(s string) int {
	end := "}}"
	if strings.HasPrefix(strings.TrimPrefix(s[2:], "~"), "!--") {
		end = "--}}"
	}
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}

func readRawTag(source string, at int) rawTag {
	rest := source[at:]
	n := len(rest) - len(strings.TrimLeft(rest, "{"))
	left := n
	if strings.HasPrefix(rest[n:], "~") {
		left++
	}
	t := rawTag{left: rest[:left]}
	end := strings.Index(rest[left:], "}}")
	next := strings.Index(rest[left:], "{{")
	switch {
	case end < 0 || next >= 0 && next < end: // not closed: up to a single brace, or the end of the line
		if end = strings.IndexAny(rest[left:], "}\n{"); end < 0 {
			end = len(rest) - left
		}
		t.Span = syntax.Span{Start: at, End: at + left + end}
		if strings.HasPrefix(source[t.End:], "}") {
			t.End++
		}
	default:
		to := left + end + 2
		for to < len(rest) && rest[to] == '}' && to-left-end < n {
			to++
		}
		for to < len(rest) && rest[to] == '}' {
			to++
		}
		t.Span, t.right = syntax.Span{Start: at, End: at + to}, rest[left+end:to]
	}
	inner := rest[left : left+end]
	if strings.HasSuffix(inner, "~") {
		inner, t.right = inner[:len(inner)-1], "~"+t.right
	}
	start := at + left + len(inner) - len(strings.TrimLeft(inner, " \t\r\n\u00a0"))
	inner = strings.Trim(inner, " \t\r\n\u00a0")
	if inner != "" && strings.IndexByte("#/^>&", inner[0]) >= 0 {
		t.sigil = inner[:1]
		start++
		inner = inner[1:]
	} else if rest, ok := strings.CutPrefix(inner, "else "); ok && n == 2 {
		t.sigil = "else"
		start += len(inner) - len(rest)
		inner = rest
	}
	trimmed := strings.TrimLeft(inner, " \t")
	start += len(inner) - len(trimmed)
	t.inner, t.at = trimmed, syntax.Span{Start: start, End: start + len(trimmed)}
	return t
}

// word is the first word of a tag, and what follows it.
func (t rawTag) word() (word, rest string) {
	i := strings.IndexAny(t.inner, " \t\n")
	if i < 0 {
		return t.inner, ""
	}
	return t.inner[:i], strings.TrimSpace(t.inner[i:])
}

// with is the tag with something else in its braces.
func (t rawTag) with(inner string) string {
	left, right := t.left, t.right
	if len(strings.Trim(left, "~")) != len(strings.Trim(right, "~")) || len(strings.Trim(left, "~")) > 3 {
		left, right = strings.Repeat("{", 2), strings.Repeat("}", 2)
	}
	return left + inner + right
}

// token is a piece of what other tools write in tags.
type token struct {
	kind tokenKind
	text string
}

type tokenKind uint8

const (
	tokenWord tokenKind = iota
	tokenText           // with its quotes
	tokenSign
)

// signs are operators and punctuation, longer ones first.
var signs = []string{"===", "!==", "==", "!=", "<>", ">=", "<=", "=>", "=<", "&&", "||", "??", "|", "&", "=", "!", "<", ">", "?", ":", "(", ")", ",", ";", "+", "*", "%"}

// tokenize cuts the inside of a tag; false where a text isn't closed.
func tokenize(s string) (out []token, ok bool) {
	for s = strings.TrimLeft(s, " \t\r\n\u00a0"); s != ""; s = strings.TrimLeft(s, " \t\r\n\u00a0") {
		switch {
		case s[0] == '"' || s[0] == '\'':
			n := strings.IndexByte(s[1:], s[0])
			if n < 0 {
				return out, false
			}
			out = append(out, token{tokenText, s[:n+2]})
			s = s[n+2:]
			continue
		}
		if sign := signAt(s); sign != "" {
			out = append(out, token{tokenSign, sign})
			s = s[len(sign):]
			continue
		}
		n := 0
		for n < len(s) && !strings.ContainsRune(" \t\r\n\"'", rune(s[n])) && signAt(s[n:]) == "" {
			n++
		}
		out = append(out, token{tokenWord, s[:n]})
		s = s[n:]
	}
	return out, true
}

func signAt(s string) string {
	for _, sign := range signs {
		if strings.HasPrefix(s, sign) {
			return sign
		}
	}
	return ""
}
