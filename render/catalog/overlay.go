package catalog

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// Overlay is a folder as it would be with some files written: their new contents by path, nil for a file that is gone. It
// serves what Read and lint ask for.
func Overlay(files fs.FS, changes map[string][]byte) fs.FS { return overlay{files, changes} }

type overlay struct {
	fs.FS
	changes map[string][]byte
}

// ReadFile implements fs.ReadFileFS.
func (o overlay) ReadFile(name string) ([]byte, error) {
	if data, changed := o.changes[name]; data != nil {
		return data, nil
	} else if changed {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return fs.ReadFile(o.FS, name)
}

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	if _, changed := o.changes[name]; !changed {
		return o.FS.Open(name)
	}
	data, err := o.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &written{writtenInfo{path.Base(name), int64(len(data))}, bytes.NewReader(data)}, nil
}

// Stat implements fs.StatFS. A folder is there where one of the written files is in it.
func (o overlay) Stat(name string) (fs.FileInfo, error) {
	if data, changed := o.changes[name]; data != nil {
		return writtenInfo{path.Base(name), int64(len(data))}, nil
	} else if changed {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	info, err := fs.Stat(o.FS, name)
	if err != nil && slices.ContainsFunc(o.written(), func(file string) bool { return strings.HasPrefix(file, name+"/") }) {
		return writtenFolder{writtenInfo{name: path.Base(name)}}, nil
	}
	return info, err
}

func (o overlay) written() []string {
	var names []string
	for name, data := range o.changes {
		if data != nil {
			names = append(names, name)
		}
	}
	return names
}

// ReadDir implements fs.ReadDirFS.
func (o overlay) ReadDir(dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, dir)
	if err != nil {
		if _, missing := o.Stat(dir); missing != nil {
			return nil, err
		}
		entries = nil // the first file in it makes the folder
	}
	entries = slices.DeleteFunc(slices.Clone(entries), func(e fs.DirEntry) bool {
		_, changed := o.changes[path.Join(dir, e.Name())]
		return changed
	})
	for _, file := range o.written() {
		if path.Dir(file) == dir {
			entries = append(entries, fs.FileInfoToDirEntry(writtenInfo{path.Base(file), int64(len(o.changes[file]))}))
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// written is an open file of an overlay.
type written struct {
	writtenInfo
	*bytes.Reader
}

func (w *written) Stat() (fs.FileInfo, error) { return w.writtenInfo, nil }
func (w *written) Size() int64                { return w.size }
func (*written) Close() error                 { return nil }

type writtenInfo struct {
	name string
	size int64
}

func (w writtenInfo) Name() string     { return w.name }
func (w writtenInfo) Size() int64      { return w.size }
func (writtenInfo) Mode() fs.FileMode  { return 0o644 }
func (writtenInfo) ModTime() time.Time { return time.Time{} }
func (writtenInfo) IsDir() bool        { return false }
func (writtenInfo) Sys() any           { return nil }

type writtenFolder struct{ writtenInfo }

func (writtenFolder) Mode() fs.FileMode { return fs.ModeDir | 0o755 }
func (writtenFolder) IsDir() bool       { return true }
