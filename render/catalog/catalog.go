package catalog

import (
	"fmt"
	"iter"
	"maps"
	"slices"

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
	versions    map[string]string // of files, by path
	hash        string
	compilers   *compilers
	own         OwnFields
	ownFields   []Field  // of own and defaults
	dates       []string // paths of fields that are declared as dates although their names don't say so
	fields      *FieldIndex
}

// Defaults are what shortcuts may leave out, and what Lint requires of the catalog.
type Defaults struct {
	ReplyTemplate string   `json:"replyTemplate,omitempty"` // email template of shortcuts without one
	NoteTemplate  string   `json:"noteTemplate,omitempty"`  // email template whose text, as Markdown, notes are set into
	ReplyShortcut string   `json:"replyShortcut,omitempty"` // shortcut of messages that say nothing of their own
	NoteShortcut  string   `json:"noteShortcut,omitempty"`  // likewise, of notes
	Categories    []string `json:"categories,omitempty"`    // paths such as "Orders/Delays", in the order that lists show
	Languages     []string `json:"languages,omitempty"`     // every snippet should have a text in each
	Fields        []string `json:"fields,omitempty"`        // paths that contexts have besides those of Fields; "order.*" for all below
}

// origin is the file that something was loaded from.
type origin struct {
	file string
	line int // of the first line of a template that is a file of its own
	at   positions
}

// Hash identifies what the catalog was loaded from: equal files, equal hash.
func (c *Catalog) Hash() string { return c.hash }

// Fields are the fields that templates may use.
func (c *Catalog) Fields() *FieldIndex { return c.fields }

// Defaults are what shortcuts may leave out.
func (c *Catalog) Defaults() Defaults { return c.defaults }

// Shortcuts lists the names of all shortcuts, sorted.
func (c *Catalog) Shortcuts() []string { return slices.Sorted(maps.Keys(c.shortcuts)) }

// ShortcutsFor lists the names of the shortcuts that actor a may use, sorted.
func (c *Catalog) ShortcutsFor(a Actor) []string {
	var names []string
	for _, name := range c.Shortcuts() {
		if c.shortcuts[name].VisibleTo(a) {
			names = append(names, name)
		}
	}
	return names
}

// DefaultShortcut is the shortcut of messages on a channel that name none and have no text; "" if there is none.
func (c *Catalog) DefaultShortcut(channel Channel) string {
	if channel == Note {
		return c.defaults.NoteShortcut
	}
	return c.defaults.ReplyShortcut
}

// HasSnippet says whether there is a snippet of that name.
func (c *Catalog) HasSnippet(name string) bool { return c.snippets[name] != nil }

// Snippets lists the names of all snippets, sorted.
func (c *Catalog) Snippets() []string { return slices.Sorted(maps.Keys(c.snippets)) }

// EmailTemplates lists the names of all email templates, sorted.
func (c *Catalog) EmailTemplates() []string { return slices.Sorted(maps.Keys(c.emails)) }

// AllShortcuts yields every shortcut, by name. They belong to the catalog: don't change them.
func (c *Catalog) AllShortcuts() iter.Seq[*Shortcut] { return sorted(c.shortcuts) }

// AllSnippets yields every snippet, in the same way.
func (c *Catalog) AllSnippets() iter.Seq[*Snippet] { return sorted(c.snippets) }

// AllEmailTemplates yields every email template, in the same way.
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

// Where is the place of a key in the file of a "shortcut", "snippet" or other kind. line is 0 if the file has no such
// key; file is empty if there is no file.
func (c *Catalog) Where(kind, name, path string) (file string, line, column int) {
	o := c.origins[originKey(kind, name)]
	pos := o.at[path]
	return o.file, pos.line, pos.column
}

// Version is that of the file of a "shortcut" or "snippet"; "" if there is none.
func (c *Catalog) Version(kind, name string) string {
	return c.versions[c.origins[originKey(kind, name)].file]
}

// With returns a catalog with s as its only shortcut, which is in no file.
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

// UnknownError is a name that the catalog lacks.
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

// originKey is a key of Catalog.origins.
func originKey(kind, name string) string { return kind + "\x00" + name }
