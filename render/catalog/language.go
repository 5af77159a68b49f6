package catalog

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/heraldsend/herald/render/handlebars"
)

// NormalLanguage brings a language tag to one form: en_US, en-us and EN-us are
// "en-us"; replaced codes become today's (iw is he).
func NormalLanguage(tag string) (string, error) {
	t, err := parseLanguage(tag)
	if err != nil {
		return "", err
	}
	return strings.ToLower(t.String()), nil
}

func parseLanguage(tag string) (language.Tag, error) {
	if len(tag) > 35 {
		return language.Und, fmt.Errorf("%s is no language tag", handlebars.Quote(tag))
	}
	t, err := language.Parse(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-"))
	if err != nil || t == language.Und {
		return language.Und, fmt.Errorf("%s is no language tag", handlebars.Quote(tag))
	}
	return t, nil
}

// Languages lists the languages in which snippets are looked for, best first: the locale as it
// is, its CLDR parents (en-gb, en-001, en; zh-tw, zh-hant), its base language.
// Snippets fall back to their source language after these.
func Languages(locale string) ([]string, error) {
	t, err := parseLanguage(locale)
	if err != nil {
		return nil, err
	}
	if plain, err := language.Compose(t.Raw()); err == nil { // without extensions and variants
		if s := strings.ToLower(t.String()); s != strings.ToLower(plain.String()) {
			return appendChain([]string{s}, plain), nil
		}
	}
	return appendChain(nil, t), nil
}

// Written is how a page says which language it is in: the tag in BCP 47's spelling, such as "en-GB", and the direction of
// its script, "ltr" or "rtl". What is no tag is left to right, without a language.
func Written(locale string) (lang, dir string) {
	t, err := parseLanguage(locale)
	if err != nil {
		return "", "ltr"
	}
	switch script, _ := t.Script(); script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Mand", "Samr":
		return t.String(), "rtl"
	}
	return t.String(), "ltr"
}

func appendChain(chain []string, t language.Tag) []string {
	for p := t; p != language.Und; p = p.Parent() {
		chain = append(chain, strings.ToLower(p.String()))
	}
	base, _ := t.Base()
	if last := base.String(); !slices.Contains(chain, last) {
		chain = append(chain, last)
	}
	return chain
}
