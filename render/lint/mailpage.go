package lint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"

	"github.com/heraldsend/herald/render/content"
)

// page is a rendered mail as a mail client reads it.
type page struct {
	root  *html.Node
	rules []rule
	// What each mode of reading makes of the elements: as it is, in dark mode, on a phone.
	looks map[mode]map[*html.Node]look
}

// mode is a way of reading a mail.
type mode string

const (
	light mode = "light mode"
	dark  mode = "dark mode"
	phone mode = "a phone"
)

// rule is a rule of a style element, for one of its selectors.
type rule struct {
	selector     cascadia.Sel
	media        string // "" for all
	declarations []declaration
	text         string // as it is written
}

type declaration struct {
	name, value string
	important   bool
}

// look is what matters of an element's computed style.
type look struct {
	style    map[string]string // of the element itself, by property
	color    string            // inherited
	back     string            // the background behind its text; "" if a picture is
	size     float64           // of the font in px
	bold     bool
	hidden   bool
	nowrap   bool
	wraps    string // overflow-wrap and word-break together: "", word (overflow-wrap: break-word), any
	inCell   bool   // within a table's cell whose table is laid out by its content
	preserve bool   // white-space: pre
}

func readPage(source string) (*page, error) {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return nil, err
	}
	p := &page{root: root, looks: map[mode]map[*html.Node]look{}}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "style" && n.FirstChild != nil {
			p.rules = append(p.rules, readRules(n.FirstChild.Data, "")...)
		}
	}
	return p, nil
}

// readRules reads CSS. What it doesn't understand is left out, as mail clients do.
func readRules(css, media string) []rule {
	var out []rule
	css = withoutComments(css)
	for css != "" {
		head, rest, ok := strings.Cut(css, "{")
		if !ok {
			break
		}
		depth, end := 1, 0
		for ; end < len(rest) && depth > 0; end++ {
			switch rest[end] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		body := strings.TrimSuffix(rest[:end], "}")
		css = rest[end:]
		for strings.Contains(head, ";") { // @import "x";
			_, head, _ = strings.Cut(head, ";")
		}
		switch head = strings.TrimSpace(head); {
		case strings.HasPrefix(head, "@media"):
			out = append(out, readRules(body, strings.ToLower(head))...)
		case strings.HasPrefix(head, "@"):
		default:
			list := declarationsOf(body)
			for selector := range strings.SplitSeq(head, ",") {
				if sel, err := cascadia.Parse(strings.TrimSpace(selector)); err == nil && sel.PseudoElement() == "" {
					out = append(out, rule{sel, media, list, strings.TrimSpace(selector)})
				}
			}
		}
	}
	return out
}

func withoutComments(css string) string {
	for {
		begin := strings.Index(css, "/*")
		if begin < 0 {
			return css
		}
		_, rest, _ := strings.Cut(css[begin:], "*/")
		css = css[:begin] + rest
	}
}

func declarationsOf(style string) []declaration {
	var out []declaration
	for d := range content.Declarations(style) {
		name, value, ok := strings.Cut(d, ":")
		if !ok {
			continue
		}
		value, important := strings.CutSuffix(strings.TrimSpace(value), "!important")
		out = append(out, declaration{strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value), important})
	}
	return out
}

// applies says whether rules with a condition count in a mode.
func (m mode) applies(media string) bool {
	switch {
	case media == "":
		return true
	case strings.Contains(media, "prefers-color-scheme"):
		return m == dark && strings.Contains(media, "dark")
	case strings.Contains(media, "max-width"):
		return m == phone
	}
	return false
}

// in gives the looks of all elements in a mode.
func (p *page) in(m mode) map[*html.Node]look {
	if found := p.looks[m]; found != nil {
		return found
	}
	styles := map[*html.Node][]struct {
		declaration
		weight [4]int
	}{}
	var list []rule
	for _, r := range p.rules {
		if m.applies(r.media) {
			list = append(list, r)
		}
	}
	for i, r := range list {
		s := r.selector.Specificity()
		for _, n := range cascadia.QueryAll(p.root, r.selector) {
			for _, d := range r.declarations {
				styles[n] = append(styles[n], struct {
					declaration
					weight [4]int
				}{d, [4]int{s[0]*10000 + s[1]*100 + s[2], i}})
			}
		}
	}
	looks := map[*html.Node]look{}
	p.looks[m] = looks
	var walk func(n *html.Node, outer look)
	walk = func(n *html.Node, outer look) {
		l := outer
		if n.Type == html.ElementNode {
			found := styles[n]
			slices.SortStableFunc(found, func(a, b struct {
				declaration
				weight [4]int
			}) int {
				return cmp.Or(cmp.Compare(a.weight[0], b.weight[0]), cmp.Compare(a.weight[1], b.weight[1]))
			})
			l.style = map[string]string{}
			for _, d := range found {
				if !d.important {
					l.style[d.name] = d.value
				}
			}
			for _, d := range declarationsOf(attributeOf(n, "style")) {
				l.style[d.name] = d.value
			}
			for _, d := range found {
				if d.important {
					l.style[d.name] = d.value
				}
			}
			l.see(n)
			looks[n] = l
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, l)
		}
	}
	walk(p.root, look{color: "#000000", back: "#ffffff", size: 16})
	return looks
}

// see applies an element's own style and attributes to what it inherits.
func (l *look) see(n *html.Node) {
	switch n.Data {
	case "b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6":
		l.bold = true
	case "pre":
		l.preserve = true
	case "td":
		l.bold = false
		fallthrough
	case "tr":
		if n.Data == "td" {
			l.inCell = true
		}
	case "a":
		if attributeOf(n, "href") != "" && l.style["color"] == "" {
			l.color = "#0000ee"
		}
	case "head", "script", "style", "template":
		l.hidden = true
	}
	if sizes := map[string]float64{"h1": 2, "h2": 1.5, "h3": 1.17}; sizes[n.Data] > 0 {
		l.size *= sizes[n.Data]
	}
	if n.Data == "th" {
		l.inCell = true
	}
	if n.Data == "table" && l.style["table-layout"] == "fixed" {
		l.inCell = false
	}
	if c := attributeOf(n, "bgcolor"); c != "" {
		l.back = c
	}
	if c := attributeOf(n, "color"); c != "" && n.Data == "font" {
		l.color = c
	}
	l.seeStyle(n)
}

func (l *look) seeStyle(n *html.Node) {
	s := l.style
	if c := s["color"]; c != "" && c != "inherit" {
		l.color = c
	}
	for _, name := range []string{"background", "background-color", "background-image"} {
		switch value := strings.ToLower(s[name]); {
		case strings.Contains(value, "url(") || strings.Contains(value, "gradient("):
			l.back = ""
		case value != "" && value != "transparent" && value != "none" && value != "inherit":
			if _, ok := colorOf(value); ok {
				l.back = value
			}
		}
	}
	if attributeOf(n, "background") != "" {
		l.back = ""
	}
	if px, ok := pixels(s["font-size"], l.size); ok {
		l.size = px
	}
	switch weight := s["font-weight"]; weight {
	case "":
	case "normal", "100", "200", "300", "400", "500", "lighter":
		l.bold = false
	default:
		l.bold = true
	}
	opacity := s["opacity"]
	l.hidden = l.hidden || s["display"] == "none" || s["visibility"] == "hidden" || opacity == "0" || s["mso-hide"] == "all" || attributeOf(n, "hidden") != "" || l.size < 2
	switch space := s["white-space"]; space {
	case "":
	case "nowrap":
		l.nowrap, l.preserve = true, false
	case "pre":
		l.nowrap, l.preserve = false, true
	default:
		l.nowrap, l.preserve = false, false
	}
	if hasAttribute(n, "nowrap") {
		l.nowrap = true
	}
	wrap, word := cmp.Or(s["overflow-wrap"], s["word-wrap"]), s["word-break"]
	switch {
	case wrap == "anywhere" || word == "break-word" || word == "break-all":
		l.wraps = "any"
	case wrap == "break-word":
		l.wraps = "word"
	case wrap == "normal" && (word == "" || word == "normal" || word == "keep-all"), word == "normal" && wrap == "" && l.wraps == "any":
		l.wraps = ""
	}
}

func hasAttribute(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
