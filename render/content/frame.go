package content

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// Buttons and callouts stand in tables: Outlook gives neither links nor quotations padding and background. Texts are made
// from the elements within.

// spacing is the margin below the tables.
const spacing = "margin:0 0 16px"

const tableOfLayout = ` role="presentation" cellpadding="0" cellspacing="0" border="0"`

// class is the class attribute of a start tag.
func (t *htmlToken) class() string {
	for _, a := range t.attributes {
		if a.Key == "class" {
			return a.Val
		}
	}
	return ""
}

// frame writes a tag that begins or ends a button or a callout. It reports whether that was all there is to write.
func (l *htmlLayouter) frame(t *htmlToken) (done bool) {
	if !l.options.markdown || l.comment {
		return false
	}
	l.seeTitle(t)
	switch {
	case t.name == "p" && t.kind == html.StartTagToken && t.class() == classButtons:
		l.buttons, l.paragraph = true, true
		l.twin(t.raw)
		return true
	case t.name == "p" && l.buttons:
		l.buttons, l.paragraph = false, false
		l.twin(t.raw)
		return true
	case t.name == "br" && l.buttons:
		l.twin(t.raw)
		return true
	case t.name == "blockquote":
		return l.callout(t)
	}
	return false
}

// titleState says where in a callout one is: its text goes on, in the twin, on the line below the title.
type titleState uint8

const (
	titleNone   titleState = iota
	titleWithin            // in the title
	titleAfter             // right behind it
	titleBehind            // in the paragraph behind it
)

func (l *htmlLayouter) seeTitle(t *htmlToken) {
	switch {
	case t.name == "div" && t.class() == classTitle:
		l.title = titleWithin
	case l.title == titleWithin && t.name == "div" && t.kind == html.EndTagToken:
		l.title = titleAfter
	case l.title == titleAfter && t.name == "p" && t.class() != classButtons:
		l.title = titleBehind
	case l.title == titleAfter:
		l.title = titleNone
	}
}

// callout begins or ends a callout.
func (l *htmlLayouter) callout(t *htmlToken) (done bool) {
	if t.kind == html.EndTagToken {
		n := len(l.quotes)
		if n == 0 {
			return false
		}
		done = l.quotes[n-1]
		if l.quotes = l.quotes[:n-1]; done {
			l.text("</td></tr></table>\n")
			l.twin("</figure>")
		}
		return done
	}
	class := t.class()
	kind, ok := strings.CutPrefix(class, classCallout+" "+classCallout+"-")
	l.quotes = append(l.quotes, ok)
	if !ok {
		return false
	}
	l.paragraph = false
	style := joined(l.options.styles[StyleCallout], l.options.styles[StyleCallout+"-"+kind])
	l.text(`<table class="` + classCallout + `" width="100%"` + tableOfLayout + ` style="` + spacing + `"><tr><td class="` + class + `" style="` + html.EscapeString(style) + `">` + "\n")
	l.twin("<figure>")
	return true
}

// beginButton writes what stands around a button that is no word of a sentence.
func (l *htmlLayouter) beginButton() {
	if l.buttons {
		l.text(`<table class="` + classButton + `"` + tableOfLayout + ` style="border-collapse:separate;` + spacing + `"><tr><td class="` + classButton +
			`" style="` + html.EscapeString(frameOf(l.options.styles[StyleButton])) + `">`)
	}
}

func (l *htmlLayouter) endButton() {
	if l.buttons {
		l.text("</td></tr></table>\n")
	}
}

// styleOf is the style for an element of the message.
func (l *htmlLayouter) styleOf(t *htmlToken) string {
	if l.comment || len(l.options.styles) == 0 {
		return ""
	}
	style := l.options.styles[t.name]
	if !l.options.markdown {
		return style
	}
	switch t.name {
	case "a":
		if t.class() == classButton {
			return l.options.styles[StyleButton]
		}
	case "div":
		if t.class() == classTitle {
			return l.options.styles[StyleTitle]
		}
	case "tr":
		l.cell = 0
	case "td", "th":
		l.cell++
		return joined(style, cellStyle(l.cell, l.columns, t.align()))
	}
	return style
}

// The room that a table of Markdown has in a window of 320 px, and what its first column takes of it, in pixels: labels keep
// their words whole beside a very long value.
const (
	tableRoom   = 280
	cellPadding = 16 // of both sides
)

// firstColumn holds "Gesamtbetrag" in one line beside one value, and a short word beside several.
func firstColumn(columns int) int {
	if columns > 2 {
		return 60
	}
	return 118
}

// share is what any other column takes of the room that the first one leaves. The last one, often an amount of money, has
// more than those between.
func share(cell, columns int) int {
	const between, last = 6, 8
	part := between
	if cell >= columns {
		part = last
	}
	rest := tableRoom - firstColumn(columns) - cellPadding*columns
	return max(24, rest*part/(between*max(columns-2, 0)+last))
}

// cellStyle bounds the width of a cell. A row never gets wider than a phone, whatever the values are: numbers, which stand on
// the right, break last, and words of languages without blanks as a whole.
func cellStyle(cell, columns int, align string) string {
	if columns == 0 {
		return ""
	}
	if cell == 1 {
		return "min-width:" + strconv.Itoa(firstColumn(columns)) + "px"
	}
	width := share(cell, columns)
	if align == "right" {
		return "max-width:" + strconv.Itoa(width) + "px;overflow-wrap:break-word;word-break:keep-all"
	}
	return "min-width:" + strconv.Itoa(min(width, 96)) + "px"
}

// align is where a cell's text stands by Markdown: left, center, right or "".
func (t *htmlToken) align() string {
	for _, a := range t.attributes {
		if a.Key == "style" {
			return Declaration(a.Val, "text-align")
		}
	}
	return ""
}

// columnsOf counts the cells of a table's first row, up to a table within; tokens begin behind the table's tag.
func columnsOf(tokens []htmlToken) (n int) {
	for i := range tokens {
		switch t := &tokens[i]; {
		case t.kind == html.StartTagToken && (t.name == "td" || t.name == "th"):
			n++
		case t.kind == html.StartTagToken && t.name == "table", t.kind == html.EndTagToken && (t.name == "tr" || t.name == "table"):
			return n
		}
	}
	return n
}
