package content

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/heraldsend/herald/render/meter"
	"github.com/heraldsend/herald/render/plain"
)

// Converter turns Markdown into HTML. A line break stays one, as on all other channels. It is safe for concurrent
// use.
type Converter struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy // for HTML that data brought in
	agent    *bluemonday.Policy // for HTML of the team's own
}

// addressHere finds an address where a text begins with one.
var addressHere = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^" + bareAddress) })

// NewConverter returns a Converter. Making it is costly: keep it.
func NewConverter() *Converter {
	links := extension.NewLinkify(
		extension.WithLinkifyURLRegexp(addressHere()),
		extension.WithLinkifyWWWRegexp(addressHere()),
	)
	return &Converter{
		markdown: goldmark.New(
			goldmark.WithExtensions(extension.Table, extension.Strikethrough, links, extension.TaskList),
			goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(decorator{}, 1000))),
			goldmark.WithRendererOptions(goldmarkhtml.WithHardWraps(), goldmarkhtml.WithUnsafe(), renderer.WithNodeRenderers(util.Prioritized(titleRenderer{}, 500))),
		),
		policy: dataPolicy(),
		agent:  agentPolicy(),
	}
}

// bareAddress matches a bare web address in text, with letters of any language. A token of a value may be its host or
// its port.
const (
	token       = `zq\d+hv\d{7}[a-z]`
	bareHost    = `(?:[\pL\pN@%_+~=-][\pL\pN@%._+~=-]*\.[\pL\pN-]*[\pL\pN]|[\pL\pN._-]*` + token + `[\pL\pN._-]*|localhost)`
	barePath    = "(?:[/#?](?:[^\\s<|\\\\`" + notInAddress + "]*[^\\s<|\\\\`'" + notInAddress + "])?)?"
	bareAddress = `(?:(?:https?|ftp)://|www\.)` + bareHost + `(?::(?:\d+|` + token + `))?` + barePath
	// quotation marks, and the punctuation of scripts that set no blanks
	notInAddress = `"“”„«»…。、，！？；：（）【】「」『』`
)

// html converts an author's Markdown.
func (c *Converter) html(m *meter.Meter, markdown string, t Tokens) (string, error) {
	if err := checkTangle(m, markdown); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err := c.markdown.Convert([]byte(markdown), &out, parsing(t))
	return blankHead.ReplaceAllString(out.String(), ""), err
}

// blankHead is the heading of a table whose author left it blank.
var blankHead = regexp.MustCompile(`<thead>\s*<tr>(\s*<th[^>]*></th>)+\s*</tr>\s*</thead>\n?`)

// rawHTML is the result of {{{x}}} in HTML: the HTML of the value, sanitised.
func (c *Converter) rawHTML(value []byte, h *hole) []byte { return c.kept(c.policy, value, h) }

// maxRawMarkdown bounds values that are read as Markdown. Longer ones are shown unchanged.
const maxRawMarkdown = 4 << 10

// agentHTML is the HTML of an agent's signature, sanitised.
func (c *Converter) agentHTML(value []byte, h *hole) []byte { return c.kept(c.agent, value, h) }

// kept is the part of foreign HTML that a policy allows, in the form for its place.
func (c *Converter) kept(policy *bluemonday.Policy, value []byte, h *hole) []byte {
	if isWords(value) {
		return value
	}
	safe := balanced(policy.SanitizeBytes(plain.Flatten(value, false)))
	return inPlace(safe, h)
}

// harmless reports whether Markdown from data may be sent to a chat unchanged: it holds no HTML, no address that
// could run a script, and no mark that could join with one of the author.
func (c *Converter) harmless(m *meter.Meter, markdown []byte, h *hole) bool {
	if len(markdown) > maxRawMarkdown || checkTangle(m, string(markdown)) != nil || h.inline && bytes.IndexByte(bytes.TrimSpace(markdown), '\n') >= 0 {
		return false
	}
	document := c.markdown.Parser().Parse(text.NewReader(markdown))
	safe := true
	err := ast.Walk(document, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock, *ast.Image:
			safe = false
		case *ast.Link:
			safe = safe && !h.inLink && safeURL(html.UnescapeString(string(n.Destination)))
		case *ast.AutoLink:
			safe = safe && !h.inLink && safeURL(string(n.URL(markdown)))
		case *ast.FencedCodeBlock:
			safe = safe && !h.inline
		case *ast.Text:
			safe = safe && (n.Parent().Kind() == ast.KindCodeSpan || !hasMark(n.Segment.Value(markdown)))
		}
		return ast.WalkContinue, nil
	})
	return safe && err == nil
}

// hasMark reports whether text holds a mark of Markdown that is not escaped.
func hasMark(text []byte) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.IndexByte("*_[]`~<>|", text[i]) >= 0:
			return true
		}
	}
	return false
}

// isWords reports whether a value means nothing but words in Markdown and HTML.
func isWords(value []byte) bool {
	for _, c := range value {
		if !isAlphanumeric(c) && c != ' ' && c < 0x80 {
			return false
		}
	}
	return !bytes.HasPrefix(value, []byte("    ")) && !bytes.Contains(value, []byte("  "))
}

// rawSteps is what reading a value as Markdown costs, however short it is.
const rawSteps = 64

// rawMarkdown is the result of {{{x}}} in a Markdown message: the Markdown of the value, as sanitised HTML. A single
// paragraph has no <p>.
func (c *Converter) rawMarkdown(m *meter.Meter, value []byte, h *hole) []byte {
	if isWords(value) {
		return bytes.TrimSpace(value)
	}
	var out bytes.Buffer
	if len(value) > maxRawMarkdown || m.Charge(rawSteps) != nil || checkTangle(m, string(value)) != nil || c.markdown.Convert(value, &out) != nil {
		return appendHTML(nil, value, "<br>\n")
	}
	safe := bytes.TrimSpace(balanced(c.policy.SanitizeBytes(plain.Flatten(out.Bytes(), false))))
	if inner, ok := bytes.CutPrefix(safe, []byte("<p>")); ok {
		if inner, ok := bytes.CutSuffix(inner, []byte("</p>")); ok && !bytes.Contains(inner, []byte("<p>")) {
			safe = inner
		}
	}
	return inPlace(safe, h)
}

// rawText is the plain text of safe HTML, at most limit bytes.
func (c *Converter) rawText(m *meter.Meter, safe []byte, limit int) (string, error) {
	return plain.FromHTML(m, string(safe), plain.Options{Limit: limit})
}

// dataPolicy is what HTML from data may hold: text with its structure and links. It forbids images, styles, forms and
// ids: they could load, hide, or move things.
func dataPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "q",
		"h1", "h2", "h3", "h4", "h5", "h6", "ul", "li", "blockquote", "pre", "code", "kbd", "samp", "var",
		"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "dl", "dt", "dd", "div", "span")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	return p
}

// agentPolicy also allows pictures, colours and fonts, which signatures have.
func agentPolicy() *bluemonday.Policy {
	p := dataPolicy()
	p.AllowElements("center", "font")
	p.AllowAttrs("src", "alt", "width", "height", "border").OnElements("img")
	p.AllowAttrs("width", "height", "align", "valign", "cellpadding", "cellspacing", "border", "bgcolor", "color", "face", "size").Globally()
	p.AllowStyles("color", "background-color", "font-family", "font-size", "font-weight", "font-style", "line-height", "text-align",
		"text-decoration", "margin", "padding", "border", "width", "height", "max-width", "vertical-align").Globally()
	p.AllowURLSchemes("cid")
	return p
}

// textToHTML turns a plain-text message into paragraphs. Tokens pass unchanged.
func textToHTML(source string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(source, "\r\n", "\n"), "\n\n") {
		paragraph = strings.Trim(paragraph, "\n")
		if paragraph == "" {
			continue
		}
		b.WriteString("<p>")
		b.Write(appendHTML(nil, []byte(paragraph), "<br>\n"))
		b.WriteString("</p>\n")
	}
	return b.String()
}
