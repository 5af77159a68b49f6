package plain

import (
	"bytes"
	"path"
	"strings"

	"golang.org/x/net/html"
)

// Flatten returns foreign HTML whose meaning doesn't hang on its styles: what they hide is gone, what they strike through
// is <del>, lines that they keep end in <br>, and links have their working form. With notes, pictures are their names in
// brackets. What comes out is not safe yet. It takes time in proportion to source.
func Flatten(source []byte, notes bool) []byte {
	if bytes.IndexByte(source, '<') < 0 {
		return source
	}
	f := flattener{source: source, notes: notes}
	f.read()
	f.out.Grow(len(source))
	for f.at = 0; f.at < len(f.tags); f.at++ {
		f.tag(&f.tags[f.at])
	}
	return f.out.Bytes()
}

// piece is a token of HTML.
type piece struct {
	kind       html.TokenType
	start, end int // in the source
	name       string
	attributes []html.Attribute
	closer     int // of a start tag: the piece that closes it; 0: none does
}

type flattener struct {
	source []byte
	notes  bool
	tags   []piece
	out    bytes.Buffer
	at     int
	open   []styled
	block  bool // the last tag begins or ends a block
}

// styled is an element that is open, with how its text looks.
type styled struct {
	closer int
	look   look
	pre    bool // by an element, which stays
	struck bool
}

// read cuts the source into pieces and finds what closes what: an element that is never closed hides nothing, since what
// comes behind it may be meant to be seen.
func (f *flattener) read() {
	z := html.NewTokenizer(bytes.NewReader(f.source))
	open := map[string][]int{}
	pos := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		p := piece{kind: kind, start: pos, end: pos + len(z.Raw())}
		pos = p.end
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			p.name, p.attributes = token.Data, token.Attr
			if !isVoid(p.name) {
				open[p.name] = append(open[p.name], len(f.tags))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			p.name = string(name)
			if stack := open[p.name]; len(stack) > 0 {
				f.tags[stack[len(stack)-1]].closer = len(f.tags)
				open[p.name] = stack[:len(stack)-1]
			}
		}
		f.tags = append(f.tags, p)
	}
	if pos < len(f.source) { // a tag that never ends is no tag
		f.tags = append(f.tags, piece{kind: html.CommentToken, start: pos, end: len(f.source)})
	}
}

func (f *flattener) now() styled {
	if len(f.open) == 0 {
		return styled{}
	}
	return f.open[len(f.open)-1]
}

func (f *flattener) tag(p *piece) {
	for len(f.open) > 0 && f.open[len(f.open)-1].closer <= f.at {
		f.open = f.open[:len(f.open)-1]
	}
	switch p.kind {
	case html.TextToken:
		f.text(f.source[p.start:p.end])
	case html.StartTagToken, html.SelfClosingTagToken:
		f.start(p)
	case html.EndTagToken:
		f.block = isBlock(p.name)
		if p.name == "strike" {
			f.out.WriteString("</del>")
			break
		}
		f.out.Write(f.source[p.start:p.end])
	default:
		f.out.Write(f.source[p.start:p.end])
	}
}

func (f *flattener) text(raw []byte) {
	now := f.now()
	blank := len(bytes.TrimSpace(raw)) == 0
	if !now.look.seen() {
		return
	}
	struck := now.look.struck && !now.struck && !blank
	if struck {
		f.out.WriteString("<del>")
	}
	if now.look.pre && !now.pre && (!blank || !f.block) {
		raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("<br>\n"))
	}
	f.out.Write(raw)
	if struck {
		f.out.WriteString("</del>")
	}
	f.block = f.block && blank
}

func (f *flattener) start(p *piece) {
	outer := f.now()
	inner := styled{
		closer: p.closer, look: outer.look.within(p.name, p.attributes),
		pre:    outer.pre || p.name == "pre",
		struck: outer.struck || p.name == "del" || p.name == "s" || p.name == "strike",
	}
	if p.name == "img" {
		f.image(p, inner.look)
		return
	}
	if p.closer > 0 {
		if inner.look.hidden {
			f.at = p.closer
			return
		}
		f.open = append(f.open, inner)
	}
	f.block = isBlock(p.name) || p.name == "br"
	if p.name == "strike" {
		f.out.WriteString("<del>")
		return
	}
	f.write(p)
}

// write writes a start tag, its addresses in their working form.
func (f *flattener) write(p *piece) {
	changed := false
	kept := p.attributes[:0]
	for _, a := range p.attributes {
		if a.Key == "href" || a.Key == "src" {
			address, ok := foreignAddress(a.Val)
			changed = changed || !ok || address != a.Val
			if !ok {
				continue
			}
			a.Val = address
		}
		kept = append(kept, a)
	}
	if !changed {
		f.out.Write(f.source[p.start:p.end])
		return
	}
	f.out.WriteString((html.Token{Type: p.kind, Data: p.name, Attr: kept}).String())
}

// foreignAddress is Address for what others wrote. "www." is the beginning of a web address; any other address without a
// scheme would lead nowhere, and is none.
func foreignAddress(href string) (string, bool) {
	address, ok := Address(href)
	switch {
	case strings.HasPrefix(address, "//"):
		address = "https:" + address
	case len(address) > 4 && strings.EqualFold(address[:4], "www."):
		address = "https://" + address
	}
	scheme, _, hasScheme := strings.Cut(address, ":")
	if !ok || !hasScheme || strings.ContainsAny(scheme, "/?#") {
		return "", false
	}
	return wholePercents(address), true
}

// wholePercents encodes percent signs that encode nothing.
func wholePercents(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])) {
			b.WriteString("25")
		}
	}
	return b.String()
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

// image leaves a picture's name where pictures can't stay.
func (f *flattener) image(p *piece, l look) {
	if !f.notes {
		if !l.hidden {
			f.write(p)
		}
		return
	}
	if name := imageName(p.attributes); name != "" && !l.hidden && !l.invisible {
		f.out.WriteString("[" + html.EscapeString(name) + "]")
	}
}

// maxName bounds the name of a picture, in bytes.
const maxName = 100

// imageName is what a picture is called: its alternative text, or else its file. Those that nobody sees have none.
func imageName(attributes []html.Attribute) string {
	alt, src := "", ""
	for _, a := range attributes {
		switch a.Key {
		case "alt":
			alt = strings.Join(strings.Fields(a.Val), " ")
		case "src":
			src = tidy(a.Val)
		case "width", "height":
			if n, unit, ok := number(strings.TrimSpace(a.Val)); ok && n <= 1 && unit != "%" {
				return ""
			}
		}
	}
	if alt == "" {
		scheme, rest, _ := strings.Cut(src, ":")
		rest, _, _ = strings.Cut(rest, "?")
		switch strings.ToLower(scheme) {
		case "cid":
			alt, _, _ = strings.Cut(rest, "@")
		case "http", "https":
			alt = path.Base(rest)
		}
		if alt = unescaped(alt); strings.ContainsAny(alt, "/<>") || !strings.Contains(alt, ".") {
			alt = ""
		}
	}
	if len(alt) > maxName {
		alt = strings.ToValidUTF8(alt[:maxName], "") + "…"
	}
	return alt
}

func isVoid(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr":
		return true
	}
	return false
}

// isBlock says of an element whether white space next to it means nothing.
func isBlock(name string) bool {
	switch name {
	case "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
		"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "head", "li", "main", "nav", "ol", "p", "pre", "section", "style",
		"table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul":
		return true
	}
	return false
}
