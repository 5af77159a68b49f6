package catalog

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/heraldsend/herald/render/handlebars"
)

// templateSource is one Handlebars text of a shortcut, snippet or layout.
type templateSource struct {
	Name string // as in positions: "order-delayed/message", "emails/default"
	Text string
}

// sources lists the texts of a shortcut, each once.
func (s *Shortcut) sources() []templateSource {
	var out []templateSource
	seen := make(map[string]bool)
	add := func(path, text string) {
		if !seen[path] && text != "" {
			seen[path] = true
			out = append(out, templateSource{Name: s.Name + "/" + path, Text: text})
		}
	}
	add("name", s.Name)
	add("subject", s.Subject)
	add("preheader", s.Preheader)
	add("message", s.Message)
	for _, c := range slices.Sorted(maps.Keys(s.Channels)) {
		p := s.For(c)
		add(p.path["subject"], p.Subject)
		add(p.path["preheader"], p.Preheader)
		add(p.path["message"], p.Message)
	}
	return out
}

// Locate maps a place in a template, as issues, spans and errors have it, to a file of the catalog. file is "" if the
// template is in none.
func (c *Catalog) Locate(template string, line, column int) (file string, fileLine, fileColumn int) {
	o, path := c.originOf(template)
	switch {
	case o.file == "":
		return "", line, column
	case path != "":
		fileLine, fileColumn = o.at[path].at(line, column)
		return o.file, fileLine, fileColumn
	}
	return o.file, o.line + line - 1, column
}

// scalar is the place of the YAML scalar that holds a template; false for other templates.
func (c *Catalog) scalar(template string) (textPos, bool) {
	o, path := c.originOf(template)
	return o.at[path], path != ""
}

// originOf is the file of a template, and the path of the YAML key that it stands at.
func (c *Catalog) originOf(template string) (o origin, path string) {
	if name, language, ok := strings.Cut(template, "@"); ok && strings.HasPrefix(name, SnippetPrefix) {
		return c.origins[originKey("snippet", name)], "texts." + language
	}
	if name, ok := strings.CutPrefix(template, "emails/"); ok {
		if text, isText := strings.CutSuffix(name, ".txt"); isText {
			return c.origins[originKey("email text", text)], ""
		}
		return c.origins[originKey("email", name)], ""
	}
	if name, path, ok := strings.Cut(template, "/"); ok {
		if o, ok := c.origins[originKey("shortcut", name)]; ok {
			return o, path
		}
	}
	return c.origins[originKey("partial", template)], ""
}

// compilers holds the environment that a catalog's templates are checked with.
type compilers struct {
	once    sync.Once
	catalog *Catalog
	env     *handlebars.Env
	err     error
}

// Compile compiles a text against the catalog's snippets and partials.
func (c *Catalog) Compile(name, text string) (*handlebars.Template, error) {
	return c.compilers.compile(name, text)
}

func newCompilers(c *Catalog) *compilers { return &compilers{catalog: c} }

func (c *compilers) compile(name, text string) (*handlebars.Template, error) {
	c.once.Do(func() {
		c.env, c.err = NewEnv(NewTable(), c.catalog.snippets, c.catalog.partials, c.catalog.dates, handlebars.Limits{}, nil)
	})
	if c.err != nil {
		return nil, c.err
	}
	return c.env.Compile(name, text)
}

// TemplateError is a template that does not compile, or a rendering that had to stop, with its place in a file of the
// catalog if there is one.
type TemplateError struct {
	Code     string // of handlebars.Code, e.g. "unknown_snippet"
	Message  string
	File     string // empty for content that is not from a catalog
	Line     int    // 1-based; 0: no place
	Column   int    // in runes
	Template string // "order-delayed/message", "sn.greeting@de", "emails/default"
	Source   string // the line of the template
	Err      error
}

func (e *TemplateError) Error() string {
	where := e.File
	if where == "" {
		where = e.Template
	}
	if e.Line > 0 {
		where += ":" + strconv.Itoa(e.Line)
		if e.Column > 0 {
			where += ":" + strconv.Itoa(e.Column)
		}
	}
	if where == "" {
		return e.Message
	}
	return where + ": " + e.Message
}

// Unwrap returns the cause.
func (e *TemplateError) Unwrap() error { return e.Err }

// NewTemplateError adds to the engine's errors their places in the files of the catalog. c may be nil. The errors are
// *TemplateError, joined if there are several.
func NewTemplateError(c *Catalog, err error) error {
	var e *handlebars.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	faults := []error{c.templateError(e, err)}
	for _, more := range e.More {
		faults = append(faults, c.templateError(more, more))
	}
	return JoinFaults(faults)
}

func (c *Catalog) templateError(e *handlebars.Error, err error) *TemplateError {
	out := &TemplateError{Code: string(e.Code), Message: e.Message, Template: e.Template, Line: e.Line,
		Column: e.Column, Source: e.SourceLine, Err: err}
	if c != nil && e.Line > 0 {
		out.File, out.Line, out.Column = c.Locate(e.Template, e.Line, e.Column)
	}
	return out
}
