package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/preview"
)

type fieldsCmd struct {
	Match string `arg:"" optional:"" help:"Only fields whose name or path contains this."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run prints the catalogue of fields, by what they belong to.
func (f *fieldsCmd) Run(std stdio) error {
	var found []catalog.Field
	for _, field := range catalog.Fields() {
		if contains(field.Path, f.Match) || contains(field.Name, f.Match) {
			found = append(found, field)
		}
	}
	if len(found) == 0 {
		meant := ""
		if near := preview.NewNames().Nearest(f.Match); near != "" {
			meant = fmt.Sprintf("; did you mean %q?", near)
		}
		return usageError{fmt.Errorf("no field has %.100q in its name or path%s", f.Match, meant)}
	}
	if f.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(found)
	}
	page := newPage(std)
	for len(found) > 0 {
		root, _, _ := strings.Cut(found[0].Path, ".")
		n := 0
		for n < len(found) && strings.HasPrefix(found[n].Path+".", root+".") {
			n++
		}
		page.heading(root, fieldRoots[root])
		var rows [][]string
		for _, field := range found[:n] {
			about := field.Doc
			if about == "" {
				about = field.Name
			}
			rows = append(rows, []string{field.Path, string(field.Type), about})
		}
		page.columns(nil, rows)
		found = found[n:]
	}
	_, err := page.WriteTo(std.out)
	return err
}

// fieldRoots says what the first word of a path stands for.
var fieldRoots = map[string]string{
	"customer":     "who gets the message",
	"conversation": "what it belongs to",
	"currentUser":  "the agent, also written user",
	"kobjects":     "custom objects by their klass",
	"draft":        "in email templates only",
	"messages":     "of a forwarded conversation",
	"forward":      "what is forwarded",
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
