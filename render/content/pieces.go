package content

import (
	"fmt"
	"strconv"
	"strings"
)

// pieces is the layout of a skeleton for one output: text of the author with holes for values. It is made once for
// each skeleton and filled for each recipient.
type pieces struct {
	parts []piece
	size  int // bytes of all texts
}

// piece is a text and the hole behind it.
type piece struct {
	text string
	hole hole
}

// hole is the place of a value. The zero hole has none.
type hole struct {
	context holeContext
	value   int     // index of the value
	address address // of the contexts that are addresses
	indent  string  // in plain text: what begins each further line
	row     bool    // in plain text: it stands in a row of a table, which is one line
	breaks  string  // in Markdown: what a line break becomes
	inLink  bool    // of a value's HTML: it stands within a link, and may hold none
	inline  bool    // of a value's HTML: it stands within a paragraph, and may hold no blocks
}

// holeContext is how a value is written at its place.
type holeContext uint8

const (
	holeNone            holeContext = iota
	holeHTML                        // text of an HTML page
	holeHTMLBreaks                  // likewise, newlines as <br>
	holeAttribute                   // within a quoted attribute
	holeComment                     // within a comment
	holeCSS                         // within a style
	holeDrop                        // where no value is safe: a script, an event attribute
	holeRaw                         // value of {{{x}}} in HTML text: sanitised HTML
	holeRawMarkdown                 // likewise, of Markdown
	holeAgent                       // value of the agent's signature: HTML with pictures and colours
	holeAddress                     // a URL in an attribute, as a whole
	holeText                        // plain text
	holeRawText                     // value of {{{x}}} in plain text: the text of its HTML
	holeRawMarkText                 // likewise, of Markdown
	holeAgentText                   // the text of the agent's signature
	holeAddressText                 // a URL in plain text
	holeLabel                       // no value: the text of a link begins here
	holeLink                        // the text of a link ends here, whose URL this is
	holeHTMLBody                    // the message, in a layout
	holeTextBody                    // the message's text, in a layout's text
	holeTextInHTML                  // the message's text, escaped, in a layout
	holeTextInAttribute             // likewise, within a quoted attribute
	holeNoBody                      // where no message can stand
	holeMarkdown                    // text of Markdown
	holeMarkdownRaw                 // value of {{{x}}} in Markdown
	holeMarkdownCode                // code in Markdown
	holeMarkdownBody                // the message, in a note's layout
	holeMarkdownAddress             // a URL in Markdown
	holeWord                        // no value: what a kind of callout is called in the recipient's language
	holeWordInText                  // likewise, with the sign behind it
)

// Tokens replace marks while Markdown and HTML are parsed: letters and digits that no parser gives a meaning and that
// the author's text doesn't contain.
type Tokens struct {
	prefix string
}

const tokenDigits = 7

// NewTokens returns tokens that skeleton does not contain.
func NewTokens(skeleton []byte) Tokens {
	for n := 0; ; n++ {
		prefix := fmt.Sprintf("zq%dhv", n)
		if !strings.Contains(strings.ToLower(string(skeleton)), prefix) {
			return Tokens{prefix: prefix}
		}
	}
}

// Length is how many bytes a token has.
func (t Tokens) Length() int { return len(t.prefix) + tokenDigits + 1 }

func (t Tokens) append(dst []byte, index int, kind byte) []byte {
	return append(append(dst, t.prefix...), fmt.Sprintf("%0*d%c", tokenDigits, index, kind)...)
}

// Token is the token of a value.
func (t Tokens) Token(index int, kind byte) string { return string(t.append(nil, index, kind)) }

// insert returns the skeleton with a token for each mark. Empty values have tokens only if empties says so.
func (t Tokens) insert(skeleton []byte, empties bool) string {
	out := make([]byte, 0, len(skeleton)+64)
	value := 0
	for i := 0; i < len(skeleton); i++ {
		if skeleton[i] != MarkOpen || i+1 == len(skeleton) {
			out = append(out, skeleton[i])
			continue
		}
		i++
		switch kind := skeleton[i]; kind {
		case KindValue, KindRaw, KindAgent:
			out = t.append(out, value, kind)
			value++
		case kindEmpty:
			if empties {
				out = t.append(out, 0, kind)
			}
		default:
			out = t.append(out, 0, kind)
		}
	}
	return string(out)
}

// withoutEmpty returns s without the tokens of empty values.
func (t Tokens) withoutEmpty(s string) string {
	if !t.Has(s) {
		return s
	}
	var b strings.Builder
	for {
		at, _, kind := t.Next(s)
		if at < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := at + t.Length()
		if kind != kindEmpty {
			b.WriteString(s[:end])
		} else {
			b.WriteString(s[:at])
		}
		s = s[end:]
	}
}

// Next finds the first token in s: its place, index and kind; at < 0: none.
func (t Tokens) Next(s string) (at, index int, kind byte) {
	for from := 0; ; {
		i := strings.Index(s[from:], t.prefix)
		if i < 0 || from+i+t.Length() > len(s) {
			return -1, 0, 0
		}
		at = from + i
		digits := s[at+len(t.prefix) : at+len(t.prefix)+tokenDigits]
		if n, err := strconv.Atoi(digits); err == nil {
			return at, n, s[at+t.Length()-1]
		}
		from = at + 1
	}
}

// alike returns s with equal tokens for all values.
func (t Tokens) alike(s string) string {
	var b strings.Builder
	for {
		at, _, _ := t.Next(s)
		if at < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:at])
		b.WriteString(t.Token(0, KindValue))
		s = s[at+t.Length():]
	}
}

// Has reports whether s holds a token.
func (t Tokens) Has(s string) bool { return strings.Contains(s, t.prefix) }

// builder collects pieces.
type builder struct {
	tokens  Tokens
	pending strings.Builder
	pieces  pieces
}

func (b *builder) text(s string) { b.pending.WriteString(s) }

func (b *builder) hole(h hole) {
	b.pieces.parts = append(b.pieces.parts, piece{text: b.pending.String(), hole: h})
	b.pieces.size += b.pending.Len()
	b.pending.Reset()
}

func (b *builder) done() *pieces {
	if b.pending.Len() > 0 {
		b.hole(hole{})
	}
	return &b.pieces
}

// each calls text for the texts and hole for the tokens of s, in order.
func (b *builder) each(s string, hole func(index int, kind byte)) {
	for {
		at, index, kind := b.tokens.Next(s)
		if at < 0 {
			b.text(s)
			return
		}
		b.text(s[:at])
		hole(index, kind)
		s = s[at+b.tokens.Length():]
	}
}
