package syntax

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
	tags   *Tags // nil without places
}

func (p *parser) opener() opener {
	if p.places != nil {
		return p.tolerantOpener()
	}
	return p.openerTag()
}

func (p *parser) openerTag() opener {
	open := p.advance()
	o := opener{pos: open.pos, tag: open.text}
	if p.tags != nil {
		o.tags = &Tags{}
	}
	o.expr = p.expression(open.pos)
	if p.tok.kind == tokOpenBlockParams {
		p.advance()
		for p.tok.kind == tokID {
			name := p.advance()
			o.params = append(o.params, segment(name.text))
			if o.tags != nil {
				o.tags.Params = append(o.tags.Params, Span{name.pos, name.end})
			}
		}
		if len(o.params) == 0 {
			p.unexpected("a block parameter's name")
		}
		p.expect(tokCloseBlockParams, "|")
	}
	end := p.expect(tokClose, "}}")
	o.strip = p.strip(open.text, end.text)
	if o.tags != nil {
		o.tags.Open = Span{open.pos, end.end}
	}
	return o
}

// block parses {{#name}}…{{/name}} and {{^name}}…{{/name}}.
func (p *parser) block() ast.Node {
	inverted := p.tok.kind == tokOpenInverse
	o := p.opener()
	p.enter(o.pos)
	defer p.leave()
	p.opened(o)
	decorator := strings.HasSuffix(o.tag, "*")
	program := p.program()
	program.BlockParams = o.params
	b := &ast.BlockStatement{NodeType: ast.NodeBlock, Loc: p.loc(o.pos), Expression: o.expr, OpenStrip: o.strip, Program: program}
	var chained *ast.BlockStatement
	switch {
	case p.tok.kind == tokInverse:
		if decorator {
			p.fail(FaultSyntax, p.tok.pos, "a decorator has no {{else}}")
		}
		t := p.advance()
		b.InverseStrip = p.strip(t.text, t.text)
		o.elseTag(t)
		b.Inverse = p.program()
	case p.tok.kind == tokOpenInverseChain && !inverted:
		if decorator {
			p.fail(FaultSyntax, p.tok.pos, "a decorator has no {{else}}")
		}
		chained = p.chain(0)
		b.InverseStrip = chained.OpenStrip
		b.Inverse = chainProgram(chained)
	}
	b.CloseStrip = p.closeBlock(o, b)
	if chained != nil {
		chained.CloseStrip = b.CloseStrip
	}
	if inverted {
		b.Program, b.Inverse = b.Inverse, b.Program
	}
	if decorator {
		d := &Decorator{NodeType: NodeDecorator, Loc: b.Loc, Expression: b.Expression, Program: b.Program, OpenStrip: b.OpenStrip, CloseStrip: b.CloseStrip}
		p.tagged(d, o)
		return d
	}
	p.tagged(b, o)
	return b
}

// chain parses {{else name}}… and what follows it, up to the closing tag.
func (p *parser) chain(links int) *ast.BlockStatement {
	if p.links++; links >= maxChain || p.links > maxLinks {
		p.fail(FaultNesting, p.tok.pos, "more than %d {{else …}} in one block, or %d in blocks within each other", maxChain, maxLinks)
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
		o.elseTag(t)
		b.Inverse = p.program()
	case tokOpenInverseChain:
		next := p.chain(links + 1)
		b.InverseStrip = next.OpenStrip
		b.CloseStrip = next.OpenStrip
		next.CloseStrip = next.OpenStrip // as Handlebars.js has it
		b.Inverse = chainProgram(next)
	}
	p.tagged(b, o)
	return b
}

func chainProgram(b *ast.BlockStatement) *ast.Program {
	return &ast.Program{NodeType: ast.NodeProgram, Loc: b.Loc, Body: []ast.Node{b}, Chained: true}
}

// closeBlock parses the closing tag of o's block.
func (p *parser) closeBlock(o opener, block *ast.BlockStatement) *ast.Strip {
	if p.places != nil {
		return p.tolerantClose(o, block)
	}
	if p.tok.kind == tokEOF {
		panic(unclosed(o))
	}
	return p.closeTag(o)
}

func unclosed(o opener) *Fault {
	end := o.pos
	if o.tags != nil {
		end = o.tags.Open.End
	}
	return fault(FaultUnclosed, o.pos, end, "block %s is not closed", Quote(Original(o.expr.Path)))
}

func (p *parser) closeTag(o opener) *ast.Strip {
	name := Original(o.expr.Path)
	if p.tok.kind != tokOpenEndBlock {
		p.unexpected("{{/" + Shorten(name) + "}}")
	}
	open := p.advance()
	path := p.name()
	if Original(path) != name {
		line, column := Position(p.text, o.pos)
		p.fail(FaultSyntax, open.pos, "{{/%s}} closes nothing: the open block is %s of line %d, column %d", Shorten(Original(path)), Quote(name), line, column)
	}
	end := p.expect(tokClose, "}}")
	if o.tags != nil {
		o.tags.Close = Span{open.pos, end.end}
	}
	return p.strip(open.text, end.text)
}

func (p *parser) rawBlock() ast.Node {
	open := p.advance()
	b := &ast.BlockStatement{NodeType: ast.NodeBlock, Loc: p.loc(open.pos), Expression: p.expression(open.pos)}
	p.expect(tokCloseRawBlock, "}}}}")
	prog := ast.NewProgram(p.tok.pos, p.loc(p.tok.pos).Line)
	for p.tok.kind == tokContent {
		t := p.advance()
		prog.AddStatement(p.content1(t.pos, t.text))
	}
	if p.tok.kind == tokEOF || p.tok.kind == tokInvalid {
		p.fail(FaultUnclosed, open.pos, "raw block %s is not closed", Quote(Original(b.Expression.Path)))
	}
	end := p.expect(tokEndRawBlock, "{{{{/…}}}}")
	if Original(b.Expression.Path) != end.text {
		p.fail(FaultSyntax, end.pos, "{{{{/%s}}}} closes nothing: the open raw block is %s", Shorten(end.text), Quote(Original(b.Expression.Path)))
	}
	b.Program = prog
	b.OpenStrip, b.InverseStrip, b.CloseStrip = &ast.Strip{}, &ast.Strip{}, &ast.Strip{}
	if p.tags != nil {
		p.spanned(prog, prog.Pos, end.pos)
		p.tagged(b, opener{pos: open.pos, tags: &Tags{Open: Span{open.pos, prog.Pos}, Close: Span{end.pos, end.end}, Raw: true}})
	}
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
	o := opener{pos: open.pos, expr: &ast.Expression{Path: b.Name}}
	if p.tags != nil {
		o.tags = &Tags{Open: Span{open.pos, end.end}}
	}
	p.opened(o)
	b.Program = p.program()
	b.CloseStrip = p.closeBlock(o, nil)
	p.tagged(b, o)
	return b
}
