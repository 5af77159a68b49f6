package handlebars

import (
	"strconv"
	"strings"
	"sync"

	"github.com/aymerick/raymond/ast"
)

// parser turns tokens into the tree, by recursive descent with one token of
// look-ahead. Its methods panic with *Error, which parse recovers; every recursion
// counts its depth.
type parser struct {
	src   *source
	lex   lexer
	tok   token // the next token
	after token // the one after it, if peeked
	ahead bool
	depth int
	limit int
	line  int // of the byte offset at
	at    int

	nodes   *nodeSlabs
	parts   slab[string] // of paths, which outlive the tree
	segment []string     // of the path in progress
	stack   []ast.Node   // statements of the programs in progress, innermost last
}

// nodeSlabs is where the commonest nodes come from, many at a time. A compiler
// that is done with a tree uses them again.
type nodeSlabs struct {
	expected    int // mustaches
	contents    slab[ast.ContentStatement]
	mustaches   slab[ast.MustacheStatement]
	expressions slab[ast.Expression]
	paths       slab[ast.PathExpression]
	strips      slab[ast.Strip]
	statements  slab[ast.Node]
}

func (n *nodeSlabs) reset() {
	n.contents.reset()
	n.mustaches.reset()
	n.expressions.reset()
	n.paths.reset()
	n.strips.reset()
	n.statements.reset()
}

var slabPool = sync.Pool{New: func() any { return new(nodeSlabs) }}

// one returns a new node.
func one[T any](s *slab[T], expected int) *T { return &s.take(1, expected)[0] }

// maxChain bounds the number of {{else name}} links of one block.
const maxChain = 1000

// Parse parses a template to its tree, with white space already stripped where
// tildes and standalone lines ask for it. It is for tools that look at templates;
// to execute one, Compile it. Names are not looked up. The error is an *Error.
func Parse(name, text string, limits Limits) (*ast.Program, error) {
	limits = limits.withDefaults()
	return parse(&source{name, text}, &limits, new(nodeSlabs))
}

// parse parses a template and strips its white space. The tree is made of nodes.
func parse(src *source, limits *Limits, nodes *nodeSlabs) (program *ast.Program, err error) {
	if len(src.text) > limits.Source {
		return nil, src.errorAt(CodeLimitSource, -1, "the template has %d bytes, more than the limit of %d", len(src.text), limits.Source)
	}
	p := &parser{src: src, lex: lexer{src: src.text}, limit: limits.Nesting, line: 1, nodes: nodes}
	p.nodes.expected = min(strings.Count(src.text, "{{"), 200)
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			program, err = nil, e
		}
	}()
	p.advance()
	program = p.program()
	if p.tok.kind != tokEOF {
		p.unexpected("")
	}
	stripProgram(program, true)
	return program, nil
}

func (p *parser) fail(code Code, pos int, format string, args ...any) {
	panic(p.src.errorAt(code, pos, format, args...))
}

// unexpected fails at the next token.
func (p *parser) unexpected(want string) {
	if want != "" {
		want = ", expected " + want
	}
	switch p.tok.kind {
	case tokInvalid:
		p.fail(CodeSyntax, p.tok.pos, "%s%s", p.tok.text, want)
	case tokEOF:
		p.fail(CodeSyntax, p.tok.pos, "the template ends too early%s", want)
	case tokOpenEndBlock:
		p.fail(CodeSyntax, p.tok.pos, "a closing tag without its block")
	case tokInverse, tokOpenInverseChain:
		p.fail(CodeSyntax, p.tok.pos, "{{else}} outside of a block, or after its last {{else}}")
	}
	p.fail(CodeSyntax, p.tok.pos, "unexpected %s%s", quote(p.src.text[p.tok.pos:p.tok.end]), want)
}

func (p *parser) advance() token {
	t := p.tok
	if p.ahead {
		p.tok, p.ahead = p.after, false
	} else {
		p.tok = p.lex.next()
	}
	return t
}

func (p *parser) peek() token {
	if !p.ahead {
		p.after, p.ahead = p.lex.next(), true
	}
	return p.after
}

func (p *parser) expect(kind tokenKind, want string) token {
	if p.tok.kind != kind {
		p.unexpected(want)
	}
	return p.advance()
}

// enter counts a level of nesting; leave undoes it.
func (p *parser) enter(pos int) {
	if p.depth++; p.depth > p.limit {
		p.fail(CodeLimitNesting, pos, "nested more than %d deep", p.limit)
	}
}

func (p *parser) leave() { p.depth-- }

// loc is the location of a byte offset. Offsets mostly grow, so that counting
// lines is linear over the whole parse.
func (p *parser) loc(pos int) ast.Loc {
	if pos < p.at {
		p.line -= strings.Count(p.src.text[pos:p.at], "\n")
	} else {
		p.line += strings.Count(p.src.text[p.at:pos], "\n")
	}
	p.at = pos
	return ast.Loc{Pos: pos, Line: p.line}
}

// program parses statements up to a token that starts none.
func (p *parser) program() *ast.Program {
	prog := ast.NewProgram(p.tok.pos, p.loc(p.tok.pos).Line)
	base := len(p.stack)
	for p.statement() {
	}
	prog.Body = p.nodes.statements.take(len(p.stack)-base, 2*p.nodes.expected)
	copy(prog.Body, p.stack[base:])
	p.stack = p.stack[:base]
	return prog
}

// statement parses a statement, or returns false where none starts.
func (p *parser) statement() bool {
	var node ast.Node
	switch p.tok.kind {
	case tokContent:
		p.content(p.advance())
		return true
	case tokComment:
		t := p.advance()
		c := ast.NewCommentStatement(t.pos, p.loc(t.pos).Line, commentText(t.text))
		c.Strip = p.strip(t.text, t.text)
		node = c
	case tokOpen, tokOpenUnescaped:
		node = p.mustache()
	case tokOpenBlock, tokOpenInverse:
		node = p.block()
	case tokOpenRawBlock:
		node = p.rawBlock()
	case tokOpenPartial:
		node = p.partial()
	case tokOpenPartialBlock:
		node = p.partialBlock()
	default:
		return false
	}
	p.stack = append(p.stack, node)
	return true
}

// commentText returns a comment without its delimiters.
func commentText(s string) string {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "{{"), "~")
	s = strings.TrimPrefix(s, "!")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "-")
	s = strings.TrimSuffix(strings.TrimSuffix(s, "}}"), "~")
	return strings.TrimSuffix(strings.TrimSuffix(s, "-"), "-")
}

// snippetOpen begins a snippet reference.
const snippetOpen = "[[sn."

// content pushes a text, cut at its snippet references.
func (p *parser) content(t token) {
	text, pos := t.text, t.pos
	for {
		i := strings.Index(text, snippetOpen)
		if i < 0 {
			break
		}
		n := i + len(snippetOpen)
		for n < len(text) && (isWord(text[n]) || text[n] == '-' || text[n] == '.') {
			n++
		}
		if !strings.HasPrefix(text[n:], "]]") || n == i+len(snippetOpen) {
			p.fail(CodeUnknownSnippet, pos+i, "unknown snippet: [[sn. is not followed by a plain name and ]]")
		}
		if i > 0 {
			p.stack = append(p.stack, p.text(pos, text[:i]))
		}
		p.stack = append(p.stack, &SnippetRef{NodeSnippet, p.loc(pos + i), text[i+2 : n]})
		text, pos = text[n+2:], pos+n+2
	}
	if text != "" {
		p.stack = append(p.stack, p.text(pos, text))
	}
}

// text makes a content node.
func (p *parser) text(pos int, text string) *ast.ContentStatement {
	c := one(&p.nodes.contents, p.nodes.expected)
	*c = ast.ContentStatement{NodeType: ast.NodeContent, Loc: p.loc(pos), Value: text, Original: text}
	return c
}

// strip notes the tildes of an opening and a closing token.
func (p *parser) strip(open, end string) *ast.Strip {
	s := one(&p.nodes.strips, p.nodes.expected)
	s.Open = len(open) > 2 && open[2] == '~'
	s.Close = len(end) > 2 && end[len(end)-3] == '~'
	return s
}

func (p *parser) mustache() ast.Node {
	open := p.advance()
	expr := p.expression(open.pos)
	var end token
	if open.kind == tokOpenUnescaped {
		end = p.expect(tokCloseUnescaped, "}}}")
	} else {
		end = p.expect(tokClose, "}}")
	}
	strip := p.strip(open.text, end.text)
	if strings.HasSuffix(open.text, "*") {
		return &Decorator{NodeType: NodeDecorator, Loc: p.loc(open.pos), Expression: expr, Strip: strip}
	}
	raw := open.kind == tokOpenUnescaped || strings.HasSuffix(open.text, "&")
	m := one(&p.nodes.mustaches, p.nodes.expected)
	*m = ast.MustacheStatement{NodeType: ast.NodeMustache, Loc: p.loc(open.pos), Unescaped: raw, Expression: expr, Strip: strip}
	return m
}

// expression parses name, parameters and hash.
func (p *parser) expression(pos int) *ast.Expression {
	e := one(&p.nodes.expressions, p.nodes.expected)
	e.NodeType, e.Loc = ast.NodeExpression, p.loc(pos)
	e.Path = p.name()
	e.Params, e.Hash = p.params()
	return e
}

func (p *parser) params() (params []ast.Node, hash *ast.Hash) {
	for {
		switch p.tok.kind {
		case tokID:
			if p.peek().kind == tokEquals {
				return params, p.hash()
			}
			params = append(params, p.name())
		case tokString, tokNumber, tokBoolean, tokUndefined, tokNull, tokData:
			params = append(params, p.name())
		case tokOpenSexpr:
			params = append(params, p.sexpr())
		default:
			return params, nil
		}
	}
}

func (p *parser) hash() *ast.Hash {
	h := ast.NewHash(p.tok.pos, p.loc(p.tok.pos).Line)
	for p.tok.kind == tokID {
		key := p.advance()
		pair := ast.NewHashPair(key.pos, p.loc(key.pos).Line)
		pair.Key = segment(key.text)
		p.expect(tokEquals, "=")
		if p.tok.kind == tokOpenSexpr {
			pair.Val = p.sexpr()
		} else {
			pair.Val = p.name()
		}
		h.Pairs = append(h.Pairs, pair)
	}
	return h
}

func (p *parser) sexpr() ast.Node {
	open := p.advance()
	p.enter(open.pos)
	defer p.leave()
	s := ast.NewSubExpression(open.pos, p.loc(open.pos).Line)
	s.Expression = p.expression(open.pos)
	p.expect(tokCloseSexpr, ")")
	return s
}

// name parses a path, an @variable or a literal.
func (p *parser) name() ast.Node {
	switch t := p.tok; t.kind {
	case tokID:
		return p.path(false)
	case tokData:
		p.advance()
		if p.tok.kind != tokID {
			p.unexpected("a name after @")
		}
		return p.path(true)
	case tokString:
		p.advance()
		return ast.NewStringLiteral(t.pos, p.loc(t.pos).Line, t.text)
	case tokNumber:
		p.advance()
		f, _ := strconv.ParseFloat(t.text, 64) // out of range is ±Inf, as in JavaScript
		return ast.NewNumberLiteral(t.pos, p.loc(t.pos).Line, f, !strings.Contains(t.text, "."), t.text)
	case tokBoolean:
		p.advance()
		return ast.NewBooleanLiteral(t.pos, p.loc(t.pos).Line, t.text == "true", t.text)
	case tokUndefined:
		p.advance()
		return &UndefinedLiteral{NodeUndefined, p.loc(t.pos)}
	case tokNull:
		p.advance()
		return &NullLiteral{NodeNull, p.loc(t.pos)}
	}
	p.unexpected("a name")
	return nil
}

// segment returns a path segment or key without the brackets of a [literal].
func segment(s string) string {
	if len(s) >= 2 && s[0] == '[' && s[len(s)-1] == ']' && !strings.ContainsAny(s, "\n\r\u2028\u2029") {
		return s[1 : len(s)-1]
	}
	return s
}

func (p *parser) path(data bool) ast.Node {
	first := p.tok
	pos := first.pos
	if data {
		pos--
	}
	path := one(&p.nodes.paths, p.nodes.expected)
	path.NodeType, path.Loc, path.Data = ast.NodePath, p.loc(pos), data
	parts := p.segment[:0]
	// The original is the path as written, but without brackets and white space.
	end, plain, original := first.pos, true, ""
	for {
		t := p.expect(tokID, "a name")
		part := segment(t.text)
		if plain && (len(part) != t.end-t.pos || t.pos != end) {
			plain, original = false, p.src.text[first.pos:end]
		}
		end = t.end
		if !plain {
			original += part
		}
		if len(part) == len(t.text) && (part == ".." || part == "." || part == "this") {
			if len(parts) > 0 {
				p.fail(CodeSyntax, first.pos, "invalid path %s", quote(p.src.text[first.pos:end]))
			}
			if part == ".." {
				path.Depth++
			}
		} else {
			parts = append(parts, part)
		}
		if p.tok.kind != tokSep {
			break
		}
		sep := p.advance()
		if plain && sep.pos != end {
			plain, original = false, p.src.text[first.pos:end]
		}
		end = sep.end
		if !plain {
			original += sep.text
		}
	}
	if plain {
		original = p.src.text[first.pos:end]
	}
	if data {
		original = "@" + original
	}
	path.Original = original
	path.Scoped = isScoped(original)
	if len(parts) > 0 {
		path.Parts = p.parts.take(len(parts), 2*p.nodes.expected)
		copy(path.Parts, parts)
	}
	p.segment = parts
	return path
}

// isScoped is Handlebars.js' test (/^\.|this\b/) for a path that never names a helper.
func isScoped(original string) bool {
	if strings.HasPrefix(original, ".") {
		return true
	}
	for s := original; ; {
		i := strings.Index(s, "this")
		if i < 0 {
			return false
		}
		if s = s[i+4:]; s == "" || !isWord(s[0]) {
			return true
		}
	}
}

// opener is the first tag of a block, chain link or partial block.
type opener struct {
	pos    int
	expr   *ast.Expression
	params []string
	strip  *ast.Strip
	tag    string
}

func (p *parser) opener() opener {
	open := p.advance()
	o := opener{pos: open.pos, tag: open.text}
	o.expr = p.expression(open.pos)
	if p.tok.kind == tokOpenBlockParams {
		p.advance()
		for p.tok.kind == tokID {
			o.params = append(o.params, segment(p.advance().text))
		}
		if len(o.params) == 0 {
			p.unexpected("a block parameter's name")
		}
		p.expect(tokCloseBlockParams, "|")
	}
	end := p.expect(tokClose, "}}")
	o.strip = p.strip(open.text, end.text)
	return o
}

// block parses {{#name}}…{{/name}} and {{^name}}…{{/name}}.
func (p *parser) block() ast.Node {
	inverted := p.tok.kind == tokOpenInverse
	o := p.opener()
	p.enter(o.pos)
	defer p.leave()
	decorator := strings.HasSuffix(o.tag, "*")
	program := p.program()
	program.BlockParams = o.params
	b := &ast.BlockStatement{NodeType: ast.NodeBlock, Loc: p.loc(o.pos), Expression: o.expr, OpenStrip: o.strip, Program: program}
	var chained *ast.BlockStatement
	switch {
	case p.tok.kind == tokInverse:
		if decorator {
			p.fail(CodeSyntax, p.tok.pos, "a decorator has no {{else}}")
		}
		t := p.advance()
		b.InverseStrip = p.strip(t.text, t.text)
		b.Inverse = p.program()
	case p.tok.kind == tokOpenInverseChain && !inverted:
		if decorator {
			p.fail(CodeSyntax, p.tok.pos, "a decorator has no {{else}}")
		}
		chained = p.chain(0)
		b.InverseStrip = chained.OpenStrip
		b.Inverse = chainProgram(chained)
	}
	b.CloseStrip = p.closeBlock(o)
	if chained != nil {
		chained.CloseStrip = b.CloseStrip
	}
	if inverted {
		b.Program, b.Inverse = b.Inverse, b.Program
	}
	if decorator {
		return &Decorator{NodeType: NodeDecorator, Loc: b.Loc, Expression: b.Expression, Program: b.Program, OpenStrip: b.OpenStrip, CloseStrip: b.CloseStrip}
	}
	return b
}

// chain parses {{else name}}… and what follows it, up to the closing tag.
func (p *parser) chain(links int) *ast.BlockStatement {
	if links >= maxChain {
		p.fail(CodeLimitNesting, p.tok.pos, "more than %d {{else …}} in one block", maxChain)
	}
	o := p.opener()
	program := p.program()
	program.BlockParams = o.params
	b := &ast.BlockStatement{NodeType: ast.NodeBlock, Loc: p.loc(o.pos), Expression: o.expr, OpenStrip: o.strip, Program: program}
	switch p.tok.kind {
	case tokInverse:
		t := p.advance()
		b.InverseStrip = p.strip(t.text, t.text)
		b.CloseStrip = b.InverseStrip
		b.Inverse = p.program()
	case tokOpenInverseChain:
		next := p.chain(links + 1)
		b.InverseStrip = next.OpenStrip
		b.CloseStrip = next.OpenStrip
		next.CloseStrip = next.OpenStrip // as Handlebars.js has it
		b.Inverse = chainProgram(next)
	}
	return b
}

func chainProgram(b *ast.BlockStatement) *ast.Program {
	return &ast.Program{NodeType: ast.NodeProgram, Loc: b.Loc, Body: []ast.Node{b}, Chained: true}
}

// closeBlock parses the closing tag of o's block.
func (p *parser) closeBlock(o opener) *ast.Strip {
	name := originalOf(o.expr.Path)
	if p.tok.kind == tokEOF {
		p.fail(CodeUnclosed, o.pos, "block %s is not closed", quote(name))
	}
	if p.tok.kind != tokOpenEndBlock {
		p.unexpected("{{/" + shorten(name) + "}}")
	}
	open := p.advance()
	path := p.name()
	if !sameOriginal(path, o.expr.Path) {
		line, column := p.src.position(o.pos)
		p.fail(CodeSyntax, open.pos, "{{/%s}} closes nothing: the open block is %s of line %d, column %d", shorten(originalOf(path)), quote(name), line, column)
	}
	end := p.expect(tokClose, "}}")
	return p.strip(open.text, end.text)
}

func (p *parser) rawBlock() ast.Node {
	open := p.advance()
	b := &ast.BlockStatement{NodeType: ast.NodeBlock, Loc: p.loc(open.pos), Expression: p.expression(open.pos)}
	p.expect(tokCloseRawBlock, "}}}}")
	prog := ast.NewProgram(p.tok.pos, p.loc(p.tok.pos).Line)
	for p.tok.kind == tokContent {
		t := p.advance()
		prog.AddStatement(p.text(t.pos, t.text))
	}
	if p.tok.kind == tokEOF || p.tok.kind == tokInvalid {
		p.fail(CodeUnclosed, open.pos, "raw block %s is not closed", quote(originalOf(b.Expression.Path)))
	}
	end := p.expect(tokEndRawBlock, "{{{{/…}}}}")
	if originalOf(b.Expression.Path) != end.text {
		p.fail(CodeSyntax, end.pos, "{{{{/%s}}}} closes nothing: the open raw block is %s", shorten(end.text), quote(originalOf(b.Expression.Path)))
	}
	b.Program = prog
	b.OpenStrip, b.InverseStrip, b.CloseStrip = &ast.Strip{}, &ast.Strip{}, &ast.Strip{}
	return b
}

// partialName parses the name of a partial, which may be a sub-expression.
func (p *parser) partialName() ast.Node {
	if p.tok.kind == tokOpenSexpr {
		return p.sexpr()
	}
	return p.name()
}

func (p *parser) partial() ast.Node {
	open := p.advance()
	s := ast.NewPartialStatement(open.pos, p.loc(open.pos).Line)
	s.Name = p.partialName()
	s.Params, s.Hash = p.params()
	end := p.expect(tokClose, "}}")
	s.Strip = p.strip(open.text, end.text)
	return s
}

func (p *parser) partialBlock() ast.Node {
	open := p.advance()
	p.enter(open.pos)
	defer p.leave()
	b := &PartialBlock{PartialStatement: *ast.NewPartialStatement(open.pos, p.loc(open.pos).Line)}
	b.NodeType = NodePartialBlock
	b.Name = p.partialName()
	b.Params, b.Hash = p.params()
	end := p.expect(tokClose, "}}")
	b.OpenStrip = p.strip(open.text, end.text)
	b.Program = p.program()
	b.CloseStrip = p.closeBlock(opener{pos: open.pos, expr: &ast.Expression{Path: b.Name}})
	return b
}

// originalOf is how a name was written.
func originalOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.PathExpression:
		return n.Original
	case *ast.StringLiteral:
		return n.Value
	case *ast.NumberLiteral:
		return Number(n.Value).Text()
	case *ast.BooleanLiteral:
		return n.Original
	case *UndefinedLiteral:
		return "undefined"
	case *NullLiteral:
		return "null"
	case *ast.SubExpression:
		return originalOf(n.Expression.Path)
	}
	return ""
}

// sameOriginal reports whether a closing tag's name is its opener's.
func sameOriginal(closing, open ast.Node) bool {
	return originalOf(closing) == originalOf(open)
}
