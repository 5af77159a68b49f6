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
	parts := t.scopes.field(p)
	if parts == nil || t.Role == catalog.RolePartial && t.parameters[parts[0]] {
		return
	}
	if _, known := t.fields.Find(parts); known {
		return
	}
	at := t.tree.Span(p)
	path := strings.Join(parts, ".")
	meant, sure := t.fields.Nearest(path)
	if meant == "" {
		t.report(at, catalog.Error, "unknown_field", "unknown field %s", handlebars.Quote(path))
		return
	}
	var edits []edit
	if sure {
		edits = t.rename(p, parts, meant)
	}
	t.mend(at, edits, catalog.Error, "unknown_field", "unknown field %s; did you mean %s?", handlebars.Quote(path), handlebars.Quote(meant))
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
