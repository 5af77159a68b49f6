//go:build !race

package handlebars

import (
	"os"
	"testing"
)

// TestAllocations is left out under the race detector, which makes sync.Pool forget at random.
func TestAllocations(t *testing.T) {
	env := newEnv(t, Options{
		Helpers:  []Helper{ifCond()},
		Partials: map[string]string{"p": "{{x}}\n", "block": "<{{> @partial-block}}>"},
		Snippets: snippets("sn.a=Hi {{x}}"),
	})
	data, err := ParseJSON([]byte(`{"a":1,"x":"<x>","l":[1,2.5,"c"],"o":{"k":"v"},"n":-1e-7}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, template string }{
		{"fields", "{{x}} {{{x}}} {{a}} {{n}} {{missing}} {{o.k}} {{l.length}} {{l}}"},
		{"blocks", `{{#each l}}{{@index}}{{.}}{{../x}}{{/each}}{{#each o as |v k|}}{{k}}{{v}}{{/each}}{{#with o as |w|}}{{w.k}}{{/with}}{{#if a}}{{else}}{{/if}}{{#o}}{{k}}{{/o}}`},
		{"helper", `{{#ifCond a "==" 1}}{{../x}}{{/ifCond}}{{lookup o "k"}}{{#if (lookup l 0)}}y{{/if}}`},
		{"partials", "  {{> p}}\n{{> p o}}{{#> block}}{{x}}{{/block}}{{#> none}}{{x}}{{/none}}"},
		{"snippet", "[[sn.a]]"},
	} {
		tmpl, err := env.Compile("t", c.template)
		if err != nil {
			t.Fatal(err)
		}
		x := &Exec{Context: data}
		var out []byte
		if n := testing.AllocsPerRun(100, func() {
			if out, err = tmpl.Append(t.Context(), out[:0], x); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations (%q)", c.name, n, out)
		}
	}
}

func TestDecoderAllocations(t *testing.T) {
	text, err := os.ReadFile("testdata/corpus/contexts.json")
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	if n := testing.AllocsPerRun(100, func() {
		if _, err := d.Decode(text); err != nil {
			t.Fatal(err)
		}
	}); n > 1 { // strings with escapes go to memory of their own
		t.Errorf("%v allocations", n)
	}
}
