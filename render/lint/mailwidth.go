package lint

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

const (
	phoneWidth = 320 // pixels of a small phone
	longWord   = 60  // letters that no phone has room for
	longLine   = 45  // likewise, of a line that doesn't wrap
)

// wide finds what makes a phone scroll to the side.
func (m *mailCheck) wide() {
	looks := m.page.in(phone)
	for n := range m.page.root.Descendants() {
		switch l := looks[n]; {
		case n.Type == html.TextNode && n.Parent != nil:
			m.wideText(n, looks[n.Parent])
		case n.Type != html.ElementNode || l.hidden:
		case n.Data == "img":
			m.widePicture(n, l)
		case n.Data == "tr":
			m.wideRow(n, looks)
		default:
			if px, what := fixedWidth(n, l); px > phoneWidth {
				m.find("overflow", []string{what}, fmt.Sprintf("a <%s> is %.0f px wide on a phone of %d px: use max-width, or width:100%% in @media (max-width: …)", n.Data, px, phoneWidth))
			}
		}
	}
}

// fixedWidth is the width that an element has on a phone, in px, and where it is written; 0 if it is not fixed.
func fixedWidth(n *html.Node, l look) (px float64, what string) {
	if least, ok := pixels(l.style["min-width"], 0); ok && least > phoneWidth {
		return least, l.style["min-width"]
	}
	if most, ok := pixels(l.style["max-width"], 0); ok && most <= phoneWidth || strings.HasSuffix(l.style["max-width"], "%") {
		return 0, ""
	}
	if value := l.style["width"]; value != "" {
		px, _ = pixels(value, 0)
		return px, "width:" + value
	}
	switch n.Data {
	case "table", "td", "th", "img", "col", "hr", "pre":
		value := attributeOf(n, "width")
		px, err := strconv.ParseFloat(strings.TrimSuffix(value, "px"), 64)
		if err != nil {
			return 0, ""
		}
		return px, `width="` + value + `"`
	}
	return 0, ""
}

func (m *mailCheck) widePicture(n *html.Node, l look) {
	px, what := fixedWidth(n, l)
	src := attributeOf(n, "src")
	switch {
	case px > phoneWidth:
		m.findFixed("overflow", []string{src, what}, imageFix, fmt.Sprintf("a picture is %.0f px wide on a phone of %d px: add style=\"max-width:100%%;height:auto\"", px, phoneWidth))
	case px == 0 && what == "" && (l.style["max-width"] == "" || l.style["max-width"] == "none") && attributeOf(n, "width") == "" && l.style["width"] == "" && l.style["height"] == "" && attributeOf(n, "height") == "":
		m.findFixed("overflow", []string{src}, imageFix, "a picture is as wide on a phone as its file: add width, or style=\"max-width:100%;height:auto\"")
	}
}

// wideRow adds up the cells of a row.
func (m *mailCheck) wideRow(n *html.Node, looks map[*html.Node]look) {
	sum, cells, what := 0.0, 0, ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode && (c.Data == "td" || c.Data == "th") && looks[c].style["display"] != "block" {
			if px, written := fixedWidth(c, looks[c]); px > 0 {
				sum, what = sum+px, written
				cells++
			}
		}
	}
	if cells > 1 && sum > phoneWidth {
		m.find("overflow", []string{what}, fmt.Sprintf("the cells of a row are %.0f px wide together, and a phone has %d", sum, phoneWidth))
	}
}

func (m *mailCheck) wideText(n *html.Node, l look) {
	if l.hidden {
		return
	}
	near := m.written(n.Parent, "white-space", "nowrap", l.style["white-space"])
	switch text := strings.Join(strings.Fields(n.Data), " "); {
	case l.nowrap && utf8.RuneCountInString(text) > longLine:
		m.find("overflow", near, "a long value stands in text that doesn't wrap (white-space: nowrap): a phone scrolls to the side")
		return
	case l.preserve && longestLine(n.Data) > longLine:
		m.find("overflow", near, "a line of <pre> doesn't wrap: a phone scrolls to the side; use white-space:pre-wrap")
		return
	}
	if l.wraps == "any" || l.wraps == "word" && !l.inCell || l.style["max-width"] != "" && l.wraps == "word" {
		return
	}
	for word := range strings.FieldsSeq(n.Data) {
		if utf8.RuneCountInString(word) >= longWord && isUnbroken(word) {
			m.find("overflow", append(m.written(n.Parent, "", "", ""), "draft.htmlBody"), "a value that is one long word doesn't wrap here: a phone scrolls to the side; add "+
				"word-break:break-word;overflow-wrap:anywhere to the cell around it")
			return
		}
	}
}

// isUnbroken says whether no program breaks a word by itself.
func isUnbroken(word string) bool {
	run := 0
	for _, r := range word {
		if r > 0x2e80 || r == '-' || r == '\u00ad' || r == '\u200b' {
			run = 0
			continue
		}
		if run++; run >= longWord {
			return true
		}
	}
	return false
}

func longestLine(s string) int {
	longest := 0
	for line := range strings.Lines(s) {
		longest = max(longest, utf8.RuneCountInString(strings.TrimRight(line, "\n")))
	}
	return longest
}
