package api

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// ShortcutSummary is a shortcut in a list.
type ShortcutSummary struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Category    string   `json:"category,omitempty"`
	Subcategory string   `json:"subcategory,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Title       string   `json:"title" doc:"The name with its snippets in the reader's language"`
	Excerpt     string   `json:"excerpt,omitempty" doc:"Of the message, where the query was found in it"`
}

type shortcutsInput struct {
	Query  string `query:"q" maxLength:"200" doc:"Words that the name, description, category, tags, subject or message must all have; the best first"`
	Locale string `query:"locale" maxLength:"64" doc:"The reader's language; the server's when missing"`
	As     string `query:"as" maxLength:"2000" doc:"Only what this user, in these teams, may use: names with commas between"`
}

type shortcutsOutput struct {
	Body struct {
		Shortcuts  []ShortcutSummary `json:"shortcuts"`
		Categories []string          `json:"categories" doc:"Paths of the categories, in the order of lists"`
	}
}

func (p *Preview) listShortcuts(_ context.Context, in *shortcutsInput) (*shortcutsOutput, error) {
	c, as := p.options.Catalog(), catalog.ActorOf(in.As)
	out := &shortcutsOutput{}
	out.Body.Shortcuts, out.Body.Categories = []ShortcutSummary{}, []string{}
	for _, m := range c.Search(in.Query, cmp.Or(in.Locale, p.options.Locale), as) {
		s := m.Shortcut
		out.Body.Shortcuts = append(out.Body.Shortcuts, ShortcutSummary{s.Name, s.Description, s.Category, s.Subcategory, s.Tags, m.Title, m.Excerpt})
	}
	tree := c.Categories(as)
	tree.Walk(func(one *catalog.Category) {
		if one.Path != "" {
			out.Body.Categories = append(out.Body.Categories, one.Path)
		}
	})
	return out, nil
}

type shortcutInput struct {
	Name string `path:"name" maxLength:"128"`
}

type shortcutOutput struct {
	Body struct {
		Shortcut catalog.Shortcut `json:"shortcut"`
		File     string           `json:"file" doc:"Below the templates' folder"`
		Version  string           `json:"version" doc:"Of the file: what If-Match takes, in quotes, when the shortcut is saved"`
	}
}

func (p *Preview) getShortcut(_ context.Context, in *shortcutInput) (*shortcutOutput, error) {
	c := p.options.Catalog()
	s, err := c.Shortcut(in.Name)
	if err != nil {
		return nil, unknownName(err)
	}
	out := &shortcutOutput{}
	out.Body.Shortcut = s
	out.Body.File, _, _ = c.Locate(s.Name+"/name", 1, 1)
	out.Body.Version = c.Version("shortcut", s.Name)
	return out, nil
}

type snippetsOutput struct {
	Body struct {
		Snippets  []catalog.Snippet `json:"snippets"`
		Languages []string          `json:"languages" doc:"In which there are texts, those of defaults.yaml first"`
	}
}

func (p *Preview) listSnippets(context.Context, *struct{}) (*snippetsOutput, error) {
	c := p.options.Catalog()
	out := &snippetsOutput{}
	out.Body.Snippets = []catalog.Snippet{}
	for _, name := range c.Snippets() {
		s, err := c.Snippet(name)
		if err != nil {
			return nil, err
		}
		out.Body.Snippets = append(out.Body.Snippets, s)
	}
	out.Body.Languages = languages(c)
	return out, nil
}

type snippetOutput struct {
	Body struct {
		Snippet catalog.Snippet `json:"snippet"`
		File    string          `json:"file" doc:"Below the templates' folder"`
		Version string          `json:"version" doc:"Of the file: what If-Match takes, in quotes, when the snippet is saved"`
	}
}

func (p *Preview) getSnippet(_ context.Context, in *shortcutInput) (*snippetOutput, error) {
	c := p.options.Catalog()
	s, err := c.Snippet(in.Name)
	if err != nil {
		return nil, unknownName(err)
	}
	out := &snippetOutput{}
	out.Body.Snippet, out.Body.Version = s, c.Version("snippet", s.Name)
	out.Body.File, _, _ = c.Where("snippet", s.Name, "name")
	return out, nil
}

type usesOutput struct {
	Body struct {
		Uses []catalog.Use `json:"uses" doc:"Shortcuts, snippets, email templates and partials that show it"`
	}
}

func (p *Preview) snippetUses(_ context.Context, in *shortcutInput) (*usesOutput, error) {
	c := p.options.Catalog()
	if _, err := c.Snippet(in.Name); err != nil {
		return nil, unknownName(err)
	}
	out := &usesOutput{}
	out.Body.Uses = append([]catalog.Use{}, c.Uses(in.Name)...)
	return out, nil
}

// languages are those of the texts in the catalog, first those that it must have.
func languages(c *catalog.Catalog) []string {
	out := append([]string{}, c.Defaults().Languages...) // a list, also where it is empty
	var others []string
	for _, name := range c.Snippets() {
		s, err := c.Snippet(name)
		if err != nil {
			continue
		}
		for language := range s.Texts {
			if !slices.Contains(out, language) && !slices.Contains(others, language) {
				others = append(others, language)
			}
		}
	}
	slices.Sort(others)
	return append(out, others...)
}

// FieldEntry is a field that templates may use.
type FieldEntry struct {
	Name string `json:"name" doc:"As people call it"`
	Path string `json:"path" doc:"<klass> and <name> stand for any name, <item> for what is in a list, .* for all below"`
	Type string `json:"type"`
	Doc  string `json:"doc,omitempty"`

	Optional bool     `json:"optional,omitempty" doc:"It may be missing"`
	Values   []string `json:"values,omitempty" doc:"The only ones"`
}

type fieldsOutput struct {
	Body struct {
		Fields []FieldEntry `json:"fields"`
	}
}

func (p *Preview) listFields(context.Context, *struct{}) (*fieldsOutput, error) {
	out := &fieldsOutput{}
	for _, f := range p.options.Catalog().FieldList() {
		out.Body.Fields = append(out.Body.Fields, FieldEntry{f.Name, f.Path, string(f.Type), f.Doc, f.Optional, f.Values})
	}
	return out, nil
}

// HelperEntry is a helper that templates may use.
type HelperEntry struct {
	Name      string          `json:"name"`
	Signature string          `json:"signature"`
	Doc       string          `json:"doc"`
	BuiltIn   bool            `json:"builtIn" doc:"Of the language itself"`
	Examples  []HelperExample `json:"examples"`
}

// HelperExample shows a helper at work.
type HelperExample struct {
	Template string `json:"template"`
	Context  string `json:"context,omitempty"`
	Locale   string `json:"locale,omitempty"`
	Timezone string `json:"timezone,omitempty"`
	Output   string `json:"output"`
}

type helpersOutput struct {
	Body struct {
		Helpers []HelperEntry `json:"helpers"`
	}
}

func (p *Preview) listHelpers(context.Context, *struct{}) (*helpersOutput, error) {
	out := &helpersOutput{}
	for _, e := range helpers.Table() {
		entry := HelperEntry{e.Name, e.Signature, e.Doc, e.BuiltIn, make([]HelperExample, len(e.Examples))}
		for i, x := range e.Examples {
			entry.Examples[i] = HelperExample{x.Template, x.Context, x.Locale, x.Timezone, x.Output}
		}
		out.Body.Helpers = append(out.Body.Helpers, entry)
	}
	return out, nil
}

// LayoutEntry is an email layout that shortcuts may name.
type LayoutEntry struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

type samplesOutput struct {
	Body struct {
		Context     Object               `json:"context" doc:"A sample recipient"`
		Audience    bool                 `json:"audience" doc:"Whether there is a sample audience"`
		Layouts     []LayoutEntry        `json:"layouts"`
		Layout      string               `json:"layout" doc:"Of shortcuts that name none"`
		Attachments []catalog.Attachment `json:"attachments" doc:"Files that shortcuts may attach"`
		Languages   []string             `json:"languages"`
		Locale      string               `json:"locale" doc:"Of recipients without their own"`
		Timezone    string               `json:"timezone" doc:"Of recipients without their own"`
		Editable    bool                 `json:"editable" doc:"Whether shortcuts and snippets can be saved (HERALD_EDITABLE)"`
	}
}

// Where a templates' folder has its samples.
const (
	sampleContext  = "samples/customer.json"
	sampleAudience = "samples/audience.csv"
)

func (p *Preview) getSamples(context.Context, *struct{}) (*samplesOutput, error) {
	c := p.options.Catalog()
	out := &samplesOutput{}
	b := &out.Body
	b.Context, b.Locale, b.Timezone = Object("{}"), p.options.Locale, p.options.Timezone
	if data, err := p.sample(sampleContext); err == nil && handlebars.ValidateJSON(data) == nil {
		b.Context = data
	}
	if data, err := c.SampleContext(b.Context); err == nil {
		b.Context = data
	}
	_, err := p.sample(sampleAudience)
	b.Audience = err == nil
	b.Layouts = []LayoutEntry{}
	for _, name := range c.EmailTemplates() {
		t, err := c.EmailTemplate(name)
		if err != nil {
			return nil, err
		}
		b.Layouts = append(b.Layouts, LayoutEntry{name, t.Description})
	}
	b.Editable = p.options.Folder != nil
	b.Layout, b.Attachments, b.Languages = c.Defaults().ReplyTemplate, append([]catalog.Attachment{}, c.Attachments()...), languages(c)
	return out, nil
}

func (p *Preview) sample(name string) ([]byte, error) {
	if p.options.Files == nil {
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(p.options.Files, name)
}

type audienceInput struct {
	Rows int `query:"rows" minimum:"1" maximum:"10000" default:"200" doc:"How many"`
}

type audienceOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (p *Preview) getAudience(_ context.Context, in *audienceInput) (*audienceOutput, error) {
	data, err := p.sample(sampleAudience)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem(http.StatusNotFound, "not_found", "the templates' folder has no %s", sampleAudience)
	}
	if err != nil {
		return nil, err
	}
	return &audienceOutput{"text/csv; charset=utf-8", firstRows(data, in.Rows+1)}, nil
}

// firstRows cuts a CSV after so many rows. A line break within quotes ends no row.
func firstRows(data []byte, rows int) []byte {
	quoted := false
	for i, b := range data {
		switch {
		case b == '"':
			quoted = !quoted
		case b == '\n' && !quoted:
			if rows--; rows == 0 {
				return data[:i+1]
			}
		}
	}
	return data
}
