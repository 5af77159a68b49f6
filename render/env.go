package render

import (
	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

// Limits bound what rendering one part of a content may cost. Zero fields mean
// the defaults.
type Limits = handlebars.Limits

// table is the helpers that templates are compiled with. They keep caches: share
// a table where templates are compiled again and again.
type table []handlebars.Helper

func newTable() table { return helpers.All() }

// newEnv compiles against snippets and partials as their authors wrote them.
func newEnv(t table, snippets map[string]*Snippet, partials map[string]string, limits Limits) (*handlebars.Env, error) {
	o := handlebars.Options{Helpers: t, Partials: partials, Limits: limits, Snippets: make(map[string]handlebars.Snippet, len(snippets))}
	for name, s := range snippets {
		o.Snippets[name] = handlebars.Snippet{Source: s.Source, Texts: s.Texts}
	}
	return handlebars.New(o)
}

// markedEnv compiles against marked snippets and partials.
type markedEnv struct {
	env    *handlebars.Env
	shifts shifts
}

func newMarkedEnv(t table, snippets map[string]*Snippet, partials map[string]string, limits Limits) (*markedEnv, error) {
	m := &markedEnv{shifts: make(shifts)}
	marked := make(map[string]*Snippet, len(snippets))
	for name, s := range snippets {
		texts := make(map[string]string, len(s.Texts))
		for language, text := range s.Texts {
			texts[language] = mark(name+"@"+language, text, m.shifts)
		}
		marked[name] = &Snippet{Source: s.Source, Texts: texts}
	}
	markedPartials := make(map[string]string, len(partials))
	for name, source := range partials {
		markedPartials[name] = mark(name, source, m.shifts)
	}
	env, err := newEnv(t, marked, markedPartials, limits)
	m.env = env
	return m, err
}

func (m *markedEnv) compile(name, source string) (*handlebars.Template, error) {
	return m.env.Compile(name, mark(name, source, m.shifts))
}
