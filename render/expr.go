package render

import "strings"

// expr is what stands in a tag: a path, a literal, or a call with arguments.
type expr struct {
	kind  exprKind
	text  string // a path as written, a string's content, a literal's text
	pos   int    // byte offset in the source
	args  []*expr
	hash  []hashArg
	names []string // block parameters: as |a b|
}

type exprKind uint8

const (
	exprPath exprKind = iota
	exprString
	exprLiteral // number, boolean, null, undefined
	exprCall
)

type hashArg struct {
	name  string
	pos   int
	value *expr
}

// parseTag reads the inside of a tag: a name or literal with what follows it.
// The source compiles, so nothing is refused here.
func parseTag(t tag) *expr {
	p := &exprParser{source: t.inside, base: t.body}
	if t.kind == tagElse {
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
func (p *exprParser) call() *expr {
	head := p.operand()
	if head == nil {
		return nil
	}
	c := &expr{kind: exprCall, text: head.text, pos: head.pos}
	for {
		p.space()
		if p.pos >= len(p.source) || p.source[p.pos] == ')' {
			break
		}
		if rest := p.source[p.pos:]; strings.HasPrefix(rest, "as |") {
			if end := strings.IndexByte(rest[4:], '|'); end >= 0 {
				c.names = strings.Fields(rest[4 : 4+end])
				p.pos += 4 + end + 1
				continue
			}
		}
		start := p.pos
		if name := p.hashName(); name != "" {
			if value := p.operand(); value != nil {
				c.hash = append(c.hash, hashArg{name: name, pos: p.base + start, value: value})
				continue
			}
			break
		}
		arg := p.operand()
		if arg == nil {
			break
		}
		c.args = append(c.args, arg)
	}
	if len(c.args) == 0 && len(c.hash) == 0 && len(c.names) == 0 {
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

func (p *exprParser) operand() *expr {
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
		if inner != nil && inner.kind == exprPath { // (name) calls a helper without arguments
			inner.kind = exprCall
		}
		return inner
	case '"', '\'':
		n := quotedEnd(p.source[start:], c)
		if n < 2 {
			return nil
		}
		p.pos += n
		return &expr{kind: exprString, text: p.source[start+1 : start+n-1], pos: p.base + start}
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
	e := &expr{kind: exprPath, text: p.source[start:i], pos: p.base + start}
	switch first := e.text[0]; {
	case e.text == "true", e.text == "false", e.text == "null", e.text == "undefined",
		first >= '0' && first <= '9', first == '-' && len(e.text) > 1:
		e.kind = exprLiteral
	}
	return e
}

// pathParts splits a path: how far out it goes, and its names. data is an
// @variable, which no field is.
func pathParts(path string) (up int, parts []string, data bool) {
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
