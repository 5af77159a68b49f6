package transcript

import "strings"

// htmlOf gives plain text as HTML: paragraphs, line breaks, and quotations, whose lines begin with ">".
func htmlOf(text string) string {
	var b strings.Builder
	writeHTML(&b, strings.Split(text, "\n"), 0)
	return b.String()
}

// maxQuotes bounds quotations within each other.
const maxQuotes = 8

func writeHTML(b *strings.Builder, lines []string, depth int) {
	open := false
	end := func() {
		if open {
			b.WriteString("</p>\n")
		}
		open = false
	}
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, ">") && depth < maxQuotes {
			from := i
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], ">") {
				i++
			}
			inner := make([]string, 0, i+1-from)
			for _, quoted := range lines[from : i+1] {
				inner = append(inner, strings.TrimPrefix(quoted[1:], " "))
			}
			end()
			b.WriteString("<blockquote>\n")
			writeHTML(b, inner, depth+1)
			b.WriteString("</blockquote>\n")
			continue
		}
		if strings.TrimSpace(line) == "" {
			end()
			continue
		}
		if open {
			b.WriteString("<br>\n")
		} else {
			b.WriteString("<p>")
		}
		open = true
		b.WriteString(escapeHTML(line))
	}
	end()
}

var escapeHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace
