package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/explain"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/preview"
	"github.com/heraldsend/herald/worker/task"
)

// folder is where the commands of template authors find templates.
type folder struct {
	files fs.FS
	dir   string // empty: the built-in samples
}

// openFolder opens DIR, else HERALD_TEMPLATES, else the built-in samples.
func openFolder(dir string, c *app.Settings) (folder, error) {
	dir = first(dir, c.Templates)
	if dir == "" {
		return folder{files: templates.Catalog()}, nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return folder{}, usageError{fmt.Errorf("no folder %.100q", dir)}
	}
	if !info.IsDir() {
		return folder{}, usageError{fmt.Errorf("%.100q is not a folder: give the one that holds shortcuts/, snippets/ and emails/", dir)}
	}
	if !holdsTemplates(dir) {
		message := fmt.Sprintf("%.100q holds none of shortcuts/, snippets/ and emails/", dir)
		if near := nearTemplates(dir); near != "" {
			message += fmt.Sprintf("; did you mean %.100q?", near)
		}
		return folder{}, usageError{errors.New(message)}
	}
	return folder{files: os.DirFS(dir), dir: dir}, nil
}

func holdsTemplates(dir string) bool {
	return slices.ContainsFunc([]string{"shortcuts", "snippets", "emails"}, func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.IsDir()
	})
}

// nearTemplates looks for templates one folder up and one down.
func nearTemplates(dir string) string {
	if up := filepath.Join(dir, ".."); holdsTemplates(up) {
		return up
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if down := filepath.Join(dir, e.Name()); e.IsDir() && holdsTemplates(down) {
			return down
		}
	}
	return ""
}

// path is a file of the folder as people can open it from where they are.
func (f folder) path(file string) string {
	if f.dir == "" || file == "" {
		return file
	}
	return filepath.Join(f.dir, filepath.FromSlash(file))
}

func (f folder) String() string {
	if f.dir == "" {
		return "the built-in samples"
	}
	return f.dir
}

// locate gives every fault of a catalog the path that people can open, one a line.
func (f folder) locate(err error) error {
	if all := catalog.Faults(err); len(all) > 1 {
		for i := range all {
			all[i] = f.locate(all[i])
		}
		return errors.Join(all...)
	}
	var faults *catalog.LoadError
	var template *catalog.TemplateError
	switch {
	case errors.As(err, &faults):
		located := &catalog.LoadError{Findings: slices.Clone(faults.Findings)}
		for i := range located.Findings {
			located.Findings[i].File = f.path(located.Findings[i].File)
		}
		return located
	case errors.As(err, &template):
		located := *template
		located.File = f.path(located.File)
		return &located
	}
	return err
}

// authorFlags say whose message is looked at; preview and explain share them.
type authorFlags struct {
	Shortcut string `arg:"" optional:"" help:"Name of the shortcut."`
	Context  string `placeholder:"FILE" help:"JSON object with customer, conversation, currentUser, …; - for standard input. The templates' samples/customer.json when not given."`
	As       string `placeholder:"TEAM|USER" help:"Who uses the shortcut; fails if they may not."`
}

// sampleContext stands in where no context is given.
const sampleContext = "samples/customer.json"

// opened is a shortcut ready to render for one customer.
type opened struct {
	folder
	catalog  *catalog.Catalog
	prepared *render.Prepared
	request  render.Request // without its channel
	context  string         // where the context is from, for people
	names    preview.Names
}

// open compiles the shortcut and reads the context.
func (a *authorFlags) open(c *app.Settings, std stdio) (*opened, error) {
	locale, timezone := first(c.Locale, app.DefaultLocale), first(c.Timezone, app.DefaultTimezone)
	f, err := openFolder("", c)
	if err != nil {
		return nil, err
	}
	o := &opened{folder: f, request: render.Request{Locale: locale, Timezone: timezone}}
	if o.catalog, err = catalog.Load(f.files); err != nil {
		return nil, f.locate(err)
	}
	o.names = preview.NewNames(o.catalog.FieldList())
	bundle, err := a.bundle(o)
	if err != nil {
		return nil, err
	}
	renderer, err := render.New(render.Options{Locale: locale, Timezone: timezone})
	if err != nil {
		return nil, err
	}
	if o.prepared, err = renderer.Open(bundle); err != nil {
		return nil, f.locate(err)
	}
	return o, a.readContext(o, std)
}

func (a *authorFlags) bundle(o *opened) (*catalog.Bundle, error) {
	actor := catalog.ActorOf(a.As)
	there := fmt.Sprintf("%s has %s", o.folder, shortList(o.catalog.ShortcutsFor(actor)))
	if a.Shortcut == "" {
		return nil, usageError{fmt.Errorf("give the name of a shortcut; %s", there)}
	}
	shortcut, err := o.catalog.Shortcut(a.Shortcut)
	var unknown *catalog.UnknownError
	switch {
	case errors.As(err, &unknown) && unknown.Suggestion == "":
		return nil, usageError{fmt.Errorf("%w; %s", err, there)}
	case err != nil:
		return nil, usageError{err}
	}
	if err := shortcut.Allow(actor); err != nil {
		return nil, err
	}
	bundle, err := o.catalog.Bundle(a.Shortcut)
	if err != nil {
		return nil, o.locate(err)
	}
	return bundle, nil
}

// shortList shows the first names of many.
func shortList(names []string) string {
	const most = 6
	switch {
	case len(names) == 0:
		return "none"
	case len(names) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// readContext reads the context and checks it as strictly as sending does. Faults have line and column.
func (a *authorFlags) readContext(o *opened, std stdio) error {
	var data []byte
	var err error
	switch o.context = a.Context; a.Context {
	case "":
		o.context = o.path(sampleContext)
		data, err = fs.ReadFile(o.files, sampleContext)
		if errors.Is(err, fs.ErrNotExist) {
			o.context, data, err = "none", []byte("{}"), nil
		}
		if under, sampleErr := o.catalog.SampleContext(data); err == nil && sampleErr == nil { // what is no JSON is told below
			data = under
		}
	case "-":
		o.context = "standard input"
		fallthrough
	default:
		data, err = readInput(a.Context, std, task.MaxContextBytes)
	}
	if err != nil {
		return fmt.Errorf("context: %w", err)
	}
	if err := handlebars.ValidateJSON(data); err != nil {
		return fmt.Errorf("%s%w", o.context, jsonPlace(data, err))
	}
	if err := task.CheckContext(data); err != nil {
		return fmt.Errorf("%s:1:1: want an object such as {\"customer\": {\"firstName\": \"Ada\"}}", o.context)
	}
	root, err := handlebars.ParseJSON(data)
	if err != nil {
		return fmt.Errorf("%s: %w", o.context, err)
	}
	o.request.Context = data
	o.names.AddContext(root)
	return nil
}

// jsonPlace turns the offset of a fault into ":line:column: message".
func jsonPlace(data []byte, err error) error {
	var fault *handlebars.JSONError
	if !errors.As(err, &fault) {
		return fmt.Errorf(": %w", err)
	}
	line, column := preview.LineAndColumn(data, fault.Offset)
	return fmt.Errorf(":%d:%d: %s", line, column, fault.Message)
}

// placedIssue is an issue at its place in the author's file.
type placedIssue struct {
	render.Issue
	File string `json:"file,omitempty"`
}

// String gives "file:line:col: message".
func (i placedIssue) String() string {
	return catalog.Finding{File: i.File, Line: i.Line, Column: i.Column, Message: i.Message}.String()
}

// place finds the issues in the author's files, and says for missing fields which one was probably meant.
func (o *opened) place(issues []render.Issue) []placedIssue {
	out := make([]placedIssue, len(issues))
	for i, issue := range issues {
		out[i].Issue = issue
		if issue.Template != "" {
			var file string
			file, out[i].Line, out[i].Column = o.catalog.Locate(issue.Template, issue.Line, issue.Column)
			out[i].File = o.path(file)
		}
		if issue.Code == render.IssueMissingField && issue.Field != "" {
			if !strings.Contains(issue.Message, issue.Field) {
				out[i].Message += fmt.Sprintf(" in %q", issue.Field)
			}
			if meant := o.names.Nearest(issue.Field); meant != "" {
				out[i].Message += fmt.Sprintf("; did you mean %q?", meant)
			}
		}
	}
	return out
}

// snippetsOf tells in which language each snippet is shown on a channel.
func (o *opened) snippetsOf(ctx context.Context, c catalog.Channel) ([]explain.SnippetUse, error) {
	request := o.request
	request.Channel = c
	x, err := explain.Explain(ctx, o.prepared, request)
	if err != nil {
		return nil, o.locate(err)
	}
	return x.Uses, nil
}
