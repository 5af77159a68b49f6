package content

import (
	"strings"

	"golang.org/x/net/html"
)

// htmlLayout is what layOutHTML makes of HTML with tokens.
type htmlLayout struct {
	html      *pieces
	forText   string    // the same HTML, with a token of kind 'g' for each address that holds values
	addresses []address // by the index of those tokens
}

// htmlOptions says what layOutHTML does besides finding the contexts.
type htmlOptions struct {
	styles   map[string]string // to inline, by element
	breaks   bool              // newlines of values are <br>
	markdown bool              // {{{x}}} is Markdown
}

// layOutHTML finds, for each token in source, how its value must be written
// where it stands. Whatever a value holds, it stays the text, attribute, or
// address that the author made room for.
func layOutHTML(source string, t Tokens, o htmlOptions) htmlLayout {
	l := &htmlLayouter{builder: builder{tokens: t}, options: o}
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		raw := string(z.Raw())
		switch kind {
		case html.TextToken:
			l.textToken(raw)
		case html.StartTagToken, html.SelfClosingTagToken:
			l.startTag(z, raw, kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			l.endTag(z)
			l.plain(raw)
		default:
			l.comment(raw)
		}
	}
	p := l.done()
	unwrapRaw(p)
	return htmlLayout{html: p, forText: l.forText.String(), addresses: l.addresses}
}

type htmlLayouter struct {
	builder
	options   htmlOptions
	pre       int    // <pre> elements around
	rawText   string // the element whose text is not parsed as HTML: style, script, …
	forText   strings.Builder
	addresses []address
}

// both writes s to the page and to what its text is made from.
func (l *htmlLayouter) both(s string) {
	l.text(s)
	l.forText.WriteString(s)
}

// plain writes markup that may only hold tokens by mistake: they print nothing.
func (l *htmlLayouter) plain(raw string) {
	l.each(raw, func(int, byte) {})
	l.forText.WriteString(raw)
}

func (l *htmlLayouter) textToken(raw string) {
	l.forText.WriteString(raw)
	l.each(raw, func(index int, kind byte) { l.hole(hole{context: l.textContext(kind), value: index}) })
}

func (l *htmlLayouter) textContext(kind byte) holeContext {
	switch l.rawText {
	case "":
	case "title", "textarea":
		return holeHTML
	case "style":
		return holeCSS
	default:
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

func (l *htmlLayouter) comment(raw string) {
	l.each(raw, func(index int, kind byte) {
		if isValue(kind) {
			l.hole(hole{context: holeComment, value: index})
		}
	})
}

func (l *htmlLayouter) startTag(z *html.Tokenizer, raw string, selfClosing bool) {
	nameBytes, more := z.TagName()
	name := string(nameBytes)
	if l.tokens.Has(name) { // <{{x}}>: not a tag of the author's
		l.each(html.EscapeString(raw), func(index int, kind byte) { l.hole(hole{context: l.textContext(kind), value: index}) })
		l.forText.WriteString(html.EscapeString(raw))
		return
	}
	switch name {
	case "title", "textarea", "style", "script", "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp":
		l.rawText = name
	case "pre":
		l.pre++
	}
	style := l.options.styles[name]
	if style == "" && !l.tokens.Has(strings.ToLower(raw)) {
		l.both(raw)
		return
	}
	l.both("<" + name)
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if string(key) == "style" && style != "" {
			value = append(append([]byte(strings.TrimSuffix(style, ";")), ';'), value...)
			style = ""
		}
		l.attribute(string(key), string(value))
	}
	if style != "" {
		l.attribute("style", style)
	}
	if selfClosing {
		l.both(" /")
	}
	l.both(">")
}

func (l *htmlLayouter) endTag(z *html.Tokenizer) {
	l.rawText = ""
	if name, _ := z.TagName(); string(name) == "pre" && l.pre > 0 {
		l.pre--
	}
}

func (l *htmlLayouter) attribute(name, value string) {
	if l.tokens.Has(name) { // a value as an attribute's name would be any attribute
		return
	}
	if !l.tokens.Has(value) {
		l.both(" " + name + `="` + html.EscapeString(value) + `"`)
		return
	}
	l.both(" " + name + `="`)
	context := holeAttribute
	switch {
	case IsAddress(name):
		l.address(value)
		l.both(`"`)
		return
	case strings.HasPrefix(name, "on") || name == "srcdoc":
		context = holeDrop
	case name == "style":
		context = holeCSS
	}
	l.each2(value, func(index int, kind byte) {
		if isValue(kind) {
			l.hole(hole{context: context, value: index})
		}
	})
	l.both(`"`)
}

// each2 is each over an attribute's value; its text is escaped, and goes to
// the page's text with the tokens.
func (l *htmlLayouter) each2(value string, hole func(index int, kind byte)) {
	l.each(html.EscapeString(value), hole)
	l.forText.WriteString(html.EscapeString(value))
}

func (l *htmlLayouter) address(value string) {
	var a address
	author := ""
	for {
		at, index, kind := l.tokens.Next(value)
		text := value
		if at >= 0 {
			text = value[:at]
		}
		if len(a) == 0 {
			text = strings.TrimLeft(text, " \t\n\r\f") // no part of the address
		}
		if text != "" {
			author += text
			a = append(a, addressPart{text: text})
		}
		if at < 0 {
			break
		}
		if isValue(kind) {
			a = append(a, addressPart{value: index, isValue: true, place: placeAfter(author, len(a) == 0)})
		}
		value = value[at+l.tokens.Length():]
	}
	l.hole(hole{context: holeAddress, address: a})
	l.forText.WriteString(l.tokens.Token(len(l.addresses), kindAddress))
	l.addresses = append(l.addresses, a)
}

// isValue says whether a token of this kind stands for a value.
func isValue(kind byte) bool { return kind == KindValue || kind == KindRaw || kind == KindAgent }

// kindAddress is the kind of the token for an address with values.
const kindAddress = 'g'

// IsAddress says whether the attribute holds a URL.
func IsAddress(name string) bool {
	switch name {
	case "href", "src", "action", "formaction", "background", "poster", "cite", "data", "longdesc", "usemap", "xlink:href", "srcset":
		return true
	}
	return false
}

// unwrapRaw takes the <p> away from around a {{{x}}} that stands alone in it:
// the value may be blocks.
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
		}
	}
}
