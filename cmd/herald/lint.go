package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/worker/app"
)

type lintCmd struct {
	Dir      string `arg:"" optional:"" help:"Folder of templates; HERALD_TEMPLATES when not given."`
	Format   string `enum:"text,json,sarif" default:"text" help:"text, json or sarif."`
	Segments int    `default:"3" help:"Warn of an SMS that may have more segments."`
	Bulk     bool   `help:"The emails go to many: want a visible link to unsubscribe in each."`
	Texts    bool   `help:"Look at texts alone and render no mail: 2,000 shortcuts take a second."`
	Fix      bool   `help:"Correct what can be corrected, show it, and report the rest."`
	Watch    bool   `help:"Check again at every change, until interrupted."`
}

// Run prints what is wrong with the templates, and fails if any of it is an error. Warnings fail nothing.
func (l *lintCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	switch {
	case l.Segments < 1:
		return usageError{fmt.Errorf("--segments: %d is less than 1", l.Segments)}
	case l.Texts && l.Bulk:
		return usageError{errors.New("--bulk looks at mails, --texts at none")}
	case l.Watch && l.Format != "text":
		return usageError{errors.New("--watch prints text")}
	}
	f, err := openFolder(l.Dir, c)
	if err != nil {
		return err
	}
	if (l.Fix || l.Watch) && f.dir == "" {
		return usageError{errors.New("the built-in samples can't change: give a folder")}
	}
	if l.Watch {
		return l.watch(ctx, f, std)
	}
	return l.once(f, std)
}

func (l *lintCmd) once(f folder, std stdio) error {
	report, err := l.check(f, std)
	if err != nil {
		return err
	}
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

// check gives what is wrong, after it was mended where that is asked for.
func (l *lintCmd) check(f folder, std stdio) (*lint.Report, error) {
	o := lint.Options{Segments: l.Segments, Bulk: l.Bulk, Texts: l.Texts}
	if !l.Fix {
		return lint.Folder(f.files, o), nil
	}
	fixed := lint.Fix(f.files, o)
	for _, file := range slices.Sorted(maps.Keys(fixed.Files)) {
		if err := replaceFile(f.path(file), fixed.Files[file]); err != nil {
			return nil, fmt.Errorf("write %s: %w", f.path(file), err)
		}
	}
	if l.Format != "text" {
		return fixed.Report, nil
	}
	for _, m := range fixed.Findings {
		m.File = f.path(m.File)
		if err := m.WriteText(std.out); err != nil {
			return nil, err
		}
	}
	return fixed.Report, nil
}

// replaceFile writes a file at once, so that nobody reads half of it. It keeps its mode.
func replaceFile(path string, data []byte) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), ".herald-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(next.Name()))
		}
	}()
	_, err = next.Write(data)
	if err = errors.Join(err, next.Chmod(info.Mode().Perm()), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

// lookInterval is how often watch looks at the folder.
const lookInterval = 300 * time.Millisecond

// watch checks the folder at every change, until ctx is done.
func (l *lintCmd) watch(ctx context.Context, f folder, std stdio) error {
	seen := ""
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		if now := catalog.Fingerprint(f.files); now != seen {
			if err := l.once(f, std); err != nil {
				fmt.Fprintf(std.err, "herald: %v\n", err)
			}
			if _, err := fmt.Fprintln(std.out, "watching "+f.String()); err != nil {
				return err
			}
			if seen = now; l.Fix {
				seen = catalog.Fingerprint(f.files)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
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
