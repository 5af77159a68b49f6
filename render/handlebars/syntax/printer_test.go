package syntax

import (
	"strings"

	"github.com/aymerick/raymond/ast"
)

// printTree prints a tree as the printer of Handlebars.js does.
func printTree(p *ast.Program) string {
	tp := &treePrinter{}
	return tp.program(p)
}

type treePrinter struct{ padding int }

func (t *treePrinter) pad(s string) string {
	return strings.Repeat("  ", max(t.padding, 0)) + s + "\n"
}

func (t *treePrinter) program(p *ast.Program) string {
	out := ""
	if p.BlockParams != nil {
		out += t.pad("BLOCK PARAMS: [ " + strings.Join(p.BlockParams, " ") + " ]")
	}
	for _, n := range p.Body {
		out += t.statement(n)
	}
	t.padding--
	return out
}

func (t *treePrinter) statement(n ast.Node) string {
	switch n := n.(type) {
	case *ast.ContentStatement:
		return t.pad("CONTENT[ '" + n.Value + "' ]")
	case *ast.CommentStatement:
		return t.pad("{{! '" + n.Value + "' }}")
	case *ast.MustacheStatement:
		return t.pad("{{ " + t.expression(n.Expression) + " }}")
	case *Decorator:
		if n.Program == nil {
			return t.pad("{{ DIRECTIVE " + t.expression(n.Expression) + " }}")
		}
		return t.block("DIRECTIVE ", n.Expression, n.Program, nil)
	case *ast.BlockStatement:
		return t.block("", n.Expression, n.Program, n.Inverse)
	case *ast.PartialStatement:
		return t.pad("{{> " + t.partial("PARTIAL:", n) + " }}")
	case *PartialBlock:
		s := t.partial("PARTIAL BLOCK:", &n.PartialStatement) + " " + t.pad("PROGRAM:")
		t.padding++
		s += t.program(n.Program)
		t.padding--
		return t.pad("{{> " + s + " }}")
	}
	return t.pad("?")
}

func (t *treePrinter) partial(kind string, n *ast.PartialStatement) string {
	s := kind + Original(n.Name)
	if len(n.Params) > 0 {
		s += " " + t.value(n.Params[0])
	}
	if n.Hash != nil {
		s += " " + t.hash(n.Hash)
	}
	return s
}

func (t *treePrinter) block(kind string, e *ast.Expression, program, inverse *ast.Program) string {
	out := t.pad(kind + "BLOCK:")
	t.padding++
	out += t.pad(t.expression(e))
	if program != nil {
		out += t.pad("PROGRAM:")
		t.padding++
		out += t.program(program)
		t.padding--
	}
	if inverse != nil {
		if program != nil {
			t.padding++
		}
		out += t.pad("{{^}}")
		t.padding++
		out += t.program(inverse)
		t.padding--
		if program != nil {
			t.padding--
		}
	}
	t.padding--
	return out
}

func (t *treePrinter) expression(e *ast.Expression) string {
	var params []string
	for _, p := range e.Params {
		params = append(params, t.value(p))
	}
	s := t.value(e.Path) + " [" + strings.Join(params, ", ") + "]"
	if e.Hash != nil {
		s += " " + t.hash(e.Hash)
	}
	return s
}

func (t *treePrinter) hash(h *ast.Hash) string {
	var pairs []string
	for _, p := range h.Pairs {
		pairs = append(pairs, p.Key+"="+t.value(p.Val))
	}
	return "HASH{" + strings.Join(pairs, ", ") + "}"
}

func (t *treePrinter) value(n ast.Node) string {
	switch n := n.(type) {
	case *ast.PathExpression:
		s := "PATH:" + strings.Join(n.Parts, "/")
		if n.Data {
			s = "@" + s
		}
		return s
	case *ast.StringLiteral:
		return `"` + n.Value + `"`
	case *ast.NumberLiteral:
		return "NUMBER{" + string(AppendNumber(nil, n.Value)) + "}"
	case *ast.BooleanLiteral:
		return "BOOLEAN{" + n.Original + "}"
	case *UndefinedLiteral:
		return "UNDEFINED"
	case *NullLiteral:
		return "NULL"
	case *ast.SubExpression:
		return t.expression(n.Expression)
	}
	return "?"
}
