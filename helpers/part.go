package helpers

import (
	"errors"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/text/cases"

	"github.com/heraldsend/herald/render/handlebars"
)

// partEntries are the helpers that look for parts of texts.
func partEntries() []Entry {
	const whole = " `ignoreCase=true` makes capitals and small letters equal. A part that is missing or empty is nowhere. Also as a block."
	ignoreCase := []Param{{Name: "ignoreCase", Kind: Bool}}
	search := func(is func(text, part string) bool) handlebars.Helper {
		return handlebars.Helper{
			Form: handlebars.Either, Prepare: prepareSearch,
			Func: func(c *handlebars.Call) (handlebars.Value, error) { return decide(c, found(c, is)) },
		}
	}
	return []Entry{{
		Name: "contains", Signature: "contains value part ignoreCase=",
		Doc: "Whether a text has a part, or a list an item." + whole,
		Examples: []Example{
			{Template: `{{#if (contains subject "refund")}}Money{{else}}Other{{/if}}`, Context: `{"subject":"My refund"}`, Output: "Money"},
			{Template: `{{#contains tags "vip"}}Dear friend{{else}}Hello{{/contains}}`, Context: `{"tags":["new","vip"]}`, Output: "Dear friend"},
			{Template: `{{#contains subject "REFUND" ignoreCase=true}}yes{{/contains}}`, Context: `{"subject":"My refund"}`, Output: "yes"},
			{Template: `{{#contains subject plan}}yes{{else}}no{{/contains}}`, Context: `{"subject":"My refund"}`, Output: "no"},
		},
		Args: []Param{{Name: "value"}, {Name: "part", Kind: Text}}, Options: ignoreCase, Gives: Bool,
		helper: search(strings.Contains),
	}, {
		Name: "startsWith", Signature: "startsWith text part ignoreCase=",
		Doc:      "Whether a text begins with a part." + whole,
		Examples: []Example{{Template: `{{#if (startsWith phone "+49")}}Germany{{/if}}`, Context: `{"phone":"+49301234567"}`, Output: "Germany"}},
		Args:     []Param{{Name: "text", Kind: Text}, {Name: "part", Kind: Text}}, Options: ignoreCase, Gives: Bool,
		helper: search(strings.HasPrefix),
	}, {
		Name: "endsWith", Signature: "endsWith text part ignoreCase=",
		Doc:      "Whether a text ends with a part." + whole,
		Examples: []Example{{Template: `{{#if (endsWith email "@example.com")}}colleague{{/if}}`, Context: `{"email":"ann@example.com"}`, Output: "colleague"}},
		Args:     []Param{{Name: "text", Kind: Text}, {Name: "part", Kind: Text}}, Options: ignoreCase, Gives: Bool,
		helper: search(strings.HasSuffix),
	}, {
		Name: "replace", Signature: "replace text part by",
		Doc: "The text with every occurrence of a part replaced; an empty part changes nothing.",
		Examples: []Example{
			{Template: `{{replace code "-" " "}}`, Context: `{"code":"AB-12-34"}`, Output: "AB 12 34"},
			{Template: `{{replace phone " " ""}}`, Context: `{"phone":"030 12 34"}`, Output: "0301234"},
		},
		Args: []Param{{Name: "text", Kind: Text}, {Name: "part", Kind: Text}, {Name: "by", Kind: Text}}, Gives: Text,
		helper: handlebars.Helper{Prepare: prepareReplace, Func: replace},
	}, {
		Name: "split", Signature: "split text separator",
		Doc: "The parts of a text between the separators (`,` unless given), as a list; white space around them stays. An empty separator gives the " +
			"characters, an empty text an empty list.",
		Examples: []Example{
			{Template: `{{#each (split tags ", ")}}[{{this}}]{{/each}}`, Context: `{"tags":"new, vip"}`, Output: "[new][vip]"},
			{Template: `{{first (split name " ")}}`, Context: `{"name":"Ann Lee"}`, Output: "Ann"},
			{Template: `{{#each (split tags)}}{{this}}{{else}}none{{/each}}`, Context: `{"tags":""}`, Output: "none"},
		},
		Args: []Param{{Name: "text", Kind: Text}, {Name: "separator", Kind: Text, Optional: true}}, Gives: List,
		helper: handlebars.Helper{Func: split},
	}}
}

func prepareSearch(site *handlebars.Site) (any, error) {
	if part, ok := site.Arg(1); ok && part.Text() == "" {
		return nil, errors.New("the part to look for is empty; write what the text must have")
	}
	return nil, nil
}

// found reports whether the call's text has the part in the right place, or its list an item that equals it.
func found(c *handlebars.Call, is func(text, part string) bool) bool {
	value, part := c.Arg(0), c.Arg(1)
	same := func(s string) string { return s }
	if c.Option("ignoreCase").Truthy() {
		same = cases.Fold().String
	}
	if part.IsNil() || part.Text() == "" {
		return false
	}
	want := same(part.Text())
	if value.Kind() != handlebars.KindArray {
		return is(same(value.Text()), want)
	}
	if c.Name() != "contains" {
		return false
	}
	for _, item := range value.Items() {
		if handlebars.LooseEqual(item, part) || same(item.Text()) == want {
			return true
		}
	}
	return false
}

func prepareReplace(site *handlebars.Site) (any, error) {
	if part, ok := site.Arg(1); ok && part.Text() == "" {
		return nil, errors.New("the part to replace is empty; write which one")
	}
	return nil, nil
}

func replace(c *handlebars.Call) (handlebars.Value, error) {
	text, part, by := c.Arg(0).Text(), c.Arg(1).Text(), c.Arg(2).Text()
	if part == "" {
		return handlebars.String(text), nil
	}
	if n := strings.Count(text, part); len(text)+n*(len(by)-len(part)) > c.MaxOutput() {
		return handlebars.Value{}, errTooLong
	}
	return handlebars.String(strings.ReplaceAll(text, part, by)), nil
}

func split(c *handlebars.Call) (handlebars.Value, error) {
	text, separator := c.Arg(0).Text(), ","
	if c.Len() > 1 {
		separator = c.Arg(1).Text()
	}
	// Each part is a value by itself.
	if err := c.Charge(strings.Count(text, separator)); err != nil {
		return handlebars.Value{}, err
	}
	var items []handlebars.Value
	switch {
	case text == "":
	case separator == "":
		for g := uniseg.NewGraphemes(text); g.Next(); {
			items = append(items, handlebars.String(g.Str()))
		}
	default:
		for part := range strings.SplitSeq(text, separator) {
			items = append(items, handlebars.String(part))
		}
	}
	return handlebars.Array(items), nil
}
