package content

import (
	"bytes"
	"html"
)

// Filling is what holes are filled from, for one recipient.
type Filling struct {
	Converter *Converter
	output    []byte // of the marked template
	skeleton  []byte
	spans     []span
	HTMLBody  []byte // the message, for a layout
	TextBody  []byte
	Unsafe    func(address bool, value []byte) // told of each value or address that was left out
	scratch   []byte
}

func (f *Filling) value(i int) []byte {
	if i >= len(f.spans) {
		return nil
	}
	return f.output[f.spans[i].start:f.spans[i].end]
}

// fill appends p with its holes filled.
func (f *Filling) fill(dst []byte, p *pieces) []byte {
	for i := range p.parts {
		part := &p.parts[i]
		dst = append(dst, part.text...)
		if part.hole.context != holeNone {
			dst = f.hole(dst, &part.hole)
		}
	}
	return dst
}

func (f *Filling) hole(dst []byte, h *hole) []byte {
	switch h.context {
	case holeHTML, holeAttribute:
		return appendHTML(dst, f.value(h.value), "\n")
	case holeHTMLBreaks:
		return appendHTML(dst, f.value(h.value), "<br>\n")
	case holeText:
		return appendIndented(dst, f.value(h.value), h.indent)
	case holeHTMLBody:
		return append(dst, f.HTMLBody...)
	case holeTextBody:
		return appendIndented(dst, f.TextBody, h.indent)
	case holeTextInHTML:
		return appendHTML(dst, f.TextBody, "<br>\n")
	case holeAddress:
		return append(dst, html.EscapeString(string(f.address(h)))...)
	case holeAddressText:
		return f.addressText(dst, h)
	case holeRaw:
		return append(dst, f.Converter.rawHTML(f.value(h.value))...)
	case holeRawMarkdown:
		return append(dst, f.Converter.rawMarkdown(f.value(h.value), true)...)
	case holeRawText:
		return appendIndented(dst, f.Converter.rawText(f.Converter.rawHTML(f.value(h.value))), h.indent)
	case holeRawMarkText:
		return appendIndented(dst, f.Converter.rawText(f.Converter.rawMarkdown(f.value(h.value), true)), h.indent)
	case holeAgent:
		return append(dst, f.Converter.agentHTML(f.value(h.value))...)
	case holeAgentText:
		return appendIndented(dst, f.Converter.rawText(f.Converter.agentHTML(f.value(h.value))), h.indent)
	case holeComment:
		return appendComment(dst, f.value(h.value))
	case holeCSS:
		before := len(dst)
		if dst = appendCSS(dst, f.value(h.value)); len(dst) == before {
			f.leftOut(h.context, f.value(h.value))
		}
	case holeDrop:
		f.leftOut(h.context, f.value(h.value))
	}
	return dst
}

// address assembles a URL. One that could run a script becomes "#".
func (f *Filling) address(h *hole) []byte {
	f.scratch = f.scratch[:0]
	for _, part := range h.address {
		if part.isValue {
			f.scratch = appendURL(f.scratch, bytes.TrimSpace(f.value(part.value)), part.place)
		} else {
			f.scratch = append(f.scratch, part.text...)
		}
	}
	if !safeURL(string(f.scratch)) {
		f.leftOut(h.context, f.scratch)
		f.scratch = append(f.scratch[:0], '#')
	}
	return f.scratch
}

// addressText writes a URL for reading: "mailto:" says nothing there, and a
// link whose text is its address needs no second one.
func (f *Filling) addressText(dst []byte, h *hole) []byte {
	a := f.address(h)
	for _, scheme := range []string{"mailto:", "tel:"} {
		a = bytes.TrimPrefix(a, []byte(scheme))
	}
	if !h.aside {
		return append(dst, a...)
	}
	if len(a) == 0 || a[0] == '#' {
		return dst
	}
	for _, scheme := range []string{"", "https://", "http://"} {
		if rest, ok := bytes.CutPrefix(a, []byte(scheme)); ok && len(rest) > 0 && bytes.HasSuffix(dst, rest) {
			return dst
		}
	}
	dst = append(dst, " ("...)
	return append(append(dst, a...), ')')
}

func (f *Filling) leftOut(c holeContext, value []byte) {
	if f.Unsafe != nil && len(value) > 0 {
		f.Unsafe(c == holeAddress || c == holeAddressText, value)
	}
}
