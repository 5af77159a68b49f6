package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/heraldsend/herald/worker/strictjson"
)

// Limits of an import.
const (
	maxFile    = 64 << 20  // bytes of a JSON file
	maxTotal   = 256 << 20 // bytes of all
	maxObjects = 100_000
	maxDepth   = 64
)

// object is one object of an input: a resource of JSON:API, or a plain one.
type object struct {
	file    string
	kind    string // "type", as it is written
	id      string
	fields  map[string]any // "attributes", or the object itself
	related map[string]any // "relationships"
}

// read reads all *.json of a folder, or one file. files beside them are the contents of attachments, by name.
func read(files fs.FS) (objects []object, attachments map[string][]byte, err error) {
	attachments = map[string][]byte{}
	total := 0
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		isJSON := strings.EqualFold(path.Ext(name), ".json") && name != idsFile
		if !isJSON && path.Base(path.Dir(name)) != "attachments" {
			return nil
		}
		if total += int(info.Size()); info.Size() > maxFile || total > maxTotal {
			return fmt.Errorf("%s: over %d bytes, or all files over %d", name, maxFile, maxTotal)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if !isJSON {
			attachments[path.Base(name)] = data
			return nil
		}
		found, err := parse(name, data)
		if objects = append(objects, found...); len(objects) > maxObjects {
			return fmt.Errorf("%s: more than %d objects", name, maxObjects)
		}
		return err
	})
	return objects, attachments, err
}

// parse reads the objects of a JSON file: one, a list, or a page of a list. Numbers keep every digit.
func parse(name string, data []byte) ([]object, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := strictjson.Check(data, strictjson.Limits{Bytes: maxFile, Depth: maxDepth, Elements: 1 << 22}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var out []object
	if err := collect(name, root, "", &out); err != nil {
		return nil, err
	}
	return out, nil
}

// lists are the members that hold a page's objects, with the kind of objects that have no type of their own.
var lists = []struct{ name, kind string }{
	{"data", ""}, {"included", ""}, {"macros", "macro"}, {"macro", "macro"}, {"items", "item"}, {"item", "item"}, {"locales", "locale"},
}

// collect finds the objects of a document.
func collect(file string, v any, kind string, out *[]object) error {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			if err := collect(file, one, kind, out); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		page := false
		for _, list := range lists {
			switch inner := v[list.name].(type) {
			case []any, map[string]any:
				if v["id"] == nil {
					page = true
					if err := collect(file, inner, list.kind, out); err != nil {
						return err
					}
				}
			}
		}
		if page {
			return nil
		}
		o := object{file: file, kind: text(v["type"]), id: scalar(v["id"]), fields: v}
		if o.kind == "" {
			o.kind = kind
		}
		if attributes, ok := v["attributes"].(map[string]any); ok {
			o.fields = attributes
		}
		o.related, _ = v["relationships"].(map[string]any)
		*out = append(*out, o)
		return nil
	}
	return fmt.Errorf("%s: want objects: %w", file, errForm)
}

var errForm = errors.New("one, a list, or a page with data")

// text is a JSON text, "" for anything else.
func text(v any) string { s, _ := v.(string); return s }

// scalar is a text, or a number as it is written.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// member is the member of that name, if it is an object; nil for anything else.
func member(v any, name string) map[string]any {
	m, _ := v.(map[string]any)
	inner, _ := m[name].(map[string]any)
	return inner
}

// within is the member of an object; nil where there is none.
func within(v any, name string) any {
	m, _ := v.(map[string]any)
	return m[name]
}

// texts are the texts and numbers of a list.
func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, one := range list {
		if s := scalar(one); s != "" {
			out = append(out, s)
		}
	}
	return out
}
