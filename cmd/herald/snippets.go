package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/exchange"
	"github.com/heraldsend/herald/worker/app"
)

// snippetsCmd lists snippets, and carries their texts to translators and back.
type snippetsCmd struct {
	List   snippetsListCmd   `cmd:"" default:"withargs" help:"List the snippets with their languages, or show one and what uses it."`
	Export snippetsExportCmd `cmd:"" help:"Write the texts of a language for translators: what is missing and outdated, as XLIFF 2 or CSV."`
	Import snippetsImportCmd `cmd:"" help:"Store the translations of a file that snippets export wrote."`
}

type snippetsListCmd struct {
	Name string `arg:"" optional:"" help:"A snippet."`
	Uses bool   `help:"What shows it: shortcuts, snippets, layouts."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// loadFolder loads the templates of HERALD_TEMPLATES.
func loadFolder(c *app.Settings) (folder, *catalog.Catalog, error) {
	f, err := openFolder("", c)
	if err != nil {
		return f, nil, err
	}
	templates, err := catalog.Load(f.files)
	return f, templates, f.locate(err)
}

// Run prints all snippets, or one.
func (s *snippetsListCmd) Run(c *app.Settings, std stdio) error {
	f, templates, err := loadFolder(c)
	if err != nil {
		return err
	}
	if s.Name == "" {
		if s.Uses {
			return usageError{errors.New("give the name of a snippet")}
		}
		return s.all(templates, std)
	}
	snippet, err := templates.Snippet(s.Name)
	if err != nil {
		return usageError{err}
	}
	uses := templates.Uses(s.Name)
	for i := range uses {
		uses[i].File = f.path(uses[i].File)
	}
	if s.JSON {
		return printJSON(std, struct {
			catalog.Snippet
			Uses []catalog.Use `json:"uses"`
		}{snippet, append([]catalog.Use{}, uses...)})
	}
	page := newPage(std)
	if !s.Uses {
		page.heading(snippet.Name, snippet.Description)
		for _, language := range languagesOf(&snippet) {
			page.row(language, snippet.Texts[language])
		}
	}
	var rows [][]string
	for _, u := range uses {
		how := ""
		if !u.Direct {
			how = "through another one"
		}
		rows = append(rows, []string{u.Kind, u.Name, u.File, how})
	}
	page.heading("Shown by", "")
	if page.columns(nil, rows); len(rows) == 0 {
		page.line("  nothing")
	}
	_, err = page.WriteTo(std.out)
	return err
}

// all prints a line a snippet.
func (s *snippetsListCmd) all(templates *catalog.Catalog, std stdio) error {
	if s.JSON {
		return printJSON(std, slices.Collect(templates.AllSnippets()))
	}
	page := newPage(std)
	var rows [][]string
	for snippet := range templates.AllSnippets() {
		var languages []string
		for _, language := range languagesOf(snippet) {
			if exchange.StateOf(snippet, language) == exchange.Outdated {
				language += " (outdated)"
			}
			languages = append(languages, language)
		}
		rows = append(rows, []string{snippet.Name, strings.Join(languages, ", "), shown(snippet.Description)})
	}
	page.columns(nil, rows)
	_, err := page.WriteTo(std.out)
	return err
}

// languagesOf are the languages of a snippet, its source first.
func languagesOf(s *catalog.Snippet) []string {
	all := []string{s.Source}
	for _, t := range s.Roles() {
		if _, language, _ := strings.Cut(t.Name, "@"); language != s.Source {
			all = append(all, language)
		}
	}
	return all
}

func printJSON(std stdio, v any) error {
	enc := json.NewEncoder(std.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

type snippetsExportCmd struct {
	Language string `arg:"" help:"Language that is translated into, such as de or fr-CA."`
	From     string `default:"en" help:"Language of the sources; snippets with another one are left out, and counted."`
	Format   string `enum:"xliff,csv" default:"xliff" help:"xliff or csv."`
	All      bool   `help:"All texts, not only what is missing or outdated."`
	Out      string `placeholder:"FILE" help:"Where to; standard output when empty."`
}

// Run writes the sheet, and says on standard error what it holds.
func (s *snippetsExportCmd) Run(c *app.Settings, std stdio) error {
	_, templates, err := loadFolder(c)
	if err != nil {
		return err
	}
	sheet, others, err := exchange.NewSheet(templates, s.From, s.Language, s.All)
	if err != nil {
		return usageError{err}
	}
	write := exchange.WriteXLIFF
	if s.Format == "csv" {
		write = exchange.WriteCSV
	}
	var b bytes.Buffer
	if err := write(&b, sheet); err != nil {
		return err
	}
	if s.Out == "" {
		_, err = b.WriteTo(std.out)
	} else {
		err = os.WriteFile(s.Out, b.Bytes(), 0o644)
	}
	if err != nil {
		return err
	}
	counts := map[exchange.State]int{}
	for _, u := range sheet.Units {
		counts[u.State]++
	}
	fmt.Fprintf(std.err, "%s: %d missing, %d outdated, %d current", sheet.To, counts[exchange.Missing], counts[exchange.Outdated], counts[exchange.Current])
	if others > 0 {
		fmt.Fprintf(std.err, "; %d snippets have another source language than %s", others, sheet.From)
	}
	fmt.Fprintln(std.err)
	return nil
}

type snippetsImportCmd struct {
	File   string `arg:"" help:"XLIFF 2 or CSV; - for standard input."`
	Format string `enum:"xliff,csv," default:"" help:"xliff or csv; by the file when empty."`
	DryRun bool   `help:"Say what would change, and change nothing."`
}

// Run stores translations in the files of the snippets, all of them or none.
func (s *snippetsImportCmd) Run(c *app.Settings, std stdio) error {
	f, err := openFolder("", c)
	if err != nil {
		return err
	}
	if f.dir == "" && !s.DryRun {
		return usageError{errors.New("the built-in samples can't be changed: set HERALD_TEMPLATES")}
	}
	data, err := readInput(s.File, std, exchange.MaxBytes)
	if err != nil {
		return err
	}
	read := exchange.ReadCSV
	if s.Format == "xliff" || s.Format == "" && bytes.HasPrefix(bytes.TrimLeft(data, "\ufeff \t\r\n"), []byte("<")) {
		read = exchange.ReadXLIFF
	}
	sheet, err := read(data)
	if err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	plan, err := exchange.NewPlan(f.files, sheet)
	if err != nil {
		return f.locate(err)
	}
	if !s.DryRun {
		for name, data := range plan.Files {
			if err := replaceFile(f.path(name), data); err != nil {
				return err
			}
		}
	}
	verb := "stored"
	if s.DryRun {
		verb = "would be stored"
	}
	fmt.Fprintf(std.out, "%s: %d %s, %d the same, %d still missing\n", sheet.To, len(plan.Changed), verb, plan.Same, plan.Missing)
	tell(std.out, "outdated, because the source has changed since the export", plan.Stale)
	tell(std.out, "no such snippet", plan.Unknown)
	return nil
}

// tell prints a line with names; nothing where there are none.
func tell(w io.Writer, what string, names []string) {
	if len(names) > 0 {
		fmt.Fprintf(w, "%s: %.2000s\n", what, strings.Join(names, ", "))
	}
}
