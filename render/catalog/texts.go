package catalog

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// Text is one Handlebars text of a catalog.
type Text struct {
	Name    string // as Locate and issues name it: "order-delayed/message", "sn.greeting@de", "emails/default"
	Text    string
	Subject string // what it belongs to, for findings: "shortcut order-delayed"
	Role    Role
}

// Role is what a text is for.
type Role uint8

// The roles.
const (
	RoleText    Role = iota // subjects, names, plain-text messages
	RoleBody                // Markdown messages
	RoleHTML                // HTML messages
	RoleLayout              // email templates
	RoleTwin                // their text
	RolePartial             // part of either
	RoleSnippet
)

// Texts lists every template of the catalog.
func (c *Catalog) Texts() []Text {
	var out []Text
	for s := range c.AllShortcuts() {
		out = append(out, s.Texts()...)
	}
	for s := range c.AllSnippets() {
		out = append(out, s.Roles()...)
	}
	for _, name := range c.EmailTemplates() {
		out = append(out, c.emails[name].Roles(name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.partials)) {
		out = append(out, PartialText(name, c.partials[name]))
	}
	return out
}

// Roles lists the texts of a snippet, by language.
func (s *Snippet) Roles() []Text {
	var out []Text
	for _, language := range slices.Sorted(maps.Keys(s.Texts)) {
		out = append(out, Text{s.Name + "@" + language, s.Texts[language], "snippet " + s.Name, RoleSnippet})
	}
	return out
}

// Roles lists the texts of an email template.
func (t *EmailTemplate) Roles(name string) []Text {
	out := []Text{{"emails/" + name, t.HTML, "email template " + name, RoleLayout}}
	if t.Text != "" {
		out = append(out, Text{"emails/" + name + ".txt", t.Text, "email template " + name, RoleTwin})
	}
	return out
}

// PartialText is the text of a partial.
func PartialText(name, text string) Text { return Text{name, text, "partial " + name, RolePartial} }

// Texts lists the texts of a shortcut.
func (s *Shortcut) Texts() []Text {
	var out []Text
	for _, source := range s.sources() {
		r := RoleText
		if path := strings.TrimPrefix(source.Name, s.Name+"/"); strings.HasSuffix(path, "message") {
			r = roleOf(s.formatAt(path))
		}
		out = append(out, Text{source.Name, source.Text, "shortcut " + s.Name, r})
	}
	return out
}

// formatAt is the format of the message at a key path.
func (s *Shortcut) formatAt(path string) content.Format {
	for _, c := range Channels() {
		if p := s.For(c); p.path["message"] == path {
			return p.Format
		}
	}
	return s.For(Email).Format
}

func roleOf(f content.Format) Role {
	switch f {
	case content.HTML:
		return RoleHTML
	case content.Text:
		return RoleText
	}
	return RoleBody
}

// CompileFaults are the errors that keep a text from compiling. A fault of a snippet or partial has its place there.
func (c *Catalog) CompileFaults(t Text) []Finding {
	_, err := c.Compile(t.Name, t.Text)
	var e *handlebars.Error
	if errors.As(err, &e) {
		out := []Finding{c.compileFault(t, e)}
		for _, more := range e.More {
			out = append(out, c.compileFault(t, more))
		}
		return out
	}
	if err == nil {
		return nil
	}
	f := Finding{Severity: Error, Code: "template", Message: err.Error(), Subject: t.Subject}
	f.File, f.Line, f.Column = c.Locate(t.Name, 1, 1)
	return []Finding{f}
}

func (c *Catalog) compileFault(t Text, e *handlebars.Error) Finding {
	f := Finding{Severity: Error, Code: string(e.Code), Message: e.Message, Subject: t.Subject}
	f.File, f.Line, f.Column = c.Locate(e.Template, e.Line, e.Column)
	if name, _, ok := strings.Cut(e.Template, "@"); ok {
		f.Subject = "snippet " + name
	}
	return f
}
