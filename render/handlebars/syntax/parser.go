package syntax

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymerick/raymond/ast"
)

// parser turns tokens into the tree, by recursive descent with one token of
// look-ahead. Its methods panic with *Error, which parse recovers; every recursion
// counts its depth.
type parser struct {
	text  string
	lex   lexer
	tok   token // the next token
	after token // the one after it, if peeked
	ahead bool
	depth int
	limit int
	links int // of {{else}} chains, in all blocks around
	line  int // of the byte offset at
	at    int
	end   int // of the last token that was taken

	tags   map[ast.Node]*Tags // nil: nobody asks
	places *places            // nil: only the first fault counts, and starts are enough

	nodes   *nodeSlabs
	parts   Slab[string] // of paths, which outlive the tree
	segment []string     // of the path in progress
	// original is that path as it is written, but without brackets and white space.
	original bytes.Buffer
	stack    []ast.Node // statements of the programs in progress, innermost last
}

// nodeSlabs is where the commonest nodes come from, many at a time. A compiler
// that is done with a tree uses them again.
type nodeSlabs struct {
	expected    int // mustaches
	contents    Slab[ast.ContentStatement]
	mustaches   Slab[ast.MustacheStatement]
	expressions Slab[ast.Expression]
	paths       Slab[ast.PathExpression]
	strips      Slab[ast.Strip]
	statements  Slab[ast.Node]
}

func (n *nodeSlabs) reset() {
	n.contents.Reset()
	n.mustaches.Reset()
	n.expressions.Reset()
	n.paths.Reset()
	n.strips.Reset()
	n.statements.Reset()
}

// Limits bound what is parsed.
type Limits struct {
	Source  int // bytes
	Nesting int // blocks and sub-expressions within each other
}

// Parser parses one template after the other in the same memory.
type Parser struct {
	Tags  bool // note the tags of blocks, for TagsOf
	nodes nodeSlabs
	tags  map[ast.Node]*Tags
}

// TagsOf are the tags of a block that was parsed last; nil of a link of an {{else}} chain, and without Parser.Tags.
func (p *Parser) TagsOf(n ast.Node) *Tags { return p.tags[n] }

// Parse parses a template to its tree, with white space already stripped where tildes and standalone lines ask for it.
// The tree, which has no places but those of its nodes' starts, is good until the next call. The error is a *Fault, the
// first; Parse of the package tells all.
func (p *Parser) Parse(text string, limits Limits) (program *ast.Program, err error) {
	p.nodes.reset()
	p.tags = nil
	if p.Tags {
		p.tags = map[ast.Node]*Tags{}
	}
	return (&parser{text: text, nodes: &p.nodes, tags: p.tags}).parse(limits)
}

// parse parses the template and strips its white space.
func (p *parser) parse(limits Limits) (program *ast.Program, err error) {
	if len(p.text) > limits.Source {
		return nil, fault(FaultLength, -1, -1, "the template has %d bytes, more than the limit of %d", len(p.text), limits.Source)
	}
	p.lex, p.limit, p.line = lexer{src: p.text}, limits.Nesting, 1
	p.nodes.expected = min(strings.Count(p.text, "{{"), 200)
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*Fault)
			if !ok {
				panic(r)
			}
			program, err = nil, f
		}
	}()
	p.advance()
	program = p.program()
	for p.tok.kind != tokEOF {
		p.stray()
		p.more(program)
	}
	stripProgram(program, true)
	return program, nil
}

func fault(code FaultCode, start, end int, format string, args ...any) *Fault {
	return &Fault{Code: code, Span: Span{start, end}, Message: fmt.Sprintf(format, args...)}
}

// fail gives up at the next token.
func (p *parser) fail(code FaultCode, pos int, format string, args ...any) {
	panic(fault(code, pos, max(pos, p.tok.end), format, args...))
}

// unexpected fails at the next token.
func (p *parser) unexpected(want string) {
	if want != "" {
		want = ", expected " + want
	}
	switch p.tok.kind {
	case tokInvalid:
		p.fail(FaultSyntax, p.tok.pos, "%s%s", p.tok.text, want)
	case tokEOF:
		p.fail(FaultSyntax, p.tok.pos, "the template ends too early%s", want)
	case tokOpenEndBlock:
		p.fail(FaultSyntax, p.tok.pos, "a closing tag without its block")
	case tokInverse, tokOpenInverseChain:
		p.fail(FaultSyntax, p.tok.pos, "{{else}} outside of a block, or after its last {{else}}")
	}
	p.fail(FaultSyntax, p.tok.pos, "unexpected %s%s", Quote(p.text[p.tok.pos:p.tok.end]), want)
}

func (p *parser) advance() token {
	t := p.tok
	p.end = t.end
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
		p.fail(FaultNesting, pos, "nested more than %d deep", p.limit)
	}
}

func (p *parser) leave() { p.depth-- }

// loc is the location of a byte offset. Offsets mostly grow, so that counting
// lines is linear over the whole parse.
func (p *parser) loc(pos int) ast.Loc {
	if pos < p.at {
		p.line -= strings.Count(p.text[pos:p.at], "\n")
	} else {
		p.line += strings.Count(p.text[p.at:pos], "\n")
	}
	p.at = pos
	return ast.Loc{Pos: pos, Line: p.line}
}

// program parses statements up to a token that starts none.
func (p *parser) program() *ast.Program {
	prog := ast.NewProgram(p.tok.pos, p.loc(p.tok.pos).Line)
	p.more(prog)
	return prog
}

// more parses further statements of prog.
func (p *parser) more(prog *ast.Program) {
	base := len(p.stack)
	p.stack = append(p.stack, prog.Body...)
	if p.places == nil {
		for p.statement() {
		}
	} else {
		for p.tolerantStatement() {
		}
	}
	prog.Body = p.nodes.statements.Take(len(p.stack)-base, 2*p.nodes.expected)
	copy(prog.Body, p.stack[base:])
	p.stack = p.stack[:base]
	p.spanned(prog, prog.Pos, p.tok.pos)
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
		p.spanned(c, t.pos, t.end)
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

const (
	snippetOpen = "[[sn." // begins a snippet reference
	snippetLang = " lang="
	badSnippet  = "unknown snippet: [[sn. is not followed by a plain name and ]], or by a name, lang=fr and ]]"
)

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
		name, language := text[i+2:n], ""
		if rest, ok := strings.CutPrefix(text[n:], snippetLang); ok {
			tag := rest[:len(rest)-len(strings.TrimLeftFunc(rest, isTagRune))]
			if tag != "" && strings.HasPrefix(rest[len(tag):], "]]") {
				language, n = tag, n+len(snippetLang)+len(tag)
			}
		}
		if !strings.HasPrefix(text[n:], "]]") || len(name) == len(snippetOpen)-2 {
			if p.places == nil {
				p.fail(FaultSnippet, pos+i, badSnippet)
			}
			p.places.add(fault(FaultSnippet, pos+i, pos+n, badSnippet))
			p.stack = append(p.stack, p.content1(pos, text[:n]))
			text, pos = text[n:], pos+n
			continue
		}
		if i > 0 {
			p.stack = append(p.stack, p.content1(pos, text[:i]))
		}
		ref := &SnippetRef{NodeSnippet, p.loc(pos + i), name, language}
		p.spanned(ref, pos+i, pos+n+2)
		p.stack = append(p.stack, ref)
		text, pos = text[n+2:], pos+n+2
	}
	if text != "" {
		p.stack = append(p.stack, p.content1(pos, text))
	}
}

// isTagRune says whether a character may stand in a language tag.
func isTagRune(r rune) bool { return r == '-' || r < utf8.RuneSelf && isWord(byte(r)) }

// content1 makes a content node.
func (p *parser) content1(pos int, text string) *ast.ContentStatement {
	c := One(&p.nodes.contents, p.nodes.expected)
	*c = ast.ContentStatement{NodeType: ast.NodeContent, Loc: p.loc(pos), Value: text, Original: text}
	p.spanned(c, pos, pos+len(text))
	return c
}

// strip notes the tildes of an opening and a closing token.
func (p *parser) strip(open, end string) *ast.Strip {
	s := One(&p.nodes.strips, p.nodes.expected)
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
		d := &Decorator{NodeType: NodeDecorator, Loc: p.loc(open.pos), Expression: expr, Strip: strip}
		p.spanned(d, open.pos, end.end)
		return d
	}
	raw := open.kind == tokOpenUnescaped || strings.HasSuffix(open.text, "&")
	m := One(&p.nodes.mustaches, p.nodes.expected)
	*m = ast.MustacheStatement{NodeType: ast.NodeMustache, Loc: p.loc(open.pos), Unescaped: raw, Expression: expr, Strip: strip}
	p.spanned(m, open.pos, end.end)
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
	p.spanned(s, open.pos, end.end)
	return s
}
