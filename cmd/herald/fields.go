package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/preview"
)

type fieldsCmd struct {
	Match string `arg:"" optional:"" help:"Only fields whose name or path contains this."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run prints the fields that templates may use, by what they belong to: the catalogue's, and those of fields.yaml.
func (f *fieldsCmd) Run(c *app.Settings, std stdio) error {
	folder, err := openFolder("", c)
	if err != nil {
		return err
	}
	templates, findings := catalog.Read(folder.files)
	for _, fault := range catalog.ErrorsOf(findings) {
		if fault.File == "fields.yaml" || fault.File == "defaults.yaml" {
			return folder.locate(&catalog.LoadError{Findings: []catalog.Finding{fault}})
		}
	}
	fields := templates.FieldList()
	var found []catalog.Field
	for _, field := range fields {
		if f.matches(field) {
			found = append(found, field)
		}
	}
	slices.SortStableFunc(found, func(a, b catalog.Field) int { return cmp.Compare(rootRank(a.Path), rootRank(b.Path)) })
	if len(found) == 0 {
		meant := ""
		if near := preview.NewNames(fields).Nearest(f.Match); near != "" {
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
			if len(field.Values) > 0 && field.Own {
				about += " One of " + strings.Join(field.Values, ", ") + "."
			}
			if field.Optional {
				about += " (may be missing)"
			}
			rows = append(rows, []string{field.Path, string(field.Type), about})
		}
		page.columns(nil, rows)
		found = found[n:]
	}
	_, err = page.WriteTo(std.out)
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

// rootRank keeps what begins with the same word together, in the order of the catalogue.
func rootRank(path string) int {
	root, _, _ := strings.Cut(path, ".")
	i := slices.IndexFunc(catalog.Fields(), func(f catalog.Field) bool { return strings.HasPrefix(f.Path+".", root+".") })
	if i < 0 {
		return len(catalog.Fields())
	}
	return i
}

// matches says whether a field is called so, in its path or by people.
func (f *fieldsCmd) matches(field catalog.Field) bool {
	return contains(field.Path, f.Match) || contains(field.Name, f.Match) ||
		slices.ContainsFunc(field.Also, func(name string) bool { return contains(name, f.Match) })
}

func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}
