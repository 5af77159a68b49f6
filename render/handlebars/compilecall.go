package handlebars

import (
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/handlebars/syntax"
)

// pathOf returns the expression's path; a literal in its place is a path of one part.
func pathOf(e *ast.Expression) *ast.PathExpression {
	if p, ok := e.Path.(*ast.PathExpression); ok {
		return p
	}
	name := syntax.Original(e.Path)
	loc := e.Path.Location()
	return &ast.PathExpression{NodeType: ast.NodePath, Loc: loc, Original: name, Parts: []string{name}, Scoped: syntax.IsScoped(name)}
}

// isSimple reports whether a path may name a helper.
func isSimple(p *ast.PathExpression) bool {
	return len(p.Parts) == 1 && !p.Scoped && p.Depth == 0
}

// blockParam finds the block parameter that a path begins with.
func (c *compiler) blockParam(p *ast.PathExpression) (level, index int, ok bool) {
	if p.Depth > 0 || p.Scoped || len(p.Parts) == 0 {
		return 0, 0, false
	}
	for level := range c.params {
		names := c.params[len(c.params)-1-level]
		if i := slices.Index(names, p.Parts[0]); i >= 0 {
			return level, i, true
		}
	}
	return 0, 0, false
}

// callable compiles the expression at the head of a mustache or sub-expression:
// a helper's call or a value.
func (c *compiler) callable(e *ast.Expression, sub bool) *expr {
	path := pathOf(e)
	withArgs := sub || len(e.Params) > 0 || e.Hash != nil
	if h := c.helper(path, withArgs); h != nil {
		return &expr{kind: exprCall, call: c.call(e, path, h), pos: path.Pos, source: path.Original}
	}
	v := c.path(path)
	v.head = true
	if h := c.env.helpers["helperMissing"]; h != nil && isSimple(path) && v.kind != exprParam {
		v.call = c.call(e, path, h)
	}
	return v
}

// helper finds the helper that a path names; nil if it is a field. It must be a
// helper if it has arguments.
func (c *compiler) helper(path *ast.PathExpression, withArgs bool) *Helper {
	if isSimple(path) {
		if _, _, ok := c.blockParam(path); ok {
			return nil
		}
		// Handlebars.js takes {{@name}} for a call, but not {{@name argument}}.
		h := c.env.helpers[path.Parts[0]]
		if h != nil && h.OrField && !withArgs {
			h = nil
		}
		if h != nil && (!path.Data || !withArgs || h.builtin != builtinNone) {
			c.unit.helpers = append(c.unit.helpers, h.Name)
			return h
		}
	}
	if !withArgs {
		return nil
	}
	if h := c.env.helpers["helperMissing"]; h != nil {
		return h
	}
	panic(c.src.errorAt(CodeUnknownHelper, path.Pos, "unknown helper %s", Quote(path.Original)).meant(path.Original, keysOf(c.env.helpers)))
}

func (c *compiler) call(e *ast.Expression, path *ast.PathExpression, h *Helper) *callExpr {
	call := &callExpr{src: c.src, pos: path.Pos, name: path.Original, helper: h}
	for _, p := range e.Params {
		call.args = append(call.args, c.argument(p))
	}
	if e.Hash != nil {
		call.names, call.values = c.hash(e.Hash)
	}
	return call
}

func (c *compiler) hash(h *ast.Hash) (names []string, values []*expr) {
	for i, pair := range h.Pairs {
		value := c.argument(pair.Val)
		if _, ok := pair.Val.(*syntax.UndefinedLiteral); ok {
			continue // as if it weren't there
		}
		if slices.ContainsFunc(h.Pairs[:i], func(p *ast.HashPair) bool { return p.Key == pair.Key }) {
			continue // the first one counts
		}
		names = append(names, pair.Key)
		values = append(values, value)
	}
	return names, values
}

// check checks a call against its helper's declaration and prepares it.
func (c *compiler) check(call *callExpr) {
	h := call.helper
	switch {
	case h.Form == Block && !call.block:
		c.fail(CodeArgument, call.pos, "helper %s is a block: write {{#%s …}}…{{/%s}}", Quote(h.Name), h.Name, h.Name)
	case h.Form == Inline && call.block:
		c.fail(CodeArgument, call.pos, "helper %s is not a block: write {{%s …}}", Quote(h.Name), h.Name)
	case len(call.args) < h.MinArgs, h.MaxArgs >= 0 && len(call.args) > h.MaxArgs:
		c.fail(CodeArgument, call.pos, "helper %s takes %s, not %d", Quote(h.Name), arity(h.MinArgs, h.MaxArgs), len(call.args))
	}
	for i, option := range call.names {
		if !slices.ContainsFunc(h.Options, func(o string) bool {
			return o == option || strings.HasSuffix(o, "*") && strings.HasPrefix(option, strings.TrimSuffix(o, "*"))
		}) {
			panic(c.src.errorAt(CodeArgument, call.values[i].pos, "helper %s has no option %s", Quote(h.Name), Quote(option)).meant(option, h.Options))
		}
	}
	if h.Prepare != nil {
		prepared, err := prepare(h, &Site{call})
		if err != nil {
			e := c.src.errorAt(CodeArgument, call.pos, "helper %s: %v", Quote(h.Name), err)
			e.Err = err
			panic(e)
		}
		call.prepared = prepared
	}
}

// prepare calls the helper's Prepare, whose panic is an error.
func prepare(h *Helper, s *Site) (prepared any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	return h.Prepare(s)
}

// argument compiles a parameter or hash value.
func (c *compiler) argument(node ast.Node) *expr {
	loc := node.Location()
	switch n := node.(type) {
	case *ast.PathExpression:
		return c.path(n)
	case *ast.StringLiteral:
		return &expr{kind: exprLiteral, value: String(n.Value), pos: loc.Pos}
	case *ast.NumberLiteral:
		v := numberValue(n.Original)
		if v.kind == KindUndefined { // 007
			v = Number(n.Value)
		}
		return &expr{kind: exprLiteral, value: v, pos: loc.Pos}
	case *ast.BooleanLiteral:
		return &expr{kind: exprLiteral, value: Bool(n.Value), pos: loc.Pos}
	case *syntax.NullLiteral:
		return &expr{kind: exprLiteral, value: Null(), pos: loc.Pos}
	case *ast.SubExpression:
		e := c.callable(n.Expression, true)
		if e.kind == exprCall {
			c.check(e.call)
		}
		return e
	}
	return &expr{kind: exprLiteral, pos: loc.Pos}
}

// path compiles a path to an expression.
func (c *compiler) path(p *ast.PathExpression) *expr {
	e := syntax.One(&c.exprs, c.expected)
	*e = expr{kind: exprPath, depth: p.Depth, pos: p.Pos, source: p.Original}
	names := p.Parts
	if level, index, ok := c.blockParam(p); ok {
		e.kind, e.level, e.index, names = exprParam, level, index, names[1:]
	} else if len(names) > 0 && names[0] == "" { // [] is the context itself, whatever follows
		names = nil
	} else if p.Data && len(names) > 0 {
		e.kind = exprData
		e.data, names = dataNameOf(names[0]), names[1:]
	} else if len(names) > 0 {
		c.unit.fields = append(c.unit.fields, names)
	}
	e.plain = e.kind == exprPath && e.depth == 0 && !c.env.strict
	e.names, e.parts = names, c.keys.Take(len(names), c.expected)
	for i, name := range names {
		e.parts[i] = keyOf(name, uint8(c.env.places.Add(1)))
	}
	return e
}

// arity describes a number of arguments.
func arity(low, high int) string {
	plural := " arguments"
	switch {
	case low == high && low == 1:
		return "1 argument"
	case low == high:
		return itoa(low) + plural
	case high < 0:
		return "at least " + itoa(low) + plural
	}
	return itoa(low) + " to " + itoa(high) + plural
}
