package render

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers"
)

// LintOptions say how strict Lint is. Zero fields mean the defaults.
type LintOptions struct {
	Segments int // an SMS text that may come to more is a warning; 3
}

// Report is what Lint found.
type Report struct {
	Findings  []Finding `json:"findings"` // by file and line
	Shortcuts int       `json:"shortcuts"`
	Snippets  int       `json:"snippets"`
	Emails    int       `json:"emailTemplates"`
}

// Errors counts the findings of severity Error.
func (r *Report) Errors() int { return len(errorsOf(r.Findings)) }

// Limits of what a shortcut may attach, on decoded bytes; delivery holds them too.
const (
	maxFileBytes  = 5 << 20
	maxTotalBytes = 9_961_472
)

// Lint checks a catalog: everything that keeps it from loading or compiling,
// and everything that a customer would notice. It never fails; what is wrong
// with the folder itself is a finding.
func Lint(fsys fs.FS, o LintOptions) *Report {
	if o.Segments <= 0 {
		o.Segments = 3
	}
	c, findings := loadCatalog(fsys)
	l := newLinter(c, o)
	l.findings = findings
	l.run()
	sortFindings(l.findings)
	l.findings = slices.Compact(l.findings)
	return &Report{Findings: l.findings, Shortcuts: len(c.shortcuts), Snippets: len(c.snippets), Emails: len(c.emails)}
}

func newLinter(c *Catalog, o LintOptions) *linter {
	l := &linter{
		catalog: c, options: o, fields: newFieldIndex(c.defaults.Fields),
		helpers: make(map[string]bool), parameters: make(map[string]bool), reported: make(map[Finding]bool),
	}
	for _, h := range helpers.Table() {
		l.helpers[h.Name] = true
	}
	return l
}

type linter struct {
	catalog    *Catalog
	options    LintOptions
	findings   []Finding
	fields     *fieldIndex
	helpers    map[string]bool
	parameters map[string]bool // names that some call of a partial sets
	reported   map[Finding]bool
}

// place is a template that is being checked.
type place struct {
	name    string // for Catalog.Locate
	text    string
	subject string // of findings
	role    role
}

type role uint8

const (
	roleText    role = iota // subjects, names, plain-text messages
	roleBody                // Markdown messages
	roleHTML                // HTML messages
	roleLayout              // email templates
	roleTwin                // their text
	rolePartial             // part of either
	roleSnippet
)

// at reports something at a byte offset of the place's text.
func (l *linter) at(p *place, pos int, severity Severity, code, format string, args ...any) {
	line, column := lineAndColumn(p.text, pos)
	l.located(p, line, column, severity, code, fmt.Sprintf(format, args...))
}

func (l *linter) located(p *place, line, column int, severity Severity, code, message string) {
	file, line, column := l.catalog.Locate(p.name, line, column)
	l.add(Finding{Severity: severity, Code: code, File: file, Line: line, Column: column, Message: message, Subject: p.subject})
}

func (l *linter) add(f Finding) {
	if !l.reported[f] {
		l.reported[f] = true
		l.findings = append(l.findings, f)
	}
}

func (l *linter) run() {
	places := l.places()
	for _, p := range places {
		l.findParameters(&p)
	}
	for _, p := range places {
		if l.compiles(&p) {
			l.expressions(&p)
			l.output(&p)
		}
	}
	for _, name := range l.catalog.Snippets() {
		l.translations(l.catalog.snippets[name])
	}
	for _, name := range l.catalog.Shortcuts() {
		l.shortcut(l.catalog.shortcuts[name])
	}
	for _, name := range l.catalog.EmailTemplates() {
		l.layout(l.catalog.emails[name])
	}
	l.segments()
}

// places lists every template of the catalog.
func (l *linter) places() []place {
	var out []place
	c := l.catalog
	for _, name := range c.Shortcuts() {
		out = append(out, c.shortcuts[name].places()...)
	}
	for _, name := range c.Snippets() {
		for _, language := range sortedKeys(c.snippets[name].Texts) {
			out = append(out, place{name + "@" + language, c.snippets[name].Texts[language], "snippet " + name, roleSnippet})
		}
	}
	for _, name := range c.EmailTemplates() {
		t := c.emails[name]
		out = append(out, place{"emails/" + name, t.HTML, "email template " + name, roleLayout})
		if t.Text != "" {
			out = append(out, place{"emails/" + name + ".txt", t.Text, "email template " + name, roleTwin})
		}
	}
	for _, name := range sortedKeys(c.partials) {
		out = append(out, place{name, c.partials[name], "partial " + name, rolePartial})
	}
	return out
}

// places lists the texts of a shortcut.
func (s *Shortcut) places() []place {
	var out []place
	for _, source := range s.sources() {
		r := roleText
		if path := strings.TrimPrefix(source.name, s.Name+"/"); strings.HasSuffix(path, "message") {
			r = roleOf(s.formatAt(path))
		}
		out = append(out, place{source.name, source.text, "shortcut " + s.Name, r})
	}
	return out
}

// formatAt is the format of the message at a key path.
func (s *Shortcut) formatAt(path string) Format {
	for _, c := range Channels() {
		if p := s.For(c); p.path["message"] == path {
			return p.Format
		}
	}
	return s.For(Email).Format
}

func roleOf(f Format) role {
	switch f {
	case HTML:
		return roleHTML
	case Text:
		return roleText
	}
	return roleBody
}

// compiles reports the error that keeps a template from compiling. One that
// lies in a snippet or partial is found there.
func (l *linter) compiles(p *place) bool {
	_, err := l.catalog.compilers.compile(p.name, p.text)
	if err == nil {
		return true
	}
	var fault *TemplateError
	if errors.As(templateError(l.catalog, nil, err), &fault) {
		l.add(Finding{Severity: Error, Code: fault.Code, File: fault.File, Line: fault.Line, Column: fault.Column, Message: fault.Message, Subject: p.subjectOf(fault)})
	} else {
		l.located(p, 1, 1, Error, "template", err.Error())
	}
	return false
}

func (p *place) subjectOf(fault *TemplateError) string {
	if name, _, ok := strings.Cut(fault.Template, "@"); ok {
		return "snippet " + name
	}
	return p.subject
}

// translations wants every language of the catalog, and none out of date.
func (l *linter) translations(s *Snippet) {
	o := l.catalog.origins[originKey("snippet", s.Name)]
	subject := "snippet " + s.Name
	for _, language := range l.catalog.defaults.Languages {
		tag, err := normalLanguage(language)
		if err != nil {
			continue
		}
		if _, ok := s.Texts[tag]; !ok {
			l.add(Finding{Severity: Warning, Code: "missing_translation", File: o.file, Line: 1, Subject: subject,
				Message: fmt.Sprintf("%s has no text in %s; %s will be shown", s.Name, tag, s.Source)})
		}
	}
	for i, language := range s.Outdated {
		pos := o.at[fmt.Sprintf("outdated.%d", i)]
		l.add(Finding{Severity: Warning, Code: "outdated_translation", File: o.file, Line: pos.line, Column: pos.column, Subject: subject,
			Message: fmt.Sprintf("the text in %s is marked out of date", language)})
	}
}

func (l *linter) shortcut(s *Shortcut) {
	o := l.catalog.origins[originKey("shortcut", s.Name)]
	report := func(path string, severity Severity, code, format string, args ...any) {
		pos := o.at[path]
		l.add(Finding{Severity: severity, Code: code, File: o.file, Line: max(pos.line, 1), Column: pos.column,
			Message: fmt.Sprintf(format, args...), Subject: "shortcut " + s.Name})
	}
	torn := l.torn(o.file)
	says := s.Message != ""
	for _, over := range s.Channels {
		says = says || over.Message != nil && *over.Message != ""
	}
	if !says && !torn {
		report("name", Warning, "empty_message", "the shortcut has no message")
	}
	if s.Status == "done" && says {
		report("status", Warning, "done_with_message", "the shortcut sends a message and sets the status to done: Herald sends first, "+
			"other systems may lose the message")
	}
	if s.For(Email).Subject == "" && !torn && says && s.For(Email).Message != "" {
		report("message", Warning, "missing_subject", "an email of this shortcut has no subject")
	}
	for _, channel := range Channels() {
		total := 0
		path := "attachments"
		if over := s.Channels[channel]; over.Attachments != nil {
			path = "channels." + string(channel) + ".attachments"
		}
		for i, name := range s.For(channel).Attachments {
			a, ok := l.catalog.attachments[name]
			if !ok {
				continue
			}
			total += a.Size
			item := fmt.Sprintf("%s.%d", path, i)
			if a.Size > maxFileBytes {
				report(item, Error, "attachment_too_large", "%s has %d bytes; a file may have %d", name, a.Size, maxFileBytes)
			}
			if a.Type == "application/octet-stream" || a.Type == "image/gif" {
				report(item, Error, "attachment_type", "%s is of a type that a shortcut may not attach: want pdf, doc, docx, xls, xlsx, zip, txt, mov, mp4, png, or jpg", name)
			}
		}
		if total > maxTotalBytes {
			report(path+".0", Error, "attachments_too_large", "the attachments have %d bytes; a message may have %d", total, maxTotalBytes)
		}
	}
}

// torn says whether some of a file was not understood: what seems to be missing
// may stand there.
func (l *linter) torn(file string) bool {
	return slices.ContainsFunc(l.findings, func(f Finding) bool {
		return f.File == file && (f.Code == "unknown_key" || f.Code == "empty_file" || strings.HasPrefix(f.Code, "yaml_"))
	})
}

// layout wants the message in every email template.
func (l *linter) layout(t *EmailTemplate) {
	check := func(name, text, field, written string) {
		compiled, err := l.catalog.compilers.compile(name, text)
		if err != nil || slices.Contains(compiled.Refs().Fields, field) || compiled.Refs().Dynamic {
			return
		}
		p := place{name: name, text: text, subject: "email template " + t.Name}
		l.located(&p, 1, 1, Error, "no_body", "the template does not print "+written+": every mail would be blank")
	}
	check("emails/"+t.Name, t.HTML, "draft.htmlBody", "{{{draft.htmlBody}}}")
	if t.Text != "" {
		check("emails/"+t.Name+".txt", t.Text, "draft.textBody", "{{draft.textBody}}")
	}
}
