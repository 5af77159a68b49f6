package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// Bundle is everything that one shortcut needs, pinned: what is rendered from it stays the same when the catalog
// changes. It is stored as JSON; the contents of attachments are stored separately, by their hashes.
type Bundle struct {
	Version     int                       `json:"version"` // of this form: 1
	Shortcut    Shortcut                  `json:"shortcut"`
	Snippets    map[string]*Snippet       `json:"snippets,omitempty"`
	Partials    map[string]string         `json:"partials,omitempty"`
	Emails      map[string]*EmailTemplate `json:"emails,omitempty"`
	Attachments []Attachment              `json:"attachments,omitempty"` // of all channels, sorted by name
	Dates       []string                  `json:"dates,omitempty"`       // fields that fields.yaml says hold dates, though their names don't, and that are printed; sorted
}

const bundleVersion = 1

// Bundle collects and compiles what the shortcut needs, so that faults show here: *UnknownError for a name that the
// catalog lacks, *TemplateError for a faulty template.
func (c *Catalog) Bundle(shortcut string) (*Bundle, error) {
	s, err := c.Shortcut(shortcut)
	if err != nil {
		return nil, err
	}
	return c.bundle(s)
}

// InlineBundle is Bundle for a shortcut that the caller gives. It may use the
// catalog's snippets, email templates and attachments.
func (c *Catalog) InlineBundle(s Shortcut) (*Bundle, error) {
	if s.Name == "" {
		s.Name = "inline"
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return c.bundle(s)
}

func (c *Catalog) bundle(s Shortcut) (*Bundle, error) {
	if s.EmailTemplate == "" {
		s.EmailTemplate = c.defaults.ReplyTemplate
	}
	if s.EmailTemplate == "" {
		s.EmailTemplate = NoTemplate
	}
	s.Channels = c.withNoteTemplate(s.Channels)
	b := &Bundle{Version: bundleVersion, Shortcut: s, Snippets: map[string]*Snippet{}, Partials: map[string]string{}, Emails: map[string]*EmailTemplate{}}
	var faults []error
	for _, source := range s.sources() {
		faults = append(faults, c.collect(b, source.Name, source.Text))
	}
	for _, channel := range Channels() {
		p := s.For(channel)
		if channel.Layout() {
			faults = append(faults, c.collectEmail(b, p.EmailTemplate))
		}
		for _, name := range p.Attachments {
			faults = append(faults, c.collectAttachment(b, name))
		}
	}
	faults = append(faults, c.collectPictures(b))
	if err := JoinFaults(faults); err != nil {
		return nil, err
	}
	return b, nil
}

// collectPictures adds the files of the catalog that emails show within their HTML.
func (c *Catalog) collectPictures(b *Bundle) error {
	email := b.Shortcut.For(Email)
	names := content.AttachedFiles(email.Message)
	for _, s := range b.Snippets {
		for _, text := range s.Texts {
			names = append(names, content.AttachedFiles(text)...)
		}
	}
	for _, text := range b.Partials {
		names = append(names, content.AttachedFiles(text)...)
	}
	if t := b.Emails[email.EmailTemplate]; t != nil {
		names = append(names, content.AttachedFiles(t.HTML)...)
	}
	slices.Sort(names)
	var faults []error
	for _, name := range slices.Compact(names) {
		if err := c.collectAttachment(b, name); err != nil {
			faults = append(faults, err)
			continue
		}
		for i := range b.Attachments {
			if a := &b.Attachments[i]; a.Name == name {
				a.ContentID = a.SHA256[:20] + "@herald"
			}
		}
	}
	return JoinFaults(faults)
}

// withNoteTemplate sets the catalog's template for notes that name none.
func (c *Catalog) withNoteTemplate(channels map[Channel]Override) map[Channel]Override {
	note := channels[Note]
	if note.EmailTemplate != nil {
		return channels
	}
	name := c.defaults.NoteTemplate
	if name == "" {
		name = NoTemplate
	}
	out := maps.Clone(channels)
	if out == nil {
		out = make(map[Channel]Override)
	}
	note.EmailTemplate = &name
	out[Note] = note
	return out
}

// collect compiles a source and adds everything that it refers to.
func (c *Catalog) collect(b *Bundle, name, text string) error {
	t, err := c.compilers.compile(name, text)
	if err != nil {
		return NewTemplateError(c, err)
	}
	refs := t.Refs()
	for _, path := range c.dates {
		if slices.Contains(refs.Fields, path) && !slices.Contains(b.Dates, path) {
			b.Dates = append(b.Dates, path)
			slices.Sort(b.Dates)
		}
	}
	for _, snippet := range refs.Snippets {
		if s := c.snippets[snippet]; s != nil {
			b.Snippets[snippet] = &Snippet{Name: snippet, Source: s.Source, Texts: s.Texts}
		}
	}
	partials := refs.Partials
	if refs.Dynamic {
		partials = slices.Sorted(maps.Keys(c.partials))
	}
	for _, partial := range partials {
		b.Partials[partial] = c.partials[partial]
	}
	if !refs.Dynamic {
		return nil
	}
	var faults []error
	for _, partial := range partials { // it may use any of them, with all that they refer to
		t, err := c.compilers.compile(partial, c.partials[partial])
		if err != nil {
			faults = append(faults, NewTemplateError(c, err))
			continue
		}
		for _, snippet := range t.Refs().Snippets {
			if s := c.snippets[snippet]; s != nil {
				b.Snippets[snippet] = &Snippet{Name: snippet, Source: s.Source, Texts: s.Texts}
			}
		}
	}
	return JoinFaults(faults)
}

func (c *Catalog) collectEmail(b *Bundle, name string) error {
	if name == "" || name == NoTemplate {
		return nil
	}
	t, ok := c.emails[name]
	if !ok {
		return &UnknownError{Kind: "email template", Name: name, Suggestion: handlebars.Suggest(name, c.EmailTemplates())}
	}
	b.Emails[name] = t
	faults := []error{c.collect(b, "emails/"+name, t.HTML)}
	if t.Text != "" {
		faults = append(faults, c.collect(b, "emails/"+name+".txt", t.Text))
	}
	return JoinFaults(faults)
}

func (c *Catalog) collectAttachment(b *Bundle, name string) error {
	a, ok := c.attachments[name]
	if !ok {
		return &UnknownError{Kind: "attachment", Name: name, Suggestion: handlebars.Suggest(name, slices.Sorted(maps.Keys(c.attachments)))}
	}
	at := len(b.Attachments)
	for i, other := range b.Attachments {
		if other.Name == name {
			return nil
		}
		if other.Name > name {
			at = min(at, i)
		}
	}
	b.Attachments = append(b.Attachments[:at], append([]Attachment{a}, b.Attachments[at:]...)...)
	return nil
}

// Texts returns every template of the bundle by its name.
func (b *Bundle) Texts() map[string]string {
	out := make(map[string]string)
	for _, source := range b.Shortcut.sources() {
		out[source.Name] = source.Text
	}
	for name, s := range b.Snippets {
		for language, text := range s.Texts {
			out[name+"@"+language] = text
		}
	}
	for name, text := range b.Partials {
		out[name] = text
	}
	for name, t := range b.Emails {
		out["emails/"+name] = t.HTML
		if t.Text != "" {
			out["emails/"+name+".txt"] = t.Text
		}
	}
	return out
}

// AttachmentsFor lists what the shortcut attaches on channel ch, in its order, followed by the pictures within an
// email's HTML.
func (b *Bundle) AttachmentsFor(ch Channel) []Attachment {
	var out []Attachment
	for _, name := range b.Shortcut.For(ch).Attachments {
		for _, a := range b.Attachments {
			if a.Name == name {
				a.ContentID = ""
				out = append(out, a)
			}
		}
	}
	if ch.Form() != FormHTML {
		return out
	}
	for _, a := range b.Attachments {
		if a.ContentID != "" {
			out = append(out, a)
		}
	}
	return out
}

// Pictures are the content ids of pictures within the HTML of emails, by the names of their files.
func (b *Bundle) Pictures() map[string]string {
	out := map[string]string{}
	for _, a := range b.Attachments {
		if a.ContentID != "" {
			out[a.Name] = a.ContentID
		}
	}
	return out
}

// Encode returns the bundle as JSON. Equal bundles give equal bytes.
func (b *Bundle) Encode() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil {
		panic("render: a bundle of texts must encode: " + err.Error())
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// Hash identifies the bundle: SHA-256 of its encoding, in hex.
func (b *Bundle) Hash() string {
	sum := sha256.Sum256(b.Encode())
	return hex.EncodeToString(sum[:])
}

// DecodeBundle reads what Encode wrote. It does not compile it; Open does.
func DecodeBundle(data []byte) (*Bundle, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	b := &Bundle{}
	if err := d.Decode(b); err != nil {
		return nil, fmt.Errorf("decode bundle: %w", err)
	}
	if b.Version != bundleVersion {
		return nil, fmt.Errorf("decode bundle: version %d, this program reads version %d", b.Version, bundleVersion)
	}
	if err := b.Shortcut.Validate(); err != nil {
		return nil, fmt.Errorf("decode bundle: %w", err)
	}
	return b, nil
}

// JoinFaults joins errors, each once: every text that uses a shared snippet meets its fault.
func JoinFaults(faults []error) error {
	seen := make(map[string]bool)
	var out []error
	for _, err := range faults {
		if err != nil && !seen[err.Error()] {
			seen[err.Error()] = true
			out = append(out, err)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return errors.Join(out...)
}

// Faults are the errors that err joins, however deep; of any other error, itself.
func Faults(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		if inner := errors.Unwrap(err); inner != nil {
			if all := Faults(inner); len(all) > 1 {
				return all
			}
		}
		return []error{err}
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, Faults(one)...)
	}
	return all
}

// FieldsOf lists the field paths that the bundle's templates name, as written there, without ../ and this.
func (c *Catalog) FieldsOf(b *Bundle) ([]string, error) {
	seen := make(map[string]bool)
	for name, text := range b.Texts() {
		t, err := c.compilers.compile(name, text)
		if err != nil {
			return nil, NewTemplateError(c, err)
		}
		for _, field := range t.Refs().Fields {
			seen[field] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}
