package content

import (
	"bytes"
	"html"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/heraldsend/herald/render/plain"
)

// Converter turns Markdown into HTML. A line break is a line break, as in every
// other channel. It is safe for concurrent use.
type Converter struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy // for HTML that data brought in
	agent    *bluemonday.Policy // for HTML of the team's own
}

// NewConverter returns one; making it is costly, keep it.
func NewConverter() *Converter {
	return &Converter{
		markdown: goldmark.New(
			goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify, extension.TaskList),
			goldmark.WithRendererOptions(goldmarkhtml.WithHardWraps(), goldmarkhtml.WithUnsafe()),
		),
		policy: dataPolicy(),
		agent:  agentPolicy(),
	}
}

// html converts an author's Markdown.
func (c *Converter) html(markdown string) (string, error) {
	var out bytes.Buffer
	err := c.markdown.Convert([]byte(markdown), &out)
	return blankHead.ReplaceAllString(out.String(), ""), err
}

// blankHead is the heading of a table whose author left it blank.
var blankHead = regexp.MustCompile(`<thead>\s*<tr>(\s*<th[^>]*></th>)+\s*</tr>\s*</thead>\n?`)

// rawHTML is what {{{x}}} puts into HTML: the value's own HTML, sanitised.
func (c *Converter) rawHTML(value []byte) []byte { return balanced(c.policy.SanitizeBytes(value)) }

// maxRawMarkdown bounds values that are read as Markdown: reading hostile ones
// takes time that grows with the square of their length. Longer ones are shown
// as they are typed.
const maxRawMarkdown = 4 << 10

// agentHTML is the HTML of an agent's signature, sanitised.
func (c *Converter) agentHTML(value []byte) []byte { return balanced(c.agent.SanitizeBytes(value)) }

// harmless says whether Markdown of data holds no HTML and no address that
// could run a script, so that a chat may get it as it is.
func (c *Converter) harmless(markdown []byte) bool {
	if len(markdown) > maxRawMarkdown {
		return false
	}
	document := c.markdown.Parser().Parse(text.NewReader(markdown))
	safe := true
	err := ast.Walk(document, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.RawHTML, *ast.HTMLBlock:
			safe = false
		case *ast.Link:
			safe = safe && safeURL(html.UnescapeString(string(n.Destination)))
		case *ast.Image:
			safe = false
		case *ast.AutoLink:
			safe = safe && safeURL(string(n.URL(markdown)))
		}
		return ast.WalkContinue, nil
	})
	return safe && err == nil
}

// rawMarkdown is what {{{x}}} puts into a Markdown message: the value's own
// Markdown, as HTML and sanitised. A single paragraph is given without its <p>.
func (c *Converter) rawMarkdown(value []byte, inline bool) []byte {
	var out bytes.Buffer
	if len(value) > maxRawMarkdown || c.markdown.Convert(value, &out) != nil {
		return appendHTML(nil, value, "<br>\n")
	}
	safe := bytes.TrimSpace(c.policy.SanitizeBytes(out.Bytes()))
	if inner, ok := bytes.CutPrefix(safe, []byte("<p>")); ok && inline {
		if inner, ok := bytes.CutSuffix(inner, []byte("</p>")); ok && !bytes.Contains(inner, []byte("<p>")) {
			return inner
		}
	}
	return safe
}

// rawText is the plain text of what rawHTML or rawMarkdown gives.
func (c *Converter) rawText(safe []byte) []byte {
	out, err := plain.FromHTML(string(safe))
	if err != nil {
		return nil
	}
	return []byte(out)
}

// dataPolicy is what HTML from data may hold: text with its structure and
// links. No images, styles, forms, or ids: they could load, hide, or move things.
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

// agentPolicy also lets pictures, colours and fonts through, which signatures
// have.
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

// textToHTML gives a plain-text message as paragraphs. Tokens pass unchanged.
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
