package syntax

import (
	"strings"
	"unicode/utf8"
)

// tokenKind is the kind of a token; the names are those of Handlebars' grammar.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokInvalid
	tokContent
	tokComment
	tokOpen
	tokOpenUnescaped
	tokOpenBlock
	tokOpenInverse
	tokOpenInverseChain
	tokInverse
	tokOpenEndBlock
	tokOpenPartial
	tokOpenPartialBlock
	tokOpenRawBlock
	tokCloseRawBlock
	tokEndRawBlock
	tokClose
	tokCloseUnescaped
	tokOpenSexpr
	tokCloseSexpr
	tokEquals
	tokID
	tokSep
	tokString
	tokNumber
	tokBoolean
	tokUndefined
	tokNull
	tokData
	tokOpenBlockParams
	tokCloseBlockParams
)

// token is one token. Its text is what the grammar sees of it: of a string, what
// is between the quotes; of an invalid token, what is wrong.
type token struct {
	kind tokenKind
	pos  int // byte offset
	end  int
	text string
}

// lexMode is the state of the lexer.
type lexMode uint8

const (
	modeContent lexMode = iota
	modeMustache
	modeEscaped // content after \{{
	modeRaw     // the content of a raw block
)

// lexer cuts a template into tokens. It looks at each byte a bounded number of times.
type lexer struct {
	src  string
	pos  int
	mode lexMode
	raw  int // nesting of raw blocks
}

// next returns the next token; at the end tokEOF, again and again. Where no token
// can be, it returns tokInvalid with the rest of the problem in text.
func (l *lexer) next() token {
	for {
		switch l.mode {
		case modeMustache:
			return l.mustache()
		case modeRaw:
			return l.rawContent()
		case modeEscaped:
			l.mode = modeContent
			return l.escaped()
		}
		if l.pos >= len(l.src) {
			return token{kind: tokEOF, pos: l.pos, end: l.pos}
		}
		start := l.pos
		rest := l.src[start:]
		n := strings.Index(rest, "{{")
		if n < 0 {
			n = len(rest)
		} else {
			l.mode = modeMustache
		}
		if nul := strings.IndexByte(rest[:n], 0); nul >= 0 {
			return l.invalid(start+nul, "unexpected NUL character")
		}
		l.pos += n
		text := rest[:n]
		if l.mode == modeMustache {
			if strings.HasSuffix(text, `\\`) {
				text = text[:n-1]
			} else if strings.HasSuffix(text, `\`) {
				text = text[:n-1]
				l.mode = modeEscaped
			}
		}
		if text != "" {
			return token{tokContent, start, l.pos, text}
		}
	}
}

func (l *lexer) invalid(pos int, what string) token {
	l.pos = len(l.src)
	return token{tokInvalid, pos, pos, what}
}

// escaped returns the content that begins with an escaped mustache.
func (l *lexer) escaped() token {
	start := l.pos
	rest := l.src[start:]
	n := len(rest)
	if i := strings.Index(rest[2:], "{{"); i >= 0 {
		n = i + 2
		for k := 0; k < 2 && n > 2 && rest[n-1] == '\\'; k++ {
			n--
		}
	}
	if nul := strings.IndexByte(rest[:n], 0); nul >= 0 {
		return l.invalid(start+nul, "unexpected NUL character")
	}
	l.pos += n
	return token{tokContent, start, l.pos, rest[:n]}
}

// rawContent returns a piece of a raw block, or its end.
func (l *lexer) rawContent() token {
	start := l.pos
	rest := l.src[start:]
	if strings.HasPrefix(rest, "{{{{") && len(rest) > 4 {
		if rest[4] != '/' {
			l.raw++
			l.pos += 4
			return token{tokContent, start, l.pos, "{{{{"}
		}
		if n := idLen(rest[5:]); n > 0 && strings.HasPrefix(rest[5+n:], "}}}}") {
			l.pos += 5 + n + 4
			l.raw--
			if l.raw > 0 {
				return token{tokContent, start, l.pos, rest[:5+n+4]}
			}
			l.mode = modeContent
			return token{tokEndRawBlock, start, l.pos, rest[5 : 5+n]}
		}
	}
	n := -1
	if len(rest) > 1 {
		n = strings.Index(rest[1:], "{{{{")
	}
	if n < 0 {
		if rest == "" {
			return token{kind: tokEOF, pos: l.pos, end: l.pos}
		}
		return l.invalid(start, "a raw block without its end {{{{/…}}}}")
	}
	l.pos += n + 1
	if nul := strings.IndexByte(rest[:n+1], 0); nul >= 0 {
		return l.invalid(start+nul, "unexpected NUL character")
	}
	return token{tokContent, start, l.pos, rest[:n+1]}
}

// take returns a token of the next n bytes.
func (l *lexer) take(kind tokenKind, n int) token {
	t := token{kind, l.pos, l.pos + n, l.src[l.pos : l.pos+n]}
	l.pos += n
	return t
}

// mustache returns the next token inside {{ }}.
func (l *lexer) mustache() token {
	l.pos += spaceLen(l.src[l.pos:])
	rest := l.src[l.pos:]
	if rest == "" {
		return token{kind: tokEOF, pos: l.pos, end: l.pos}
	}
	switch c := rest[0]; c {
	case '{':
		if strings.HasPrefix(rest, "{{") {
			return l.open(rest)
		}
	case '}', '~':
		if n := closeLen(rest); n > 0 {
			l.mode = modeContent
			if c == '}' && strings.HasPrefix(rest[1:], "}}") || strings.HasPrefix(rest, "}~}}") {
				if strings.HasPrefix(rest, "}}}}") {
					l.mode, l.raw = modeRaw, 1
					return l.take(tokCloseRawBlock, 4)
				}
				return l.take(tokCloseUnescaped, n)
			}
			return l.take(tokClose, n)
		}
	case '(':
		return l.take(tokOpenSexpr, 1)
	case ')':
		return l.take(tokCloseSexpr, 1)
	case '=':
		return l.take(tokEquals, 1)
	case '|':
		return l.take(tokCloseBlockParams, 1)
	case '@':
		return l.take(tokData, 1)
	case '/':
		return l.take(tokSep, 1)
	case '.':
		if strings.HasPrefix(rest, "..") {
			return l.take(tokID, 2)
		}
		if endsID(rest[1:]) {
			return l.take(tokID, 1)
		}
		return l.take(tokSep, 1)
	case '"', '\'':
		if n := quotedLen(rest, c); n > 0 {
			t := l.take(tokString, n)
			t.text = t.text[1 : n-1]
			if strings.IndexByte(t.text, '\\') >= 0 {
				t.text = strings.ReplaceAll(t.text, `\`+string(c), string(c))
			}
			return t
		}
		return l.invalid(l.pos, "a string without its closing quote")
	case '[':
		if n := quotedLen(rest, ']'); n > 0 {
			t := l.take(tokID, n)
			if strings.IndexByte(t.text, '\\') >= 0 {
				t.text = unescapeSegment.Replace(t.text)
			}
			return t
		}
		return l.invalid(l.pos, "a [segment] without its closing bracket")
	}
	return l.word(rest)
}

// unescapeSegment undoes the escapes of a [segment].
var unescapeSegment = strings.NewReplacer(`\\`, `\`, `\]`, `]`)

// open returns the token at {{.
func (l *lexer) open(rest string) token {
	if strings.HasPrefix(rest, "{{{{") {
		return l.take(tokOpenRawBlock, 4)
	}
	n := 2
	if strings.HasPrefix(rest[n:], "~") {
		n++
	}
	after := rest[n:]
	switch {
	case strings.HasPrefix(after, ">"):
		return l.take(tokOpenPartial, n+1)
	case strings.HasPrefix(after, "#>"):
		return l.take(tokOpenPartialBlock, n+2)
	case strings.HasPrefix(after, "#*"):
		return l.take(tokOpenBlock, n+2)
	case strings.HasPrefix(after, "#"):
		return l.take(tokOpenBlock, n+1)
	case strings.HasPrefix(after, "/"):
		return l.take(tokOpenEndBlock, n+1)
	case strings.HasPrefix(after, "^"):
		if m := n + 1 + spaceLen(after[1:]); closesTag(rest[m:]) > 0 {
			l.mode = modeContent
			return l.take(tokInverse, m+closesTag(rest[m:]))
		}
		return l.take(tokOpenInverse, n+1)
	}
	if m := n + spaceLen(after); strings.HasPrefix(rest[m:], "else") {
		m += len("else")
		if e := m + spaceLen(rest[m:]); closesTag(rest[e:]) > 0 {
			l.mode = modeContent
			return l.take(tokInverse, e+closesTag(rest[e:]))
		}
		if m == len(rest) || !isWord(rest[m]) {
			return l.take(tokOpenInverseChain, m)
		}
	}
	switch {
	case strings.HasPrefix(after, "{"):
		return l.take(tokOpenUnescaped, n+1)
	case strings.HasPrefix(after, "&"):
		return l.take(tokOpen, n+1)
	case strings.HasPrefix(after, "!--"):
		return l.longComment(rest)
	case strings.HasPrefix(after, "!"):
		if i := strings.Index(after, "}}"); i >= 0 {
			l.mode = modeContent
			return l.take(tokComment, n+i+2)
		}
		return l.invalid(l.pos, "a comment without its end")
	case strings.HasPrefix(after, "*"):
		return l.take(tokOpen, n+1)
	}
	return l.take(tokOpen, n)
}

// longComment returns the comment {{!-- … --}} at the position.
func (l *lexer) longComment(rest string) token {
	for from := 2; ; {
		i := strings.Index(rest[from:], "--")
		if i < 0 {
			return l.invalid(l.pos, "a comment without its end --}}")
		}
		from += i
		if n := closesTag(rest[from+2:]); n > 0 {
			l.mode = modeContent
			return l.take(tokComment, from+2+n)
		}
		from++
	}
}

// word returns the literal or name at the position.
func (l *lexer) word(rest string) token {
	if n := numberLen(rest); n > 0 && endsLiteral(rest[n:]) {
		return l.take(tokNumber, n)
	}
	if strings.HasPrefix(rest, "as") {
		if n := spaceLen(rest[2:]); n > 0 && strings.HasPrefix(rest[2+n:], "|") {
			return l.take(tokOpenBlockParams, 2+n+1)
		}
	}
	n := idLen(rest)
	if n == 0 || !endsID(rest[n:]) {
		r, size := utf8.DecodeRuneInString(rest[n:])
		if size == 0 {
			return token{kind: tokEOF, pos: l.pos + n, end: l.pos + n}
		}
		return l.invalid(l.pos+n, "unexpected character "+Quote(string(r)))
	}
	if endsLiteral(rest[n:]) {
		switch rest[:n] {
		case "true", "false":
			return l.take(tokBoolean, n)
		case "undefined":
			return l.take(tokUndefined, n)
		case "null":
			return l.take(tokNull, n)
		}
	}
	return l.take(tokID, n)
}
