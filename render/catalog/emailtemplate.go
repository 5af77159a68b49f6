package catalog

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// EmailTemplate is an HTML page around a message: its Handlebars source prints {{{draft.htmlBody}}} at the place of
// the message.
type EmailTemplate struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	HTML        string `json:"html"`
	Text        string `json:"text,omitempty"` // the text alternative, with {{draft.textBody}}; empty: made from the HTML
	// Styles are put inline on elements of a Markdown message: "p" → "margin:0 0 16px". See also content.StyleKeys.
	Styles map[string]string `json:"styles,omitempty"`
}

// EmailTemplate returns an email template; an *UnknownError if there is none.
func (c *Catalog) EmailTemplate(name string) (EmailTemplate, error) {
	if t, ok := c.emails[name]; ok {
		return *t, nil
	}
	return EmailTemplate{}, &UnknownError{Kind: "email template", Name: name, Suggestion: handlebars.Suggest(name, c.EmailTemplates())}
}

// frontMatter is what may stand between "---" lines before the HTML.
type frontMatter struct {
	Description string            `json:"description"`
	Styles      map[string]string `json:"styles"`
}

// NoTemplate is the email template of a shortcut whose message is sent without one.
const NoTemplate = "none"

// parseEmailTemplate splits front matter from HTML. htmlLine is the line of
// the file on which the HTML begins.
func parseEmailTemplate(file, name string, data []byte) (t *EmailTemplate, htmlLine int, findings []Finding) {
	t = &EmailTemplate{Name: name}
	htmlLine = 1
	if rest, ok := bytes.CutPrefix(data, []byte("---\n")); ok {
		head, body, found := bytes.Cut(rest, []byte("\n---\n"))
		if !found {
			return t, 1, []Finding{{Severity: Error, Code: "front_matter", File: file, Line: 1,
				Message: `the front matter that begins here has no closing "---" line`}}
		}
		var meta frontMatter
		at, faults := decodeYAML(file, head, 2, &meta)
		findings = faults
		t.Description, t.Styles = meta.Description, meta.Styles
		for _, element := range slices.Sorted(maps.Keys(meta.Styles)) {
			if why := badStyle(element, meta.Styles[element]); why != "" {
				p := at["styles."+element]
				findings = append(findings, Finding{Severity: Error, Code: "style", File: file, Line: p.line, Column: p.column, Message: why})
			}
		}
		htmlLine = bytes.Count(head, []byte("\n")) + 4
		data = body
	}
	t.HTML = string(data)
	return t, htmlLine, findings
}

// badStyle says what is wrong with an entry of styles, or "".
func badStyle(element, style string) string {
	if !isStyled(element) {
		return fmt.Sprintf("styles: %s is no element that Markdown makes%s", handlebars.Quote(element), handlebars.DidYouMean(element, styledElements))
	}
	if strings.ContainsAny(style, "<>\"{}\n") {
		return fmt.Sprintf("styles: the style of %s holds a character that an attribute can't", element)
	}
	return ""
}

// styledElements are the elements that Markdown becomes, and the keys of buttons, callouts and first cells.
var styledElements = append([]string{
	"p", "a", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "pre", "code", "img",
	"table", "thead", "tbody", "tr", "th", "td", "strong", "em", "del",
}, content.StyleKeys()...)

func isStyled(element string) bool { return slices.Contains(styledElements, element) }
