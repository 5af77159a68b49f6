package lint

import (
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// field wants a path that the catalogue knows.
func (t *text) field(p *ast.PathExpression) {
	if t.isFull() {
		return
	}
	parts := t.scopes.field(p)
	if t.outOfReach(p, parts) {
		return
	}
	if parts == nil || t.Role == catalog.RolePartial && t.parameters[parts[0]] {
		return
	}
	if _, known := t.fields.Find(parts); known {
		return
	}
	at := t.tree.Span(p)
	if len(t.begun) > 0 && t.begun[0].Start < at.Start { // it may be in a block that nobody sees yet
		return
	}
	if tag, ok := t.tagAt(at.Start); ok && tag.at == at && !t.isFaulty(tag.Span) {
		if g, ok := t.recognise(tag); ok {
			t.told(tag, g)
			return
		}
	}
	path := strings.Join(parts, ".")
	meant, sure := t.fields.Nearest(path)
	if merged := mergeField(path); merged != "" && !sure && len(t.scopes.top().path) == 0 {
		meant, sure = merged, true
	}
	shown, item := strings.CutPrefix(path, t.listOf(parts))
	if meant == "" || item && !strings.HasPrefix(meant, t.listOf(parts)) {
		t.report(at, catalog.Error, "unknown_field", "unknown field %s", handlebars.Quote(shown))
		return
	}
	var edits []edit
	if sure {
		edits = t.rename(p, parts, meant)
	}
	t.mend(at, edits, catalog.Error, "unknown_field", "unknown field %s; did you mean %s?", handlebars.Quote(shown),
		handlebars.Quote(strings.TrimPrefix(meant, t.listOf(parts))))
}

// listOf is the part of a path up to the items of a list, which is not written.
func (t *text) listOf(parts []string) string {
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == catalog.Item {
			return strings.Join(parts[:i+1], ".") + "."
		}
	}
	return ""
}

// rename writes the path of another field, as far as the blocks around let it: what they give of the path stays.
func (t *text) rename(p *ast.PathExpression, parts []string, meant string) []edit {
	to := strings.Split(meant, ".")
	at := t.tree.Span(p)
	written := t.tree.Source(at)
	own := len(p.Parts) // the parts that are written here
	if param, ok := t.scopes.parameter(p); ok {
		own--
		if given := len(param.path); given > len(to) || !slices.Equal(param.path, to[:given]) {
			return nil
		}
	} else if given := len(parts) - own; given < 0 || given > len(to) || !slices.Equal(parts[:given], to[:given]) {
		return nil
	}
	given := len(parts) - own
	old := strings.Join(parts[given:], ".")
	before, ok := strings.CutSuffix(written, old)
	if !ok {
		return nil
	}
	return []edit{{at, before + strings.Join(to[given:], ".")}}
}

// guard notes the fields that a block asks for: within it, their author knows that they may be missing.
func (t *text) guard(e *ast.Expression) {
	note := func(n ast.Node) {
		if parts := t.scopes.field(n); parts != nil {
			t.guarded = append(t.guarded, strings.Join(parts, "."))
		}
	}
	note(e.Path)
	for _, p := range e.Params {
		note(p)
		if s, ok := p.(*ast.SubExpression); ok {
			t.guard(s.Expression)
		}
	}
}

// mayBeMissing tells of a field that is printed as if everyone had it, though fields.yaml says that it may be missing.
func (t *text) mayBeMissing(p *ast.PathExpression) {
	parts := t.scopes.field(p)
	if !t.fields.MayBeMissing(parts) || slices.Contains(t.guarded, strings.Join(parts, ".")) {
		return
	}
	at := t.tree.Span(p)
	written := t.tree.Source(at)
	t.report(at, catalog.Warning, "may_be_missing", "%s may be missing: write {{default %s \"…\"}}, or {{#if %s}} around it", written, written, written)
}

// typeOf is what an argument holds, TypeAny where it can't be told.
func (t *text) typeOf(n ast.Node) catalog.FieldType {
	if field := t.scopes.field(n); field != nil {
		return t.typeOfField(field)
	}
	return catalog.TypeAny
}

func (t *text) typeOfField(parts []string) catalog.FieldType {
	kind, _ := t.fields.Find(parts)
	return kind
}

// outOfReach tells of {{customer.name}} inside {{#each}} or {{#with}}, where it is the item's.
func (t *text) outOfReach(p *ast.PathExpression, parts []string) bool {
	top := t.scopes.top()
	if top.known && len(top.path) == 0 || p.Depth > 0 || p.Data || p.Scoped || len(p.Parts) < 2 || !isRoot(p.Parts[0]) || !t.fields.Has(p.Parts) {
		return false
	}
	if _, ok := t.scopes.parameter(p); ok {
		return false
	}
	if parts != nil && t.fields.Has(parts) {
		return false
	}
	block := ""
	for i := len(t.scopes.stack) - 1; i > 0 && block == ""; i-- {
		if s := t.scopes.stack[i]; s.block == "each" || s.block == "with" || s.block == "reverse" || s.block == "sort" {
			block = s.block
		}
	}
	if block == "" {
		return false
	}
	at := t.tree.Span(p)
	written := t.tree.Source(at)
	t.mend(at, []edit{{at, "../" + written}}, catalog.Warning, "out_of_reach", "inside %s, %s is looked for in what the block is about: write ../%s", block, written, written)
	return true
}

// isRoot says whether a name is the first of the catalogue's paths.
func isRoot(name string) bool {
	switch name {
	case "customer", "conversation", "currentUser", "user", "kobjects":
		return true
	}
	return false
}
