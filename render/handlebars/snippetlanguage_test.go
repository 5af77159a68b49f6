package handlebars

import (
	"errors"
	"strings"
	"testing"
)

// A snippet that names its language speaks it, with the snippets and the locale within, and nothing behind it does.
func TestSnippetNamesItsLanguage(t *testing.T) {
	env := newEnv(t, Options{
		Helpers: []Helper{{Name: "locale", Func: func(c *Call) (Value, error) { return String(c.Locale()), nil }}},
		Snippets: map[string]Snippet{
			"sn.hi":    {Source: "en", Texts: map[string]string{"en": "Hi {{locale}} [[sn.you]]", "fr": "Salut {{locale}} [[sn.you]]", "de": "Hallo {{locale}} [[sn.you lang=en]] [[sn.you]]"}},
			"sn.you":   {Source: "en", Texts: map[string]string{"en": "you", "fr": "toi", "de": "du"}},
			"sn.plain": {Source: "en", Texts: map[string]string{"en": "plain"}},
		},
		Languages: func(tag string) ([]string, error) {
			if tag == "bad" {
				return nil, errors.New("bad is no language tag")
			}
			base, _, _ := strings.Cut(languageTag(tag), "-")
			return []string{languageTag(tag), base}, nil
		},
	})
	for template, want := range map[string]string{
		"[[sn.hi]]":                                        "Hi en-us you",
		"[[sn.hi lang=fr]] [[sn.hi]]":                      "Salut fr toi Hi en-us you",
		"[[sn.hi lang=fr-CA]]":                             "Salut fr-ca toi",
		"[[sn.hi lang=FR_ca]]{{locale}}":                   "Salut fr-ca toien-us",
		"[[sn.hi lang=de]]":                                "Hallo de you du",
		"[[sn.plain lang=fr]]":                             "plain", // falls back, with an issue
		"{{#if true}}[[sn.you lang=fr]]{{/if}} [[sn.you]]": "toi you",
	} {
		issues := 0
		tpl, err := env.Compile("t", template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		out, err := tpl.Append(t.Context(), nil, &Exec{Languages: []string{"en"}, Locale: "en-us", OnIssue: func(Issue) { issues++ }})
		got := string(out)
		if err != nil || got != want || (issues > 0) != strings.Contains(template, "sn.plain") {
			t.Errorf("%s: %q, %v, %d issues, want %q", template, got, err, issues, want)
		}
	}
	for _, template := range []string{"[[sn.hi lang=]]", "[[sn.hi lang=f r]]", "[[sn.hi  lang=fr]]", "[[sn.hi lang=\"fr\"]]", "[[sn.hi lang=fr ]]", "[[sn.hi lang=fré]]",
		"[[sn.hi lang=fr", "[[sn.hi lang=fr]", "[[sn.hi lang=bad]]", "[[sn. lang=fr]]", "[[sn.none lang=fr]]", "[[sn.hi LANG=fr]]"} {
		if _, err := env.Compile("t", template); err == nil {
			t.Errorf("%s compiles", template)
		}
	}
}
