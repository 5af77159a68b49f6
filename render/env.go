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

// rewrittenEnv compiles against snippets and partials as rewrite leaves them. It is called in the order of their names, a
// snippet's being that of its text: "sn.greeting@fr".
func rewrittenEnv(t table, snippets map[string]*Snippet, partials map[string]string, limits Limits, rewrite func(name, text string) string) (*handlebars.Env, error) {
	newSnippets := make(map[string]*Snippet, len(snippets))
	for _, name := range sortedKeys(snippets) {
		s := snippets[name]
		texts := make(map[string]string, len(s.Texts))
		for _, language := range sortedKeys(s.Texts) {
			texts[language] = rewrite(name+"@"+language, s.Texts[language])
		}
		newSnippets[name] = &Snippet{Source: s.Source, Texts: texts}
	}
	newPartials := make(map[string]string, len(partials))
	for _, name := range sortedKeys(partials) {
		newPartials[name] = rewrite(name, partials[name])
	}
	return newEnv(t, newSnippets, newPartials, limits)
}

// markedEnv compiles against marked snippets and partials.
type markedEnv struct {
	env    *handlebars.Env
	shifts shifts
}

func newMarkedEnv(t table, snippets map[string]*Snippet, partials map[string]string, limits Limits) (*markedEnv, error) {
	m := &markedEnv{shifts: make(shifts)}
	env, err := rewrittenEnv(t, snippets, partials, limits, func(name, text string) string { return mark(name, text, m.shifts) })
	m.env = env
	return m, err
}

func (m *markedEnv) compile(name, source string) (*handlebars.Template, error) {
	return m.env.Compile(name, mark(name, source, m.shifts))
}
