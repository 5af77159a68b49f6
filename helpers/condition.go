package helpers

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

type operator func(a, b handlebars.Value) bool

// operators are ifCond's, in the order of its documentation. They compare as JavaScript does.
var operators = []struct {
	sign string
	test operator
}{
	{"==", handlebars.LooseEqual},
	{"===", handlebars.StrictEqual},
	{"!=", func(a, b handlebars.Value) bool { return !handlebars.LooseEqual(a, b) }},
	{"!==", func(a, b handlebars.Value) bool { return !handlebars.StrictEqual(a, b) }},
	{"<", less},
	{"<=", lessOrEqual},
	{">", func(a, b handlebars.Value) bool { return less(b, a) }},
	{">=", func(a, b handlebars.Value) bool { return lessOrEqual(b, a) }},
	{"&&", func(a, b handlebars.Value) bool { return a.Truthy() && b.Truthy() }},
	{"||", func(a, b handlebars.Value) bool { return a.Truthy() || b.Truthy() }},
}

func less(a, b handlebars.Value) bool {
	order, ok := handlebars.Compare(a, b)
	return ok && order < 0
}

func lessOrEqual(a, b handlebars.Value) bool {
	order, ok := handlebars.Compare(a, b)
	return ok && order <= 0
}

func findOperator(sign string) (operator, bool) {
	for _, o := range operators {
		if o.sign == sign {
			return o.test, true
		}
	}
	return nil, false
}

func conditionEntries() []Entry {
	entries := []Entry{{
		Name:      "ifCond",
		Signature: "#ifCond a operator b",
		Doc: "Renders its body where the comparison holds, else the part after `{{else}}`, which may go on as `{{else ifCond …}}`. " +
			"Operators: `==` `===` `!=` `!==` `<` `<=` `>` `>=` `&&` `||`, as in JavaScript: `true \"==\" \"1\"` holds, a number and a numeric " +
			"text compare as numbers, two texts by their characters. Inside, `../name` and `name` are the same.",
		Examples: []Example{
			{
				Template: `{{#ifCond customer.tier "==" "gold"}}Welcome, {{../customer.firstName}}!{{else}}Hello, {{customer.firstName}}.{{/ifCond}}`,
				Context:  `{"customer":{"tier":"gold","firstName":"Ann"}}`, Output: "Welcome, Ann!",
			},
			{
				Template: `{{#ifCond n "<" 10}}few{{else ifCond n "<" 100}}some{{else}}many{{/ifCond}}`,
				Context:  `{"n":"42"}`, Output: "some",
			},
			{Template: `{{#ifCond vip "==" "1"}}yes{{/ifCond}}`, Context: `{"vip":true}`, Output: "yes"},
		},
		Args:   []Param{{Name: "a"}, {Name: "operator", Kind: Operator, Values: Operators()}, {Name: "b"}},
		helper: handlebars.Helper{Form: handlebars.Block, Depth: true, Prepare: prepareIfCond, Func: ifCond},
	}}
	for _, c := range []struct{ name, sign, doc, context, output string }{
		{"eq", "==", "Whether two values are equal, as `ifCond` compares them with `==`.", `{"a":1,"b":"1"}`, "yes"},
		{"ne", "!=", "Whether two values differ, as `ifCond` compares them with `!=`.", `{"a":1,"b":"1"}`, "no"},
		{"lt", "<", "Whether a is less than b, as `ifCond` compares them with `<`.", `{"a":9,"b":"10"}`, "yes"},
		{"lte", "<=", "Whether a is at most b, as `ifCond` compares them with `<=`.", `{"a":10,"b":10}`, "yes"},
		{"gt", ">", "Whether a is greater than b, as `ifCond` compares them with `>`.", `{"a":"b","b":"a"}`, "yes"},
		{"gte", ">=", "Whether a is at least b, as `ifCond` compares them with `>=`.", `{"a":9,"b":10}`, "no"},
	} {
		test, _ := findOperator(c.sign)
		example := Example{Template: fmt.Sprintf("{{#if (%s a b)}}yes{{else}}no{{/if}}", c.name), Context: c.context, Output: c.output}
		if c.name == "eq" {
			example.Template = "{{#eq a b}}yes{{else}}no{{/eq}}"
		}
		entries = append(entries, Entry{
			Name: c.name, Signature: c.name + " a b", Doc: c.doc + " Also as a block.", Examples: []Example{example},
			Args: []Param{{Name: "a"}, {Name: "b"}}, Gives: Bool, Operator: c.sign,
			helper: handlebars.Helper{
				Form: handlebars.Either,
				Func: func(c *handlebars.Call) (handlebars.Value, error) { return decide(c, test(c.Arg(0), c.Arg(1))) },
			},
		})
	}
	several := []Param{{Name: "a"}, {Name: "b", Optional: true, Rest: true}}
	return append(entries, Entry{
		Name: "and", Signature: "and a b …",
		Doc: "Whether all values are what `#if` takes for true. Also as a block.",
		Examples: []Example{
			{Template: `{{#if (and a b)}}both{{else}}not both{{/if}}`, Context: `{"a":1,"b":[]}`, Output: "not both"},
			{Template: `{{#and a b}}both{{/and}}`, Context: `{"a":1,"b":"x"}`, Output: "both"},
		},
		Args: several, Gives: Bool,
		helper: handlebars.Helper{Form: handlebars.Either, Shallow: true, Func: and},
	}, Entry{
		Name: "or", Signature: "or a b …",
		Doc: "Whether any value is what `#if` takes for true. Also as a block.",
		Examples: []Example{
			{Template: `{{#if (or a b)}}one of them{{/if}}`, Context: `{"a":0,"b":"x"}`, Output: "one of them"},
		},
		Args: several, Gives: Bool,
		helper: handlebars.Helper{Form: handlebars.Either, Shallow: true, Func: or},
	}, Entry{
		Name: "not", Signature: "not a",
		Doc: "Whether the value is what `#if` takes for false. Also as a block.",
		Examples: []Example{
			{Template: `{{#if (not a)}}nothing{{/if}}`, Context: `{"a":""}`, Output: "nothing"},
		},
		Args: []Param{{Name: "a"}}, Gives: Bool,
		helper: handlebars.Helper{
			Form: handlebars.Either, Shallow: true,
			Func: func(c *handlebars.Call) (handlebars.Value, error) { return decide(c, !holds(c.Arg(0))) },
		},
	})
}

// prepareIfCond refuses an operator that is written out and unknown.
func prepareIfCond(site *handlebars.Site) (any, error) {
	sign, ok := site.Arg(1)
	if !ok {
		return operator(nil), nil
	}
	test, ok := findOperator(sign.Text())
	if !ok {
		return nil, fmt.Errorf("unknown operator %s%s", quote(sign), operatorMeant(sign.Text()))
	}
	return test, nil
}

// meantOperators are what people write for an operator.
var meantOperators = map[string]string{
	"=": "==", "eq": "==", "is": "==", "<>": "!=", "=!": "!=", "!": "!=", "ne": "!=", "not": "!=", "≠": "!=", "====": "===", "=!=": "!==",
	"=>": ">=", "≥": ">=", "gte": ">=", "=<": "<=", "≤": "<=", "lte": "<=", "lt": "<", "gt": ">", "&": "&&", "and": "&&", "|": "||", "or": "||",
	"&lt;": "<", "&lt;=": "<=", "&gt;": ">", "&gt;=": ">=", "&amp;&amp;": "&&",
}

// operatorMeant ends the sentence about an unknown operator: which one was
// probably meant, or which there are.
func operatorMeant(sign string) string {
	sign = strings.ToLower(strings.Join(strings.Fields(sign), ""))
	meant, ok := meantOperators[sign]
	if _, is := findOperator(sign); is {
		meant, ok = sign, true // but for white space
	}
	if !ok {
		return ", must be one of == === != !== < <= > >= && ||"
	}
	return fmt.Sprintf("; did you mean %q?", meant)
}

func ifCond(c *handlebars.Call) (handlebars.Value, error) {
	test := c.Prepared().(operator)
	if test == nil {
		var ok bool
		if test, ok = findOperator(c.Arg(1).Text()); !ok {
			c.Issue(IssueUnknownOperator, c.ArgText(1), "unknown operator "+quote(c.Arg(1))+"; the condition does not hold")
			return handlebars.Value{}, c.Inverse(nil)
		}
	}
	if test(c.Arg(0), c.Arg(2)) {
		return handlebars.Value{}, c.Body(nil)
	}
	return handlebars.Value{}, c.Inverse(nil)
}

// decide is the result of a condition: a boolean, or in a block the part that it selects.
func decide(c *handlebars.Call, yes bool) (handlebars.Value, error) {
	switch {
	case !c.IsBlock():
		return handlebars.Bool(yes), nil
	case yes:
		return handlebars.Value{}, c.Body(nil)
	}
	return handlebars.Value{}, c.Inverse(nil)
}

// holds is the truth of #if.
func holds(v handlebars.Value) bool { return v.Truthy() && !v.IsEmpty() }

func and(c *handlebars.Call) (handlebars.Value, error) {
	for i := range c.Len() {
		if !holds(c.Arg(i)) {
			return decide(c, false)
		}
	}
	return decide(c, true)
}

func or(c *handlebars.Call) (handlebars.Value, error) {
	for i := range c.Len() {
		if holds(c.Arg(i)) {
			return decide(c, true)
		}
	}
	return decide(c, false)
}
