package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers"
	"github.com/heraldsend/herald/render/handlebars"
)

type helpersCmd struct {
	Name string `arg:"" optional:"" help:"The helper to explain; all in short when not given."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run prints the table of helpers in short, or one entry with its examples.
func (h *helpersCmd) Run(std stdio) error {
	table := helpers.Table()
	if h.Name != "" {
		name := strings.Trim(h.Name, "{}#/ ")
		var names []string
		for _, e := range table {
			names = append(names, e.Name)
		}
		at := slices.Index(names, name)
		if at < 0 {
			meant := "`herald helpers` lists them all"
			if near := handlebars.Suggest(name, slices.Clone(names)); near != "" {
				meant = fmt.Sprintf("did you mean %q?", near)
			}
			return usageError{fmt.Errorf("unknown helper %.100q; %s", h.Name, meant)}
		}
		table = table[at : at+1]
	}
	if h.JSON {
		return printHelpersJSON(std, table)
	}
	page := newPage(std)
	if h.Name != "" {
		printHelper(page, table[0])
	} else {
		for _, e := range table {
			page.row(e.Name, firstSentence(e.Doc))
		}
		page.line()
		page.line("`herald helpers NAME` shows what one takes, with examples.")
	}
	_, err := page.WriteTo(std.out)
	return err
}

func printHelper(page *page, e helpers.Entry) {
	kind := ""
	if e.BuiltIn {
		kind = "of the language"
	}
	page.heading("{{"+e.Signature+"}}", kind)
	for _, line := range wrap(e.Doc, page.width-2) {
		page.line("  ", line)
	}
	for i, x := range e.Examples {
		if i == 0 {
			page.line()
			page.line(page.style(bold, "Examples"))
		} else {
			page.line()
		}
		page.row("Template", x.Template)
		page.row("Context", x.Context)
		page.row("Locale", x.Locale)
		page.row("Time zone", x.Timezone)
		if x.Output == "" {
			x.Output = "(nothing)"
		}
		page.row("Output", x.Output)
	}
}

// firstSentence is the text up to the first full stop that ends a sentence.
func firstSentence(s string) string {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '.' && s[i+1] == ' ' {
			return s[:i+1]
		}
	}
	return s
}

func printHelpersJSON(std stdio, table []helpers.Entry) error {
	type example struct {
		Template string `json:"template"`
		Context  string `json:"context,omitempty"`
		Locale   string `json:"locale,omitempty"`
		Timezone string `json:"timezone,omitempty"`
		Output   string `json:"output"`
	}
	type entry struct {
		Name      string    `json:"name"`
		Signature string    `json:"signature"`
		Doc       string    `json:"doc"`
		BuiltIn   bool      `json:"builtIn"`
		Examples  []example `json:"examples"`
	}
	out := make([]entry, len(table))
	for i, e := range table {
		out[i] = entry{e.Name, e.Signature, e.Doc, e.BuiltIn, make([]example, len(e.Examples))}
		for j, x := range e.Examples {
			out[i].Examples[j] = example{x.Template, x.Context, x.Locale, x.Timezone, x.Output}
		}
	}
	enc := json.NewEncoder(std.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}
