package lint

import (
	"slices"
	"strings"
)

// condition reads a condition as other tools write it, and gives it as an argument of #if: "(eq a b)". It is false where it
// can't be understood.
func condition(s string) (string, bool) {
	tokens, ok := tokenize(s)
	if !ok {
		return "", false
	}
	c := &conditionReader{tokens: tokens}
	out, ok := c.or()
	return out, ok && c.pos == len(c.tokens)
}

type conditionReader struct {
	tokens []token
	pos    int
}

// take goes over the next token if it is one of the words.
func (c *conditionReader) take(words ...string) bool {
	if c.pos >= len(c.tokens) || c.tokens[c.pos].kind == tokenText || !slices.Contains(words, strings.ToLower(c.tokens[c.pos].text)) {
		return false
	}
	c.pos++
	return true
}

func (c *conditionReader) or() (string, bool) { return c.joined("or", c.and, "||", "or") }

func (c *conditionReader) and() (string, bool) { return c.joined("and", c.not, "&&", "and", "&") }

func (c *conditionReader) joined(helper string, part func() (string, bool), signs ...string) (string, bool) {
	first, ok := part()
	parts := []string{first}
	for ok && c.take(signs...) {
		var next string
		next, ok = part()
		parts = append(parts, next)
	}
	if len(parts) == 1 {
		return first, ok
	}
	return "(" + helper + " " + strings.Join(parts, " ") + ")", ok
}

func (c *conditionReader) not() (string, bool) {
	if c.take("!", "not") {
		inner, ok := c.not()
		return "(not " + inner + ")", ok
	}
	return c.compared()
}

// comparing gives the helper for an operator.
var comparing = map[string]string{
	"==": "eq", "===": "eq", "=": "eq", "is": "eq", "eq": "eq", "equals": "eq", "!=": "ne", "!==": "ne", "<>": "ne", "isnt": "ne", "ne": "ne", "neq": "ne",
	">": "gt", ">=": "gte", "=>": "gte", "<": "lt", "<=": "lte", "=<": "lte", "gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte",
	"contains": "contains",
}

func (c *conditionReader) compared() (string, bool) {
	a, ok := c.operand()
	if !ok || c.pos >= len(c.tokens) {
		return a, ok
	}
	t := c.tokens[c.pos]
	helper := comparing[strings.ToLower(strings.Trim(t.text, `"'`))]
	if helper == "" || t.kind == tokenText && strings.Trim(t.text, `"'`) == "is" {
		return a, true
	}
	c.pos++
	if helper == "eq" && t.text == "is" && c.take("not") {
		helper = "ne"
	}
	b, ok := c.operand()
	if b == "blank" || b == "empty" {
		if helper == "eq" {
			return "(not " + a + ")", ok
		}
		return a, ok
	}
	return "(" + helper + " " + a + " " + b + ")", ok
}

func (c *conditionReader) operand() (string, bool) {
	if c.pos >= len(c.tokens) {
		return "", false
	}
	t := c.tokens[c.pos]
	c.pos++
	switch {
	case t.text == "(" && t.kind == tokenSign:
		if call, ok := c.call(); ok {
			return call, true
		}
		inner, ok := c.or()
		return inner, ok && c.take(")")
	case t.kind == tokenSign:
		return "", false
	case t.kind == tokenText:
		return t.text, true
	}
	switch t.text {
	case "nil", "None", "NULL":
		return "null", true
	case "True", "TRUE":
		return "true", true
	case "False", "FALSE":
		return "false", true
	}
	return t.text, true
}

// call reads the call of a helper, behind its "(".
func (c *conditionReader) call() (string, bool) {
	if c.pos >= len(c.tokens) || rows()[c.tokens[c.pos].text] == nil {
		return "", false
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, depth := c.pos, 1; i < len(c.tokens); i++ {
		t := c.tokens[i]
		if t.text == "(" {
			depth++
		} else if t.text == ")" {
			depth--
		}
		if depth == 0 {
			c.pos = i + 1
			b.WriteByte(')')
			return b.String(), true
		}
		if i > c.pos && c.tokens[i-1].text != "=" && t.text != "=" && t.text != ")" && c.tokens[i-1].text != "(" {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return "", false
}
