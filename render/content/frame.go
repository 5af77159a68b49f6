package content

import (
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
	style := l.options.styles[StyleCallout]
	if more := l.options.styles[StyleCallout+"-"+kind]; more != "" {
		style = strings.TrimSuffix(style, ";") + ";" + more
	}
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
		if l.cell++; l.cell == 1 {
			if more := l.options.styles[t.name+StyleFirstCell]; more != "" {
				return strings.TrimSuffix(style, ";") + ";" + more
			}
		}
	}
	return style
}
