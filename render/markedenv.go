package render

import (
	"errors"
	"maps"
	"slices"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// rewrittenEnv compiles against snippets and partials as rewrite leaves them. It is called in the order of their names, a
// snippet's being that of its text: "sn.greeting@fr".
func rewrittenEnv(t catalog.Table, snippets map[string]*catalog.Snippet, partials map[string]string, limits Limits, rewrite func(name, text string) string) (*handlebars.Env, error) {
	newSnippets := make(map[string]*catalog.Snippet, len(snippets))
	for _, name := range slices.Sorted(maps.Keys(snippets)) {
		s := snippets[name]
		texts := make(map[string]string, len(s.Texts))
		for _, language := range slices.Sorted(maps.Keys(s.Texts)) {
			texts[language] = rewrite(name+"@"+language, s.Texts[language])
		}
		newSnippets[name] = &catalog.Snippet{Source: s.Source, Texts: texts}
	}
	newPartials := make(map[string]string, len(partials))
	for _, name := range slices.Sorted(maps.Keys(partials)) {
		newPartials[name] = rewrite(name, partials[name])
	}
	return catalog.NewEnv(t, newSnippets, newPartials, limits)
}

// markedEnv compiles against marked snippets and partials.
type markedEnv struct {
	env    *handlebars.Env
	shifts shifts
}

func newMarkedEnv(t catalog.Table, snippets map[string]*catalog.Snippet, partials map[string]string, limits Limits) (*markedEnv, error) {
	m := &markedEnv{shifts: make(shifts)}
	env, err := rewrittenEnv(t, snippets, partials, limits, func(name, text string) string { return mark(name, text, m.shifts) })
	m.env = env
	return m, err
}

func (m *markedEnv) compile(name, source string) (*handlebars.Template, error) {
	return m.env.Compile(name, mark(name, source, m.shifts))
}

// shiftedError is a TemplateError with the place in the author's source.
func shiftedError(s shifts, err error) error {
	err = catalog.NewTemplateError(nil, err)
	var out *catalog.TemplateError
	if errors.As(err, &out) {
		out.Column = s.original(out.Template, out.Line, out.Column)
		out.Source = "" // a marked line is not the author's
	}
	return err
}
