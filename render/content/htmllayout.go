package content

import (
	"strings"

	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/plain"
)

// htmlLayout is the result of layOutHTML.
type htmlLayout struct {
	html      *pieces
	forText   string    // the same HTML, with a token for each address that holds values
	addresses []address // by the index of those tokens
}

// htmlOptions says what layOutHTML does besides finding the contexts.
type htmlOptions struct {
	styles   map[string]string // to inline, by element
	files    map[string]string // content ids of pictures, by file name
	breaks   bool              // newlines of values are <br>
	markdown bool              // {{{x}}} is Markdown
	mirrored bool              // for a language from right to left: what Markdown aligns changes sides
}

// layOutHTML finds, for each token in source, how its value must be written at its place. Whatever a value holds, it
// stays in the text, attribute, or address in which the author put it.
func layOutHTML(source string, t Tokens, o htmlOptions) htmlLayout {
	l := &htmlLayouter{builder: builder{tokens: t}, options: o}
	l.all(source)
	p := l.done()
	unwrapRaw(p)
	return htmlLayout{html: p, forText: l.forText.String(), addresses: l.addresses}
}

type htmlLayouter struct {
	builder
	options   htmlOptions
	pre       int    // <pre> elements around
	paragraph bool   // within <p>, which a block would end
	link      bool   // within a link
	rawText   string // the element whose text is not parsed as HTML: style, script, …
	comment   bool   // within a comment that Outlook reads
	silent    bool   // what is written goes to the page alone
	buttons   bool   // within a paragraph of buttons
	title     titleState
	quotes    []bool // the quotations around; true: a callout
	cell      int    // cells of the row so far
	columns   int    // of the table
	forText   strings.Builder
	addresses []address
}

func (l *htmlLayouter) all(source string) {
	tokens := tokenize(source)
	for i := 0; i < len(tokens); i++ {
		t := &tokens[i]
		switch {
		case t.dropped:
		case t.kind == html.TextToken:
			l.textToken(t.raw)
		case t.kind == html.StartTagToken && t.closer > 0 && l.tokens.Has(t.label) && isItsAddress(l.tokens.alike(t.label), l.tokens.alike(t.href())):
			l.addressLink(t, t.label)
			l.text(tokens[t.closer].raw)
			l.endButton()
			i = t.closer
		case t.kind == html.StartTagToken && t.closer > 0 && isWeb(t.href()) && l.isEmptied(tokens[i+1:t.closer]):
			// A link that shows nothing can't be followed: it shows where it leads.
			l.addressLink(t, t.href())
			l.text(tokens[t.closer].raw)
			l.endButton()
			i = t.closer
		case t.kind == html.StartTagToken || t.kind == html.SelfClosingTagToken:
			if t.name == "table" {
				if l.columns = 0; len(t.attributes) == 0 { // Markdown's own
					l.columns = columnsOf(tokens[i+1:])
				}
			}
			l.startTag(t)
			l.link = l.link || t.closer > 0 && t.href() != ""
		case t.kind == html.EndTagToken:
			l.endTag(t)
		default:
			l.commentToken(t.raw)
		}
	}
}

// both writes s to the page and to the source of its text.
func (l *htmlLayouter) both(s string) {
	l.text(s)
	l.twin(s)
}

// twin writes s to the source of the page's text.
func (l *htmlLayouter) twin(s string) {
	if !l.comment && !l.silent {
		l.forText.WriteString(s)
	}
}

func (l *htmlLayouter) textToken(raw string) {
	if l.buttons && !l.link && strings.TrimSpace(l.tokens.withoutEmpty(raw)) == "" {
		return
	}
	l.twin(l.tokens.withoutEmpty(raw))
	l.each(raw, l.textHole)
}

// textHole makes a hole in text.
func (l *htmlLayouter) textHole(index int, kind byte) {
	if kind == kindWord {
		l.hole(hole{context: holeWord, value: index})
		return
	}
	context := l.textContext(kind)
	if l.comment && isValue(kind) {
		context = holeComment
	}
	if context != holeNone && (isValue(kind) || !l.comment) {
		l.hole(hole{context: context, value: index, inLink: l.link, inline: l.paragraph})
	}
}

func (l *htmlLayouter) textContext(kind byte) holeContext {
	switch {
	case kind == kindEmpty:
		return holeNone
	case l.rawText == "title", l.rawText == "textarea":
		return holeHTML
	case l.rawText == "style":
		return holeCSS
	case l.rawText != "":
		return holeDrop
	}
	switch kind {
	case KindHTMLBody:
		return holeHTMLBody
	case KindTextBody:
		return holeTextInHTML
	case KindAgent:
		return holeAgent
	case KindRaw:
		if l.options.markdown {
			return holeRawMarkdown
		}
		return holeRaw
	}
	if l.options.breaks && l.pre == 0 {
		return holeHTMLBreaks
	}
	return holeHTML
}

// commentToken writes a comment. Outlook reads some comments as markup: these are treated like any other part of the
// page.
func (l *htmlLayouter) commentToken(raw string) {
	const end = "<![endif]-->"
	if open := strings.Index(raw, "]>"); strings.HasPrefix(raw, "<!--[if") && open > 0 && strings.HasSuffix(raw, end) && !l.comment {
		l.text(raw[:open+2])
		outer := *l
		l.comment, l.pre, l.paragraph, l.link, l.rawText = true, 0, false, false, ""
		l.all(raw[open+2 : len(raw)-len(end)])
		l.comment, l.pre, l.paragraph, l.link, l.rawText = outer.comment, outer.pre, outer.paragraph, outer.link, outer.rawText
		l.text(end)
		return
	}
	l.each(raw, func(index int, kind byte) {
		if isValue(kind) {
			l.hole(hole{context: holeComment, value: index})
		}
	})
}

func (l *htmlLayouter) startTag(t *htmlToken) {
	if l.tokens.Has(t.name) { // <{{x}}>: not a tag of the author's
		escaped := html.EscapeString(t.raw)
		l.twin(l.tokens.withoutEmpty(escaped))
		l.each(escaped, l.textHole)
		return
	}
	switch t.name {
	case "title", "textarea", "style", "script", "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp":
		l.rawText = t.name
	case "pre":
		l.pre++
	}
	if l.frame(t) {
		return
	}
	l.paragraph = t.name == "p" || l.paragraph && !endsParagraph(t.name)
	if t.name == "a" {
		l.beginButton()
	}
	if l.title == titleBehind && t.name == "p" {
		l.twin("<div>")
		l.silent = true
		defer func() { l.silent = false }()
	}
	style := l.styleOf(t)
	if style == "" && !l.tokens.Has(strings.ToLower(t.raw)) && !l.changes(t) {
		l.both(t.raw)
		return
	}
	l.both("<" + t.name)
	for _, a := range t.attributes {
		if a.Key == "style" && l.options.mirrored && (t.name == "td" || t.name == "th") {
			a.Val = mirrored(a.Val)
		}
		if a.Key == "style" && style != "" {
			a.Val = joined(style, a.Val)
			style = ""
		}
		l.attribute(a.Key, a.Val)
	}
	if style != "" {
		l.attribute("style", style)
	}
	if t.name == "th" && l.options.markdown && l.columns > 0 {
		l.text(` scope="col"`)
	}
	if t.kind == html.SelfClosingTagToken {
		l.both(" /")
	}
	l.both(">")
}

// endsParagraph reports whether an element ends a <p> in HTML.
func endsParagraph(name string) bool {
	switch name {
	case "address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl", "fieldset", "figcaption", "figure",
		"footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "menu", "nav", "ol", "p", "pre", "search",
		"section", "table", "td", "th", "tr", "ul":
		return true
	}
	return false
}

func (l *htmlLayouter) endTag(t *htmlToken) {
	l.rawText = ""
	if l.frame(t) {
		return
	}
	switch t.name {
	case "pre":
		l.pre = max(l.pre-1, 0)
	case "a":
		l.link = false
		defer l.endButton()
	default:
		l.paragraph = l.paragraph && !endsParagraph(t.name)
	}
	l.each(t.raw, func(int, byte) {}) // a token here is a mistake, and prints nothing
	if l.title == titleBehind && t.name == "p" {
		l.title = titleNone
		l.twin("</div>")
		return
	}
	l.twin(t.raw)
}

// changes reports whether an address of the tag is not yet in the form that works.
func (l *htmlLayouter) changes(t *htmlToken) bool {
	for _, a := range t.attributes {
		if IsAddress(a.Key) && l.working(a.Val) != a.Val {
			return true
		}
	}
	return false
}

// working is an author's address in the form that works when it is opened: pictures of the catalog are parts of the
// mail.
func (l *htmlLayouter) working(url string) string {
	if name, ok := AttachedFile(url); ok && l.options.files[name] != "" {
		return "cid:" + l.options.files[name]
	}
	if address, ok := plain.Address(url); ok {
		return address
	}
	return url
}

func (l *htmlLayouter) attribute(name, value string) {
	if l.tokens.Has(name) { // a value as an attribute's name would be any attribute
		return
	}
	if !l.tokens.Has(value) {
		l.text(" " + name + `="`)
		if IsAddress(name) {
			l.text(html.EscapeString(l.working(value)))
		} else {
			l.text(html.EscapeString(value))
		}
		l.text(`"`)
		l.twin(" " + name + `="` + html.EscapeString(value) + `"`)
		return
	}
	l.both(" " + name + `="`)
	context := holeAttribute
	switch {
	case IsAddress(name):
		a := l.tokens.address(value)
		l.hole(hole{context: holeAddress, address: a})
		l.twin(l.tokens.Token(len(l.addresses), kindLink))
		l.addresses = append(l.addresses, a)
		l.both(`"`)
		return
	case strings.HasPrefix(name, "on") || name == "srcdoc":
		context = holeDrop
	case name == "style":
		context = holeCSS
	}
	l.each(html.EscapeString(value), func(index int, kind byte) {
		switch {
		case isValue(kind):
			l.hole(hole{context: context, value: index})
		case kind == KindTextBody && context == holeAttribute:
			l.hole(hole{context: holeTextInAttribute})
		case kind == KindTextBody || kind == KindHTMLBody:
			l.hole(hole{context: holeNoBody})
		}
	})
	l.twin(l.tokens.withoutEmpty(html.EscapeString(value)))
	l.both(`"`)
}

// addressLink writes a link whose text is its address. In text it stands once, if the values are the same.
func (l *htmlLayouter) addressLink(t *htmlToken, shown string) {
	l.silent = true
	l.startTag(t)
	l.silent = false
	target, label := l.tokens.address(t.href()), l.tokens.address(shown)
	l.hole(hole{context: holeAddress, address: label})
	n := len(l.addresses)
	l.twin(l.tokens.Token(n, kindLabel) + l.tokens.Token(n+1, kindAddress) + l.tokens.Token(n, kindLink))
	l.addresses = append(l.addresses, target, label)
}

// isWeb reports whether an address, as an author wrote it, is one of the web.
func isWeb(href string) bool {
	return strings.HasPrefix(href, "https://") || strings.HasPrefix(href, "http://")
}

// isEmptied reports whether what a link shows holds empty values, and nothing else but marks of text.
func (l *htmlLayouter) isEmptied(within []htmlToken) bool {
	empty := l.options.markdown // there they are gone by now
	for i := range within {
		switch t := &within[i]; {
		case t.kind == html.TextToken:
			if strings.TrimSpace(l.tokens.withoutEmpty(t.raw)) != "" {
				return false
			}
			empty = empty || l.tokens.hasEmpty(t.raw)
		case t.name == "img" || t.kind == html.CommentToken:
			return false
		}
	}
	return empty
}

// address cuts a URL into texts and values.
func (t Tokens) address(value string) address {
	var a address
	for {
		at, index, kind := t.Next(value)
		text := value
		if at >= 0 {
			text = value[:at]
		}
		if len(a) == 0 {
			text = strings.TrimLeft(text, " \t\n\r\f") // no part of the address
		}
		if text != "" {
			a = append(a, addressPart{text: text})
		}
		if at < 0 {
			return a
		}
		switch {
		case isValue(kind):
			a = append(a, addressPart{value: index, isValue: true})
		case kind == kindEmpty:
			a = append(a, addressPart{value: noValue, isValue: true})
		}
		value = value[at+t.Length():]
	}
}

// isValue reports whether a token of this kind stands for a value.
func isValue(kind byte) bool { return kind == KindValue || kind == KindRaw || kind == KindAgent }

// Kinds of tokens in what a page's text is made from.
const (
	kindAddress = 'g' // an address with values, alone
	kindLabel   = 'l' // the text of a link begins
	kindLink    = 'k' // it ends; the address
)

// IsAddress reports whether the attribute holds a URL.
func IsAddress(name string) bool {
	switch name {
	case "href", "src", "action", "formaction", "background", "poster", "cite", "data", "longdesc", "usemap", "xlink:href", "srcset", "o:href":
		return true
	}
	return false
}

// unwrapRaw removes the <p> around a {{{x}}} that stands alone in it: the value may be blocks.
func unwrapRaw(p *pieces) {
	for i := range p.parts {
		c := p.parts[i].hole.context
		if c != holeRaw && c != holeRawMarkdown && c != holeAgent || i+1 >= len(p.parts) {
			continue
		}
		before, after := p.parts[i].text, p.parts[i+1].text
		open := strings.LastIndexByte(before, '<')
		if open < 0 || !strings.HasSuffix(before, ">") {
			continue
		}
		if tag := before[open:]; !strings.HasPrefix(tag, "<p>") && !strings.HasPrefix(tag, "<p ") {
			continue
		}
		if rest, ok := strings.CutPrefix(after, "</p>"); ok {
			p.parts[i].text, p.parts[i+1].text = before[:open], rest
			p.parts[i].hole.inline = false
		}
	}
}
