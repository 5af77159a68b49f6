package preview

import (
	"bytes"
	"context"
	"html/template"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/meter"
)

// chatMarkdown shows Markdown like chat windows do: a line break stays one, HTML is left out.
var chatMarkdown = sync.OnceValues(func() (goldmark.Markdown, *bluemonday.Policy) {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify, extension.TaskList),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	), bluemonday.UGCPolicy()
})

// maxMarkdown bounds the work on Markdown that is shown, in steps.
const maxMarkdown = 1_000_000

// markdownHTML is Markdown as HTML that is harmless in any page. What would take very long is shown as its text.
func markdownHTML(ctx context.Context, text string) (string, error) {
	if err := content.CheckMarkdown(meter.New(ctx, maxMarkdown), text); err != nil {
		return "<pre>" + template.HTMLEscapeString(text) + "</pre>", ctx.Err()
	}
	converter, policy := chatMarkdown()
	var out bytes.Buffer
	if err := converter.Convert([]byte(text), &out); err != nil {
		return "", err
	}
	return policy.SanitizeReader(&out).String(), nil
}
