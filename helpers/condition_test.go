package helpers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
)

// answers holds what JavaScript says; testdata/ifcond.js made it with Node. A value is a piece of JSON, or "undefined"
// for a missing field.
type answers struct {
	Values    []string
	Operators []string
	Results   map[string][]string // by operator, a row for each left value: '1' where the pair holds
}

func readAnswers(t *testing.T) answers {
	t.Helper()
	data, err := os.ReadFile("testdata/ifcond.json")
	if err != nil {
		t.Fatal(err)
	}
	var a answers
	if err := json.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestIfCondIsJavaScript compares every pair of values under every operator.
func TestIfCondIsJavaScript(t *testing.T) {
	env := environment(t)
	want := readAnswers(t)
	cases := 0
	for _, operator := range want.Operators {
		template, err := env.Compile("test", fmt.Sprintf(`{{#ifCond a "%s" b}}1{{else}}0{{/ifCond}}`, operator))
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range want.Values {
			for j, b := range want.Values {
				var members []string
				for name, v := range map[string]string{"a": a, "b": b} {
					if v != "undefined" {
						members = append(members, fmt.Sprintf("%q:%s", name, v))
					}
				}
				context, err := handlebars.ParseJSON([]byte("{" + strings.Join(members, ",") + "}"))
				if err != nil {
					t.Fatal(err)
				}
				got, err := template.Append(t.Context(), nil, &handlebars.Exec{Context: context})
				if err != nil {
					t.Fatal(err)
				}
				cases++
				if a == "[]" && b == "[]" && strings.Contains("== === != !==", operator) {
					continue // two empty lists are one value here; JavaScript tells them apart
				}
				if string(got) != want.Results[operator][i][j:j+1] {
					t.Errorf("%s %s %s: got %s", a, operator, b, got)
				}
			}
		}
	}
	if cases < 40_000 {
		t.Errorf("%d cases", cases)
	}
}

func TestIfCond(t *testing.T) {
	const ann = `{"name":"Root","customer":{"firstName":"Ann","tier":"gold","n":7},"items":[{"name":"x","n":1},{"name":"y","n":2}]}`
	for name, c := range map[string]struct{ template, want, issues string }{
		"documented form, body":    {`{{#ifCond customer.tier "==" "gold"}}Welcome, {{../customer.firstName}}!{{else}}no{{/ifCond}}`, "Welcome, Ann!", ""},
		"documented form, else":    {`{{#ifCond customer.tier "!=" "gold"}}no{{else}}Welcome, {{../customer.firstName}}!{{/ifCond}}`, "Welcome, Ann!", ""},
		"plain form":               {`{{#ifCond customer.tier "==" "gold"}}{{customer.firstName}}{{/ifCond}}`, "Ann", ""},
		"nested":                   {`{{#ifCond 1 "==" 1}}{{#ifCond 1 "==" 1}}{{../../name}} {{../name}} {{name}}{{/ifCond}}{{/ifCond}}`, "Root Root Root", ""},
		"in each":                  {`{{#each items}}{{#ifCond n "==" 2}}{{name}} {{../name}} {{../../name}}{{/ifCond}}{{/each}}`, "y y Root", ""},
		"each inside":              {`{{#ifCond 1 "==" 1}}{{#each items}}{{name}}{{../name}} {{/each}}{{/ifCond}}`, "xRoot yRoot ", ""},
		"else chain, first":        {`{{#ifCond customer.n "<" 10}}few{{else ifCond customer.n "<" 100}}some{{else}}many{{/ifCond}}`, "few", ""},
		"else chain, second":       {`{{#ifCond customer.n ">" 10}}many{{else ifCond customer.n ">" 5}}{{../customer.firstName}} some{{else}}few{{/ifCond}}`, "Ann some", ""},
		"else chain, last":         {`{{#ifCond customer.n ">" 10}}many{{else ifCond customer.n ">" 8}}some{{else}}few {{../name}}{{/ifCond}}`, "few Root", ""},
		"after if":                 {`{{#if missing}}a{{else ifCond customer.n "==" "7"}}b{{else}}c{{/if}}`, "b", ""},
		"no else":                  {`[{{#ifCond 1 "===" "1"}}x{{/ifCond}}]`, "[]", ""},
		"inverted":                 {`{{^ifCond 1 "===" "1"}}x{{/ifCond}}`, "x", ""},
		"literals":                 {`{{#ifCond true "==" "1"}}yes{{/ifCond}}`, "yes", ""},
		"null and undefined":       {`{{#ifCond missing "==" null}}a{{/ifCond}}{{#ifCond missing "===" null}}b{{/ifCond}}{{#ifCond missing "===" undefined}}c{{/ifCond}}`, "ac", ""},
		"sub-expressions":          {`{{#ifCond (length items) ">=" (length "ab")}}yes{{/ifCond}}`, "yes", ""},
		"operator from data":       {`{{#ifCond 1 (lookup this "operator") 1}}a{{else}}b{{/ifCond}}`, "b", "unknown_operator"},
		"operator by computation":  {`{{#ifCond 1 (lowercase "<=") 1}}a{{else}}b{{/ifCond}}`, "a", ""},
		"whitespace control":       {"a\n{{~#ifCond 1 '==' 1~}}\n b \n{{~else~}} c {{~/ifCond~}}\nd", "abd", ""},
		"no issue for a condition": {`{{#ifCond customer.missing "==" "x"}}a{{else}}b{{/ifCond}}`, "b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, issues, err := rendering{template: c.template, context: ann}.run(t)
			if err != nil || got != c.want || codes(issues) != c.issues {
				t.Errorf("got %q, issues %q, %v, want %q, %q", got, codes(issues), err, c.want, c.issues)
			}
		})
	}
}

func TestIfCondCompileErrors(t *testing.T) {
	for template, want := range map[string]struct {
		line, column int
		text         string
	}{
		"x\n {{#ifCond a \"=\" b}}{{/ifCond}}":                          {2, 5, `unknown operator "="; did you mean "=="?`},
		`{{#ifCond a "=>" b}}{{/ifCond}}`:                               {1, 4, `unknown operator "=>"; did you mean ">="?`},
		`{{#ifCond a "< =" b}}{{/ifCond}}`:                              {1, 4, `unknown operator "< ="; did you mean "<="?`},
		`{{#ifCond a "OR" b}}{{/ifCond}}`:                               {1, 4, `unknown operator "OR"; did you mean "||"?`},
		`{{#ifCond a "==" b}}{{else ifCond a "~" b}}{{/ifCond}}`:        {1, 28, `unknown operator "~", must be one of ==`},
		`{{#ifCond a "` + strings.Repeat("=", 500) + `" b}}{{/ifCond}}`: {1, 4, `unknown operator "=====`},
		`{{#ifCond a "=="}}{{/ifCond}}`:                                 {1, 4, "ifCond"},
		`{{#ifCond a "==" b c}}{{/ifCond}}`:                             {1, 4, "ifCond"},
		`{{#ifCond a "==" b strict=true}}{{/ifCond}}`:                   {1, 27, "strict"},
		`{{ifCond a "==" b}}`:                                           {1, 3, "ifCond"},
	} {
		_, err := environment(t).Compile("test", template)
		var e *handlebars.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, want.text) || e.Line != want.line || e.Column != want.column || len(e.Message) > 300 {
			t.Errorf("%.60s: got %v, want %d:%d with %q", template, err, want.line, want.column, want.text)
		}
	}
}

// TestConditions holds that and, or and not agree with #if on what is true.
func TestConditions(t *testing.T) {
	for _, v := range readAnswers(t).Values {
		context := "{}"
		if v != "undefined" {
			context = `{"v":` + v + `}`
		}
		want, _, err := rendering{template: `{{#if v}}true{{else}}false{{/if}}`, context: context}.run(t)
		if err != nil {
			t.Fatal(err)
		}
		opposite := map[string]string{"true": "false", "false": "true"}[want]
		for template, want := range map[string]string{
			`{{and v}}`: want, `{{and 1 v}}`: want, `{{or v}}`: want, `{{or false v}}`: want, `{{not v}}`: opposite,
			`{{and v false}}`: "false", `{{or v true}}`: "true",
			`{{#and v}}true{{else}}false{{/and}}`: want, `{{#or v v}}true{{else}}false{{/or}}`: want,
			`{{#not v}}true{{else}}false{{/not}}`: opposite, `{{#if (not v)}}true{{else}}false{{/if}}`: opposite,
		} {
			got, issues, err := rendering{template: template, context: context}.run(t)
			if err != nil || got != want || len(issues) > 0 {
				t.Errorf("%s with %s: got %q, %v, %v, want %q", template, v, got, issues, err, want)
			}
		}
	}
}
