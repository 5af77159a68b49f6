package helpers_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/handlebars"
)

func TestSort(t *testing.T) {
	for name, c := range map[string]struct{ template, context, want string }{
		"numeric texts":      {`{{join (sort l)}}`, `{"l":["10","9.5",9,"-1","1e1"]}`, "-1, 9, 9.5, 10, 1e1"},
		"kinds":              {`{{join (sort l)}}`, `{"l":[null,"b",true,2,"a",1]}`, "1, 2, a, b, , true"},
		"large":              {`{{join (sort l)}}`, `{"l":[9007199254740993,9007199254740992]}`, "9007199254740992, 9007199254740993"},
		"stable":             {`{{#each (sort l by="k")}}{{n}}{{/each}}`, `{"l":[{"k":1,"n":"a"},{"k":0,"n":"b"},{"k":1,"n":"c"},{"n":"d"}]}`, "bacd"},
		"path":               {`{{#each (sort l by="o.k")}}{{n}}{{/each}}`, `{"l":[{"o":{"k":"z"},"n":1},{"o":{"k":"ä"},"n":2},{"n":3}]}`, "213"},
		"not changed":        {`{{join (sort l)}}|{{join l}}`, `{"l":[2,1]}`, "1, 2|2, 1"},
		"no list":            {`[{{join (sort x)}}{{join (sort y)}}]`, `{"x":"ba"}`, "[]"},
		"first of an object": {`[{{first x}}{{last x}}{{first y 3}}]`, `{"x":{"a":1}}`, "[]"},
		"first of more":      {`{{join (first l 9)}}|{{join (last l 9)}}|{{join (first l 0)}}`, `{"l":[1,2]}`, "1, 2|1, 2|"},
		"letters":            {`{{first "👩‍👩‍👧‍👧é" 1}}{{last "aé" 1}}{{last "ab" 9}}{{first ""}}`, `{}`, "👩‍👩‍👧‍👧éab"},
	} {
		t.Run(name, func(t *testing.T) {
			got, issues, err := rendering{template: c.template, context: c.context, escape: handlebars.EscapeText}.run(t)
			if err != nil || len(issues) > 0 || got != c.want {
				t.Errorf("got %q, %v, %v, want %q", got, issues, err, c.want)
			}
		})
	}
}

// TestSortIsLikeIntl compares with the order of Intl.Collator in testdata/sort.js, but for the words that golang.org/x/text,
// which has an older CLDR, puts elsewhere.
func TestSortIsLikeIntl(t *testing.T) {
	data, err := os.ReadFile("testdata/sort.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	foreign := map[string]string{"da": "Anna Öl Østre Zoe Ångström Straße", "fi": "đak", "hu": "łódź"} // capitals go first in Danish; letters of others
	for locale, order := range want {
		order = slices.DeleteFunc(order, func(word string) bool { return slices.Contains(strings.Fields(foreign[locale]), word) })
		words := slices.Clone(order)
		slices.Sort(words)
		context, err := json.Marshal(map[string]any{"words": words})
		if err != nil {
			t.Fatal(err)
		}
		got, issues, err := rendering{template: `{{join (sort words) "\n"}}`, context: string(context), locale: locale, escape: handlebars.EscapeText}.run(t)
		if err != nil || len(issues) > 0 {
			t.Fatal(issues, err)
		}
		have := strings.Split(got, `\n`)
		for i := range order {
			if have[i] != order[i] {
				t.Errorf("%s: %d is %q, Intl %q\n%q\n%q", locale, i, have[i], order[i], have, order)
				break
			}
		}
	}
}
