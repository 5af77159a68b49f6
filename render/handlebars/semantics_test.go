package handlebars

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ifCond is a block helper that opens a depth, as that of package helpers does.
func ifCond() Helper {
	return Helper{
		Name: "ifCond", MinArgs: 3, MaxArgs: 3, Form: Block, Depth: true,
		Prepare: func(s *Site) (any, error) {
			if op, ok := s.Arg(1); ok && op.Text() != "==" {
				return nil, fmt.Errorf("unknown operator %q", op.Text())
			}
			return nil, nil
		},
		Func: func(c *Call) (Value, error) {
			if LooseEqual(c.Arg(0), c.Arg(2)) {
				return Value{}, c.Body(nil)
			}
			return Value{}, c.Inverse(nil)
		},
	}
}

const root = `{"a":1,"b":"1","customer":{"firstName":"Ann","n":null},"items":[{"customer":{"firstName":"Bob"},"x":"item0"},{"x":"item1"}],"x":"root","o":{"x":"o","p":{"y":1}}}`

// TestOutwardLookup has the deliberate differences about ../.
func TestOutwardLookup(t *testing.T) {
	env := newEnv(t, Options{
		Helpers:  []Helper{ifCond()},
		Partials: map[string]string{"up": "{{../x}}", "ctx": "{{x}}"},
		Snippets: snippets("sn.up={{../customer.firstName}}"),
	})
	data, err := ParseJSON([]byte(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, template, want string }{
		{"ifCond, body", `{{#ifCond a "==" b}}Hi {{../customer.firstName}}{{else}}no{{/ifCond}}`, "Hi Ann"},
		{"ifCond, inverse", `{{#ifCond a "==" 2}}no{{else}}Hi {{../customer.firstName}}{{/ifCond}}`, "Hi Ann"},
		{"ifCond, plain in both", `{{#ifCond a "==" b}}{{customer.firstName}}{{/ifCond}}{{#ifCond a "==" 2}}{{else}}{{customer.firstName}}{{/ifCond}}`, "AnnAnn"},
		{"ifCond in each, body and inverse", `{{#each items}}{{#ifCond @index "==" 0}}{{../customer.firstName}}{{else}}{{../customer.firstName}}{{/ifCond}},{{/each}}`, "Bob,Ann,"},
		{"ifCond in each, plain", `{{#each items}}{{#ifCond @index "==" 0}}{{x}}{{else}}{{x}}{{/ifCond}},{{/each}}`, "item0,item1,"},
		{"ifCond in each is the item's depth", `{{#each items}}{{#ifCond 1 "==" 1}}{{../x}}-{{../../x}}{{/ifCond}},{{/each}}`, "item0-root,item1-root,"},
		{"ifCond in ifCond", `{{#ifCond 1 "==" 1}}{{#ifCond 1 "==" 1}}{{../../x}}{{../x}}{{x}}{{/ifCond}}{{/ifCond}}`, "rootrootroot"},
		{"ifCond in else chain", `{{#if missing}}{{else ifCond 1 "==" 1}}{{../x}}{{/if}}`, "root"},
		{"if opens no depth", `{{#each items}}{{#if x}}{{../x}}{{/if}},{{/each}}`, "root,root,"},
		{"if at the root", `{{#if a}}{{../x}}{{../../x}}{{/if}}`, "rootroot"},
		{"surplus at the root", `{{../x}}{{../../../x}}{{../customer.firstName}}`, "rootrootAnn"},
		{"surplus, whole context", `{{#with o}}{{#with p}}{{../../..}}{{/with}}{{/with}}`, "[object Object]"},
		{"each and if, as for Handlebars 3", `{{#each items}}{{#if x}}{{../../x}}{{/if}},{{/each}}`, "root,root,"},
		{"undefined is looked up further out", `{{#with o}}{{#with p}}{{../customer.firstName}}{{/with}}{{/with}}`, "Ann"},
		{"null is not", `{{#with customer}}{{#each ../items}}{{../n}}|{{/each}}{{/with}}`, "||"},
		{"plain names are not", `{{#with customer}}{{x}}{{this.x}}{{./x}}{{/with}}`, ""},
		{"as an argument", `{{#with o}}{{#with p}}{{#if ../a}}yes{{/if}}{{lookup ../customer "firstName"}}{{/with}}{{/with}}`, "yesAnn"},
		{"as a section", `{{#with o}}{{#with p}}{{#../customer}}{{firstName}}{{/../customer}}{{/with}}{{/with}}`, "Ann"},
		{"a partial has its own root", `{{#with o}}{{> up}}{{> up p}}{{/with}}`, "o"},
		{"a snippet stands where it is written", `{{#each items}}{{#ifCond 1 "==" 1}}[[sn.up]]{{/ifCond}},{{/each}}`, "Bob,Ann,"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := execute(env, c.template, &Exec{Context: data})
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("%s\n got %q\nwant %q", c.template, got, c.want)
			}
		})
	}
}

// TestCompileErrors has the faults that Handlebars.js finds late or never.
func TestCompileErrors(t *testing.T) {
	env := newEnv(t, Options{
		Helpers:  []Helper{ifCond(), {Name: "dateFormat", MinArgs: 1, MaxArgs: 1, Options: []string{"format", "locale"}, Func: nothing}},
		Partials: map[string]string{"footer": "f", "broken": "x\n {{#if}}{{/if}}", "uses": "{{> broken}}"},
		Snippets: map[string]Snippet{
			"sn.greeting": {Source: "en", Texts: map[string]string{"en": "Hi", "de": "Hallo {{#if"}},
			"sn.fine":     {Source: "en", Texts: map[string]string{"en": "fine"}},
			"sn.partless": {Source: "en", Texts: map[string]string{"de": "ohne"}},
		},
	})
	for _, c := range []struct {
		template string
		code     Code
		want     string
	}{
		{"Hi {{dateFormt x}}", CodeUnknownHelper, `t:1:6: unknown helper "dateFormt"; did you mean "dateFormat"?`},
		{"{{#if false}}{{zzzzz x}}{{/if}}", CodeUnknownHelper, `t:1:16: unknown helper "zzzzz"`},
		{"{{dateFormat}}", CodeArgument, `t:1:3: helper "dateFormat" takes 1 argument, not 0`},
		{"{{dateFormat a b}}", CodeArgument, `t:1:3: helper "dateFormat" takes 1 argument, not 2`},
		{"{{dateFormat a fromat='x'}}", CodeArgument, `t:1:23: helper "dateFormat" has no option "fromat"; did you mean "format"?`},
		{"{{#dateFormat a}}{{/dateFormat}}", CodeArgument, `t:1:4: helper "dateFormat" is not a block: write {{dateFormat …}}`},
		{"{{if a}}", CodeArgument, `t:1:3: helper "if" is a block: write {{#if …}}…{{/if}}`},
		{"{{#if a b}}{{/if}}", CodeArgument, `t:1:4: helper "if" takes 1 argument, not 2`},
		{"{{#each}}{{/each}}", CodeArgument, `t:1:4: helper "each" takes 1 argument, not 0`},
		{"é {{#ifCond a '~' b}}{{/ifCond}}", CodeArgument, `t:1:6: helper "ifCond": unknown operator "~"`},
		{"{{> foter}}", CodeUnknownPartial, `t:1:5: unknown partial "foter"; did you mean "footer"?`},
		{"{{> footer a b}}", CodeArgument, `t:1:1: a partial takes one context, not 2`},
		{"{{> uses}}", CodeArgument, `broken:2:5: helper "if" takes 1 argument, not 0`},
		{"x [[sn.greting]]", CodeUnknownSnippet, `t:1:3: unknown snippet "sn.greting"; did you mean "sn.greeting"?`},
		{"[[sn.greeting]]", CodeSyntax, `sn.greeting@de:1:12: the template ends too early, expected a name`},
		{"[[sn.partless]]", CodeUnknownSnippet, `t:1:1: snippet "sn.partless" has no text in its source language "en"`},
		{"{{#if a}}\n{{else}}\n{{/each}}", CodeSyntax, `t:3:1: {{/each}} closes nothing: the open block is "if" of line 1, column 1`},
		{"a{{/if}}", CodeSyntax, `t:1:2: a closing tag without its block`},
		{"{{else}}", CodeSyntax, `t:1:1: {{else}} outside of a block, or after its last {{else}}`},
		{"{{a.b.}}", CodeUnknownHelper, `t:1:3: unknown helper "a.b"`}, // a dot before }} is the context, as in Handlebars.js
		{"{{a./}}", CodeSyntax, `t:1:6: unexpected "}}", expected a name`},
		{"{{a", CodeSyntax, `t:1:4: the template ends too early, expected a name`},
		{"{{a 'b}}", CodeSyntax, `t:1:5: a string without its closing quote, expected }}`},
		{"{{a %}}", CodeSyntax, `t:1:5: unexpected character "%", expected }}`},
		{"{{!-- x }}", CodeSyntax, `t:1:1: a comment without its end --}}`},
		{"{{*x}}", CodeUnknownHelper, `t:1:4: unknown decorator "x": there is only inline`},
	} {
		_, err := env.Compile("t", c.template)
		var e *Error
		if !errors.As(err, &e) || e.Error() != c.want || e.Code != c.code {
			t.Errorf("%s\n got %v\nwant %s", c.template, err, c.want)
		}
	}
	if _, err := env.Compile("t", "[[sn.fine]] {{> footer}}"); err != nil {
		t.Errorf("a fault in what a template doesn't reach: %v", err)
	}
}

func TestErrorDetail(t *testing.T) {
	env := newEnv(t, Options{})
	for _, c := range []struct{ template, want string }{
		{"one\n\tétwo {{nope 1}}", "t:2:9: unknown helper \"nope\"\n\t\tétwo {{nope 1}}\n\t\t       ^"},
		{strings.Repeat("x", 200) + "{{nope 1}}" + strings.Repeat("y", 200), "t:1:203: unknown helper \"nope\"\n\t..." + strings.Repeat("x", 55) + "{{nope 1}}" + strings.Repeat("y", 29) + "...\n\t" + strings.Repeat(" ", 60) + "^"},
	} {
		_, err := env.Compile("t", c.template)
		var e *Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		if got := e.Detail(); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

func TestSnippets(t *testing.T) {
	env := newEnv(t, Options{Snippets: map[string]Snippet{
		"sn.greeting":           {Source: "en", Texts: map[string]string{"en": "Hi {{name}}", "de": "Hallo {{name}}", "de_AT": "Servus {{name}}"}},
		"sn.org.billing-1.re_f": {Source: "EN-US", Texts: map[string]string{"en_us": "[[sn.greeting]]!"}},
	}})
	data := FromGo(map[string]any{"name": "Ann", "list": []any{1, 2}})
	for _, c := range []struct {
		template, languages, want string
		fallbacks                 int
	}{
		{"[[sn.greeting]]", "", "Hi Ann", 0},
		{"[[sn.greeting]]", "de", "Hallo Ann", 0},
		{"[[sn.greeting]]", "de-at de", "Servus Ann", 0},
		{"[[sn.greeting]]", "de-ch de", "Hallo Ann", 0},
		{"[[sn.greeting]]", "fr", "Hi Ann", 1},
		{"[[sn.org.billing-1.re_f]]", "de", "Hallo Ann!", 1},
		{`<a title="[[sn.greeting]]">{{#each list}}[[sn.greeting]]{{/each}}</a>`, "de", `<a title="Hallo Ann">Hallo Hallo </a>`, 0},
		{"{{#if list}}\n[[sn.greeting]]\n{{/if}}\n", "", "Hi Ann\n", 0},
		{"[[sn]] [[x]] [[ sn.greeting]] [sn.greeting] {{!-- [[sn.no]] --}}{{lookup \"[[sn.no]]\" 0}}", "", "[[sn]] [[x]] [[ sn.greeting]] [sn.greeting] [", 0},
		{"{{{{#raw}}}}", "", "", -1},
	} {
		fallbacks := 0
		x := &Exec{Context: data, Languages: strings.Fields(c.languages), OnIssue: func(i Issue) {
			if i.Code == IssueSnippetFallback {
				fallbacks++
			}
		}}
		got, err := execute(env, c.template, x)
		if c.fallbacks < 0 {
			if err == nil {
				t.Errorf("%s: no error", c.template)
			}
			continue
		}
		if err != nil || got != c.want || fallbacks != c.fallbacks {
			t.Errorf("%s in %q: got %q, %d fallbacks (%v), want %q, %d", c.template, c.languages, got, fallbacks, err, c.want, c.fallbacks)
		}
	}
}

func TestIssues(t *testing.T) {
	env := newEnv(t, Options{Partials: map[string]string{"p": "\n{{gone}}"}})
	var got []string
	_, err := execute(env, "{{a.b}}{{#if c}}{{/if}}{{lookup d 'e'}}{{{f}}}{{@g}}{{> p}}{{null}}", &Exec{
		Context: FromGo(map[string]any{"null": nil}),
		OnIssue: func(i Issue) {
			got = append(got, fmt.Sprintf("%s %s %s:%d:%d", i.Code, i.Field, i.Template, i.Line, i.Column))
		},
	})
	want := []string{"missing_field a.b test:1:3", "missing_field f test:1:43", "missing_field @g test:1:49", "missing_field gone p:2:3", "missing_field null test:1:62"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q (%v)\nwant %q", got, err, want)
	}
}

func TestEscape(t *testing.T) {
	env := newEnv(t, Options{Helpers: []Helper{
		{Name: "text", Append: func(_ *Call, dst []byte) ([]byte, error) { return append(dst, "<a_b>"...), nil }},
		{Name: "safe", Func: func(*Call) (Value, error) { return Safe("<i>"), nil }},
	}})
	data := FromGo(map[string]any{"v": "Tom & Jerry <b> *x* 1.\r\n\tend\x00\x1b[1m\x7f", "l": []any{"<", -1}, "n": -1.5})
	for mode, want := range []string{
		EscapeHTML:     "Tom &amp; Jerry &lt;b&gt; *x* 1.\r\n\tend\x00\x1b[1m\x7f|&lt;,-1|-1.5|&lt;a_b&gt;|<i>|<i>|<,-1|<a_b>",
		EscapeMarkdown: `Tom \& Jerry \<b\> \*x\* 1\.` + "\r\n\tend\x00\x1b" + `\[1m` + "\x7f" + `|\<,\-1|\-1\.5|\<a\_b\>|<i>|<i>|<,-1|<a_b>`,
		EscapeText:     "Tom & Jerry <b> *x* 1.\n\tend[1m|<,-1|-1.5|<a_b>|<i>|<i>|<,-1|<a_b>",
	} {
		got, err := execute(env, "{{v}}|{{l}}|{{n}}|{{text}}|{{safe}}|{{{safe}}}|{{{l}}}|{{&text}}", &Exec{Context: data, Escape: Escape(mode)})
		if err != nil || got != want {
			t.Errorf("mode %d: got %q (%v)\nwant %q", mode, got, err, want)
		}
	}
}

func TestRefs(t *testing.T) {
	env := newEnv(t, Options{
		Helpers:  []Helper{ifCond()},
		Partials: map[string]string{"p": "{{fromPartial}}{{> q}}", "q": "[[sn.a]]", "unused": "{{x}}"},
		Snippets: snippets("sn.a={{fromSnippet.x}}[[sn.b]]\nsn.b=b\nsn.unused=x"),
	})
	tmpl, err := env.Compile("t", `{{a.b}}{{../c}}{{this.d}}{{#each list as |item|}}{{item.no}}{{@index}}{{/each}}{{#ifCond x "==" y}}{{> p}}{{/ifCond}}`)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", tmpl.Refs())
	want := "{Snippets:[sn.a sn.b] Partials:[p q] Helpers:[each ifCond] Fields:[a.b c d fromPartial fromSnippet.x list x y] Dynamic:false}"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestConcurrent executes one template from many goroutines; the race detector looks on.
func TestConcurrent(t *testing.T) {
	env := newEnv(t, Options{
		Helpers:  append(corpusHelpers(), ifCond()),
		Partials: map[string]string{"p": "{{#each l}}{{.}}{{/each}}", "q": "{{> @partial-block}}"},
		Snippets: snippets("sn.a=<{{n}}>"),
	})
	tmpl, err := env.Compile("t", `{{#each l as |v|}}{{cat v (echo ../n)}}{{/each}}{{> p}}{{#> q}}{{n}}{{/q}}[[sn.a]]{{> (echo "p")}}{{#*inline "i"}}{{n}}{{/inline}}{{> i}}`)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			x := &Exec{Context: FromGo(map[string]any{"n": i, "l": []any{"a", "b"}})}
			want := fmt.Sprintf("a%[1]db%[1]dab%[1]d<%[1]d>ab%[1]d", i)
			var out []byte
			for range 200 {
				var err error
				if out, err = tmpl.Append(context.Background(), out[:0], x); err != nil || string(out) != want {
					t.Errorf("got %q (%v), want %q", out, err, want)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestHelperDeclarations(t *testing.T) {
	fn := func(*Call) (Value, error) { return Value{}, nil }
	text := func(_ *Call, dst []byte) ([]byte, error) { return dst, nil }
	for _, c := range []struct {
		want    string
		helpers []Helper
	}{
		{`helper "" has no name`, []Helper{{Func: fn}}},
		{`helper "a" must have one of Func and Append`, []Helper{{Name: "a"}}},
		{`helper "a" must have one of Func and Append`, []Helper{{Name: "a", Func: fn, Append: text}}},
		{`helper "a" allows fewer arguments than it needs`, []Helper{{Name: "a", Func: fn, MinArgs: 2, MaxArgs: 1}}},
		{`helper "a" is a block, which needs Func`, []Helper{{Name: "a", Append: text, Form: Block}}},
		{`helper "a" is given twice`, []Helper{{Name: "a", Func: fn}, {Name: "a", Func: fn}}},
	} {
		if _, err := New(Options{Helpers: c.helpers}); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestOtherDifferences has the remaining differences of the package documentation.
func TestOtherDifferences(t *testing.T) {
	env := newEnv(t, Options{
		Helpers: []Helper{{Name: "safe", Func: func(*Call) (Value, error) { return Safe("<i>"), nil }}},
		Partials: map[string]string{
			"asks": "{{#if @partial-block}}block{{else}}none{{/if}}",
		},
	})
	data, err := ParseJSON([]byte(`{"one":1,"two":2,"yes":true,"list":["a","b"],"fn":"f","constructor":"own"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, template, want string }{
		{"raw numbers are texts", "{{{one}}}{{{two}}}{{&yes}}", "12true"},
		{"inline partials see their block's parameters", `{{#each list as |x|}}{{#each ../list as |y|}}{{#*inline "p"}}{{x}}{{y}} {{/inline}}{{> p}}{{/each}}{{/each}}`, "aa ab ba bb "},
		{"a safe string is a string", "{{#each (safe)}}x{{else}}empty{{/each}}{{lookup (safe) 'length'}}", "empty3"},
		{"an empty block is none", "{{> asks}} {{#> asks}}{{/asks}} {{#> asks}}b{{/asks}}", "none none block"},
		{"own names hide nothing inherited", "{{constructor}}{{__proto__}}{{list.constructor}}{{fn.toString}}{{hasOwnProperty}}", "own"},
		{"log does nothing", "{{log one}}a{{#log}}b{{/log}}", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := execute(env, c.template, &Exec{Context: data})
			if err != nil || got != c.want {
				t.Errorf("got %q (%v), want %q", got, err, c.want)
			}
		})
	}
}
