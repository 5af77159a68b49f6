package syntax

import (
	"strconv"
	"strings"

	"github.com/aymerick/raymond/ast"
)

// expression parses name, parameters and hash.
func (p *parser) expression(pos int) *ast.Expression {
	e := One(&p.nodes.expressions, p.nodes.expected)
	e.NodeType, e.Loc = ast.NodeExpression, p.loc(pos)
	start := p.tok.pos
	e.Path = p.name()
	e.Params, e.Hash = p.params()
	p.spanned(e, start, p.end)
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
		p.spanned(pair, key.pos, p.end)
		h.Pairs = append(h.Pairs, pair)
	}
	p.spanned(h, h.Pos, p.end)
	return h
}

func (p *parser) sexpr() ast.Node {
	open := p.advance()
	p.enter(open.pos)
	defer p.leave()
	s := ast.NewSubExpression(open.pos, p.loc(open.pos).Line)
	s.Expression = p.expression(open.pos)
	p.expect(tokCloseSexpr, ")")
	p.spanned(s, open.pos, p.end)
	return s
}

// name parses a path, an @variable or a literal.
func (p *parser) name() ast.Node {
	start := p.tok.pos
	n := p.operand()
	p.spanned(n, start, p.end)
	return n
}

func (p *parser) operand() ast.Node {
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
	path := One(&p.nodes.paths, p.nodes.expected)
	path.NodeType, path.Loc, path.Data = ast.NodePath, p.loc(pos), data
	parts := p.segment[:0]
	end, plain := first.pos, true
	p.original.Reset()
	for {
		t := p.expect(tokID, "a name")
		part := segment(t.text)
		if plain && (len(part) != t.end-t.pos || t.pos != end) {
			plain = false
			p.original.WriteString(p.text[first.pos:end])
		}
		end = t.end
		if !plain {
			p.original.WriteString(part)
		}
		if len(part) == len(t.text) && (part == ".." || part == "." || part == "this") {
			if len(parts) > 0 {
				p.fail(FaultSyntax, first.pos, "invalid path %s", Quote(p.text[first.pos:end]))
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
			plain = false
			p.original.WriteString(p.text[first.pos:end])
		}
		end = sep.end
		if !plain {
			p.original.WriteString(sep.text)
		}
	}
	original := p.text[first.pos:end]
	if !plain {
		original = p.original.String()
	}
	if data {
		original = "@" + original
	}
	path.Original = original
	path.Scoped = IsScoped(original)
	if len(parts) > 0 {
		path.Parts = p.parts.Take(len(parts), 2*p.nodes.expected)
		copy(path.Parts, parts)
	}
	p.segment = parts
	return path
}

// IsScoped is Handlebars.js' test (/^\.|this\b/) for a path that never names a helper.
func IsScoped(original string) bool {
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

// Original is how a name was written.
func Original(n ast.Node) string {
	switch n := n.(type) {
	case *ast.PathExpression:
		return n.Original
	case *ast.StringLiteral:
		return n.Value
	case *ast.NumberLiteral:
		return string(AppendNumber(nil, n.Value))
	case *ast.BooleanLiteral:
		return n.Original
	case *UndefinedLiteral:
		return "undefined"
	case *NullLiteral:
		return "null"
	case *ast.SubExpression:
		return Original(n.Expression.Path)
	}
	return ""
}
