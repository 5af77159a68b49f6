package explain

import (
	"strings"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// side is one branch of a block of a template.
type side struct {
	template string
	pos      int // where it begins
}

// coverage is the set of branches of a catalog that authors' tests reach. A snippet counts in the languages in which
// tests show it, else in its source language.
type coverage struct {
	sources map[string]*source // by template
	shown   map[string]bool    // texts of snippets, "sn.greeting@de"
	reached map[side]bool
}

func newCoverage() *coverage {
	return &coverage{sources: make(map[string]*source), shown: make(map[string]bool), reached: make(map[side]bool)}
}

// of adds the templates of a shortcut.
func (c *coverage) of(p *render.Prepared) {
	b := p.Bundle()
	for template, text := range b.Texts() {
		if c.sources[template] == nil && template != b.Shortcut.Name+"/name" {
			c.sources[template] = readSource(text)
		}
	}
}

// add adds the branches that a test reaches.
func (c *coverage) add(p *render.Prepared, parts []render.Part) {
	c.of(p)
	for _, part := range parts {
		for _, e := range part.Trace.Scopes {
			if e.Whole {
				c.shown[e.Template] = true
			} else {
				c.reached[side{e.Template, e.Pos}] = true
			}
		}
	}
}

// branches lists the branches of all shortcuts that were given to of.
func (c *coverage) branches(from *catalog.Catalog) map[side]syntax.Branch {
	shownAtAll := make(map[string]bool)
	for template := range c.shown {
		name, _, _ := strings.Cut(template, "@")
		shownAtAll[name] = true
	}
	counts := func(template string) bool {
		name, language, ok := strings.Cut(template, "@")
		if !ok || !strings.HasPrefix(name, catalog.SnippetPrefix) || c.shown[template] {
			return true
		}
		s, err := from.Snippet(name)
		return !shownAtAll[name] && err == nil && s.Source == language
	}
	all := make(map[side]syntax.Branch)
	for template, s := range c.sources {
		if counts(template) {
			for pos, b := range s.sides {
				all[side{template, pos}] = b
			}
		}
	}
	return all
}
