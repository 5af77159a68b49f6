package handlebars

import (
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// link compiles all that the template reaches and resolves the names of partials.
func (t *Template) link() error {
	l := &linker{env: t.env}
	if err := l.visit(t.main); err != nil {
		return err
	}
	for _, u := range l.units {
		for _, call := range u.partials {
			if call.static == nil && call.block == nil && call.name != partialBlockName && !l.inline(call.name) {
				return u.src.errorAt(CodeUnknownPartial, call.pos, "unknown partial %s", Quote(call.name)).meant(call.name, keysOf(t.env.partials))
			}
		}
	}
	return nil
}

// linker walks the units that a template reaches.
type linker struct {
	env   *Env
	units []*unit // all so far
	stack []step  // partials and snippets within each other, from the template on
}

// step is a partial or snippet on the way to a unit.
type step struct {
	name    string
	snippet bool
	unit    *unit
}

// inline reports whether an inline partial may have the name.
func (l *linker) inline(name string) bool {
	return slices.ContainsFunc(l.units, func(u *unit) bool { return u.anyName || slices.Contains(u.inlines, name) })
}

// visit compiles what u refers to, and so on.
func (l *linker) visit(u *unit) error {
	l.units = append(l.units, u)
	for _, call := range u.partials {
		if call.static == nil {
			continue
		}
		if err := l.enter(u, call.pos, call.static, step{name: call.name}); err != nil {
			return err
		}
	}
	if len(u.snippets) == 0 {
		return nil
	}
	for _, name := range sortedKeys(u.snippets) {
		pos, entry := u.snippets[name], l.env.snippets[name]
		if entry.text(entry.source) == nil {
			return u.src.errorAt(CodeUnknownSnippet, pos, "snippet %s has no text in its source language %s", Quote(name), Quote(entry.source))
		}
		for _, text := range entry.texts {
			if err := l.enter(u, pos, &text.partialEntry, step{name: name, snippet: true}); err != nil {
				return err
			}
		}
	}
	return nil
}

// enter visits a partial or a text of a snippet that u refers to at pos. A cycle
// of partials may end at execution; one with a snippet in it can't.
func (l *linker) enter(u *unit, pos int, entry *partialEntry, s step) (err error) {
	if s.unit, err = entry.compile(l.env); err != nil {
		return err
	}
	l.stack = append(l.stack, s)
	defer func() { l.stack = l.stack[:len(l.stack)-1] }()
	snippets := 0
	for i := len(l.stack) - 1; i >= 0; i-- {
		if l.stack[i].snippet {
			snippets++
		}
		if i < len(l.stack)-1 && l.stack[i].unit == s.unit {
			if snippets == 0 {
				return nil
			}
			var names []string
			for _, s := range l.stack[i:] {
				names = append(names, s.name)
			}
			return u.src.errorAt(CodeSnippetCycle, pos, "snippet cycle: %s", syntax.Shorten(strings.Join(names, " → ")))
		}
	}
	if s.snippet && snippets > l.env.limits.Snippets {
		return u.src.errorAt(CodeLimitSnippets, pos, "snippets nested more than %d deep", l.env.limits.Snippets)
	}
	if slices.Contains(l.units, s.unit) {
		return nil
	}
	return l.visit(s.unit)
}

// Refs returns the names that the template reaches.
func (t *Template) Refs() Refs {
	l := &linker{env: t.env}
	_ = l.visit(t.main) // Compile has done it without an error
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
