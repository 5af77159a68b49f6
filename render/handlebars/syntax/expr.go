package syntax

import "strings"

// Expr is what stands in a tag: a path, a literal, or a call with arguments.
type Expr struct {
	Kind  exprKind
	Text  string // a path as written, a string's content, a literal's text
	Pos   int    // byte offset in the source
	Args  []*Expr
	Hash  []hashArg
	Names []string // block parameters: as |a b|
}

type exprKind uint8

// The kinds of an expression.
const (
	ExprPath exprKind = iota
	ExprString
	ExprLiteral // number, boolean, null, undefined
	ExprCall
)

type hashArg struct {
	Name  string
	pos   int
	Value *Expr
}

// ParseTag reads the inside of a tag: a name or literal with what follows it.
// The source compiles, so nothing is refused here.
func ParseTag(t Tag) *Expr {
	p := &exprParser{source: t.Inside, base: t.Body}
	if t.Kind == TagElse {
		p.space()
		if strings.HasPrefix(p.source[p.pos:], "else") {
			p.pos += len("else")
		}
	}
	return p.call()
}

type exprParser struct {
	source string
	pos    int
	base   int
}

func (p *exprParser) space() {
	for p.pos < len(p.source) && isTagSpace(p.source[p.pos]) {
		p.pos++
	}
}

// call reads name args hash up to the end or a closing parenthesis.
func (p *exprParser) call() *Expr {
	head := p.operand()
	if head == nil {
		return nil
	}
	c := &Expr{Kind: ExprCall, Text: head.Text, Pos: head.Pos}
	for {
		p.space()
		if p.pos >= len(p.source) || p.source[p.pos] == ')' {
			break
		}
		if rest := p.source[p.pos:]; strings.HasPrefix(rest, "as |") {
			if end := strings.IndexByte(rest[4:], '|'); end >= 0 {
				c.Names = strings.Fields(rest[4 : 4+end])
				p.pos += 4 + end + 1
				continue
			}
		}
		start := p.pos
		if name := p.hashName(); name != "" {
			if value := p.operand(); value != nil {
				c.Hash = append(c.Hash, hashArg{Name: name, pos: p.base + start, Value: value})
				continue
			}
			break
		}
		arg := p.operand()
		if arg == nil {
			break
		}
		c.Args = append(c.Args, arg)
	}
	if len(c.Args) == 0 && len(c.Hash) == 0 && len(c.Names) == 0 {
		return head
	}
	return c
}

// hashName reads "name=", or nothing.
func (p *exprParser) hashName() string {
	i := p.pos
	for i < len(p.source) && !isTagSpace(p.source[i]) && !strings.ContainsRune("=()\"'|", rune(p.source[i])) {
		i++
	}
	if i == p.pos || i >= len(p.source) || p.source[i] != '=' {
		return ""
	}
	name := p.source[p.pos:i]
	p.pos = i + 1
	return name
}

func (p *exprParser) operand() *Expr {
	p.space()
	if p.pos >= len(p.source) {
		return nil
	}
	start := p.pos
	switch c := p.source[start]; c {
	case ')':
		return nil
	case '(':
		p.pos++
		inner := p.call()
		p.space()
		if p.pos < len(p.source) && p.source[p.pos] == ')' {
			p.pos++
		}
		if inner != nil && inner.Kind == ExprPath { // (name) calls a helper without arguments
			inner.Kind = ExprCall
		}
		return inner
	case '"', '\'':
		n := quotedEnd(p.source[start:], c)
		if n < 2 {
			return nil
		}
		p.pos += n
		return &Expr{Kind: ExprString, Text: p.source[start+1 : start+n-1], Pos: p.base + start}
	}
	i := start
	for i < len(p.source) && !isTagSpace(p.source[i]) && !strings.ContainsRune("=()\"'|", rune(p.source[i])) {
		if p.source[i] == '[' {
			n := quotedEnd(p.source[i:], ']')
			if n == 0 {
				break
			}
			i += n
			continue
		}
		i++
	}
	if i == start {
		p.pos++
		return p.operand()
	}
	p.pos = i
	e := &Expr{Kind: ExprPath, Text: p.source[start:i], Pos: p.base + start}
	switch first := e.Text[0]; {
	case e.Text == "true", e.Text == "false", e.Text == "null", e.Text == "undefined",
		first >= '0' && first <= '9', first == '-' && len(e.Text) > 1:
		e.Kind = ExprLiteral
	}
	return e
}

// PathParts splits a path: how far out it goes, and its names. data is an
// @variable, which no field is.
func PathParts(path string) (up int, parts []string, data bool) {
	if strings.HasPrefix(path, "@root.") {
		return 1 << 20, splitPath(path[len("@root."):]), false
	}
	if strings.HasPrefix(path, "@") {
		return 0, nil, true
	}
	for strings.HasPrefix(path, "../") {
		up++
		path = path[3:]
	}
	path = strings.TrimPrefix(strings.TrimPrefix(path, "./"), "this/")
	path = strings.TrimPrefix(path, "this.")
	if path == "this" || path == "." || path == ".." || path == "" {
		return up, nil, false
	}
	return up, splitPath(path), false
}

func splitPath(path string) []string {
	var parts []string
	for path != "" {
		if path[0] == '[' {
			n := quotedEnd(path, ']')
			if n == 0 {
				n = len(path)
			}
			parts = append(parts, strings.Trim(path[:n], "[]"))
			path = strings.TrimLeft(path[n:], "./")
			continue
		}
		i := strings.IndexAny(path, "./")
		if i < 0 {
			i = len(path)
		}
		parts = append(parts, path[:i])
		path = strings.TrimLeft(path[i:], "./")
	}
	return parts
}
