package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// TestOptions say how RunTests runs.
type TestOptions struct {
	Match  string                                  // run only files whose path contains it
	Update func(file string, content []byte) error // nil: compare; else write what is rendered into the files that differ
}

// TestReport is the outcome of an author's own tests.
type TestReport struct {
	Results   []TestResult      `json:"results"`
	Branches  int               `json:"branches"`            // in the blocks of shortcuts, snippets, and email templates
	Reached   int               `json:"reached"`             // by some test
	Untested  []catalog.Finding `json:"untested,omitempty"`  // the others
	Shortcuts []string          `json:"shortcuts,omitempty"` // those that no test renders
}

// TestResult is one test file.
type TestResult struct {
	File     string `json:"file"`
	Shortcut string `json:"shortcut,omitempty"`
	Passed   bool   `json:"passed"`
	Updated  bool   `json:"updated,omitempty"`
	Error    string `json:"error,omitempty"` // it could not run
	Diff     string `json:"diff,omitempty"`  // wanted against rendered
}

// Failed counts the tests that did not pass.
func (r *TestReport) Failed() int {
	n := 0
	for _, t := range r.Results {
		if !t.Passed {
			n++
		}
	}
	return n
}

// RunTests runs the tests that stand in tests/ beside the templates. A test is
// a txtar file: lines "shortcut: name", "channel: sms", "locale: de",
// "timezone: Europe/Paris", "context: samples/customer.json", then sections:
//
//	-- context.json --   laid over the context file, field by field
//	-- subject --        and preheader, text, html, issues (a code a line):
//	                     what must be rendered; only what is there is compared
//
// Lines that begin with # say what the test is for. The error is a
// *CatalogError for a catalog that does not load.
func RunTests(fsys fs.FS, o TestOptions) (*TestReport, error) {
	c, err := catalog.Load(fsys)
	if err != nil {
		return nil, err
	}
	r, err := render.New(render.Options{})
	if err != nil {
		return nil, err
	}
	t := &tester{fsys: fsys, catalog: c, renderer: r, options: o, prepared: make(map[string]*render.Prepared), coverage: newCoverage()}
	files, err := testFiles(fsys)
	if err != nil {
		return nil, err
	}
	report := &TestReport{}
	tested := make(map[string]bool)
	for _, file := range files {
		if !strings.Contains(file, o.Match) {
			continue
		}
		result := t.run(file)
		tested[result.Shortcut] = true
		report.Results = append(report.Results, result)
	}
	t.count(report)
	for _, name := range c.Shortcuts() {
		if !tested[name] {
			report.Shortcuts = append(report.Shortcuts, name)
		}
	}
	return report, nil
}

func testFiles(fsys fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, "tests", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && path.Ext(file) == ".txtar" {
			files = append(files, file)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return files, err
}

type tester struct {
	fsys     fs.FS
	catalog  *catalog.Catalog
	renderer *render.Renderer
	options  TestOptions
	prepared map[string]*render.Prepared
	coverage *coverage
}

func (t *tester) run(file string) TestResult {
	result := TestResult{File: file}
	if err := t.check(file, &result); err != nil {
		result.Error = err.Error()
	}
	result.Passed = result.Error == "" && result.Diff == ""
	return result
}

func (t *tester) check(file string, result *TestResult) error {
	data, err := fs.ReadFile(t.fsys, file)
	if err != nil {
		return err
	}
	archive := txtar.Parse(catalog.NormalText(data))
	test, err := t.read(archive)
	result.Shortcut = test.shortcut
	if err != nil {
		return err
	}
	p, err := t.open(test.shortcut)
	if err != nil {
		return err
	}
	content, parts, err := p.Trace(context.Background(), test.request)
	if err != nil {
		return err
	}
	t.coverage.add(p, parts)
	got := content.Sections()
	wanted := 0
	for i := range archive.Files {
		section := &archive.Files[i]
		if section.Name == "context.json" {
			continue
		}
		text, known := got[section.Name]
		if !known {
			return fmt.Errorf("unknown section %s%s", handlebars.Quote(section.Name), handlebars.DidYouMean(section.Name, slices.Sorted(maps.Keys(got))))
		}
		wanted++
		if want := string(section.Data); strings.TrimSpace(want) != strings.TrimSpace(text) {
			result.Diff += string(diff.Diff(file+" "+section.Name, section.Data, "rendered "+section.Name, []byte(withNewline(text))))
			section.Data = []byte(withNewline(text))
		}
	}
	if wanted == 0 && t.options.Update == nil {
		return errors.New("the test wants nothing: add a section such as -- text --, or run with --update")
	}
	if t.options.Update == nil || wanted > 0 && result.Diff == "" {
		return nil
	}
	if wanted == 0 {
		for _, name := range []string{"subject", "text"} {
			if got[name] != "" {
				archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(withNewline(got[name]))})
			}
		}
	}
	result.Diff, result.Updated = "", true
	return t.options.Update(file, txtar.Format(archive))
}

func withNewline(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}

type testCase struct {
	shortcut string
	request  render.Request
}

// read takes the head of a test file and its context.
func (t *tester) read(archive *txtar.Archive) (testCase, error) {
	test := testCase{request: render.Request{Channel: catalog.Email}}
	contextFile := ""
	for line := range strings.Lines(string(archive.Comment)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok {
			return test, fmt.Errorf("%s is no line such as \"shortcut: name\"", handlebars.Quote(line))
		}
		switch key {
		case "shortcut":
			test.shortcut = value
		case "channel":
			channel, err := catalog.ParseChannel(value)
			if err != nil {
				return test, err
			}
			test.request.Channel = channel
		case "locale":
			test.request.Locale = value
		case "timezone":
			test.request.Timezone = value
		case "context":
			contextFile = value
		default:
			return test, fmt.Errorf("unknown key %s%s", handlebars.Quote(key), handlebars.DidYouMean(key, []string{"shortcut", "channel", "locale", "timezone", "context"}))
		}
	}
	if test.shortcut == "" {
		return test, errors.New("the test names no shortcut: begin with a line \"shortcut: name\"")
	}
	data, err := t.context(contextFile, archive)
	test.request.Context = data
	return test, err
}

func (t *tester) context(file string, archive *txtar.Archive) ([]byte, error) {
	data := []byte("{}")
	if file != "" {
		read, err := fs.ReadFile(t.fsys, file)
		if err != nil {
			return nil, fmt.Errorf("context: %w", err)
		}
		data = read
	}
	for _, section := range archive.Files {
		if section.Name != "context.json" {
			continue
		}
		if file == "" {
			return section.Data, nil
		}
		var base, over map[string]any
		if err := decodeExact(data, &base); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := decodeExact(section.Data, &over); err != nil {
			return nil, fmt.Errorf("context.json: %w", err)
		}
		return json.Marshal(overlay(base, over))
	}
	return data, nil
}

// decodeExact keeps numbers as they are written.
func decodeExact(data []byte, into *map[string]any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	return d.Decode(into)
}

func overlay(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = make(map[string]any)
	}
	for key, value := range over {
		below, isObject := value.(map[string]any)
		if inner, ok := out[key].(map[string]any); ok && isObject {
			out[key] = overlay(inner, below)
			continue
		}
		if value == nil {
			delete(out, key)
			continue
		}
		out[key] = value
	}
	return out
}

func (t *tester) open(shortcut string) (*render.Prepared, error) {
	if p, ok := t.prepared[shortcut]; ok {
		return p, nil
	}
	b, err := t.catalog.Bundle(shortcut)
	if err != nil {
		return nil, err
	}
	p, err := t.renderer.Open(b)
	if err != nil {
		return nil, err
	}
	t.prepared[shortcut] = p
	return p, nil
}

// count reports the branches of all shortcuts, and those that no test reached.
func (t *tester) count(report *TestReport) {
	for _, name := range t.catalog.Shortcuts() {
		if p, err := t.open(name); err == nil { // else lint says why
			t.coverage.of(p)
		}
	}
	all := t.coverage.branches(t.catalog)
	report.Branches = len(all)
	for key, b := range all {
		if t.coverage.reached[key] {
			report.Reached++
			continue
		}
		line, column := t.coverage.sources[key.template].tree.Position(b.Tag.Start)
		file, line, column := t.catalog.Locate(key.template, line, column)
		report.Untested = append(report.Untested, catalog.Finding{Severity: catalog.Warning, Code: "untested_branch", File: file, Line: line, Column: column,
			Message: "no test reaches " + handlebars.Quote(b.Label)})
	}
	catalog.SortFindings(report.Untested)
}
