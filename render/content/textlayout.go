package content

import (
	"strings"

	"github.com/heraldsend/herald/render/plain"
)

// layOutText makes the plain text of an HTML layout, as pieces.
func layOutText(l htmlLayout, t Tokens, markdown bool) (*pieces, error) {
	text, err := plain.FromHTML(l.forText)
	if err != nil {
		return nil, err
	}
	return textPieces(text, t, l.addresses, markdown), nil
}

// textPieces cuts plain text with tokens into pieces.
func textPieces(text string, t Tokens, addresses []address, markdown bool) *pieces {
	b := &builder{tokens: t}
	done := 0 // bytes of text that are out
	rest := text
	for {
		at, index, kind := t.Next(rest)
		if at < 0 {
			b.text(rest)
			p := b.done()
			p.setAside()
			return p
		}
		b.text(rest[:at])
		h := hole{context: holeText, value: index, indent: indentAt(text, done+at)}
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
		case KindHTMLBody, KindTextBody:
			h.context = holeTextBody
		}
		b.hole(h)
		done += at + t.Length()
		rest = rest[at+t.Length():]
	}
}

// setAside finds the addresses that stand in parentheses behind a link's text.
func (p *pieces) setAside() {
	for i := range p.parts {
		if p.parts[i].hole.context != holeAddressText || i+1 >= len(p.parts) {
			continue
		}
		before, open := strings.CutSuffix(p.parts[i].text, " (")
		after, closed := strings.CutPrefix(p.parts[i+1].text, ")")
		if open && closed {
			p.parts[i].text, p.parts[i+1].text, p.parts[i].hole.aside = before, after, true
		}
	}
}

// indentAt is what begins a further line of a value at pos: the quotation
// marks of its line, and blanks for indents and list marks.
func indentAt(text string, pos int) string {
	line := text[strings.LastIndexByte(text[:pos], '\n')+1 : pos]
	var b strings.Builder
	for line != "" {
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
