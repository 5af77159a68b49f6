package helpers

import (
	"errors"
	"slices"

	"github.com/rivo/uniseg"

	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/meter"
)

func listEntries() []Entry {
	return []Entry{{
		Name: "reverse", Signature: "reverse list",
		Doc: "The list from its end to its start; a text by its characters.",
		Examples: []Example{
			{Template: `{{#each (reverse items)}}{{this}}{{/each}}`, Context: `{"items":[1,2,3]}`, Output: "321"},
			{Template: `{{#reverse items}}{{this}}{{/reverse}}`, Context: `{"items":[1,2,3]}`, Output: "321"},
		},
		Args:   []Param{{Name: "list", Kind: List}},
		Gives:  List,
		helper: handlebars.Helper{Form: handlebars.Either, Func: reverse},
	}, {
		Name: "join", Signature: "join list separator last=",
		Doc: "The items of a list with the separator (`, ` unless given) between them, or `last` before the last one.",
		Examples: []Example{
			{Template: `{{join items}}`, Context: `{"items":["a","b","c"]}`, Output: "a, b, c"},
			{Template: `{{join items "; " last=" and "}}`, Context: `{"items":["a","b","c"]}`, Output: "a; b and c"},
		},
		Args:    []Param{{Name: "list", Kind: List}, {Name: "separator", Kind: Text, Optional: true}},
		Options: []Param{{Name: "last", Kind: Text}},
		Gives:   Text,
		helper:  handlebars.Helper{Func: join},
	}, {
		Name: "length", Signature: "length value",
		Doc: "How many items a list has, members an object, characters a text; 0 for everything else.",
		Examples: []Example{
			{Template: `{{length items}} items`, Context: `{"items":["a","b"]}`, Output: "2 items"},
			{Template: `{{length name}}`, Context: `{"name":"Zoë 👍🏽"}`, Output: "5"},
			{Template: `{{length missing}}`, Context: `{}`, Output: "0"},
		},
		Args:   []Param{{Name: "value"}},
		Gives:  Number,
		helper: handlebars.Helper{Shallow: true, Func: count},
	}}
}

// reverse as a block renders its body for every item, last to first, and the part after {{else}} where there is none.
func reverse(c *handlebars.Call) (handlebars.Value, error) {
	v := c.Arg(0)
	if text, ok := v.Str(); ok && !c.IsBlock() {
		return handlebars.String(uniseg.ReverseString(text)), nil
	}
	if !c.IsBlock() && v.Kind() != handlebars.KindArray {
		return v, nil
	}
	items := slices.Clone(v.Items())
	slices.Reverse(items)
	if !c.IsBlock() {
		return handlebars.Array(items), nil
	}
	if len(items) == 0 {
		return handlebars.Value{}, c.Inverse(nil)
	}
	for i, item := range items {
		index := handlebars.Int(int64(i))
		err := c.Body(&handlebars.Scope{
			This: item, Params: []handlebars.Value{item, index},
			Data: []handlebars.Member{
				{Key: "index", Value: index}, {Key: "key", Value: index},
				{Key: "first", Value: handlebars.Bool(i == 0)}, {Key: "last", Value: handlebars.Bool(i == len(items)-1)},
			},
		})
		if err != nil {
			return handlebars.Value{}, err
		}
	}
	return handlebars.Value{}, nil
}

// errTooLong ends a join that grows beyond what an execution may print.
var errTooLong = errors.New("the result is too long")

func join(c *handlebars.Call) (handlebars.Value, error) {
	v := c.Arg(0)
	if v.Kind() != handlebars.KindArray {
		return handlebars.String(v.Text()), nil
	}
	separator := ", "
	if c.Len() > 1 {
		separator = c.Arg(1).Text()
	}
	last := optionText(c, "last", separator)
	var out []byte
	items := v.Items()
	for i, item := range items {
		switch {
		case i == 0:
		case i == len(items)-1:
			out = append(out, last...)
		default:
			out = append(out, separator...)
		}
		if out = item.AppendText(out); len(out) > c.MaxOutput() {
			return handlebars.Value{}, errTooLong
		}
	}
	return handlebars.String(string(out)), nil
}

func count(c *handlebars.Call) (handlebars.Value, error) {
	v := c.Arg(0)
	n := 0
	switch v.Kind() {
	case handlebars.KindArray:
		n = len(v.Items())
	case handlebars.KindObject:
		n = len(v.Members())
	case handlebars.KindString:
		n = characters(v.Text())
	}
	return handlebars.Int(int64(n)), nil
}

// chargeText counts steps for reading a text once more than arguments are.
func chargeText(c *handlebars.Call, text string) error {
	return c.Charge(len(text) / meter.BytesPerStep)
}

func characters(text string) int { return uniseg.GraphemeClusterCount(text) }
