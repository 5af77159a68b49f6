package syntax

import "strings"

// Tag is one {{…}} of a template source.
type Tag struct {
	Kind       tagKind
	Start, End int // bytes, with the braces
	Body       int // where the inside begins, after braces, ~ and sigil
	Inside     string
	StripLeft  bool // {{~
	StripRight bool // ~}}
}

type tagKind uint8

// The kinds of a tag.
const (
	TagPrint    tagKind = iota // {{x}}
	TagPrintRaw                // {{{x}}} and {{&x}}
	TagOpen                    // {{#x}} and {{^x}}
	TagElse                    // {{else}}, {{else if x}}, {{^}}
	TagClose                   // {{/x}}
	TagPartial                 // {{> x}} and {{#> x}}
	TagOther                   // comments, decorators
)

// ScanTags lists the tags of a source that compiles, in order. What a raw
// block or \{{ protects is no tag.
func ScanTags(source string) []Tag {
	var tags []Tag
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
		pos = t.End
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

func readTag(source string, at int) (Tag, bool) {
	t := Tag{Start: at}
	i := at + 2
	if strings.HasPrefix(source[i:], "~") {
		t.StripLeft = true
		i++
	}
	rest := source[i:]
	if strings.HasPrefix(rest, "!") {
		return readComment(source, t, i)
	}
	closer := "}}"
	switch {
	case strings.HasPrefix(rest, "{"):
		t.Kind, closer = TagPrintRaw, "}}}"
		i++
	case strings.HasPrefix(rest, "&"):
		t.Kind = TagPrintRaw
		i++
	case strings.HasPrefix(rest, "#>"):
		t.Kind = TagPartial
		i += 2
	case strings.HasPrefix(rest, ">"):
		t.Kind = TagPartial
		i++
	case strings.HasPrefix(rest, "#*"), strings.HasPrefix(rest, "*"):
		t.Kind = TagOther
		i += strings.IndexByte(rest, '*') + 1
	case strings.HasPrefix(rest, "#"):
		t.Kind = TagOpen
		i++
	case strings.HasPrefix(rest, "^"):
		t.Kind = TagOpen
		i++
	case strings.HasPrefix(rest, "/"):
		t.Kind = TagClose
		i++
	}
	t.Body = i
	end := closingBraces(source, i)
	if end < 0 {
		return t, false
	}
	t.Inside = source[i:end]
	if closer == "}}}" {
		t.End = end + 3
		if strings.HasPrefix(source[end:], "}~}}") {
			t.StripRight, t.End = true, end+4
		}
	} else {
		t.End = end + 2
		if strings.HasSuffix(t.Inside, "~") {
			t.StripRight = true
			t.Inside = t.Inside[:len(t.Inside)-1]
		}
	}
	word := strings.TrimSpace(t.Inside)
	if t.Kind == TagOpen && word == "" {
		t.Kind = TagElse
	}
	if rest, ok := strings.CutPrefix(word, "else"); t.Kind == TagPrint && ok && (rest == "" || isTagSpace(rest[0])) {
		t.Kind = TagElse
	}
	return t, t.End <= len(source)
}

func readComment(source string, t Tag, i int) (Tag, bool) {
	t.Kind, t.Body = TagOther, i
	from, closer := i, "}}"
	if strings.HasPrefix(source[i:], "!--") {
		if n := commentEnd(source, i+1); n > 0 {
			t.End = n
			return t, true
		}
		return t, false
	}
	n := strings.Index(source[from:], closer)
	if n < 0 {
		return t, false
	}
	t.End = from + n + 2
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
