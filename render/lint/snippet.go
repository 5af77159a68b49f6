package lint

import (
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// usedSnippets notes the snippets that texts show.
func (l *linter) usedSnippets(texts []*text) map[string]bool {
	used := map[string]bool{}
	for _, t := range texts {
		syntax.Walk(t.tree.Program, func(n ast.Node) bool {
			if s, ok := n.(*syntax.SnippetRef); ok {
				used[s.Name] = true
			}
			return true
		})
	}
	return used
}

// snippet tells of a snippet that is shown in a language in which it has no text.
func (t *text) snippet(n *syntax.SnippetRef) {
	s, err := t.catalog.Snippet(n.Name)
	languages, bad := catalog.Languages(n.Language)
	if n.Language == "" || err != nil || bad != nil { // what doesn't compile is told elsewhere
		return
	}
	if !slices.ContainsFunc(languages, func(language string) bool { _, has := s.Texts[language]; return has }) {
		t.report(t.tree.Span(n), catalog.Warning, "snippet_language", "the snippet %s has no text in %s; the one in %s is shown",
			handlebars.Quote(n.Name), handlebars.Quote(n.Language), s.Source)
	}
}

// unused tells of snippets that no text shows.
func (l *linter) unused(used map[string]bool) {
	for s := range l.catalog.AllSnippets() {
		if used[s.Name] || strings.HasPrefix(s.Name, catalog.TranscriptSnippets) {
			continue
		}
		file, line, column := l.catalog.Where("snippet", s.Name, "name")
		l.add(catalog.Finding{Severity: catalog.Warning, Code: "unused_snippet", File: file, Line: max(line, 1), Column: column, Subject: "snippet " + s.Name,
			Message: "no text shows [[" + s.Name + "]]"})
	}
}

// snippetFields tells of translations that print other fields than their source does.
func (l *linter) snippetFields(s *catalog.Snippet) {
	source, ok := l.fieldsOf(s, s.Source)
	if !ok {
		return
	}
	for language := range s.Texts {
		fields, ok := l.fieldsOf(s, language)
		if !ok || language == s.Source {
			continue
		}
		report := func(message string) {
			file, line, column := l.catalog.Where("snippet", s.Name, "texts."+language)
			l.add(catalog.Finding{Severity: catalog.Warning, Code: "snippet_fields", File: file, Line: max(line, 1), Column: column, Subject: "snippet " + s.Name, Message: message})
		}
		if more := without(fields, source); len(more) > 0 {
			report("the text in " + language + " uses " + strings.Join(more, ", ") + ", which the text in " + s.Source + " does not")
		}
		if less := without(source, fields); len(less) > 0 {
			report("the text in " + language + " lacks " + strings.Join(less, ", ") + ", which the text in " + s.Source + " uses")
		}
	}
}

func (l *linter) fieldsOf(s *catalog.Snippet, language string) ([]string, bool) {
	t, err := l.catalog.Compile(s.Name+"@"+language, s.Texts[language])
	if err != nil {
		return nil, false
	}
	return t.Refs().Fields, true
}

func without(list, other []string) (out []string) {
	for _, s := range list {
		if !slices.Contains(other, s) {
			out = append(out, s)
		}
	}
	return out
}
