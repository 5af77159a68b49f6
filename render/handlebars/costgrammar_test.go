//go:build !race

package handlebars

import (
	"context"
	"testing"

	"github.com/heraldsend/herald/render/meter/metertest"
)

// costPieces are pieces of templates, whole and broken.
var costPieces = []string{
	"{{x}}", "{{{x}}}", "{{y}}", "{{#if x}}", "{{else}}", "{{/if}}", "{{#each l}}", "{{/each}}", "{{this}}", "{{../x}}", "{{#with o}}", "{{/with}}", "{{o.a}}", "{{@root.l.[1]}}", "{{@index}}",
	"{{! c }}", "{{!--", "--}}", "{{", "}}", "{{{", "}}}", "{{#", "{{/", "{{~", "~}}", "\\{{", "\\", "[[sn.a]]", "[[sn", "{{> p}}", "{{#*inline 'q'}}", "{{/inline}}", "{{#> p}}", "{{/p}}", "{{lookup l 1}}",
	"(", ")", "(lookup ", "{{#unless y}}", "{{/unless}}", "{{^}}", "|a b|", " as |a|", "a.b", "/", "[a]", "[", "]", "\"a\"", "\"", "1", " a=1", "{{{{r}}}}", "{{{{/r}}}}", "\n", "  ", "é", "text ",
}

var jsonPieces = []string{"{", "}", "[", "]", ",", ":", `"a"`, `"`, `\u0041`, `\`, "1", "-", "1e9", "0.5", "null", "true", " ", "\n", `{"a":1},`, `[1],`, `"é",`, `"\ud83d",`, "1,", "\xff"}

func costOfTemplate(t testing.TB) func(string) error {
	env := newEnv(t, Options{Partials: map[string]string{"p": "{{x}}{{> @partial-block}}"}, Snippets: snippets("sn.a=a {{x}}")})
	data, err := ParseJSON([]byte(`{"x":"a","l":[1,2,3],"o":{"a":"b"}}`))
	if err != nil {
		t.Fatal(err)
	}
	return func(text string) error {
		template, err := env.Compile("t", text)
		if err != nil {
			return err
		}
		_, err = template.Append(context.Background(), nil, &Exec{Context: data, OnIssue: func(Issue) {}})
		return err
	}
}

func costOfJSON(text string) error {
	_, err := ParseJSON([]byte(text))
	if err == nil {
		err = ValidateJSON([]byte(text))
	}
	_, _ = ParseJSON([]byte("[" + text + "1]"))
	return err
}

// What a template and JSON cost grows with their length, or a limit ends it.
func TestCostsOfGrammars(t *testing.T) {
	t.Run("templates", func(t *testing.T) { metertest.Run(t, costPieces, costOfTemplate(t)) })
	t.Run("JSON", func(t *testing.T) { metertest.Run(t, jsonPieces, costOfJSON) })
}

func FuzzCostsTemplate(f *testing.F) { metertest.Fuzz(f, costPieces, costOfTemplate(f)) }
func FuzzCostsJSON(f *testing.F)     { metertest.Fuzz(f, jsonPieces, costOfJSON) }
