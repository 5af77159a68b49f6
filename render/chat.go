package render

import (
	"bytes"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// markdown renders chats and notes.
func (r *run) markdown() (*Content, error) {
	m := r.plan.message
	if m.format == HTML {
		body, err := r.message()
		if err != nil {
			return nil, err
		}
		r.text = appendMarkdownText(nil, r.body.fill(r.text[:0], body.text))
	} else {
		out, err := r.execute("message", m.template, r.body.output[:0])
		if err != nil {
			return nil, err
		}
		r.body.output = out
		if m.format == Text {
			r.text = appendMarkdownText(r.text[:0], unmark(out))
		} else {
			r.text = r.appendMarked(r.text[:0], out)
		}
	}
	text := strings.TrimSpace(string(r.text))
	if l := r.plan.layout; l != nil && l.text != nil {
		set, err := r.setNote(l, text)
		if err != nil {
			return nil, err
		}
		text = set
	}
	if text == "" {
		r.issues.add(Issue{Code: IssueEmptyMessage, Part: "message", Message: "there is no text to send"})
	}
	return &Content{Text: text}, nil
}

// setNote sets a note into its template.
func (r *run) setNote(l *layout, text string) (string, error) {
	r.withDraft("", "", handlebars.Bool(false), handlebars.Bool(text != ""))
	out, err := r.execute("layout", l.text, r.body.output[:0])
	if err != nil {
		return "", err
	}
	r.body.output = out
	r.page.textBody = append(r.page.textBody[:0:0], text...)
	r.text = r.appendMarked(r.text[:0], out)
	return strings.TrimSpace(string(r.text)), nil
}

// appendMarked appends the output of a marked Markdown template, its values
// escaped.
func (r *run) appendMarked(dst, output []byte) []byte {
	skeleton, spans := split(output, r.skeleton[:0], r.body.spans[:0])
	r.skeleton, r.body.spans = skeleton, spans
	next, line := 0, len(dst) // line: where the author's line begins
	for i := 0; i < len(skeleton); i++ {
		if skeleton[i] != markOpen || i+1 == len(skeleton) {
			dst = append(dst, skeleton[i])
			if skeleton[i] == '\n' {
				line = len(dst)
			}
			continue
		}
		i++
		if !isValue(skeleton[i]) {
			dst = append(dst, r.page.textBody...)
			continue
		}
		value := output[spans[next].start:spans[next].end]
		switch address := openAddress(dst); {
		case address >= 0:
			dst = r.appendAddress(dst, address, value)
		case spans[next].kind != kindValue && r.prepared.renderer.converter.harmless(value):
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
func (r *run) appendAddress(dst []byte, start int, value []byte) []byte {
	dst = appendURL(dst, bytes.TrimSpace(value), placeAfter(string(dst[start:]), len(dst) == start))
	if !safeURL(string(dst[start:])) {
		r.leftOut(holeAddress, dst[start:])
		dst = append(dst[:start], '#')
	}
	return dst
}

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
