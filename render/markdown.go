package render

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"

	"github.com/heraldsend/herald/render/plain"
)

// converter turns Markdown into HTML. A line break is a line break, as in every
// other channel. It is safe for concurrent use.
type converter struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy // for HTML that data brought in
}

func newConverter() *converter {
	return &converter{
		markdown: goldmark.New(
			goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify, extension.TaskList),
			goldmark.WithRendererOptions(goldmarkhtml.WithHardWraps(), goldmarkhtml.WithUnsafe()),
		),
		policy: dataPolicy(),
	}
}

// html converts an author's Markdown.
func (c *converter) html(markdown string) (string, error) {
	var out bytes.Buffer
	err := c.markdown.Convert([]byte(markdown), &out)
	return blankHead.ReplaceAllString(out.String(), ""), err
}

// blankHead is the heading of a table whose author left it blank.
var blankHead = regexp.MustCompile(`<thead>\s*<tr>(\s*<th[^>]*></th>)+\s*</tr>\s*</thead>\n?`)

// rawHTML is what {{{x}}} puts into HTML: the value's own HTML, sanitised.
func (c *converter) rawHTML(value []byte) []byte { return c.policy.SanitizeBytes(value) }

// rawMarkdown is what {{{x}}} puts into a Markdown message: the value's own
// Markdown, as HTML and sanitised. A single paragraph is given without its <p>.
func (c *converter) rawMarkdown(value []byte, inline bool) []byte {
	var out bytes.Buffer
	if err := c.markdown.Convert(value, &out); err != nil {
		return appendHTML(nil, value, "\n")
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
func (c *converter) rawText(safe []byte) []byte {
	text, err := plain.FromHTML(string(safe))
	if err != nil {
		return nil
	}
	return []byte(text)
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

// textToHTML gives a plain-text message as paragraphs. Tokens pass unchanged.
func textToHTML(text string) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
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
