package lint

import (
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/catalog"
)

// scope is what names mean within a block.
type scope struct {
	known bool     // false: nothing is known of the context
	path  []string // the field that the context is; empty: the root
	depth bool     // the block opens a depth: ../ leads out of it
	block string   // the helper's name, or ""
}

// parameter is a block parameter, with the field that it stands for.
type parameter struct {
	name  string
	known bool
	path  []string
}

// scopes are the blocks around an expression, outermost first, and their parameters.
type scopes struct {
	stack  []scope
	params []parameter
}

func (s *scopes) top() scope { return s.stack[len(s.stack)-1] }

// parameter finds the innermost block parameter that a path begins with.
func (s *scopes) parameter(p *ast.PathExpression) (parameter, bool) {
	if p.Depth > 0 || p.Scoped || p.Data || len(p.Parts) == 0 {
		return parameter{}, false
	}
	for i := len(s.params) - 1; i >= 0; i-- {
		if s.params[i].name == p.Parts[0] {
			return s.params[i], true
		}
	}
	return parameter{}, false
}

// resolve gives the field that a path leads to, from the root, where the blocks around tell it.
func (s *scopes) resolve(p *ast.PathExpression) (parts []string, ok bool) {
	if p.Data {
		return nil, len(p.Parts) > 1 && p.Parts[0] == "root"
	}
	if param, ok := s.parameter(p); ok {
		return slices.Concat(param.path, p.Parts[1:]), param.known
	}
	i := len(s.stack) - 1
	for up := p.Depth; up > 0 && i > 0; i-- {
		if s.stack[i].depth {
			up--
		}
	}
	return slices.Concat(s.stack[i].path, p.Parts), s.stack[i].known
}

// field is resolve for any argument: the field that it is, nil if it is none or not known.
func (s *scopes) field(n ast.Node) []string {
	p, ok := n.(*ast.PathExpression)
	if !ok {
		return nil
	}
	if p.Data && len(p.Parts) > 1 && p.Parts[0] == "root" {
		return p.Parts[1:]
	}
	if parts, ok := s.resolve(p); ok && len(parts) > 0 {
		return parts
	}
	return nil
}

// inside runs f within the block that e opens: its body, or the part after its {{else}}.
func (t *text) inside(e *ast.Expression, names []string, body bool, f func()) {
	s := t.scopes
	stack, params := len(s.stack), len(s.params)
	t.open(e, names, body)
	f()
	s.stack, s.params = s.stack[:stack], s.params[:params]
}

func (t *text) open(e *ast.Expression, names []string, body bool) {
	s := t.scopes
	name := nameOf(e)
	row, isHelper := t.rows[name]
	if p, ok := e.Path.(*ast.PathExpression); ok && isHelper {
		if _, shadowed := s.parameter(p); shadowed {
			isHelper = false
		}
	}
	var arg []string
	if len(e.Params) > 0 {
		arg = s.field(e.Params[0])
	}
	inner := s.top()
	inner.block, inner.depth = name, false
	given := make([]parameter, len(names))
	for i, n := range names {
		given[i].name = n
	}
	switch {
	case name == "each" || name == "reverse" || name == "sort":
		if !body {
			return
		}
		inner = scope{depth: true, block: name}
		if arg != nil && t.fields.HasItems(arg) {
			inner.known, inner.path = true, append(slices.Clone(arg), catalog.Item)
		}
		if len(given) > 0 {
			given[0].known, given[0].path = inner.known, inner.path
		}
	case name == "with":
		if !body {
			return
		}
		inner = scope{depth: true, block: name, known: arg != nil, path: arg}
		if len(given) > 0 {
			given[0].known, given[0].path = inner.known, inner.path
		}
	case isHelper:
		inner.depth = row.OpensDepth()
	case !body:
		return
	default: // a section: {{#field}}
		inner = scope{depth: true}
		if field := s.field(e.Path); field != nil && t.typeOfField(field) == catalog.TypeObject {
			inner.known, inner.path = true, field
		}
	}
	s.stack = append(s.stack, inner)
	s.params = append(s.params, given...)
}

// nameOf is the helper or field that an expression calls.
func nameOf(e *ast.Expression) string {
	if p, ok := e.Path.(*ast.PathExpression); ok && !p.Data && p.Depth == 0 && !p.Scoped {
		return strings.Join(p.Parts, ".")
	}
	return ""
}
