package syntax

import (
	"strings"

	"github.com/aymerick/raymond/ast"
)

// This file goes on behind a fault, so that all of a template's are told.

// attempt runs f and says whether it came to its end. A fault is noted; what is left of its tag is skipped.
func (p *parser) attempt(f func()) (ok bool) {
	start, depth, links, stack, open := p.tok.pos, p.depth, p.links, len(p.stack), len(p.places.open)
	defer func() {
		r := recover()
		if r == nil {
			ok = true
			return
		}
		f, isFault := r.(*Fault)
		if !isFault || f == errEnough || f.Code == FaultNesting || f.Code == FaultLength {
			panic(r)
		}
		p.depth, p.links, p.stack, p.places.open = depth, links, p.stack[:stack], p.places.open[:open]
		p.places.add(f)
		p.skipTag(start)
	}()
	f()
	return true
}

// skipTag goes on behind the tag that begins at start: behind its braces, or before those of the next tag if they come
// first.
func (p *parser) skipTag(start int) {
	rest := p.text[start:]
	n := len(rest) - len(strings.TrimLeft(rest, "{"))
	end := len(rest)
	if i := strings.Index(rest[n:], "}}"); i >= 0 {
		end = n + i
		for end < len(rest) && rest[end] == '}' {
			end++
		}
	}
	if i := strings.Index(rest[n:], "{{"); i >= 0 && n+i < end {
		end = n + i
	}
	p.lex.pos, p.lex.mode, p.lex.raw, p.ahead = min(start+max(end, 1), len(p.text)), modeContent, 0, false
	p.end = p.lex.pos
	p.tok = p.lex.next()
}

// tolerantStatement is statement; a faulty one is left out.
func (p *parser) tolerantStatement() (more bool) {
	if p.tok.kind == tokInvalid {
		p.attempt(func() { p.unexpected("") })
		return true
	}
	if !p.attempt(func() { more = p.statement() }) {
		return true
	}
	return more
}

// tolerantOpener is openerTag; of a faulty one, the name is what counts.
func (p *parser) tolerantOpener() (o opener) {
	open := p.tok
	if p.attempt(func() { o = p.openerTag() }) {
		return o
	}
	name := p.text[open.end:max(open.end, p.end)]
	name = name[spaceLen(name):]
	name = name[:idLen(name)]
	path := &ast.PathExpression{NodeType: ast.NodePath, Loc: p.loc(open.pos), Original: name, Parts: []string{name}}
	return opener{
		pos: open.pos, tag: open.text, expr: &ast.Expression{NodeType: ast.NodeExpression, Loc: p.loc(open.pos), Path: path},
		strip: &ast.Strip{}, tags: &Tags{Open: Span{open.pos, p.end}, Faulty: true},
	}
}

// tolerantClose is closeTag. Another block's closing tag ends this one too, where that block is open; else it is noted
// and taken for this one's.
func (p *parser) tolerantClose(o opener, block *ast.BlockStatement) *ast.Strip {
	p.places.open = p.places.open[:len(p.places.open)-1]
	for p.tok.kind == tokInverse || p.tok.kind == tokOpenInverseChain || p.tok.kind == tokInvalid {
		p.stray()
		if block != nil {
			last := block.Inverse
			if last == nil || last.Chained {
				last = block.Program
			}
			p.more(last)
		} else {
			p.program()
		}
	}
	if p.tok.kind == tokEOF || p.closesOuter(o) {
		if !o.tags.Faulty { // else it is told already what is wrong with it
			p.places.add(unclosed(o))
		}
		return &ast.Strip{}
	}
	strip := &ast.Strip{}
	p.attempt(func() { strip = p.closeTag(o) })
	return strip
}

// closesOuter says whether the next token closes a block around o's, not o's.
func (p *parser) closesOuter(o opener) bool {
	if p.tok.kind != tokOpenEndBlock {
		return false
	}
	name := p.text[p.tok.end:]
	name = name[spaceLen(name):]
	name = name[:idLen(name)]
	if name == Original(o.expr.Path) {
		return false
	}
	for _, outer := range p.places.open {
		if Original(outer.expr.Path) == name {
			return true
		}
	}
	return false
}

// stray refuses the next token, which can't stand here, and goes on behind its tag.
func (p *parser) stray() {
	if p.places == nil {
		p.unexpected("")
	}
	p.attempt(func() { p.unexpected("") })
}
