package render

import "strings"

// tag is one {{…}} of a template source.
type tag struct {
	kind       tagKind
	start, end int // bytes, with the braces
	body       int // where the inside begins, after braces, ~ and sigil
	inside     string
	stripLeft  bool // {{~
	stripRight bool // ~}}
}

type tagKind uint8

const (
	tagPrint    tagKind = iota // {{x}}
	tagPrintRaw                // {{{x}}} and {{&x}}
	tagOpen                    // {{#x}} and {{^x}}
	tagElse                    // {{else}}, {{else if x}}, {{^}}
	tagClose                   // {{/x}}
	tagPartial                 // {{> x}} and {{#> x}}
	tagOther                   // comments, decorators
)

// scanTags lists the tags of a source that compiles, in order. What a raw
// block or \{{ protects is no tag.
func scanTags(source string) []tag {
	var tags []tag
	for pos := 0; ; {
		i := strings.Index(source[pos:], "{{")
		if i < 0 {
			return tags
		}
		at := pos + i
		before := source[pos:at]
		switch {
		case strings.HasSuffix(before, `\`) && !strings.HasSuffix(before, `\\`):
			pos = at + 2
			continue
		case strings.HasPrefix(source[at:], "{{{{"):
			if pos = afterRawBlock(source, at); pos < 0 {
				return tags
			}
			continue
		}
		t, ok := readTag(source, at)
		if !ok {
			return tags
		}
		tags = append(tags, t)
		pos = t.end
	}
}

// afterRawBlock returns the position behind the raw block that opens at, -1
// if it has no end.
func afterRawBlock(source string, at int) int {
	depth := 0
	for pos := at; ; {
		i := strings.Index(source[pos:], "{{{{")
		if i < 0 {
			return -1
		}
		pos += i + 4
		if !strings.HasPrefix(source[pos:], "/") {
			depth++
			continue
		}
		end := strings.Index(source[pos:], "}}}}")
		if end < 0 {
			return -1
		}
		pos += end + 4
		if depth--; depth == 0 {
			return pos
		}
	}
}

func readTag(source string, at int) (tag, bool) {
	t := tag{start: at}
	i := at + 2
	if strings.HasPrefix(source[i:], "~") {
		t.stripLeft = true
		i++
	}
	rest := source[i:]
	if strings.HasPrefix(rest, "!") {
		return readComment(source, t, i)
	}
	closer := "}}"
	switch {
	case strings.HasPrefix(rest, "{"):
		t.kind, closer = tagPrintRaw, "}}}"
		i++
	case strings.HasPrefix(rest, "&"):
		t.kind = tagPrintRaw
		i++
	case strings.HasPrefix(rest, "#>"):
		t.kind = tagPartial
		i += 2
	case strings.HasPrefix(rest, ">"):
		t.kind = tagPartial
		i++
	case strings.HasPrefix(rest, "#*"), strings.HasPrefix(rest, "*"):
		t.kind = tagOther
		i += strings.IndexByte(rest, '*') + 1
	case strings.HasPrefix(rest, "#"):
		t.kind = tagOpen
		i++
	case strings.HasPrefix(rest, "^"):
		t.kind = tagOpen
		i++
	case strings.HasPrefix(rest, "/"):
		t.kind = tagClose
		i++
	}
	t.body = i
	end := closingBraces(source, i)
	if end < 0 {
		return t, false
	}
	t.inside = source[i:end]
	if closer == "}}}" {
		t.end = end + 3
		if strings.HasPrefix(source[end:], "}~}}") {
			t.stripRight, t.end = true, end+4
		}
	} else {
		t.end = end + 2
		if strings.HasSuffix(t.inside, "~") {
			t.stripRight = true
			t.inside = t.inside[:len(t.inside)-1]
		}
	}
	word := strings.TrimSpace(t.inside)
	if t.kind == tagOpen && word == "" {
		t.kind = tagElse
	}
	if rest, ok := strings.CutPrefix(word, "else"); t.kind == tagPrint && ok && (rest == "" || isTagSpace(rest[0])) {
		t.kind = tagElse
	}
	return t, t.end <= len(source)
}

func readComment(source string, t tag, i int) (tag, bool) {
	t.kind, t.body = tagOther, i
	from, closer := i, "}}"
	if strings.HasPrefix(source[i:], "!--") {
		if n := commentEnd(source, i+1); n > 0 {
			t.end = n
			return t, true
		}
		return t, false
	}
	n := strings.Index(source[from:], closer)
	if n < 0 {
		return t, false
	}
	t.end = from + n + 2
	return t, true
}

// commentEnd returns the position behind the --}} or --~}} that ends a comment.
func commentEnd(source string, from int) int {
	for {
		n := strings.Index(source[from:], "--")
		if n < 0 {
			return -1
		}
		from += n
		after := strings.TrimPrefix(source[from+2:], "~")
		if strings.HasPrefix(after, "}}") {
			return len(source) - len(after) + 2
		}
		from++
	}
}

// closingBraces returns where the }} of the tag whose inside begins at i
// stands, -1 if nowhere. Quoted texts and [segments] may hold braces.
func closingBraces(source string, i int) int {
	for i < len(source) {
		switch source[i] {
		case '"', '\'':
			n := quotedEnd(source[i:], source[i])
			if n == 0 {
				return -1
			}
			i += n
		case '[':
			n := quotedEnd(source[i:], ']')
			if n == 0 {
				return -1
			}
			i += n
		case '}':
			if strings.HasPrefix(source[i:], "}}") || strings.HasPrefix(source[i:], "}~}}") {
				return i
			}
			i++
		default:
			i++
		}
	}
	return -1
}

// quotedEnd returns the length of the quoted text at the start of s; a
// backslash keeps a quote from ending it, unless no later one does.
func quotedEnd(s string, quote byte) int {
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

func isTagSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}
