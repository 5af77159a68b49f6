package helpers

import (
	"errors"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/heraldsend/herald/render/handlebars"
)

func textEntries() []Entry {
	text, locale := []Param{{Name: "text", Kind: Text}}, []Param{{Name: "locale", Kind: Language}}
	return []Entry{{
		Name: "default", Signature: "default value fallback …",
		Doc: "The first value that is there: not missing, not null, not blank text.",
		Examples: []Example{
			{Template: `Dear {{default firstName "customer"}}`, Context: `{"firstName":" "}`, Output: "Dear customer"},
			{Template: `{{default nickname firstName "you"}}`, Context: `{"firstName":"Ann"}`, Output: "Ann"},
		},
		Args:   []Param{{Name: "value"}, {Name: "fallback", Rest: true}},
		helper: handlebars.Helper{Shallow: true, Func: fallback},
	}, {
		Name: "uppercase", Signature: "uppercase text locale=",
		Doc:      "The text in capitals, by the rules of the locale.",
		Examples: []Example{{Template: `{{uppercase city}}`, Context: `{"city":"Straße"}`, Output: "STRASSE"}},
		Args:     text, Options: locale, Gives: Text,
		helper: handlebars.Helper{Func: recase(func(s string, l language.Tag) string {
			return cases.Upper(l).String(s)
		})},
	}, {
		Name: "lowercase", Signature: "lowercase text locale=",
		Doc:      "The text in small letters, by the rules of the locale.",
		Examples: []Example{{Template: `{{lowercase city locale="tr"}}`, Context: `{"city":"IZMIR"}`, Output: "ızmır"}},
		Args:     text, Options: locale, Gives: Text,
		helper: handlebars.Helper{Func: recase(func(s string, l language.Tag) string {
			return cases.Lower(l).String(s)
		})},
	}, {
		Name: "capitalize", Signature: "capitalize text locale=",
		Doc:      "The text with a capital as its first letter; the rest stays.",
		Examples: []Example{{Template: `{{capitalize plan}}`, Context: `{"plan":"pro Plus"}`, Output: "Pro Plus"}},
		Args:     text, Options: locale, Gives: Text,
		helper: handlebars.Helper{Func: recase(capitalize)},
	}, {
		Name: "truncate", Signature: "truncate text length ellipsis=",
		Doc: "The text cut to at most so many characters, the ellipsis (`…` unless given) among them. An emoji or a letter " +
			"with its accents is one character and is never split.",
		Examples: []Example{
			{Template: `{{truncate subject 12}}`, Context: `{"subject":"Your order has shipped"}`, Output: "Your order…"},
			{Template: `{{truncate subject 7 ellipsis=""}}`, Context: `{"subject":"Hi 👩‍👩‍👧‍👧 there"}`, Output: "Hi 👩‍👩‍👧‍👧 th"},
		},
		Args:    []Param{{Name: "text", Kind: Text}, {Name: "length", Kind: Number}},
		Options: []Param{{Name: "ellipsis", Kind: Text}},
		Gives:   Text,
		helper:  handlebars.Helper{Prepare: prepareTruncate, Func: truncate},
	}}
}

func fallback(c *handlebars.Call) (handlebars.Value, error) {
	for i := range c.Len() {
		v := c.Arg(i)
		if text, ok := v.Str(); v.IsNil() || ok && strings.TrimSpace(text) == "" {
			continue
		}
		return v, nil
	}
	return handlebars.Value{}, nil
}

// recase makes a helper of a function that changes letters. Safe text, such as a snippet's markup, becomes unsafe.
func recase(change func(string, language.Tag) string) func(*handlebars.Call) (handlebars.Value, error) {
	return func(c *handlebars.Call) (handlebars.Value, error) {
		text := c.Arg(0).Text()
		if text == "" {
			return handlebars.Value{}, nil
		}
		return handlebars.String(change(text, tag(c))), nil
	}
}

// tag is the locale of the call: its option, else the execution's, else English. A locale that can't be read raises
// an issue.
func tag(c *handlebars.Call) language.Tag {
	name := optionText(c, "locale", c.Locale())
	if name == "" {
		return language.AmericanEnglish
	}
	if len(name) <= 100 {
		if t, err := language.Parse(strings.ReplaceAll(name, "_", "-")); err == nil {
			return t
		}
	}
	c.Issue(IssueUnknownLocale, "locale", "there is no locale "+quoteText(name)+"; English stands in")
	return language.AmericanEnglish
}

func capitalize(s string, l language.Tag) string {
	start := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsSpace(r) })
	if start < 0 {
		return s
	}
	end := start + cut(s[start:], 1)
	if base, _ := l.Base(); base.String() == "nl" {
		end = start + cut(s[start:], 2) // ij is one letter in Dutch
	}
	return s[:start] + cases.Title(l, cases.NoLower).String(s[start:end]) + s[end:]
}

var errLength = errors.New("the length must be a whole number from 0")

func prepareTruncate(site *handlebars.Site) (any, error) {
	if v, ok := site.Arg(1); ok {
		if _, ok := length(v); !ok {
			return nil, errLength
		}
	}
	return nil, nil
}

func length(v handlebars.Value) (int, bool) {
	f, ok := v.Float()
	return int(f), ok && f >= 0 && f <= 1<<30 && f == float64(int(f))
}

func truncate(c *handlebars.Call) (handlebars.Value, error) {
	most, ok := length(c.Arg(1))
	if !ok {
		return handlebars.Value{}, errLength
	}
	text := c.Arg(0).Text()
	ellipsis := "…"
	if c.Has("ellipsis") {
		ellipsis = c.Option("ellipsis").Text()
	}
	if end := cut(text, most); end == len(text) {
		return handlebars.String(text), nil
	}
	keep := most - uniseg.GraphemeClusterCount(ellipsis)
	if keep < 0 {
		return handlebars.String(ellipsis[:cut(ellipsis, most)]), nil
	}
	text = text[:cut(text, keep)]
	if ellipsis != "" {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	return handlebars.String(text + ellipsis), nil
}

// cut is the length in bytes of the first n characters of s.
func cut(s string, n int) int {
	end, state := 0, -1
	for rest := s; n > 0 && rest != ""; n-- {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		end += len(cluster)
	}
	return end
}
