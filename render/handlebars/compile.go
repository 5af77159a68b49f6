package handlebars

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/aymerick/raymond/ast"

	"github.com/heraldsend/herald/render/handlebars/syntax"
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

	tagsOf func(ast.Node) *syntax.Tags // of blocks
	tree   *syntax.Tree                // nil: the first fault ends it
	found  []*Error                    // faults so far

	expected int // expressions
	exprs    syntax.Slab[expr]
	keys     syntax.Slab[key]
}

func (env *Env) compileUnit(src *source) (u *unit, err error) {
	parser := parsers.Get().(*syntax.Parser)
	defer parsers.Put(parser)
	parser.Tags = env.marks != nil
	tree, err := parser.Parse(src.text, env.parseLimits())
	if err != nil {
		return nil, env.faults(src)
	}
	c := env.compiler(src)
	c.tagsOf = parser.TagsOf
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*Error); !ok {
				panic(r)
			}
			u, err = nil, env.faults(src)
		}
	}()
	c.unit.main = c.program(tree)
	c.unit.main.kind = programWhole
	c.flatten(c.unit.main)
	return c.unit, nil
}

var parsers = sync.Pool{New: func() any { return new(syntax.Parser) }}

func (env *Env) parseLimits() syntax.Limits {
	return syntax.Limits{Source: env.limits.Source, Nesting: env.limits.Nesting}
}

func (env *Env) compiler(src *source) *compiler {
	return &compiler{env: env, src: src, unit: &unit{src: src}, expected: min(strings.Count(src.text, "{{"), 200)}
}

// faults compiles a source that has a fault once more, for all of them: the first in the text, with the others.
func (env *Env) faults(src *source) error {
	c := env.compiler(src)
	c.tree = syntax.Parse(src.text, env.parseLimits())
	c.tagsOf = c.tree.Tags
	for _, f := range c.tree.Faults {
		c.found = append(c.found, src.errorAt(Code(f.Code), f.Span.Start, "%s", f.Message))
	}
	c.program(c.tree.Program)
	slices.SortStableFunc(c.found, func(a, b *Error) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	first := c.found[0]
	first.More = c.found[1:]
	return first
}

func (c *compiler) fail(code Code, pos int, format string, args ...any) {
	panic(c.src.errorAt(code, pos, format, args...))
}

func (c *compiler) program(tree *ast.Program) *program {
	if tree == nil {
		return nil
	}
	p := &program{src: c.src, pos: tree.Pos}
	if tree.Chained {
		p.kind = programLink
	}
	if tree.BlockParams != nil {
		p.params, p.scoped = len(tree.BlockParams), true
		c.params = append(c.params, tree.BlockParams)
		defer func() { c.params = c.params[:len(c.params)-1] }()
	}
	p.ops = make([]op, 0, (len(tree.Body)+3)/2)
	for i := 0; i < len(tree.Body); {
		if text, n := contents(tree.Body[i:]); n > 0 {
			if text != "" {
				pos := tree.Body[i].Location().Pos
				if first, ok := tree.Body[i].(*ast.ContentStatement); ok && len(first.Value) < len(first.Original) {
					pos += strings.Index(first.Original, first.Value) // what is stripped stands before it
				}
				p.ops = append(p.ops, op{code: opText, text: c.env.marks.without(text), pos: pos, textPos: pos})
			}
			i += n
			continue
		}
		c.statement(p, tree.Body[i])
		i++
	}
	p.plain = !p.scoped && len(p.inlines) == 0
	c.packTexts(p)
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
	if c.tree != nil {
		if len(c.found) >= syntax.MaxFaults {
			return
		}
		params := len(c.params)
		defer func() {
			if r := recover(); r != nil {
				e, ok := r.(*Error)
				if !ok {
					panic(r)
				}
				c.found, c.params = append(c.found, e), c.params[:params]
				c.inside(node)
			}
		}()
		if tags := c.tree.Tags(node); tags != nil && tags.Faulty {
			c.inside(node)
			return
		}
	}
	switch n := node.(type) {
	case *ast.MustacheStatement:
		p.add(c.mustache(n))
	case *ast.BlockStatement:
		c.block(p, n)
		if m := c.env.marks; m != nil && !c.tagsOf(n).IsLink() {
			o := &p.ops[len(p.ops)-1]
			o.mark, o.end = m.Block(c.src.text, c.tagsOf(n))
		}
	case *ast.PartialStatement:
		c.partial(p, n, nil)
	case *syntax.PartialBlock:
		c.partial(p, &n.PartialStatement, n.Program)
	case *syntax.Decorator:
		c.decorator(p, n)
	case *syntax.SnippetRef:
		if c.unit.snippets == nil {
			c.unit.snippets = map[string]int{}
		}
		c.unit.snippets[n.Name] = n.Pos
		p.add(op{code: opSnippet, snippet: c.snippet(n), spoken: c.spoken(n), pos: n.Pos})
	}
}

// inside looks for faults in the blocks of a statement that has one.
func (c *compiler) inside(node ast.Node) {
	switch n := node.(type) {
	case *ast.BlockStatement:
		c.program(n.Program)
		c.program(n.Inverse)
	case *syntax.PartialBlock:
		c.program(n.Program)
	case *syntax.Decorator:
		c.program(n.Program)
	}
}

// add appends an operation, which takes over the text before it.
func (p *program) add(o op) {
	if k := len(p.ops) - 1; k >= 0 && p.ops[k].code == opText {
		o.text, o.textPos = p.ops[k].text, p.ops[k].textPos
		p.ops[k] = o
		return
	}
	p.ops = append(p.ops, o)
}

// behindTexts is what follows packed texts: as much as may be read behind the beginning of a short one.
const behindTexts = "                                                                "

// packTexts puts the marks before values and blocks behind the texts that stand there, and short texts one behind the other.
func (c *compiler) packTexts(p *program) {
	size := shortText
	for i := range p.ops {
		o := &p.ops[i]
		if o.mark != 0 {
			o.text += string([]byte{c.env.marks.Open, o.mark})
		}
		if o.short = o.text != "" && len(o.text) <= shortText; o.short {
			size += len(o.text)
		}
	}
	if size == shortText {
		return
	}
	var packed strings.Builder
	packed.Grow(size)
	for i := range p.ops {
		if p.ops[i].short {
			packed.WriteString(p.ops[i].text)
		}
	}
	packed.WriteString(behindTexts)
	rest := packed.String()
	for i := range p.ops {
		if o := &p.ops[i]; o.short {
			o.text, rest = rest[:len(o.text)], rest[len(o.text):]
		}
	}
}

func (c *compiler) mustache(n *ast.MustacheStatement) op {
	e := c.callable(n.Expression, false)
	o := op{code: opValue, raw: n.Unescaped, expr: e, call: e.call, pos: n.Pos}
	if m := c.env.marks; m != nil {
		o.mark = m.Kind(n)
		o.raw = false
	}
	if c.env.show != nil && e.kind != exprCall {
		o.show = c.env.show(e.names)
	}
	switch {
	case e.kind == exprCall:
		o.code = opPrint
		c.check(e.call)
	case o.show != nil:
	case e.plain && len(e.parts) > 0 && !o.raw && e.call == nil:
		o.code, o.keys = opField, e.parts
	}
	return o
}

func (c *compiler) snippet(n *syntax.SnippetRef) *snippetEntry {
	entry := c.env.snippets[n.Name]
	if entry == nil {
		panic(c.src.errorAt(CodeUnknownSnippet, n.Pos, "unknown snippet %s", Quote(n.Name)).meant(n.Name, keysOf(c.env.snippets)))
	}
	return entry
}

// spoken is the language that a snippet names, nil for that of the message.
func (c *compiler) spoken(n *syntax.SnippetRef) *spoken {
	if n.Language == "" {
		return nil
	}
	languages, err := c.env.chain(n.Language)
	if err != nil {
		panic(c.src.errorAt(CodeSyntax, n.Pos, "%s", err.Error()))
	}
	return &spoken{languages, languageTag(n.Language)}
}

func (c *compiler) block(p *program, n *ast.BlockStatement) {
	path := pathOf(n.Expression)
	h := c.helper(path, len(n.Expression.Params) > 0 || n.Expression.Hash != nil)
	if h == nil {
		p.add(c.section(n, path))
		return
	}
	o := op{pos: path.Pos}
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
		call.name = syntax.Original(n.Name)
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

func (c *compiler) decorator(p *program, n *syntax.Decorator) {
	name := syntax.Original(n.Expression.Path)
	if name != "inline" {
		c.fail(CodeUnknownHelper, n.Expression.Path.Location().Pos, "unknown decorator %s: there is only inline", Quote(name))
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
