package handlebars

import (
	"strings"

	"github.com/aymerick/raymond/ast"
)

// maxChain bounds the number of {{else name}} links of one block, maxLinks that of
// all blocks within each other.
const (
	maxChain = 1000
	maxLinks = 10_000
)

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
	if p.links++; links >= maxChain || p.links > maxLinks {
		p.fail(CodeLimitNesting, p.tok.pos, "more than %d {{else …}} in one block, or %d in blocks within each other", maxChain, maxLinks)
	}
	defer func() { p.links-- }()
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
		p.fail(CodeUnclosed, o.pos, "block %s is not closed", Quote(name))
	}
	if p.tok.kind != tokOpenEndBlock {
		p.unexpected("{{/" + shorten(name) + "}}")
	}
	open := p.advance()
	path := p.name()
	if !sameOriginal(path, o.expr.Path) {
		line, column := p.src.position(o.pos)
		p.fail(CodeSyntax, open.pos, "{{/%s}} closes nothing: the open block is %s of line %d, column %d", shorten(originalOf(path)), Quote(name), line, column)
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
		p.fail(CodeUnclosed, open.pos, "raw block %s is not closed", Quote(originalOf(b.Expression.Path)))
	}
	end := p.expect(tokEndRawBlock, "{{{{/…}}}}")
	if originalOf(b.Expression.Path) != end.text {
		p.fail(CodeSyntax, end.pos, "{{{{/%s}}}} closes nothing: the open raw block is %s", shorten(end.text), Quote(originalOf(b.Expression.Path)))
	}
	b.Program = prog
	b.OpenStrip, b.InverseStrip, b.CloseStrip = &ast.Strip{}, &ast.Strip{}, &ast.Strip{}
	return b
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

// sameOriginal reports whether a closing tag's name is its opener's.
func sameOriginal(closing, open ast.Node) bool {
	return originalOf(closing) == originalOf(open)
}
