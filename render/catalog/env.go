package catalog

import (
	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

// Table is the helpers that templates are compiled with. They keep caches: share
// a table where templates are compiled again and again.
type Table []handlebars.Helper

// NewTable makes one.
func NewTable() Table { return helpers.All() }

// NewEnv compiles against snippets and partials as their authors wrote them.
func NewEnv(t Table, snippets map[string]*Snippet, partials map[string]string, limits handlebars.Limits, marks *handlebars.Marks) (*handlebars.Env, error) {
	o := handlebars.Options{Helpers: t, Partials: partials, Limits: limits, Marks: marks, Snippets: make(map[string]handlebars.Snippet, len(snippets))}
	for name, s := range snippets {
		o.Snippets[name] = handlebars.Snippet{Source: s.Source, Texts: s.Texts}
	}
	return handlebars.New(o)
}
