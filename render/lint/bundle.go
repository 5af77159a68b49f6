package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
)

// Bundle checks the texts of a shortcut and of all that it is made of: its snippets in every language, partials and email
// templates. c is the catalog that the bundle was collected from; findings are placed in its files where the text is
// from one. Nothing is rendered, so that it is cheap enough for every job; a bundle compiles, so there is nothing of
// what keeps a template from it.
func Bundle(c *catalog.Catalog, b *catalog.Bundle) []catalog.Finding {
	l := newLinter(c, Options{})
	texts := b.Shortcut.Texts()
	for _, name := range slices.Sorted(maps.Keys(b.Snippets)) {
		texts = append(texts, b.Snippets[name].Roles()...)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Emails)) {
		texts = append(texts, b.Emails[name].Roles(name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Partials)) {
		texts = append(texts, catalog.PartialText(name, b.Partials[name]))
	}
	l.texts(texts, true)
	for _, name := range slices.Sorted(maps.Keys(b.Emails)) {
		l.layout(b.Emails[name])
	}
	catalog.SortFindings(l.findings)
	return l.findings
}

// Advice is a finding about a shortcut that is in no file. Line and Column of
// the finding count in the text at Path.
type Advice struct {
	catalog.Finding
	Path string `json:"path"` // key in the shortcut: "message", "channels.sms.message"
}

// Shortcut checks the texts of a shortcut as Folder would if it were in the
// catalog: what a customer would notice, on ways through the text too that no
// sample takes. What keeps a text from compiling is left to InlineBundle, unless Options.Faults asks for it.
func Shortcut(c *catalog.Catalog, s catalog.Shortcut, o Options) []Advice {
	if o.Segments <= 0 {
		o.Segments = 3
	}
	with := c.With(s)
	l := newLinter(with, o)
	var out []Advice
	take := func(path string) {
		catalog.SortFindings(l.findings)
		for _, f := range l.findings {
			out = append(out, Advice{Finding: f, Path: path})
		}
		l.findings = nil
	}
	for _, p := range s.Texts() {
		_, err := c.Compile(p.Name, p.Text)
		if err != nil && !o.Faults {
			continue
		}
		l.texts([]catalog.Text{p}, err == nil)
		take(strings.TrimPrefix(p.Name, s.Name+"/"))
	}
	l.segments()
	take("channels.sms.message")
	if !o.Texts {
		l.mails([]*catalog.Shortcut{&s})
	}
	for _, f := range l.findings {
		path, ok := strings.CutPrefix(f.Template, s.Name+"/")
		if !ok { // of the layout or a snippet: told at the message, which is what its author has before them
			severity := f.Severity
			f.Severity = ""
			path, f = "message", catalog.Finding{Severity: severity, Code: f.Code, Line: 1, Column: 1, Subject: f.Subject, Message: f.String()}
		}
		out = append(out, Advice{Finding: f, Path: path})
	}
	l.findings = nil
	return out
}
