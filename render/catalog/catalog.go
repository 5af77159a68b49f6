package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/handlebars"
)

// Catalog is a folder of templates, loaded once and immutable:
//
//	shortcuts/**/*.yaml     a shortcut a file
//	snippets/**/*.yaml      a snippet a file
//	emails/*.hbs            email templates, *.txt.hbs their text twins
//	emails/partials/*.hbs   partials
//	attachments/*           files that shortcuts attach
//	defaults.yaml           what shortcuts leave open
//	fields.yaml             the fields of one's own
//
// It is safe for concurrent use.
type Catalog struct {
	shortcuts   map[string]*Shortcut
	snippets    map[string]*Snippet
	emails      map[string]*EmailTemplate
	partials    map[string]string
	attachments map[string]Attachment // by name
	blobs       map[string][]byte     // by SHA-256
	defaults    Defaults
	origins     map[string]origin // by kind and name, see originKey
	hash        string
	compilers   *compilers
	own         OwnFields
	fields      *FieldIndex
}

// Defaults are what shortcuts leave open, and what Lint holds the catalog to.
type Defaults struct {
	ReplyTemplate string   `json:"replyTemplate,omitempty"` // email template of shortcuts that name none
	NoteTemplate  string   `json:"noteTemplate,omitempty"`  // email template whose text, as Markdown, notes are set into
	Languages     []string `json:"languages,omitempty"`     // every snippet should have a text in each
	Fields        []string `json:"fields,omitempty"`        // paths that contexts have besides those of Fields; "order.*" for all below
}

// origin is where something was loaded from.
type origin struct {
	file string
	line int // of the first line of a template that is a file of its own
	at   positions
}

// Load reads a catalog and reports every fault of form at once, as a
// *CatalogError. It does not compile templates: Bundle and Lint do.
func Load(fsys fs.FS) (*Catalog, error) {
	c, findings := Read(fsys)
	if faults := ErrorsOf(findings); len(faults) > 0 {
		return nil, &LoadError{Findings: faults}
	}
	return c, nil
}

// Read is LoadCatalog that goes on in spite of faults: it returns what it could read, and what is wrong.
func Read(fsys fs.FS) (*Catalog, []Finding) {
	l := &loader{fsys: fsys, catalog: &Catalog{
		shortcuts: map[string]*Shortcut{}, snippets: map[string]*Snippet{}, emails: map[string]*EmailTemplate{},
		partials: map[string]string{}, attachments: map[string]Attachment{}, blobs: map[string][]byte{}, origins: map[string]origin{},
	}}
	l.defaults()
	l.ownFields()
	l.walk("shortcuts", l.shortcut)
	l.walk("snippets", l.snippet)
	l.walk("emails", l.email)
	l.walk("attachments", l.attachment)
	l.twins()
	l.references()
	sort.Strings(l.hashes)
	sum := sha256.Sum256([]byte(strings.Join(l.hashes, "\n")))
	l.catalog.hash = hex.EncodeToString(sum[:])
	l.catalog.compilers = newCompilers(l.catalog)
	l.catalog.fields = newFieldIndex(l.catalog.OwnFields(), l.closed)
	SortFindings(l.findings)
	return l.catalog, l.findings
}

// Hash identifies what the catalog was loaded from: equal files, equal hash.
func (c *Catalog) Hash() string { return c.hash }

// Fields are the fields that templates may use.
func (c *Catalog) Fields() *FieldIndex { return c.fields }

// Defaults are what shortcuts leave open.
func (c *Catalog) Defaults() Defaults { return c.defaults }

// Shortcuts lists the names of all shortcuts, sorted.
func (c *Catalog) Shortcuts() []string { return slices.Sorted(maps.Keys(c.shortcuts)) }

// ShortcutsFor lists the names of the shortcuts that a may use, sorted.
func (c *Catalog) ShortcutsFor(a Actor) []string {
	var names []string
	for _, name := range c.Shortcuts() {
		if c.shortcuts[name].VisibleTo(a) {
			names = append(names, name)
		}
	}
	return names
}

// HasSnippet says whether there is a snippet of that name.
func (c *Catalog) HasSnippet(name string) bool { return c.snippets[name] != nil }

// Snippets lists the names of all snippets, sorted.
func (c *Catalog) Snippets() []string { return slices.Sorted(maps.Keys(c.snippets)) }

// EmailTemplates lists the names of all email templates, sorted.
func (c *Catalog) EmailTemplates() []string { return slices.Sorted(maps.Keys(c.emails)) }

// AllShortcuts gives every shortcut, by name. They are the catalog's own: not to be changed.
func (c *Catalog) AllShortcuts() iter.Seq[*Shortcut] { return sorted(c.shortcuts) }

// AllSnippets gives every snippet, likewise.
func (c *Catalog) AllSnippets() iter.Seq[*Snippet] { return sorted(c.snippets) }

// AllEmailTemplates gives every email template, likewise.
func (c *Catalog) AllEmailTemplates() iter.Seq[*EmailTemplate] { return sorted(c.emails) }

func sorted[T any](m map[string]T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(m[name]) {
				return
			}
		}
	}
}

// Where is the place of a key in the file of a "shortcut", "snippet" or other kind of thing. line is 0 where the file
// has no such key; file is empty where the thing is in no file.
func (c *Catalog) Where(kind, name, path string) (file string, line, column int) {
	o := c.origins[originKey(kind, name)]
	pos := o.at[path]
	return o.file, pos.line, pos.column
}

// With returns a catalog that has s, which is in no file, as its only shortcut.
func (c *Catalog) With(s Shortcut) *Catalog {
	with := *c
	with.shortcuts = map[string]*Shortcut{s.Name: &s}
	with.origins = maps.Clone(c.origins)
	delete(with.origins, originKey("shortcut", s.Name))
	return &with
}

// Shortcut returns a shortcut as its author wrote it; an *UnknownError if
// there is none.
func (c *Catalog) Shortcut(name string) (Shortcut, error) {
	if s, ok := c.shortcuts[name]; ok {
		return *s, nil
	}
	return Shortcut{}, &UnknownError{Kind: "shortcut", Name: name, Suggestion: handlebars.Suggest(name, c.Shortcuts())}
}

// Snippet returns a snippet; an *UnknownError if there is none.
func (c *Catalog) Snippet(name string) (Snippet, error) {
	if s, ok := c.snippets[name]; ok {
		return *s, nil
	}
	return Snippet{}, &UnknownError{Kind: "snippet", Name: name, Suggestion: handlebars.Suggest(name, c.Snippets())}
}

// UnknownError is a name that stands for nothing in the catalog.
type UnknownError struct {
	Kind       string // "shortcut", "snippet", "email template", "attachment"
	Name       string
	Suggestion string // a name that may have been meant, or ""
}

func (e *UnknownError) Error() string {
	message := fmt.Sprintf("unknown %s %s", e.Kind, handlebars.Quote(e.Name))
	if e.Suggestion != "" {
		message += "; did you mean " + handlebars.Quote(e.Suggestion) + "?"
	}
	return message
}

// originKey names something in Catalog.origins.
func originKey(kind, name string) string { return kind + "\x00" + name }

type loader struct {
	fsys     fs.FS
	catalog  *Catalog
	findings []Finding
	hashes   []string
	twinText map[string]string // email name → text
	closed   bool              // fields.yaml lists all custom fields
}

func (l *loader) fault(file string, pos textPos, code, message string) {
	l.findings = append(l.findings, Finding{Severity: Error, Code: code, File: file, Line: pos.line, Column: pos.column, Message: message})
}

// walk calls load for every regular file below dir; a missing dir is empty.
func (l *loader) walk(dir string, load func(file string, data []byte)) {
	if _, err := fs.Stat(l.fsys, dir); err != nil {
		return
	}
	err := fs.WalkDir(l.fsys, dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			l.fault(file, textPos{}, "read", err.Error())
			return nil
		case file != dir && (strings.HasPrefix(entry.Name(), ".") || strings.HasSuffix(entry.Name(), "~")): // an editor's
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			l.fault(file, textPos{}, "read", "not a regular file")
			return nil
		}
		if info, err := entry.Info(); err == nil && info.Size() > maxAttachment {
			l.fault(file, textPos{}, "file_too_large", fmt.Sprintf("the file has %d bytes; at most %d are read", info.Size(), maxAttachment))
			return nil
		}
		data, err := fs.ReadFile(l.fsys, file)
		if err != nil {
			l.fault(file, textPos{}, "read", err.Error())
			return nil
		}
		l.hash(file, data)
		if dir != "attachments" && !utf8.Valid(data) {
			l.fault(file, textPos{}, "encoding", "the file is not UTF-8")
			return nil
		}
		if dir != "attachments" {
			data = NormalText(data)
		}
		load(file, data)
		return nil
	})
	if err != nil {
		l.fault(dir, textPos{}, "read", err.Error())
	}
}

// NormalText takes away a byte order mark and the line ends of Windows.
func NormalText(data []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
}

func (l *loader) hash(file string, data []byte) {
	sum := sha256.Sum256(data)
	l.hashes = append(l.hashes, file+" "+hex.EncodeToString(sum[:]))
}

func (l *loader) defaults() {
	const file = "defaults.yaml"
	data, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return
	}
	l.hash(file, data)
	at, findings := decodeYAML(file, NormalText(data), 1, &l.catalog.defaults)
	l.findings = append(l.findings, findings...)
	l.catalog.origins[originKey("defaults", "")] = origin{file: file, line: 1, at: at}
}

func (l *loader) ownFields() {
	const file = "fields.yaml"
	data, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return
	}
	l.hash(file, data)
	at, findings := decodeYAML(file, NormalText(data), 1, &l.catalog.own)
	l.findings = append(l.findings, findings...)
	l.report(file, at, l.catalog.own.faults())
	l.closed = !l.catalog.own.isEmpty()
	l.catalog.origins[originKey("fields", "")] = origin{file: file, line: 1, at: at}
}

// stem is the file's name without folders and the extension; false if it has
// another extension, which is then a fault.
func (l *loader) stem(file, extension string) (string, bool) {
	base := path.Base(file)
	stem, ok := strings.CutSuffix(base, extension)
	if !ok {
		l.fault(file, textPos{}, "file_name", fmt.Sprintf("only *%s files belong here", extension))
	}
	return stem, ok
}

func (l *loader) shortcut(file string, data []byte) {
	stem, ok := l.stem(file, ".yaml")
	if !ok {
		return
	}
	s := &Shortcut{}
	at, findings := decodeYAML(file, data, 1, s)
	l.findings = append(l.findings, findings...)
	if s.Name == "" {
		s.Name = stem
	}
	l.report(file, at, s.faults())
	if l.claim("shortcut", s.Name, origin{file: file, line: 1, at: at}) {
		l.catalog.shortcuts[s.Name] = s
	}
}

func (l *loader) snippet(file string, data []byte) {
	stem, ok := l.stem(file, ".yaml")
	if !ok {
		return
	}
	s := &Snippet{}
	at, findings := decodeYAML(file, data, 1, s)
	l.findings = append(l.findings, findings...)
	if s.Name == "" {
		s.Name = stem
	}
	l.report(file, at, s.faults())
	normal := make(map[string]string, len(s.Texts))
	for key, text := range s.Texts {
		if tag, err := NormalLanguage(key); err == nil {
			normal[tag] = text
			at["texts."+tag] = at["texts."+key]
		}
	}
	s.Texts = normal
	if tag, err := NormalLanguage(s.Source); err == nil {
		s.Source = tag
	}
	for i, key := range s.Outdated {
		if tag, err := NormalLanguage(key); err == nil {
			s.Outdated[i] = tag
		}
	}
	if l.claim("snippet", s.Name, origin{file: file, line: 1, at: at}) {
		l.catalog.snippets[s.Name] = s
	}
}

func (l *loader) email(file string, data []byte) {
	stem, ok := l.stem(file, ".hbs")
	if !ok {
		return
	}
	if path.Dir(file) == "emails/partials" {
		if l.claim("partial", stem, origin{file: file, line: 1}) {
			l.catalog.partials[stem] = string(data)
		}
		return
	}
	if name, isText := strings.CutSuffix(stem, ".txt"); isText {
		if l.twinText == nil {
			l.twinText = make(map[string]string)
		}
		if l.claim("email text", name, origin{file: file, line: 1}) {
			l.twinText[name] = string(data)
		}
		return
	}
	t, htmlLine, findings := parseEmailTemplate(file, stem, data)
	l.findings = append(l.findings, findings...)
	if l.claim("email", stem, origin{file: file, line: htmlLine}) {
		l.catalog.emails[stem] = t
	}
}

// claim registers a name, which must be the only one of its kind.
func (l *loader) claim(kind, name string, o origin) bool {
	key := originKey(kind, name)
	if other, taken := l.catalog.origins[key]; taken {
		l.fault(o.file, o.at["name"], "duplicate_name", fmt.Sprintf("the %s %s is already defined in %s", kind, handlebars.Quote(name), other.file))
		return false
	}
	l.catalog.origins[key] = o
	return true
}

func (l *loader) report(file string, at positions, faults []fieldFault) {
	for _, f := range faults {
		pos := at[f.path]
		if pos.line == 0 {
			pos.line = 1
		}
		l.fault(file, pos, f.code, f.message)
	}
}

// twins joins text twins to their email templates.
func (l *loader) twins() {
	for _, name := range slices.Sorted(maps.Keys(l.twinText)) {
		if t, ok := l.catalog.emails[name]; ok {
			t.Text = l.twinText[name]
			continue
		}
		l.fault(l.catalog.origins[originKey("email text", name)].file, textPos{}, "unknown_template",
			fmt.Sprintf("there is no emails/%s.hbs that this is the text of", name))
	}
}

// references checks that email templates and attachments that shortcuts name exist.
func (l *loader) references() {
	c := l.catalog
	for _, name := range c.Shortcuts() {
		s, o := c.shortcuts[name], c.origins[originKey("shortcut", name)]
		check := func(path, template string) {
			if template == "" || template == NoTemplate || c.emails[template] != nil {
				return
			}
			l.fault(o.file, o.at[path], "unknown_template", fmt.Sprintf("unknown email template %s%s", handlebars.Quote(template), handlebars.DidYouMean(template, c.EmailTemplates())))
		}
		files := func(path string, names []string) {
			for i, attachment := range names {
				if _, ok := c.attachments[attachment]; !ok && isFileName(attachment) {
					l.fault(o.file, o.at[fmt.Sprintf("%s.%d", path, i)], "unknown_attachment",
						fmt.Sprintf("there is no file attachments/%s%s", attachment, handlebars.DidYouMean(attachment, slices.Sorted(maps.Keys(c.attachments)))))
				}
			}
		}
		check("emailTemplate", s.EmailTemplate)
		files("attachments", s.Attachments)
		for _, channel := range slices.Sorted(maps.Keys(s.Channels)) {
			over := s.Channels[channel]
			if over.EmailTemplate != nil {
				check("channels."+string(channel)+".emailTemplate", *over.EmailTemplate)
			}
			if over.Attachments != nil {
				files("channels."+string(channel)+".attachments", *over.Attachments)
			}
		}
	}
	for key, t := range map[string]string{"replyTemplate": c.defaults.ReplyTemplate, "noteTemplate": c.defaults.NoteTemplate} {
		pos := c.origins[originKey("defaults", "")].at[key]
		switch {
		case t == "":
		case c.emails[t] == nil:
			l.fault("defaults.yaml", pos, "unknown_template", fmt.Sprintf("unknown email template %s%s", handlebars.Quote(t), handlebars.DidYouMean(t, c.EmailTemplates())))
		case key == "noteTemplate" && c.emails[t].Text == "":
			l.fault("defaults.yaml", pos, "unknown_template", fmt.Sprintf("the email template %s has no text: write emails/%s.txt.hbs", handlebars.Quote(t), t))
		}
	}
}
