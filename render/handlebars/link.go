package handlebars

import (
	"slices"
	"strings"
)

// link compiles all that the template reaches and resolves the names of partials.
func (t *Template) link() error {
	l := &linker{env: t.env, seen: map[*unit]bool{}}
	if err := l.visit(t.main, nil); err != nil {
		return err
	}
	for _, u := range l.units {
		for _, call := range u.partials {
			if call.static != nil || call.block != nil || call.name == partialBlockName || l.anyName || l.inlines(call.name) {
				continue
			}
			return u.src.errorAt(CodeUnknownPartial, call.pos, "unknown partial %s%s", quote(call.name), didYouMean(call.name, keysOf(t.env.partials)))
		}
	}
	return nil
}

// linker walks the units that a template reaches.
type linker struct {
	env     *Env
	seen    map[*unit]bool
	units   []*unit
	anyName bool
}

func (l *linker) inlines(name string) bool {
	return slices.ContainsFunc(l.units, func(u *unit) bool { return slices.Contains(u.inlines, name) })
}

func (l *linker) visit(u *unit, path []string) error {
	if l.seen[u] {
		return nil
	}
	l.seen[u] = true
	l.units = append(l.units, u)
	l.anyName = l.anyName || u.anyName
	for _, call := range u.partials {
		entry := l.env.partials[call.name]
		if entry == nil {
			continue
		}
		next, err := entry.compile(l.env)
		if err != nil {
			return err
		}
		if err := l.visit(next, path); err != nil {
			return err
		}
	}
	if len(u.snippets) == 0 {
		return nil
	}
	for _, name := range sortedKeys(u.snippets) {
		if i := slices.Index(path, name); i >= 0 {
			return u.src.errorAt(CodeSnippetCycle, u.snippets[name], "snippet cycle: %s", strings.Join(append(path[i:], name), " → "))
		}
		if len(path) >= l.env.limits.Snippets {
			return u.src.errorAt(CodeLimitSnippets, u.snippets[name], "snippets nested more than %d deep", l.env.limits.Snippets)
		}
		entry := l.env.snippets[name]
		if entry.text(entry.source) == nil {
			return u.src.errorAt(CodeUnknownSnippet, u.snippets[name], "snippet %s has no text in its source language %s", quote(name), quote(entry.source))
		}
		for _, text := range entry.texts {
			next, err := text.compile(l.env)
			if err != nil {
				return err
			}
			if err := l.visit(next, append(path, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Refs returns the names that the template reaches.
func (t *Template) Refs() Refs {
	l := &linker{env: t.env, seen: map[*unit]bool{}}
	_ = l.visit(t.main, nil) // Compile has done it without an error
	var refs Refs
	for _, u := range l.units {
		refs.Dynamic = refs.Dynamic || u.dynamic
		for _, call := range u.partials {
			if l.env.partials[call.name] != nil {
				refs.Partials = append(refs.Partials, call.name)
			}
		}
		refs.Snippets = append(refs.Snippets, sortedKeys(u.snippets)...)
		refs.Helpers = append(refs.Helpers, u.helpers...)
		for _, parts := range u.fields {
			refs.Fields = append(refs.Fields, strings.Join(parts, "."))
		}
	}
	for _, list := range []*[]string{&refs.Snippets, &refs.Partials, &refs.Helpers, &refs.Fields} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return refs
}

func keysOf[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

func sortedKeys[V any](m map[string]V) []string {
	keys := keysOf(m)
	slices.Sort(keys)
	return keys
}
