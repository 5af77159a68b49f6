package syntax

import "github.com/aymerick/raymond/ast"

// Walk calls visit for every node of a program, those of expressions too, a node before what stands in it. visit says
// whether to look into the node. Programs and hashes are not visited, hash pairs are.
func Walk(p *ast.Program, visit func(ast.Node) bool) {
	if p == nil {
		return
	}
	for _, n := range p.Body {
		if !visit(n) {
			continue
		}
		switch n := n.(type) {
		case *ast.MustacheStatement:
			walkExpression(n.Expression, visit)
		case *ast.BlockStatement:
			walkExpression(n.Expression, visit)
			Walk(n.Program, visit)
			Walk(n.Inverse, visit)
		case *ast.PartialStatement:
			walkPartial(n, visit)
		case *PartialBlock:
			walkPartial(&n.PartialStatement, visit)
			Walk(n.Program, visit)
		case *Decorator:
			walkExpression(n.Expression, visit)
			Walk(n.Program, visit)
		}
	}
}

func walkPartial(n *ast.PartialStatement, visit func(ast.Node) bool) {
	walkOperand(n.Name, visit)
	for _, p := range n.Params {
		walkOperand(p, visit)
	}
	walkHash(n.Hash, visit)
}

func walkExpression(e *ast.Expression, visit func(ast.Node) bool) {
	if e == nil || !visit(e) {
		return
	}
	walkOperand(e.Path, visit)
	for _, p := range e.Params {
		walkOperand(p, visit)
	}
	walkHash(e.Hash, visit)
}

func walkHash(h *ast.Hash, visit func(ast.Node) bool) {
	if h == nil {
		return
	}
	for _, pair := range h.Pairs {
		if visit(pair) {
			walkOperand(pair.Val, visit)
		}
	}
}

func walkOperand(n ast.Node, visit func(ast.Node) bool) {
	if visit(n) {
		if s, ok := n.(*ast.SubExpression); ok {
			walkExpression(s.Expression, visit)
		}
	}
}
