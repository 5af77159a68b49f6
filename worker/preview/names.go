package preview

import (
	"maps"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
)

// Names are the names that fields may have: those of the catalogue, and those of one context.
type Names map[string]Names

// NewNames returns the names of fields, such as a catalog's FieldList.
func NewNames(fields []catalog.Field) Names {
	t := make(Names)
	for _, f := range fields {
		t.add(strings.Split(f.Path, "."))
		if rest, ok := strings.CutPrefix(f.Path, "currentUser."); ok {
			t.add(strings.Split("user."+rest, "."))
		}
	}
	return t
}

func (t Names) add(path []string) {
	if len(path) == 0 || strings.HasPrefix(path[0], "<") { // "<name>" stands for any
		return
	}
	below, ok := t[path[0]]
	if !ok {
		below = make(Names)
		t[path[0]] = below
	}
	below.add(path[1:])
}

// AddContext adds the names of an object, but not those of items of lists.
func (t Names) AddContext(object handlebars.Value) {
	for _, m := range object.Members() {
		t.add([]string{m.Key})
		if m.Value.Kind() == handlebars.KindObject {
			t[m.Key].AddContext(m.Value)
		}
	}
}

// Nearest is the path that was probably meant: the same path, with unknown names corrected. It is "" for a path that
// exists, and if no name is near.
func (t Names) Nearest(path string) string {
	var meant []string
	for part := range strings.SplitSeq(path, ".") {
		if _, ok := t[part]; !ok {
			if part = handlebars.Suggest(part, slices.Collect(maps.Keys(t))); part == "" {
				return ""
			}
		}
		meant = append(meant, part)
		t = t[part]
	}
	if found := strings.Join(meant, "."); found != path {
		return found
	}
	return ""
}
