package lint

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// Options say how strict Lint is. Zero fields mean the defaults.
type Options struct {
	Segments int // an SMS text that may come to more is a warning; 3
	// Bulk wants of every email a visible link to unsubscribe, as mails to many need it.
	Bulk bool
	// Faults tells, of a shortcut that is in no file, what keeps its texts from compiling, too.
	Faults   bool
	Language string // render mails in this one alone; in all that the texts have when empty
	Texts    bool   // look at the texts alone: no mail is rendered, which takes most of the time
}

// Report is what Lint found.
type Report struct {
	Findings  []catalog.Finding `json:"findings"` // by file and line
	Shortcuts int               `json:"shortcuts"`
	Snippets  int               `json:"snippets"`
	Emails    int               `json:"emailTemplates"`
}

// Errors counts the findings of severity Error.
func (r *Report) Errors() int { return len(catalog.ErrorsOf(r.Findings)) }

// Folder checks a catalog: everything that keeps it from loading or compiling,
// and everything that a customer would notice. It never fails; what is wrong
// with the folder itself is a finding.
func Folder(fsys fs.FS, o Options) *Report {
	if o.Segments <= 0 {
		o.Segments = 3
	}
	c, findings := catalog.Read(fsys)
	l := newLinter(c, o)
	l.findings = explained(fsys, findings)
	l.run()
	catalog.SortFindings(l.findings)
	l.findings = slices.CompactFunc(l.findings, same)
	return &Report{Findings: l.findings, Shortcuts: len(c.Shortcuts()), Snippets: len(c.Snippets()), Emails: len(c.EmailTemplates())}
}

func newLinter(c *catalog.Catalog, o Options) *linter {
	return &linter{
		catalog: c, options: o, fields: c.Fields(), rows: rows(), own: c.OwnFields(), parameters: make(map[string]bool), inlines: make(map[string]bool), given: make(map[string]bool),
		reported: make(map[catalog.Finding]bool),
	}
}

// rows are the helpers by name.
var rows = sync.OnceValue(func() map[string]*helpers.Entry {
	out := make(map[string]*helpers.Entry)
	for _, h := range helpers.Table() {
		out[h.Name] = &h
	}
	return out
})

type linter struct {
	catalog    *catalog.Catalog
	options    Options
	findings   []catalog.Finding
	fields     *catalog.FieldIndex
	own        []catalog.Field // with samples
	rows       map[string]*helpers.Entry
	parameters map[string]bool // names that some call of a partial sets
	inlines    map[string]bool // names of inline partials
	given      map[string]bool // partials that some call gives another context than the message's
	reported   map[catalog.Finding]bool
}

// same says whether two findings tell the same.
func same(a, b catalog.Finding) bool {
	a.Fix, b.Fix = nil, nil
	return a == b
}

func (l *linter) add(f catalog.Finding) {
	key := f
	key.Fix = nil
	if !l.reported[key] {
		l.reported[key] = true
		l.findings = append(l.findings, f)
	}
}

// texts checks templates. compiled says that they are known to compile.
func (l *linter) texts(list []catalog.Text, compiled bool) []*text {
	texts := make([]*text, len(list))
	for i := range list {
		texts[i] = l.parse(&list[i])
		l.findParameters(texts[i])
	}
	for _, t := range texts {
		if t.Role == catalog.RolePartial && l.given[t.Name] {
			t.scopes.stack[0].known = false
		}
		t.check(compiled)
	}
	return texts
}

// findParameters notes the names that calls of partials set, and those of inline partials.
func (l *linter) findParameters(t *text) {
	if !strings.ContainsAny(t.Text.Text, ">*") {
		return
	}
	note := func(p *ast.PartialStatement) {
		if p.Hash != nil {
			for _, pair := range p.Hash.Pairs {
				l.parameters[pair.Key] = true
			}
		}
		if len(p.Params) > 0 || t.inBlock(p.Pos) {
			l.given[syntax.Original(p.Name)] = true
		}
	}
	syntax.Walk(t.tree.Program, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.PartialStatement:
			note(n)
		case *syntax.PartialBlock:
			note(&n.PartialStatement)
		case *syntax.Decorator:
			for _, p := range n.Expression.Params {
				l.inlines[syntax.Original(p)] = true
			}
		}
		return true
	})
}

// inBlock says whether a place is in a block that changes the context, or in a partial, which may be called anywhere.
func (t *text) inBlock(pos int) (in bool) {
	if t.Role == catalog.RolePartial {
		return true
	}
	syntax.Walk(t.tree.Program, func(n ast.Node) bool {
		if b, ok := n.(*ast.BlockStatement); ok && !in {
			at, tags := t.tree.Span(b), t.tree.Tags(b)
			row := t.rows[nameOf(b.Expression)]
			opens := row == nil || row.Name == "each" || row.Name == "with" || row.Name == "reverse" || row.Name == "sort"
			in = opens && tags.Open.End <= pos && pos < at.End
		}
		return !in
	})
	return in
}

func (l *linter) run() {
	l.unused(l.usedSnippets(l.texts(l.catalog.Texts(), false)))
	for s := range l.catalog.AllSnippets() {
		l.translations(s)
		l.snippetFields(s)
	}
	for s := range l.catalog.AllShortcuts() {
		l.shortcut(s)
	}
	for t := range l.catalog.AllEmailTemplates() {
		l.layout(t)
	}
	l.segments()
	if !l.options.Texts {
		l.mails(slices.Collect(l.catalog.AllShortcuts()))
	}
}

// translations wants every language of the catalog, and none out of date.
func (l *linter) translations(s *catalog.Snippet) {
	where := func(path string) (string, int, int) { return l.catalog.Where("snippet", s.Name, path) }
	subject := "snippet " + s.Name
	for _, language := range l.catalog.Defaults().Languages {
		tag, err := catalog.NormalLanguage(language)
		if err != nil {
			continue
		}
		if _, ok := s.Texts[tag]; !ok {
			file, _, _ := where("")
			l.add(catalog.Finding{Severity: catalog.Warning, Code: "missing_translation", File: file, Line: 1, Subject: subject,
				Message: fmt.Sprintf("%s has no text in %s; %s will be shown", s.Name, tag, s.Source)})
		}
	}
	for i, language := range s.Outdated {
		file, line, column := where(fmt.Sprintf("outdated.%d", i))
		l.add(catalog.Finding{Severity: catalog.Warning, Code: "outdated_translation", File: file, Line: line, Column: column, Subject: subject,
			Message: fmt.Sprintf("the text in %s is marked out of date", language)})
	}
}

func (l *linter) shortcut(s *catalog.Shortcut) {
	report := func(path string, severity catalog.Severity, code, format string, args ...any) {
		file, line, column := l.catalog.Where("shortcut", s.Name, path)
		l.add(catalog.Finding{Severity: severity, Code: code, File: file, Line: max(line, 1), Column: column,
			Message: fmt.Sprintf(format, args...), Subject: "shortcut " + s.Name})
	}
	file, _, _ := l.catalog.Where("shortcut", s.Name, "")
	torn := l.torn(file)
	says := s.Message != ""
	for _, over := range s.Channels {
		says = says || over.Message != nil && *over.Message != ""
	}
	if !says && !torn {
		report("name", catalog.Warning, "empty_message", "the shortcut has no message")
	}
	if s.Status == "done" && says {
		report("status", catalog.Warning, "done_with_message", "the shortcut sends a message and sets the status to done: Herald sends first, "+
			"other systems may lose the message")
	}
	if s.For(catalog.Email).Subject == "" && !torn && says && s.For(catalog.Email).Message != "" {
		report("message", catalog.Warning, "missing_subject", "an email of this shortcut has no subject")
	}
	types := catalog.FileTypes()
	for _, channel := range catalog.Channels() {
		total, limit := 0, channel.Files()
		at := "attachments"
		if over := s.Channels[channel]; over.Attachments != nil {
			at = "channels." + string(channel) + ".attachments"
		}
		for i, name := range s.For(channel).Attachments {
			a, ok := l.catalog.FindAttachment(name)
			if !ok {
				continue
			}
			total += a.Size
			item := fmt.Sprintf("%s.%d", at, i)
			if limit.File > 0 && a.Size > limit.File {
				report(item, catalog.Error, "attachment_too_large", "%s has %d bytes; a file may have %d", name, a.Size, limit.File)
			}
			if !slices.Contains(types, strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))) {
				report(item, catalog.Error, "attachment_type", "%s is of a type that a shortcut may not attach: want one of %s", name, strings.Join(types, ", "))
			}
		}
		if total > limit.Total {
			report(at+".0", catalog.Error, "attachments_too_large", "the attachments have %d bytes; a message may have %d", total, limit.Total)
		}
	}
}

// torn says whether some of a file was not understood: what seems to be missing
// may stand there.
func (l *linter) torn(file string) bool {
	return slices.ContainsFunc(l.findings, func(f catalog.Finding) bool {
		return f.File == file && (f.Code == "unknown_key" || f.Code == "empty_file" || strings.HasPrefix(f.Code, "yaml_"))
	})
}

// layout wants the message in every email template.
func (l *linter) layout(t *catalog.EmailTemplate) {
	check := func(name, text, field, written string) {
		compiled, err := l.catalog.Compile(name, text)
		if err != nil || compiled.Refs().Dynamic || slices.ContainsFunc(compiled.Refs().Fields, func(f string) bool {
			return f == "draft" || f == strings.TrimPrefix(field, "draft.") || strings.HasSuffix(f, field) // within {{#with draft}}, by @root, …
		}) {
			return
		}
		l.start(&catalog.Text{Name: name, Text: text, Subject: "email template " + t.Name}, catalog.Error, "no_body",
			"the template does not print %s: every mail would be blank", written)
	}
	check("emails/"+t.Name, t.HTML, "draft.htmlBody", "{{{draft.htmlBody}}}")
	if t.Text != "" {
		check("emails/"+t.Name+".txt", t.Text, "draft.textBody", "{{draft.textBody}}")
	}
}

// start reports something of a whole text, at its first character.
func (l *linter) start(p *catalog.Text, severity catalog.Severity, code, format string, args ...any) {
	f := catalog.Finding{Severity: severity, Code: code, Message: fmt.Sprintf(format, args...), Subject: p.Subject, Template: p.Name}
	f.File, f.Line, f.Column = l.catalog.Locate(p.Name, 1, 1)
	l.add(f)
}
