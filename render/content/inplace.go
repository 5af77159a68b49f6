package content

import (
	"bytes"

	"golang.org/x/net/html"
)

// inPlace is safe HTML in the form for a hole: without links within a link, and without blocks within a paragraph,
// which would end it. Their content stays.
func inPlace(safe []byte, h *hole) []byte {
	if !h.inLink && !h.inline || bytes.IndexByte(safe, '<') < 0 {
		return safe
	}
	var out bytes.Buffer
	breaks := false // a line break is owed
	z := html.NewTokenizer(bytes.NewReader(safe))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.Bytes()
		}
		raw := bytes.Clone(z.Raw())
		name := ""
		if kind != html.TextToken {
			tag, _ := z.TagName()
			name = string(tag)
		}
		switch {
		case h.inLink && name == "a":
			continue
		case h.inline && isOfBlocks(name):
			breaks = breaks || out.Len() > 0
			continue
		case len(bytes.TrimSpace(raw)) == 0 && breaks:
			continue
		case breaks && kind != html.EndTagToken:
			out.WriteString("<br>\n")
			breaks = false
		}
		out.Write(raw)
	}
}

// isOfBlocks reports whether a paragraph can't hold an element.
func isOfBlocks(name string) bool {
	switch name {
	case "tbody", "thead", "tfoot", "caption", "dd", "dt":
		return true
	}
	return endsParagraph(name)
}
