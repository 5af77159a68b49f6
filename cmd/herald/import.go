package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/migrate"
)

// importTools read what other tools export.
var importTools = map[string]func(fs.FS) (*migrate.Folder, error){
	"kustomer": migrate.Kustomer, "zendesk-macros": migrate.Zendesk, "intercom": migrate.Intercom, "gorgias": migrate.Gorgias,
}

type importCmd struct {
	Tool string `arg:"" enum:"kustomer,zendesk-macros,intercom,gorgias" help:"kustomer, zendesk-macros, intercom or gorgias."`
	From string `arg:"" help:"A JSON file, or a folder of them, as the tool's API returns them."`
	To   string `required:"" placeholder:"DIR" help:"The folder to make. Files that are there already are not changed."`
	JSON bool   `name:"json" help:"Print the report as JSON."`
}

// Run makes a folder of templates, and tells what could not be carried over.
func (i *importCmd) Run(std stdio) error {
	files, err := importFiles(i.From)
	if err != nil {
		return err
	}
	made, err := importTools[i.Tool](files)
	if err != nil {
		return err
	}
	return writeMade(i.To, made, i.JSON, std)
}

// importFiles is a folder, or a file as a folder of its own.
func importFiles(from string) (fs.FS, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, usageError{fmt.Errorf("no file or folder %.100q", from)}
	}
	if info.IsDir() {
		return os.DirFS(from), nil
	}
	const most = 64 << 20
	if info.Size() > most {
		return nil, fmt.Errorf("%s: over %d bytes", from, most)
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	return migrate.Memory(map[string][]byte{filepath.Base(from): data})
}

type exportCmd struct {
	Tool string `arg:"" enum:"kustomer" help:"kustomer."`
	To   string `required:"" placeholder:"DIR" help:"The folder to make. Files that are there already are not changed."`
	JSON bool   `name:"json" help:"Print the report as JSON."`
}

// Run writes the templates of HERALD_TEMPLATES as objects of Kustomer's API.
func (e *exportCmd) Run(c *app.Settings, std stdio) error {
	f, err := openFolder("", c)
	if err != nil {
		return err
	}
	made, err := migrate.ToKustomer(f.files)
	if err != nil {
		return f.locate(err)
	}
	return writeMade(e.To, made, e.JSON, std)
}

// writeMade writes a folder and tells of it.
func writeMade(dir string, made *migrate.Folder, asJSON bool, std stdio) error {
	quiet := std
	quiet.out = io.Discard
	if err := writeNew(dir, made.Files, quiet); err != nil {
		return err
	}
	r := made.Report
	if asJSON {
		return printJSON(std, r)
	}
	page := newPage(std)
	page.line(fmt.Sprintf("%s: %d shortcuts, %d snippets, %d email templates, %d categories", dir, r.Shortcuts, r.Snippets, r.Templates, r.Categories))
	if len(r.Renamed) > 0 {
		page.heading("Renamed", "names have no blanks and no slashes")
		var rows [][]string
		for _, one := range r.Renamed {
			rows = append(rows, []string{one.Kind, shown(one.From), one.To})
		}
		page.columns([]int{12, 40, 0}, rows)
	}
	if len(r.Left) > 0 {
		page.heading("Not carried over", "")
		for _, one := range r.Left {
			page.line("  ", shown(one.String()))
		}
	}
	_, err := page.WriteTo(std.out)
	return err
}
