package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/heraldsend/herald/render/explain"
	"github.com/heraldsend/herald/worker/app"
)

type testCmd struct {
	Dir    string `arg:"" optional:"" help:"Folder of templates; HERALD_TEMPLATES when not given."`
	Match  string `placeholder:"TEXT" help:"Only tests whose file's path contains this."`
	Update bool   `help:"Write what is rendered into the tests that differ. Look at the changes before you keep them."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run runs the tests, and fails if one does not pass.
func (t *testCmd) Run(c *app.Settings, std stdio) error {
	f, err := openFolder(t.Dir, c)
	if err != nil {
		return err
	}
	options := explain.TestOptions{Match: t.Match}
	if t.Update {
		if f.dir == "" {
			return usageError{errors.New("--update needs a folder: the built-in samples can't be changed")}
		}
		options.Update = func(file string, content []byte) error {
			return os.WriteFile(filepath.Join(f.dir, filepath.FromSlash(file)), content, 0o644)
		}
	}
	report, err := explain.RunTests(f.files, options)
	if err != nil {
		return f.locate(err)
	}
	if len(report.Results) == 0 {
		if t.Match != "" {
			return usageError{fmt.Errorf("no test of %s has %.100q in its path", f, t.Match)}
		}
		return fmt.Errorf("%s has no tests: write one in %s, the README shows how", f, f.path("tests/first.txtar"))
	}
	for i := range report.Results {
		report.Results[i].File = f.path(report.Results[i].File)
	}
	for i := range report.Untested {
		report.Untested[i].File = f.path(report.Untested[i].File)
	}
	if t.JSON {
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(report)
	} else {
		page := newPage(std)
		t.print(page, report)
		_, err = page.WriteTo(std.out)
	}
	if n := report.Failed(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%s failed", count(n, "test")))
	}
	return err
}

func (t *testCmd) print(page *page, r *explain.TestReport) {
	updated := 0
	for _, result := range r.Results {
		switch {
		case result.Updated:
			updated++
			page.line(page.style(yellow, "updated"), "  ", result.File)
		case !result.Passed:
			page.line(page.style(red, "FAILED"), "   ", result.File)
			page.difference(result)
		}
	}
	if page.Len() > 0 {
		page.line()
	}
	summary := fmt.Sprintf("%s: %d passed", count(len(r.Results), "test"), len(r.Results)-r.Failed()-updated)
	if updated > 0 {
		summary += fmt.Sprintf(", %d updated", updated)
	}
	if n := r.Failed(); n > 0 {
		summary += fmt.Sprintf(", %d failed", n)
	}
	page.line(summary)
	if t.Match != "" {
		return // few tests reach few branches
	}
	page.line(fmt.Sprintf("Branches: %d of %d reached", r.Reached, r.Branches))
	const most = 20
	for _, f := range r.Untested[:min(len(r.Untested), most)] {
		page.line("  ", shown(f.String()))
	}
	if n := len(r.Untested) - most; n > 0 {
		page.line(fmt.Sprintf("  and %d more, which --json lists", n))
	}
	if len(r.Shortcuts) > 0 {
		page.line(fmt.Sprintf("Shortcuts without a test: %d, %s", len(r.Shortcuts), shortList(r.Shortcuts)))
	}
}

// difference shows why a test failed: lines that begin with - were wanted, those with + rendered.
func (p *page) difference(r explain.TestResult) {
	if r.Error != "" {
		p.line("  ", shown(r.Error))
	}
	for line := range strings.Lines(r.Diff) {
		line = shown(strings.TrimSuffix(line, "\n"))
		switch {
		case strings.HasPrefix(line, "diff ") || strings.HasPrefix(line, "+++ "):
			continue
		case strings.HasPrefix(line, "--- "):
			line = p.style(bold, section(line)) + p.style(dim, "  (- wanted, + rendered)")
		case strings.HasPrefix(line, "@@"):
			line = p.style(dim, line)
		case strings.HasPrefix(line, "-"):
			line = p.style(red, line)
		case strings.HasPrefix(line, "+"):
			line = p.style(green, line)
		}
		p.line(strings.TrimRight("  "+line, " "))
	}
}

// section is the test's section that a diff is about: "--- tests/a.txtar subject" is "subject".
func section(line string) string {
	return line[strings.LastIndexByte(line, ' ')+1:]
}
