package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aymerick/raymond/ast"
)

var testLimits = Limits{Source: 1 << 20, Nesting: 100}

// Every fault of a template is told, each once, and what stands beside them is read.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, faults, rest string }{
		{"{{a", "4 the template ends too early", ""},
		{"{{a} b {{c}} {{d e=}} {{f}}", "4 unexpected|20 unexpected", "c f"},
		{`{{a "b}} {{c}} {{d}}`, "5 a string without", "c d"},
		{"{{#if a}}{{b}}", "1 block \"if\" is not closed", "if b"},
		{"{{#if a}}{{#each b}}{{c}}{{/if}}{{d}}", "10 block \"each\" is not closed", "if each c d"},
		{"{{#ifCond a '==' b}}x{{/if}}{{c}}", "22 {{/if}} closes nothing: the open block is \"ifCond\" of line 1, column 1", "ifCond c"},
		{"{{#if a}}{{else}}b{{else}}{{c}}{{/if}}{{d}}", "19 {{else}} outside", "if c d"},
		{"{{/if}}{{a}}{{else}}{{b}}", "1 a closing tag without|13 {{else}} outside", "a b"},
		{"{{#if a 'b}}{{c}}{{else}}{{d}}{{/if}}{{e}}", "9 a string without", "if c d e"},
		{"{{#if }}{{a}}{{/if}}{{b", "24 the template ends", "if a"},
		{"{{> }}{{a}}{{#> p}}{{b}}", "5 unexpected|12 block \"p\" is not closed", "a p b"},
		{"[[sn.]] {{a}} [[sn.b c]] [[sn.d]]", "1 unknown snippet|15 unknown snippet", "a sn.d"},
		{"{{!-- a {{b}}", "1 a comment without", "b"},
		{"{{{a}} {{b}}", "5 unexpected", "b"},
		{"{{a}}} {{b}}", "4 unexpected", "b"},
		{strings.Repeat("{{/a}}", 30), strings.TrimSuffix(strings.Repeat("* a closing tag without|", 20), "|") + "|0 too many faults", ""},
	} {
		tree := Parse(c.text, testLimits)
		var got []string
		for _, f := range tree.Faults {
			_, column := tree.Position(max(f.Span.Start, 0))
			if f.Span.Start < 0 {
				column = 0
			}
			got = append(got, fmt.Sprintf("%d %s", column, f.Message))
		}
		want := strings.Split(c.faults, "|")
		if len(got) != len(want) {
			t.Errorf("%s:\n got %s", c.text, strings.Join(got, "|"))
			continue
		}
		for i := range want {
			if rest, ok := strings.CutPrefix(want[i], "*"); ok && strings.Contains(got[i], rest) {
				continue
			}
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s: got %s, want %s", c.text, got[i], want[i])
			}
		}
		if names := strings.Join(namesOf(tree.Program), " "); names != c.rest {
			t.Errorf("%s: %q is understood, want %q", c.text, names, c.rest)
		}
	}
}

// namesOf lists the heads of a program's tags.
func namesOf(p *ast.Program) []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, n := range p.Body {
		switch n := n.(type) {
		case *ast.MustacheStatement:
			out = append(out, Original(n.Expression.Path))
		case *ast.BlockStatement:
			out = append(append(append(out, Original(n.Expression.Path)), namesOf(n.Program)...), namesOf(n.Inverse)...)
		case *PartialBlock:
			out = append(append(out, Original(n.Name)), namesOf(n.Program)...)
		case *SnippetRef:
			out = append(out, n.Name)
		}
	}
	return out
}

// Every node has the place that its author gave it.
func TestPlaces(t *testing.T) {
	const text = "ü {{#ifCond a.b \"==\" (x 1 k=2) as |p|}} t{{{ c.[d e] }}}\n{{else if f}}[[sn.g]]{{^}}{{~h~}}{{/ifCond}}{{> q r s=t}}{{!-- u --}}{{{{v}}}} {{w}} {{{{/v}}}}{{#> y}}z{{/y}}{{#*inline \"i\"}}j{{/inline}}"
	tree := Parse(text, testLimits)
	if len(tree.Faults) > 0 {
		t.Fatal(tree.Faults)
	}
	var got []string
	note := func(n ast.Node) { got = append(got, tree.Source(tree.Span(n))) }
	var expression func(e *ast.Expression)
	operand := func(n ast.Node) {
		note(n)
		if s, ok := n.(*ast.SubExpression); ok {
			expression(s.Expression)
		}
	}
	expression = func(e *ast.Expression) {
		note(e)
		operand(e.Path)
		for _, p := range e.Params {
			operand(p)
		}
		if e.Hash != nil {
			for _, pair := range e.Hash.Pairs {
				note(pair)
				operand(pair.Val)
			}
		}
	}
	tags := func(n ast.Node) {
		g := tree.Tags(n)
		line := fmt.Sprintf("%s … %s … %s", tree.Source(g.Open), tree.Source(g.Else), tree.Source(g.Close))
		for _, p := range g.Params {
			line += " |" + tree.Source(p)
		}
		got = append(got, line)
	}
	var program func(p *ast.Program)
	program = func(p *ast.Program) {
		if p == nil {
			return
		}
		for _, n := range p.Body {
			if _, ok := n.(*ast.BlockStatement); !ok {
				note(n)
			}
			switch n := n.(type) {
			case *ast.MustacheStatement:
				expression(n.Expression)
			case *ast.BlockStatement:
				tags(n)
				expression(n.Expression)
				program(n.Program)
				program(n.Inverse)
			case *PartialBlock:
				tags(n)
				program(n.Program)
			case *Decorator:
				tags(n)
				program(n.Program)
			}
		}
	}
	program(tree.Program)
	want := []string{
		"ü ", `{{#ifCond a.b "==" (x 1 k=2) as |p|}} …  … {{/ifCond}} |p`, `ifCond a.b "==" (x 1 k=2)`, "ifCond", "a.b", `"=="`, "(x 1 k=2)", "x 1 k=2", "x", "1", "k=2", "2",
		" t", "{{{ c.[d e] }}}", "c.[d e]", "c.[d e]", "\n",
		"{{else if f}} … {{^}} … ", "if f", "if", "f", "[[sn.g]]", "{{~h~}}", "h", "h",
		"{{> q r s=t}}", "{{!-- u --}}", "{{{{v}}}} …  … {{{{/v}}}}", "v", "v", " {{w}} ", "{{#> y}}z{{/y}}", "{{#> y}} …  … {{/y}}", "z",
		`{{#*inline "i"}}j{{/inline}}`, `{{#*inline "i"}} …  … {{/inline}}`, "j",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	line, column := tree.Position(strings.Index(text, "[[sn.g"))
	if line != 2 || column != 14 {
		t.Errorf("the snippet is at %d:%d", line, column)
	}
}

// The engine's parser and that of tools agree on what a template is.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"{{#if a}}{{b}}{{else if c}}{{/if}}", `{{a "x}}y" b=[c}}]}}`, "{{{{a}}}} {{b}} {{{{/a}}}}", "{{!-- {{x}} --}}\\{{a}}", "{{#> p}}{{/p}}", "[[sn.a]][[sn.", "{{/a}}{{^}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree := Parse(text, testLimits)
		_, err := new(Parser).Parse(text, testLimits)
		if (err == nil) != (len(tree.Faults) == 0) {
			t.Fatalf("the engine says %v, tools are told %v", err, tree.Faults)
		}
		for n, s := range tree.spans {
			if s.Start < 0 || s.Start > s.End || s.End > len(text) {
				t.Fatalf("%v stands at %v", n, s)
			}
		}
		for _, f := range tree.Faults {
			if f.Span.Start > f.Span.End || f.Span.End > len(text) {
				t.Fatalf("%v is at %v", f, f.Span)
			}
		}
	})
}
