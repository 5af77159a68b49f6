package handlebars

import (
	"slices"
	"strings"

	"github.com/aymerick/raymond/ast"
)

// unit is one compiled source: a template, a partial, or a snippet's text in one
// language.
type unit struct {
	src      *source
	main     *program
	partials []*partialCall // static names, to be linked
	inlines  []string       // literal names of inline partials
	anyName  bool           // an inline partial's name is computed
	dynamic  bool           // a partial's name is computed
	helpers  []string       // called
	fields   [][]string     // paths
	snippets map[string]int // byte offset by name
}

// compiler compiles one source. Its methods panic with *Error.
type compiler struct {
	env    *Env
	src    *source
	unit   *unit
	params [][]string // declared block parameters, innermost last

	expected int // expressions
	exprs    slab[expr]
}

func (env *Env) compileUnit(src *source) (u *unit, err error) {
	nodes := slabPool.Get().(*nodeSlabs)
	defer func() {
		nodes.reset()
		slabPool.Put(nodes)
	}()
	tree, err := parse(src, &env.limits, nodes)
	if err != nil {
		return nil, err
	}
	c := &compiler{env: env, src: src, unit: &unit{src: src}, expected: min(strings.Count(src.text, "{{"), 200)}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			u, err = nil, e
		}
	}()
	c.unit.main = c.program(tree)
	return c.unit, nil
}

func (c *compiler) fail(code Code, pos int, format string, args ...any) {
	panic(c.src.errorAt(code, pos, format, args...))
}

func (c *compiler) program(tree *ast.Program) *program {
	if tree == nil {
		return nil
	}
	p := &program{src: c.src}
	if tree.BlockParams != nil {
		p.params, p.scoped = len(tree.BlockParams), true
		c.params = append(c.params, tree.BlockParams)
		defer func() { c.params = c.params[:len(c.params)-1] }()
	}
	p.ops = make([]op, 0, (len(tree.Body)+3)/2)
	for i := 0; i < len(tree.Body); {
		if text, n := contents(tree.Body[i:]); n > 0 {
			if text != "" {
				p.ops = append(p.ops, op{code: opText, text: text, pos: tree.Body[i].Location().Pos})
			}
			i += n
			continue
		}
		c.statement(p, tree.Body[i])
		i++
	}
	return p
}

// contents returns the texts at the start of body as one, and how many statements
// they are, comments between them included.
func contents(body []ast.Node) (text string, n int) {
	var joined strings.Builder
	for ; n < len(body); n++ {
		switch node := body[n].(type) {
		case *ast.CommentStatement:
			continue
		case *ast.ContentStatement:
			switch {
			case text == "" && joined.Len() == 0:
				text = node.Value
				continue
			case joined.Len() == 0:
				joined.WriteString(text)
			}
			joined.WriteString(node.Value)
			continue
		}
		break
	}
	if joined.Len() > 0 {
		text = joined.String()
	}
	return text, n
}

func (c *compiler) statement(p *program, node ast.Node) {
	switch n := node.(type) {
	case *ast.MustacheStatement:
		p.add(c.mustache(n))
	case *ast.BlockStatement:
		c.block(p, n)
	case *ast.PartialStatement:
		c.partial(p, n, nil)
	case *PartialBlock:
		c.partial(p, &n.PartialStatement, n.Program)
	case *Decorator:
		c.decorator(p, n)
	case *SnippetRef:
		if c.unit.snippets == nil {
			c.unit.snippets = map[string]int{}
		}
		c.unit.snippets[n.Name] = n.Pos
		p.add(op{code: opSnippet, snippet: c.snippet(n), pos: n.Pos})
	}
}

// add appends an operation, which takes over the text before it.
func (p *program) add(o op) {
	if k := len(p.ops) - 1; k >= 0 && p.ops[k].code == opText {
		o.text = p.ops[k].text
		p.ops[k] = o
		return
	}
	p.ops = append(p.ops, o)
}

func (c *compiler) mustache(n *ast.MustacheStatement) op {
	e := c.callable(n.Expression, false)
	o := op{code: opValue, raw: n.Unescaped, expr: e, call: e.call, pos: n.Pos}
	switch {
	case e.kind == exprCall:
		o.code = opPrint
		c.check(e.call)
	case e.kind == exprPath && e.depth == 0 && !o.raw && !c.env.strict && e.call == nil:
		o.code = opField
	}
	return o
}

func (c *compiler) snippet(n *SnippetRef) *snippetEntry {
	entry := c.env.snippets[n.Name]
	if entry == nil {
		c.fail(CodeUnknownSnippet, n.Pos, "unknown snippet %s%s", quote(n.Name), didYouMean(n.Name, keysOf(c.env.snippets)))
	}
	return entry
}

// pathOf returns the expression's path; a literal in its place is a path of one part.
func pathOf(e *ast.Expression) *ast.PathExpression {
	if p, ok := e.Path.(*ast.PathExpression); ok {
		return p
	}
	name := originalOf(e.Path)
	loc := e.Path.Location()
	return &ast.PathExpression{NodeType: ast.NodePath, Loc: loc, Original: name, Parts: []string{name}, Scoped: isScoped(name)}
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
	_, _, isParam := c.blockParam(path)
	withArgs := len(e.Params) > 0 || e.Hash != nil || sub
	simple := isSimple(path)
	if !(isParam && simple) && (withArgs || simple) {
		if h := c.helper(path, withArgs); h != nil {
			call := c.call(e, path, h)
			return &expr{kind: exprCall, call: call, pos: path.Pos, source: path.Original}
		}
	}
	v := c.path(path)
	v.head = true
	if h := c.env.helpers["helperMissing"]; h != nil && simple && !isParam {
		v.call = c.call(e, path, h)
	}
	return v
}

// helper finds the helper that a path names; nil if it is a field.
func (c *compiler) helper(path *ast.PathExpression, withArgs bool) *Helper {
	if isSimple(path) {
		// Handlebars.js takes {{@name}} for a call, but not {{@name argument}}.
		if h := c.env.helpers[path.Parts[0]]; h != nil && !(path.Data && withArgs && h.builtin == builtinNone) {
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
	c.fail(CodeUnknownHelper, path.Pos, "unknown helper %s%s", quote(path.Original), didYouMean(path.Original, keysOf(c.env.helpers)))
	return nil
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
		if _, ok := pair.Val.(*UndefinedLiteral); ok {
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
		c.fail(CodeArgument, call.pos, "helper %s is a block: write {{#%s …}}…{{/%s}}", quote(h.Name), h.Name, h.Name)
	case h.Form == Inline && call.block:
		c.fail(CodeArgument, call.pos, "helper %s is not a block: write {{%s …}}", quote(h.Name), h.Name)
	case len(call.args) < h.MinArgs, h.MaxArgs >= 0 && len(call.args) > h.MaxArgs:
		c.fail(CodeArgument, call.pos, "helper %s takes %s, not %d", quote(h.Name), arity(h.MinArgs, h.MaxArgs), len(call.args))
	}
	for i, option := range call.names {
		if !slices.ContainsFunc(h.Options, func(o string) bool {
			return o == option || strings.HasSuffix(o, "*") && strings.HasPrefix(option, strings.TrimSuffix(o, "*"))
		}) {
			c.fail(CodeArgument, call.values[i].pos, "helper %s has no option %s%s", quote(h.Name), quote(option), didYouMean(option, h.Options))
		}
	}
	if h.Prepare != nil {
		prepared, err := h.Prepare(&Site{call})
		if err != nil {
			e := c.src.errorAt(CodeArgument, call.pos, "helper %s: %v", quote(h.Name), err)
			e.Err = err
			panic(e)
		}
		call.prepared = prepared
	}
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
	case *NullLiteral:
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
	e := one(&c.exprs, c.expected)
	*e = expr{kind: exprPath, depth: p.Depth, parts: p.Parts, pos: p.Pos, source: p.Original}
	if level, index, ok := c.blockParam(p); ok {
		e.kind, e.level, e.index, e.parts = exprParam, level, index, p.Parts[1:]
		return e
	}
	if len(p.Parts) > 0 && p.Parts[0] == "" { // [] is the context itself, whatever follows
		e.parts = nil
		return e
	}
	if p.Data && len(p.Parts) > 0 {
		e.kind = exprData
		e.data, e.parts = dataNameOf(p.Parts[0]), p.Parts[1:]
		return e
	}
	if len(p.Parts) > 0 {
		c.unit.fields = append(c.unit.fields, p.Parts)
	}
	return e
}

func (c *compiler) block(p *program, n *ast.BlockStatement) {
	path := pathOf(n.Expression)
	_, _, isParam := c.blockParam(path)
	withArgs := len(n.Expression.Params) > 0 || n.Expression.Hash != nil
	simple := isSimple(path)
	var h *Helper
	if !(isParam && simple) && (withArgs || simple) {
		h = c.helper(path, withArgs)
	}
	o := op{pos: path.Pos}
	if h == nil {
		p.add(c.section(n, path))
		return
	}
	call := c.call(n.Expression, path, h)
	call.block = true
	c.check(call)
	call.body, call.inverse = c.program(n.Program), c.program(n.Inverse)
	o.call = call
	o.body, o.other = call.body, call.inverse
	o.code = opCall
	plain := len(call.names) == 0 && !scoped(o.body) && !scoped(o.other)
	switch {
	case h.builtin == builtinIf && plain:
		o.code, o.expr = opIf, call.args[0]
	case h.builtin == builtinUnless && plain:
		o.code, o.expr = opIf, call.args[0]
		o.body, o.other = o.other, o.body
	case h.builtin == builtinEach:
		o.code, o.expr = opEach, call.args[0]
	case h.builtin == builtinWith:
		o.code, o.expr = opWith, call.args[0]
	}
	p.add(o)
}

// section compiles {{#field}}.
func (c *compiler) section(n *ast.BlockStatement, path *ast.PathExpression) op {
	e := c.path(path)
	e.head = true
	o := op{code: opSection, pos: path.Pos, expr: e, body: c.program(n.Program), other: c.program(n.Inverse)}
	if h := c.env.helpers["blockHelperMissing"]; h != nil {
		o.code = opCall
		o.call = &callExpr{src: c.src, pos: path.Pos, name: path.Original, helper: h, args: []*expr{e}, block: true, body: o.body, inverse: o.other}
	}
	return o
}

func scoped(p *program) bool { return p != nil && p.scoped }

func (c *compiler) partial(p *program, n *ast.PartialStatement, block *ast.Program) {
	if len(n.Params) > 1 {
		c.fail(CodeArgument, n.Pos, "a partial takes one context, not %d", len(n.Params))
	}
	call := &partialCall{src: c.src, pos: n.Name.Location().Pos, indent: n.Indent}
	if s, ok := n.Name.(*ast.SubExpression); ok {
		call.dynamic = c.argument(s)
		c.unit.dynamic = true
	} else {
		call.name = originalOf(n.Name)
		call.static = c.env.partials[call.name]
		c.unit.partials = append(c.unit.partials, call)
	}
	if len(n.Params) == 1 {
		call.context = c.argument(n.Params[0])
	}
	if n.Hash != nil {
		call.names, call.values = c.hash(n.Hash)
		call.merge = true
	}
	call.block = c.program(block)
	p.add(op{code: opPartial, partial: call, pos: n.Pos})
}

func (c *compiler) decorator(p *program, n *Decorator) {
	name := originalOf(n.Expression.Path)
	if name != "inline" {
		c.fail(CodeUnknownHelper, n.Expression.Path.Location().Pos, "unknown decorator %s: there is only inline", quote(name))
	}
	if n.Program == nil || len(n.Expression.Params) != 1 {
		c.fail(CodeArgument, n.Pos, `an inline partial is written {{#*inline "name"}}…{{/inline}}`)
	}
	def := &inlineDef{name: c.argument(n.Expression.Params[0])}
	if def.name.kind == exprLiteral {
		c.unit.inlines = append(c.unit.inlines, def.name.value.Text())
	} else {
		c.unit.anyName = true
	}
	def.body = c.program(n.Program)
	p.inlines = append(p.inlines, def)
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
