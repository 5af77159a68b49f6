package preview

import (
	"bytes"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// chatMarkdown shows Markdown like chat windows do: a line break stays one, HTML is left out.
var chatMarkdown = sync.OnceValues(func() (goldmark.Markdown, *bluemonday.Policy) {
	return goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Linkify, extension.TaskList),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	), bluemonday.UGCPolicy()
})

// markdownHTML is Markdown as HTML that is harmless in any page.
func markdownHTML(text string) (string, error) {
	converter, policy := chatMarkdown()
	var out bytes.Buffer
	if err := converter.Convert([]byte(text), &out); err != nil {
		return "", err
	}
	return policy.SanitizeReader(&out).String(), nil
}
