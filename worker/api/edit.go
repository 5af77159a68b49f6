package api

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/edit"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
)

// registerEdit adds what saves templates. Without a folder that may be written it says so.
func (p *Preview) registerEdit(api huma.API) {
	const tag = "Preview"
	add := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary, Description: description, MaxBodyBytes: 2 << 20,
			Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed},
		}
	}
	const saves = "Writes its file in the templates' folder, where HERALD_EDITABLE allows it: lines that don't change stay as they are, comments too. " +
		"Another name renames it. What would not load or compile is refused, and with dryRun nothing is written: the answer has the file's text before and after."
	const removes = "Removes its file. What a template, a setting or another snippet needs is not removed."
	Handle(api, ScopeEdit, add("save-shortcut", http.MethodPut, "/v1/shortcuts/{name}", "Save a shortcut", saves), p.saveShortcut)
	Handle(api, ScopeEdit, add("delete-shortcut", http.MethodDelete, "/v1/shortcuts/{name}", "Delete a shortcut", removes), p.remove(edit.Shortcut))
	Handle(api, ScopeEdit, add("save-snippet", http.MethodPut, "/v1/snippets/{name}", "Save a snippet in all its languages", saves), p.saveSnippet)
	Handle(api, ScopeEdit, add("delete-snippet", http.MethodDelete, "/v1/snippets/{name}", "Delete a snippet", removes), p.remove(edit.Snippet))
}

// EditInput says what is saved or removed, and in which state its file is meant to be.
type EditInput struct {
	Name        string `path:"name" maxLength:"128"`
	IfMatch     string `header:"If-Match" maxLength:"100" doc:"The version of the file that the author saw, in quotes: another one is not touched. Whatever it is where missing."`
	IfNoneMatch string `header:"If-None-Match" enum:"*" doc:"*: there is none of this name yet."`
	DryRun      bool   `query:"dryRun" doc:"Show what it comes to, and write nothing."`
}

func (in *EditInput) when() edit.When {
	return edit.When{Version: strings.Trim(strings.TrimPrefix(in.IfMatch, "W/"), `"`), New: in.IfNoneMatch == "*"}
}

type saveShortcutInput struct {
	EditInput
	Body struct {
		Shortcut InlineShortcut `json:"shortcut"`
	}
}

type saveSnippetInput struct {
	EditInput
	Body struct {
		Snippet catalog.Snippet `json:"snippet"`
	}
}

// SavedTemplate is what saving or removing comes to.
type SavedTemplate struct {
	File     string            `json:"file" doc:"Below the templates' folder"`
	Was      string            `json:"was,omitempty" doc:"Its path before, where it gets another"`
	Before   string            `json:"before,omitempty" doc:"Its text before; missing for a new file"`
	After    string            `json:"after,omitempty" doc:"Its text now; missing for one that is removed"`
	Version  string            `json:"version,omitempty" doc:"Of the file now"`
	Written  bool              `json:"written" doc:"Whether it was written or removed"`
	Findings []catalog.Finding `json:"findings" nullable:"false" doc:"What is noticed in the file, and errors that forbid the change"`
}

type savedOutput struct {
	ETag string `header:"ETag"`
	Body SavedTemplate
}

func (p *Preview) saveShortcut(_ context.Context, in *saveShortcutInput) (*savedOutput, error) {
	var s catalog.Shortcut
	if err := strictjson.Read(in.Body.Shortcut, &s, strictjson.Limits{}, strictjson.Leniency{}); err != nil {
		return nil, fault.Under("/shortcut", err)
	}
	if s.Name == "" {
		s.Name = in.Name
	}
	return p.change(&in.EditInput, func(f *edit.Folder) (edit.Change, error) { return f.Save(in.Name, &s, in.when(), in.DryRun) })
}

func (p *Preview) saveSnippet(_ context.Context, in *saveSnippetInput) (*savedOutput, error) {
	return p.change(&in.EditInput, func(f *edit.Folder) (edit.Change, error) {
		return f.Save(in.Name, &in.Body.Snippet, in.when(), in.DryRun)
	})
}

type removeInput struct{ EditInput }

func (p *Preview) remove(kind edit.Kind) func(context.Context, *removeInput) (*savedOutput, error) {
	return func(_ context.Context, in *removeInput) (*savedOutput, error) {
		return p.change(&in.EditInput, func(f *edit.Folder) (edit.Change, error) { return f.Remove(kind, in.Name, in.when(), in.DryRun) })
	}
}

// change changes the folder, and makes the catalog follow.
func (p *Preview) change(in *EditInput, do func(*edit.Folder) (edit.Change, error)) (*savedOutput, error) {
	if p.options.Folder == nil {
		return nil, problem(http.StatusConflict, "not_editable", "this server's templates are not edited here: set HERALD_EDITABLE, or change the files")
	}
	c, err := do(p.options.Folder)
	if err != nil {
		return nil, editProblem(err)
	}
	out := &savedOutput{Body: SavedTemplate{File: c.File, Before: c.Before, After: c.After, Version: c.Version, Findings: c.Findings}}
	if c.Was != c.File {
		out.Body.Was = c.Was
	}
	if out.Body.Findings == nil {
		out.Body.Findings = []catalog.Finding{}
	}
	if in.DryRun {
		return out, nil
	}
	if errs := c.Errors(); len(errs) > 0 {
		refused := problem(http.StatusUnprocessableEntity, "broken_template", "the templates would not load with this: nothing was written")
		for _, f := range errs[:min(len(errs), fault.Most)] {
			refused.Errors = append(refused.Errors, Fault{Code: f.Code, Detail: clip(f.String())})
		}
		return nil, refused
	}
	out.Body.Written = true
	if c.Version != "" {
		out.ETag = `"` + c.Version + `"`
	}
	if err := p.options.Saved(); err != nil { // other files are broken: the folder's next good state has it
		return out, nil //nolint:nilerr // whoever loads the folder has logged it
	}
	return out, nil
}

// editProblem turns what keeps a template from being changed into a problem.
func editProblem(err error) error {
	var (
		conflict *edit.ConflictError
		exists   *edit.ExistsError
		file     *fs.PathError
		byHand   = errors.Is(err, edit.ErrByHand)
	)
	switch {
	case errors.As(err, &conflict):
		return problem(http.StatusPreconditionFailed, "changed_meanwhile", "%s", conflict.Error())
	case errors.As(err, &exists):
		return problem(http.StatusConflict, "name_taken", "%s", exists.Error())
	case byHand:
		return problem(http.StatusConflict, "not_editable", "%s", err.Error())
	case errors.As(err, &file):
		return problem(http.StatusConflict, "not_editable", "%s can't be written in the templates' folder (%v): nothing has changed", clip(file.Path), file.Err)
	}
	return unknownName(err)
}
