package helpers

import "github.com/heraldsend/herald/render/handlebars"

func builtInEntries() []Entry {
	entries := []Entry{{
		Name: "if", Signature: "#if value includeZero=",
		Args: []Param{{Name: "value"}}, Options: []Param{{Name: "includeZero", Kind: Bool}},
		Doc: "Renders its body where the value is there: not missing, null, false, 0 (unless `includeZero=true`), empty text or an empty list.",
		Examples: []Example{
			{Template: `{{#if name}}Hi {{name}}{{else}}Hi{{/if}}`, Context: `{"name":"Ann"}`, Output: "Hi Ann"},
		},
	}, {
		Name: "unless", Signature: "#unless value includeZero=",
		Args: []Param{{Name: "value"}}, Options: []Param{{Name: "includeZero", Kind: Bool}},
		Doc: "Renders its body where `#if` would not.",
		Examples: []Example{
			{Template: `{{#unless paid}}Please pay.{{/unless}}`, Context: `{"paid":false}`, Output: "Please pay."},
		},
	}, {
		Name: "each", Signature: "#each list",
		Args: []Param{{Name: "list", Kind: Object}},
		Doc: "Renders its body for every item of a list or member of an object, with `this`, `@index`, `@key`, `@first` and `@last`; " +
			"the part after `{{else}}` where there is none.",
		Examples: []Example{
			{Template: `{{#each items}}{{@index}}{{this}}{{else}}none{{/each}}`, Context: `{"items":["a","b"]}`, Output: "0a1b"},
		},
	}, {
		Name: "with", Signature: "#with value",
		Args: []Param{{Name: "value"}},
		Doc:  "Renders its body with the value as context.",
		Examples: []Example{
			{Template: `{{#with customer}}{{name}}{{/with}}`, Context: `{"customer":{"name":"Ann"}}`, Output: "Ann"},
		},
	}, {
		Name: "lookup", Signature: "lookup object key",
		Args: []Param{{Name: "object", Kind: Object}, {Name: "key", Kind: Key}},
		Doc:  "The member of an object, or the item of a list, whose name is computed.",
		Examples: []Example{
			{Template: `{{lookup names language}}`, Context: `{"names":{"de":"Rechnung"},"language":"de"}`, Output: "Rechnung"},
		},
	}, {
		Name: "log", Signature: "log value …",
		Args:     []Param{{Name: "value", Optional: true, Rest: true}},
		Doc:      "Prints nothing. Handlebars.js writes the values to its console; here customer data goes to no log.",
		Examples: []Example{{Template: `{{log name}}done`, Context: `{"name":"Ann"}`, Output: "done"}},
	}}
	for i := range entries {
		entries[i].BuiltIn = true
		entries[i].helper.Form = handlebars.Block
		if name := entries[i].Name; name == "lookup" || name == "log" {
			entries[i].helper.Form = handlebars.Either
		}
	}
	return entries
}
