package handlebars

import (
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
	links int // of {{else}} chains, in all blocks around
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
	p.fail(CodeSyntax, p.tok.pos, "unexpected %s%s", Quote(p.src.text[p.tok.pos:p.tok.end]), want)
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
