package render

import (
	"bytes"
	"strings"
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
		r.text = r.appendMarked(r.text[:0], out, m.format == Text)
	}
	text := strings.TrimSpace(string(r.text))
	if text == "" {
		r.issues.add(Issue{Code: IssueEmptyMessage, Part: "message", Message: "there is no text to send"})
	}
	return &Content{Text: text}, nil
}

// appendMarked appends the output of a marked Markdown template, its values
// escaped. All of it is escaped if the template is no Markdown but literal text.
func (r *run) appendMarked(dst, output []byte, literal bool) []byte {
	skeleton, spans := split(output, nil, nil)
	next := 0
	for i := 0; i < len(skeleton); i++ {
		if skeleton[i] != markOpen || i+1 == len(skeleton) {
			if literal {
				dst = appendMarkdownText(dst, skeleton[i:i+1])
			} else {
				dst = append(dst, skeleton[i])
			}
			continue
		}
		i++
		if skeleton[i] != kindValue && skeleton[i] != kindRaw {
			continue
		}
		value := output[spans[next].start:spans[next].end]
		switch address := openAddress(dst); {
		case address >= 0 && !literal:
			dst = r.appendAddress(dst, address, value)
		case spans[next].kind == kindRaw && !literal:
			dst = append(dst, value...)
		default:
			dst = appendMarkdown(dst, value)
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
	dst = appendURL(dst, trimSpace(value), bytes.ContainsAny(dst[start:], "?#"))
	if !safeURL(string(dst[start:])) {
		r.leftOut(holeAddress, dst[start:])
		dst = append(dst[:start], '#')
	}
	return dst
}

// appendMarkdownText appends a whole plain text as Markdown that shows it:
// paragraphs stay, lines end in hard breaks.
func appendMarkdownText(dst, s []byte) []byte {
	for i, c := range s {
		switch {
		case c == '\n' && i+1 < len(s) && s[i+1] != '\n' && i > 0 && s[i-1] != '\n':
			dst = append(dst, "\\\n"...)
		case isMarkdownPunctuation[c]:
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
