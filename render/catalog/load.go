package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/handlebars"
)

// Load reads a catalog and reports every fault of form at once, as a
// *LoadError. It does not compile templates: Bundle and Lint do.
func Load(fsys fs.FS) (*Catalog, error) {
	c, findings := Read(fsys)
	if faults := ErrorsOf(findings); len(faults) > 0 {
		return nil, &LoadError{Findings: faults}
	}
	return c, nil
}

// Read is Load that goes on in spite of faults: it returns what it could read, and what is wrong.
func Read(fsys fs.FS) (*Catalog, []Finding) {
	l := &loader{fsys: fsys, catalog: &Catalog{
		shortcuts: map[string]*Shortcut{}, snippets: map[string]*Snippet{}, emails: map[string]*EmailTemplate{},
		partials: map[string]string{}, attachments: map[string]Attachment{}, blobs: map[string][]byte{}, origins: map[string]origin{}, versions: map[string]string{},
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
	l.catalog.declared(l.closed)
	SortFindings(l.findings)
	return l.catalog, l.findings
}

// loader reads one folder.
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

// NormalText removes a byte order mark, and turns the line ends of Windows into plain ones.
func NormalText(data []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
}

func (l *loader) hash(file string, data []byte) {
	sum := sha256.Sum256(data)
	l.hashes = append(l.hashes, file+" "+hex.EncodeToString(sum[:]))
	l.catalog.versions[file] = Version(file, data)
}

// Version names the state of a file: its path and its bytes.
func Version(file string, data []byte) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s", file, data)
	return hex.EncodeToString(sum.Sum(nil)[:12])
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
	loadYAML(l, "shortcut", file, data, l.catalog.shortcuts)
}

func (l *loader) snippet(file string, data []byte) {
	loadYAML(l, "snippet", file, data, l.catalog.snippets)
}

// named is what a YAML file holds one of. Its default name is that of the file.
type named interface {
	nameField() *string
	faults() []fieldFault
	normalize(at positions) // after its faults were found; at follows
}

// loadYAML loads a shortcut or a snippet into all.
func loadYAML[T any, P interface {
	*T
	named
}](l *loader, kind, file string, data []byte, all map[string]P) {
	stem, ok := l.stem(file, ".yaml")
	if !ok {
		return
	}
	thing := P(new(T))
	at, findings := decodeYAML(file, data, 1, thing)
	l.findings = append(l.findings, findings...)
	name := thing.nameField()
	if *name == "" {
		*name = stem
	}
	l.report(file, at, thing.faults())
	thing.normalize(at)
	if l.claim(kind, *name, origin{file: file, line: 1, at: at}) {
		all[*name] = thing
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
	for key, name := range map[string]string{"replyShortcut": c.defaults.ReplyShortcut, "noteShortcut": c.defaults.NoteShortcut} {
		if name != "" && c.shortcuts[name] == nil {
			l.fault("defaults.yaml", c.origins[originKey("defaults", "")].at[key], "unknown_shortcut",
				fmt.Sprintf("unknown shortcut %s%s", handlebars.Quote(name), handlebars.DidYouMean(name, c.Shortcuts())))
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
