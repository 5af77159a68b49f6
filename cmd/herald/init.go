package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/heraldsend/herald/templates"
)

type initCmd struct {
	Dir string `arg:"" default:"." help:"The folder to make; the current one when not given."`
}

// Run makes a folder of templates to begin with. It changes no file that is there.
func (i *initCmd) Run(std stdio) error {
	files := map[string][]byte{}
	for from, root := range map[fs.FS]string{templates.Start(): ".", templates.Schemas(): "schema"} {
		err := fs.WalkDir(from, root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			files[path], err = fs.ReadFile(from, path)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := writeNew(i.Dir, files, std); err != nil {
		return err
	}
	_, err := fmt.Fprintf(std.out, "\nNext: export HERALD_TEMPLATES=%s, then herald preview welcome, herald lint, herald test\n", i.Dir)
	return err
}

// writeNew writes files below a folder, and lists them. Where one of them is there already nothing is written.
func writeNew(dir string, files map[string][]byte, std stdio) error {
	var there []error
	names := sortedKeys(files)
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			there = append(there, fmt.Errorf("%s is there already; nothing was written", path))
		} else if !errors.Is(err, fs.ErrNotExist) {
			there = append(there, err)
		}
	}
	if len(there) > 0 {
		return errors.Join(there...)
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.Write(files[name])
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(std.out, path); err != nil {
			return err
		}
	}
	return nil
}

// isNewName says whether a name can be a file's, and a shortcut's or layout's.
func isNewName(name string) bool {
	return name != "" && len(name) <= 100 && name[0] != '.' && name[0] != '-' && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}
