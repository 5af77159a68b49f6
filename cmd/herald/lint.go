package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/worker/app"
)

type lintCmd struct {
	Dir      string `arg:"" optional:"" help:"Folder of templates; HERALD_TEMPLATES when not given."`
	Format   string `enum:"text,json,sarif" default:"text" help:"text, json or sarif."`
	Segments int    `default:"3" help:"An SMS that may come to more segments is a warning."`
}

// Run prints what is wrong with the templates, and fails if any of it is an error. Warnings fail nothing.
func (l *lintCmd) Run(c *app.Settings, std stdio) error {
	if l.Segments < 1 {
		return usageError{fmt.Errorf("--segments: %d is less than 1", l.Segments)}
	}
	f, err := openFolder(l.Dir, c)
	if err != nil {
		return err
	}
	report := lint.Folder(f.files, lint.Options{Segments: l.Segments})
	for i := range report.Findings {
		report.Findings[i].File = f.lintPath(report.Findings[i].File, l.Format)
	}
	switch l.Format {
	case "json":
		err = report.WriteJSON(std.out)
	case "sarif":
		err = report.WriteSARIF(std.out, versionText())
	default:
		err = report.WriteText(std.out)
	}
	if n := report.Errors(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%s in %s", count(n, "error"), f))
	}
	return err
}

// lintPath is a file's path in a report. SARIF wants it relative, with slashes.
func (f folder) lintPath(file, format string) string {
	if format != "sarif" {
		return f.path(file)
	}
	if !filepath.IsLocal(f.dir) {
		return file
	}
	return filepath.ToSlash(f.path(file))
}
