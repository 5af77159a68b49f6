package syntax

import (
	"strings"
	"unicode/utf8"

	"github.com/aymerick/raymond/ast"
)

// This file strips white space as the tilde asks for, and the lines that hold
// nothing but a block tag, comment or partial ("standalone").

// strips is what a statement asks of the texts next to it.
type strips struct {
	open, close                                       bool // by tilde
	openStandalone, closeStandalone, inlineStandalone bool // if it stands alone
}

// stripProgram strips white space in a program and all below it.
func stripProgram(prog *ast.Program, root bool) {
	if prog == nil {
		return
	}
	body := prog.Body
	for i, node := range body {
		s, ok := stripStatement(node)
		if !ok {
			continue
		}
		prev := prevIsSpace(body, i, root)
		next := nextIsSpace(body, i, root)
		if s.close {
			omitRight(body, i+1, true)
		}
		if s.open {
			omitLeft(body, i-1, true)
		}
		if s.inlineStandalone && prev && next {
			omitRight(body, i+1, false)
			if omitLeft(body, i-1, false) {
				if partial, ok := node.(*ast.PartialStatement); ok {
					before := body[i-1].(*ast.ContentStatement).Original
					partial.Indent = before[len(strings.TrimRight(before, " \t")):]
				}
			}
		}
		if s.openStandalone && prev {
			first, _ := innerPrograms(node)
			omitRight(first.Body, 0, false)
			omitLeft(body, i-1, false)
		}
		if s.closeStandalone && next {
			omitRight(body, i+1, false)
			_, last := innerPrograms(node)
			omitLeft(last.Body, len(last.Body)-1, false)
		}
	}
}

// innerPrograms returns the first and the last program of a block.
func innerPrograms(node ast.Node) (first, last *ast.Program) {
	switch n := node.(type) {
	case *PartialBlock:
		return n.Program, n.Program
	case *Decorator:
		return n.Program, n.Program
	case *ast.BlockStatement:
		first, last = n.Program, n.Inverse
		if first == nil {
			first = n.Inverse
		}
		if last == nil {
			last = n.Program
		}
	}
	return first, last
}

func stripStatement(node ast.Node) (strips, bool) {
	switch n := node.(type) {
	case *ast.MustacheStatement:
		return strips{open: n.Strip.Open, close: n.Strip.Close}, true
	case *ast.PartialStatement:
		return strips{open: n.Strip.Open, close: n.Strip.Close, inlineStandalone: true}, true
	case *ast.CommentStatement:
		return strips{open: n.Strip.Open, close: n.Strip.Close, inlineStandalone: true}, true
	case *ast.BlockStatement:
		return stripBlock(n.Program, n.Inverse, n.OpenStrip, n.InverseStrip, n.CloseStrip), true
	case *PartialBlock:
		return stripBlock(n.Program, nil, n.OpenStrip, nil, n.CloseStrip), true
	case *Decorator:
		if n.Program == nil {
			return strips{open: n.Strip.Open, close: n.Strip.Close}, true
		}
		return stripBlock(n.Program, nil, n.OpenStrip, nil, n.CloseStrip), true
	}
	return strips{}, false
}

func stripBlock(program, inverse *ast.Program, openStrip, inverseStrip, closeStrip *ast.Strip) strips {
	stripProgram(program, false)
	stripProgram(inverse, false)
	if closeStrip == nil {
		closeStrip = &ast.Strip{}
	}
	if program == nil {
		program, inverse = inverse, nil
	}
	firstInverse, lastInverse := inverse, inverse
	if inverse != nil && inverse.Chained {
		firstInverse = inverse.Body[0].(*ast.BlockStatement).Program
		for lastInverse.Chained {
			lastInverse = lastInverse.Body[len(lastInverse.Body)-1].(*ast.BlockStatement).Program
		}
	}
	last := firstInverse
	if last == nil {
		last = program
	}
	s := strips{
		open:            openStrip.Open,
		close:           closeStrip.Close,
		openStandalone:  nextIsSpace(program.Body, -1, false),
		closeStandalone: prevIsSpace(last.Body, len(last.Body), false),
	}
	if openStrip.Close {
		omitRight(program.Body, 0, true)
	}
	if inverse == nil {
		if closeStrip.Open {
			omitLeft(program.Body, len(program.Body)-1, true)
		}
		return s
	}
	if inverseStrip.Open {
		omitLeft(program.Body, len(program.Body)-1, true)
	}
	if inverseStrip.Close {
		omitRight(firstInverse.Body, 0, true)
	}
	if closeStrip.Open {
		omitLeft(lastInverse.Body, len(lastInverse.Body)-1, true)
	}
	if prevIsSpace(program.Body, len(program.Body), false) && nextIsSpace(firstInverse.Body, -1, false) {
		omitLeft(program.Body, len(program.Body)-1, false)
		omitRight(firstInverse.Body, 0, false)
	}
	return s
}

func contentAt(body []ast.Node, i int) *ast.ContentStatement {
	if i < 0 || i >= len(body) {
		return nil
	}
	c, _ := body[i].(*ast.ContentStatement)
	return c
}

// prevIsSpace reports whether only white space stands between the start of the
// line and statement i.
func prevIsSpace(body []ast.Node, i int, root bool) bool {
	if i == 0 {
		return root
	}
	c := contentAt(body, i-1)
	if c == nil {
		return false
	}
	s := c.Original
	for len(s) > 0 {
		r, size := utf8.DecodeLastRuneInString(s)
		if r == '\n' {
			return true
		}
		if !IsSpace(r) {
			return false
		}
		s = s[:len(s)-size]
	}
	return i == 1 && root
}

// nextIsSpace reports whether only white space stands between statement i and
// the end of the line.
func nextIsSpace(body []ast.Node, i int, root bool) bool {
	if i+1 >= len(body) {
		return root
	}
	c := contentAt(body, i+1)
	if c == nil {
		return false
	}
	for _, r := range c.Original {
		if r == '\n' {
			return true
		}
		if !IsSpace(r) {
			return false
		}
	}
	return i+2 >= len(body) && root
}

// omitRight strips the start of the content at i: all white space, or to the
// end of the line.
func omitRight(body []ast.Node, i int, all bool) {
	c := contentAt(body, i)
	if c == nil || !all && c.RightStripped {
		return
	}
	s := c.Value
	if all {
		s = s[spaceLen(s):]
	} else {
		s = strings.TrimLeft(s, " \t")
		s = strings.TrimPrefix(s, "\r")
		s = strings.TrimPrefix(s, "\n")
	}
	c.RightStripped = len(s) != len(c.Value)
	c.Value = s
}

// omitLeft strips the end of the content at i: all white space, or to the start
// of the line. It reports whether there was any.
func omitLeft(body []ast.Node, i int, all bool) bool {
	c := contentAt(body, i)
	if c == nil || !all && c.LeftStripped {
		return false
	}
	s := strings.TrimRight(c.Value, " \t")
	if all {
		s = strings.TrimRightFunc(c.Value, IsSpace)
	}
	c.LeftStripped = len(s) != len(c.Value)
	c.Value = s
	return c.LeftStripped
}
