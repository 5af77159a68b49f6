package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/lint"
)

// Kind is what is edited.
type Kind string

// The kinds.
const (
	Shortcut Kind = "shortcut"
	Snippet  Kind = "snippet"
)

// Folder is a folder of templates that is edited. Nothing beyond it is reached, through links neither. It is safe for
// concurrent use; other programs may write into the folder meanwhile.
type Folder struct {
	root *os.Root
	one  sync.Mutex // one change at a time
}

// Open opens a folder.
func Open(dir string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root}, nil
}

// Close ends the use of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Files are the folder's files as they are now.
func (f *Folder) Files() fs.FS { return f.root.FS() }

// Change is what saving or removing does to the folder.
type Change struct {
	File     string            // that is written or removed, by a path below the folder
	Was      string            // its path before, where it gets another; "" for a new file
	Before   string            // its text; "" for a new file
	After    string            // its new text; "" for one that is removed
	Version  string            // of the file as it is written
	Findings []catalog.Finding // errors that the folder gets by it, which forbid it, and what else is noticed in the file
}

// Errors are the findings that forbid the change.
func (c *Change) Errors() []catalog.Finding { return catalog.ErrorsOf(c.Findings) }

// When says which state of the file a change is meant for.
type When struct {
	Version string // this one alone; any when empty
	New     bool   // there is none of this name yet
}

// ConflictError is a file that is not as the author saw it.
type ConflictError struct {
	Kind Kind
	Name string
	Now  string // its version; "" when it is gone
}

func (e *ConflictError) Error() string {
	if e.Now == "" {
		return fmt.Sprintf("the %s %q is gone", e.Kind, e.Name)
	}
	return fmt.Sprintf("the file of the %s %q has changed meanwhile", e.Kind, e.Name)
}

// ExistsError is a name that is taken.
type ExistsError struct {
	Kind       Kind
	Name, File string
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("there is a %s %q already, in %s", e.Kind, e.Name, e.File)
}

// Save makes a shortcut or snippet, a *catalog.Shortcut or *catalog.Snippet, the one of a name. Where its own name is
// another it is renamed. A change with errors is not written, and with try nothing is.
func (f *Folder) Save(name string, value any, when When, try bool) (Change, error) {
	kind, own := nameOf(value)
	f.one.Lock()
	defer f.one.Unlock()
	c, before := catalog.Read(f.Files())
	file, data, err := f.find(c, kind, name, when)
	if err != nil {
		return Change{}, err
	}
	if other, _, _ := c.Where(string(kind), own, "name"); own != name && other != "" {
		return Change{}, &ExistsError{kind, own, other}
	}
	change := Change{File: file, Was: file, Before: string(data)}
	want, err := treeOf(value)
	if err != nil {
		return Change{}, err
	}
	var text []byte
	switch stem := strings.TrimSuffix(path.Base(file), ".yaml"); {
	case file == "":
		change.File, text = f.freshFile(kind, own), []byte(fresh(want))
	default:
		if own != name && stem == slug(name) {
			change.File = f.freshFile(kind, own)
		}
		if text, err = patch(data, want, strings.TrimSuffix(path.Base(change.File), ".yaml")); err != nil {
			return Change{}, fmt.Errorf("%s: %w", file, ErrByHand)
		}
	}
	change.After, change.Version = string(text), catalog.Version(change.File, text)
	changes := map[string][]byte{change.File: text}
	if change.Was != "" && change.Was != change.File {
		changes[change.Was] = nil
	}
	after := f.judge(&change, before, changes)
	if len(change.Errors()) == 0 && !holds(after, kind, own, value) {
		return Change{}, fmt.Errorf("%s: %w", change.File, ErrByHand)
	}
	if try || len(change.Errors()) > 0 {
		return change, nil
	}
	if err := f.write(change.File, text); err != nil {
		return Change{}, err
	}
	if change.Was != "" && change.Was != change.File {
		return change, f.root.Remove(change.Was)
	}
	return change, nil
}

// Remove removes the file of a shortcut or snippet. What something else needs is not removed, and with try nothing is.
func (f *Folder) Remove(kind Kind, name string, when When, try bool) (Change, error) {
	f.one.Lock()
	defer f.one.Unlock()
	c, before := catalog.Read(f.Files())
	file, data, err := f.find(c, kind, name, when)
	if err != nil {
		return Change{}, err
	}
	if file == "" {
		return Change{}, &catalog.UnknownError{Kind: string(kind), Name: name}
	}
	change := Change{File: file, Was: file, Before: string(data)}
	f.judge(&change, before, map[string][]byte{file: nil})
	if try || len(change.Errors()) > 0 {
		return change, nil
	}
	return change, f.root.Remove(file)
}

// find reads the file of a name; "" where there is none.
func (f *Folder) find(c *catalog.Catalog, kind Kind, name string, when When) (file string, data []byte, err error) {
	file, _, _ = c.Where(string(kind), name, "name")
	switch {
	case file == "" && when.Version != "":
		return "", nil, &ConflictError{kind, name, ""}
	case file == "":
		return "", nil, nil
	case when.New:
		return "", nil, &ExistsError{kind, name, file}
	}
	info, err := f.root.Lstat(file)
	if err != nil {
		return "", nil, err
	}
	if !info.Mode().IsRegular() {
		return "", nil, fmt.Errorf("%s: %w", file, ErrByHand)
	}
	if data, err = f.root.ReadFile(file); err != nil {
		return "", nil, err
	}
	if now := catalog.Version(file, data); when.Version != "" && when.Version != now {
		return "", nil, &ConflictError{kind, name, now}
	}
	return file, data, nil
}

// judge finds what is wrong with the folder after a change, and gives what it holds then.
func (f *Folder) judge(change *Change, before []catalog.Finding, changes map[string][]byte) *catalog.Catalog {
	files := catalog.Overlay(f.Files(), changes)
	after := lint.Folder(files, lint.Options{Texts: true}).Findings
	known := map[string]bool{}
	if len(catalog.ErrorsOf(after)) > 0 {
		before = slices.Concat(before, lint.Folder(f.Files(), lint.Options{Texts: true}).Findings)
	}
	for _, finding := range before {
		known[finding.Code+"\x00"+finding.File+"\x00"+finding.Message] = true
	}
	for _, finding := range after {
		own := finding.File == change.File
		if finding.Severity == catalog.Error && (own || !known[finding.Code+"\x00"+finding.File+"\x00"+finding.Message]) || own {
			change.Findings = append(change.Findings, finding)
		}
	}
	c, _ := catalog.Read(files)
	return c
}

// holds reports whether a folder has a value under its name.
func holds(c *catalog.Catalog, kind Kind, name string, value any) bool {
	var got any
	if kind == Shortcut {
		s, err := c.Shortcut(name)
		if err != nil {
			return false
		}
		got = s
	} else {
		s, err := c.Snippet(name)
		given, ok := value.(*catalog.Snippet)
		if err != nil || !ok {
			return false
		}
		got, value = s, normal(*given)
	}
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(value)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// normal is a snippet as a catalog has it.
func normal(s catalog.Snippet) catalog.Snippet {
	texts := make(map[string]string, len(s.Texts))
	for tag, text := range s.Texts {
		texts[language(tag)] = text
	}
	s.Texts, s.Source, s.Outdated = texts, language(s.Source), slices.Clone(s.Outdated)
	for i, tag := range s.Outdated {
		s.Outdated[i] = language(tag)
	}
	return s
}

func nameOf(value any) (Kind, string) {
	switch v := value.(type) {
	case *catalog.Shortcut:
		return Shortcut, v.Name
	case *catalog.Snippet:
		return Snippet, v.Name
	}
	panic(fmt.Sprintf("edit: no kind of template: %T", value))
}

// freshFile is a path that no file has.
func (f *Folder) freshFile(kind Kind, name string) string {
	for n := 1; ; n++ {
		file := string(kind) + "s/" + slug(name) + ".yaml"
		if n > 1 {
			file = fmt.Sprintf("%ss/%s-%d.yaml", kind, slug(name), n)
		}
		if _, err := f.root.Lstat(file); err != nil { // there is none, or writing says what is wrong
			return file
		}
	}
}

// slug is a name as a file's: letters, digits, dots, dashes and underscores.
func slug(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
	clean = strings.Trim(clean, ".-")
	if clean == "" {
		return "untitled"
	}
	return clean[:min(len(clean), 100)]
}

// write replaces a file at once: who reads it gets the old or the new one, whole.
func (f *Folder) write(file string, data []byte) (err error) {
	if err := f.root.MkdirAll(path.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if info, err := f.root.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	next := path.Join(path.Dir(file), ".saving-"+path.Base(file)) // what begins with a dot is not read as a template
	w, err := f.root.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.root.Remove(next)
		}
	}()
	if _, err := w.Write(data); err != nil {
		return errors.Join(err, w.Close())
	}
	if err := errors.Join(w.Sync(), w.Close()); err != nil {
		return err
	}
	return f.root.Rename(next, file)
}
