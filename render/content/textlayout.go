package content

import (
	"strings"

	"github.com/heraldsend/herald/render/meter"
	"github.com/heraldsend/herald/render/plain"
)

// layOutText makes the plain text of an HTML layout, of at most limit bytes, as
// pieces.
func layOutText(m *meter.Meter, l htmlLayout, t Tokens, limit int, markdown bool) (*pieces, error) {
	addresses := l.addresses
	text, err := plain.FromHTML(m, l.forText, plain.Options{Limit: limit, Link: func(label, href string) string {
		at, index, _ := t.Next(href)
		switch {
		case at >= 0:
		case t.Has(label):
			index = len(addresses)
			addresses = append(addresses, address{{text: href}})
		default:
			return plain.Link(label, href)
		}
		return t.Token(index, kindLabel) + label + t.Token(index, kindLink)
	}})
	if err != nil {
		return nil, err
	}
	return textPieces(text, t, addresses, markdown, true), nil
}

// textPieces cuts plain text with tokens into pieces.
//
// tables says that it was made from HTML, in which rows of tables are lines with " | " between cells.
func textPieces(text string, t Tokens, addresses []address, markdown, tables bool) *pieces {
	b := &builder{tokens: t}
	line := 0             // where the line begins in text
	end, row := -1, false // where the line ends; whether it is a row of a table
	for done := 0; ; {
		at, index, kind := t.Next(text[done:])
		if at < 0 {
			b.text(text[done:])
			return b.done()
		}
		at += done
		b.text(text[done:at])
		if i := strings.LastIndexByte(text[done:at], '\n'); i >= 0 {
			line = done + i + 1
		}
		if at > end {
			if end = strings.IndexByte(text[at:], '\n'); end < 0 {
				end = len(text) - at
			}
			end += at
			row = tables && strings.Contains(text[line:end], " | ")
		}
		h := hole{context: holeText, value: index}
		switch kind {
		case KindRaw:
			h.context = holeRawText
			if markdown {
				h.context = holeRawMarkText
			}
		case KindAgent:
			h.context = holeAgentText
		case kindAddress:
			h.context, h.address = holeAddressText, addresses[index]
		case kindLabel:
			h.context = holeLabel
		case kindLink:
			h.context, h.address = holeLink, addresses[index]
		case KindHTMLBody, KindTextBody:
			h.context = holeTextBody
		case kindWord:
			h.context = holeWordInText
		}
		if h.address == nil && h.context != holeLabel {
			h.indent, h.row = indentOf(text[line:at]), row
		}
		b.hole(h)
		done = at + t.Length()
	}
}

// maxIndent bounds, in bytes, what is written at the beginning of each line.
const maxIndent = 80

// indentOf is what begins a further line of a value in a line that begins like
// this: its quotation marks, and blanks for indents and list marks.
func indentOf(line string) string {
	var b strings.Builder
	for line != "" && b.Len() < maxIndent {
		switch {
		case strings.HasPrefix(line, "> "):
			b.WriteString("> ")
			line = line[2:]
		case strings.HasPrefix(line, "- "):
			b.WriteString("  ")
			line = line[2:]
		case line[0] == ' ':
			b.WriteByte(' ')
			line = line[1:]
		default:
			n := 0
			for n < len(line) && line[n] >= '0' && line[n] <= '9' {
				n++
			}
			if n == 0 || !strings.HasPrefix(line[n:], ". ") {
				return b.String()
			}
			b.WriteString(strings.Repeat(" ", n+2))
			line = line[n+2:]
		}
	}
	return b.String()
}
