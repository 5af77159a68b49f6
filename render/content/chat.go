package content

import (
	"bytes"
)

// AppendMarked appends the output of a marked Markdown template, its values
// escaped.
func (f *Filling) AppendMarked(dst, output []byte) []byte {
	f.take(output)
	skeleton, spans := f.skeleton, f.spans
	next, line := 0, len(dst) // line: where the author's line begins
	for i := 0; i < len(skeleton); i++ {
		if skeleton[i] != MarkOpen || i+1 == len(skeleton) {
			dst = append(dst, skeleton[i])
			if skeleton[i] == '\n' {
				line = len(dst)
			}
			continue
		}
		i++
		if !isValue(skeleton[i]) {
			dst = append(dst, f.TextBody...)
			continue
		}
		value := output[spans[next].start:spans[next].end]
		switch address := openAddress(dst); {
		case address >= 0:
			dst = f.appendAddress(dst, address, value)
		case spans[next].kind != KindValue && f.Converter.harmless(value):
			dst = append(dst, value...)
		default:
			dst = appendMarkdown(dst, value, breakIn(dst[line:]))
		}
		next++
	}
	return dst
}

// openAddress returns where the address of a link that text ends within
// begins; -1 if it does not end within one.
func openAddress(text []byte) int {
	i := bytes.LastIndex(text, []byte("]("))
	if i < 0 || bytes.ContainsAny(text[i+2:], ") \n\t") {
		return -1
	}
	return i + 2
}

// appendAddress appends a value to the address that begins at start.
func (f *Filling) appendAddress(dst []byte, start int, value []byte) []byte {
	dst = appendURL(dst, bytes.TrimSpace(value), placeAfter(string(dst[start:]), len(dst) == start))
	if !safeURL(string(dst[start:])) {
		f.leftOut(holeAddress, dst[start:])
		dst = append(dst[:start], '#')
	}
	return dst
}

// AppendTextAsMarkdown appends text that was filled in as Markdown that shows it.
func AppendTextAsMarkdown(dst, text []byte) []byte { return appendMarkdownText(dst, text) }

// appendMarkdownText appends a whole plain text as Markdown that shows it:
// paragraphs stay, lines end in hard breaks.
func appendMarkdownText(dst, s []byte) []byte {
	for i, paragraph := range bytes.Split(bytes.TrimSpace(s), []byte("\n\n")) {
		if i > 0 {
			dst = append(dst, "\n\n"...)
		}
		dst = appendMarkdown(dst, paragraph, hardBreak)
	}
	return dst
}
