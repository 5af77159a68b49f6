package catalog

import (
	"slices"
	"strings"
	"unicode"

	"github.com/heraldsend/herald/render/handlebars"
)

// Item stands in a path for the items of a list.
const Item = "<item>"

// FieldIndex knows which paths are fields, and their types.
type FieldIndex struct {
	root  fieldNode
	paths []string          // without wildcards, sorted, for suggestions
	named map[string]string // path by plain name; "" where several are called so
}

type fieldNode struct {
	kind     FieldType
	below    map[string]*fieldNode
	wild     *fieldNode // of any other name
	open     bool       // any path may follow
	values   []string   // the only ones
	optional bool
}

// newFieldIndex adds a catalog's own fields to the catalogue. closed means that there are no other custom fields and
// objects.
func newFieldIndex(own []Field, closed bool) *FieldIndex {
	x := &FieldIndex{root: fieldNode{kind: TypeObject}, named: map[string]string{}}
	for _, f := range fields {
		if closed && strings.Contains(f.Path, "<") && !strings.Contains(f.Path, Item) {
			path, _, _ := strings.Cut(f.Path, ".<")
			x.add(Field{Path: path, Type: TypeObject})
			continue
		}
		x.add(f)
		if rest, ok := strings.CutPrefix(f.Path, "currentUser."); ok {
			f.Path = "user." + rest
			x.add(f)
		}
	}
	for _, f := range own {
		x.add(f)
	}
	slices.Sort(x.paths)
	x.paths = slices.Compact(x.paths)
	for _, p := range x.paths {
		x.name(p, p)
	}
	return x
}

// name adds a name for a field.
func (x *FieldIndex) name(name, path string) {
	plain := plainName(name)
	if other, taken := x.named[plain]; taken && other != path {
		path = ""
	}
	x.named[plain] = path
}

// Meant is the field with this path, or with this name for people; spelling doesn't matter. It is "" if there is
// none, or several.
func (x *FieldIndex) Meant(name string) string { return x.named[plainName(name)] }

// add adds a field; a path that ends in ".*" stands for all below it.
func (x *FieldIndex) add(f Field) {
	path, open := strings.CutSuffix(f.Path, ".*")
	if f.Name != "" && !strings.Contains(strings.ReplaceAll(path, Item, ""), "<") {
		x.paths = append(x.paths, path)
		if !strings.HasPrefix(path, "user.") {
			x.name(f.Name, path)
			for _, also := range f.Also {
				x.name(also, path)
			}
		}
	}
	n := &x.root
	for part := range strings.SplitSeq(path, ".") {
		next := n.below[part]
		if isWild(part) {
			next = n.wild
		}
		if next == nil {
			next = &fieldNode{kind: TypeObject}
			if isWild(part) {
				n.wild = next
			} else {
				if n.below == nil {
					n.below = make(map[string]*fieldNode)
				}
				n.below[part] = next
			}
		}
		n = next
	}
	n.values, n.optional = f.Values, f.Optional
	if n.kind = f.Type; open {
		n.open, n.kind = true, TypeAny
	}
}

// isWild reports whether a part of a path stands for any name.
func isWild(part string) bool { return strings.HasPrefix(part, "<") && part != Item }

// Find returns the type of a field; false if there is no such field.
func (x *FieldIndex) Find(parts []string) (FieldType, bool) {
	n := &x.root
	for i, part := range parts {
		next := n.below[part]
		if next == nil && isDigits(part) {
			next = n.below[Item]
		}
		if next == nil && n.wild != nil {
			next = n.wild
			if next.kind == TypeAny && next.below == nil { // a custom field
				if i < len(parts)-1 {
					return TypeAny, true
				}
				return TypeOfName(part), true
			}
		}
		switch {
		case next != nil:
			n = next
		case n.open:
			return TypeOfName(parts[len(parts)-1]), true
		case part == "length" && i == len(parts)-1 && i > 0:
			return TypeNumber, true
		case n.kind == TypeAny && n.below == nil && n != &x.root:
			return TypeAny, true
		default:
			return TypeAny, false
		}
	}
	return n.kind, true
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Has reports whether a path is a field, or contains fields.
func (x *FieldIndex) Has(parts []string) bool {
	_, ok := x.Find(parts)
	return ok
}

// Paths are the paths of all fields whose names are known, sorted.
func (x *FieldIndex) Paths() []string { return x.paths }

// Nearest is the field that was probably meant, or "". sure means that no other is as near.
func (x *FieldIndex) Nearest(path string) (meant string, sure bool) {
	if meant := x.Meant(path); meant != "" {
		return meant, true
	}
	meant, distance, unique := handlebars.Nearest(path, x.paths)
	return meant, unique && distance <= 2
}

// plainName is a name without case, blanks, dots, dashes and underscores.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// Values are the only possible values of a field; nil if there may be others.
func (x *FieldIndex) Values(parts []string) []string {
	if n := x.exactly(parts); n != nil {
		return n.values
	}
	return nil
}

// MayBeMissing reports whether a field is declared as one that may be missing.
func (x *FieldIndex) MayBeMissing(parts []string) bool {
	n := x.exactly(parts)
	return n != nil && n.optional
}

// HasItems reports whether the fields of a list's items are known.
func (x *FieldIndex) HasItems(parts []string) bool {
	n := x.exactly(parts)
	return n != nil && n.below[Item] != nil
}

// exactly is the node of a path without wildcards; nil if there is none.
func (x *FieldIndex) exactly(parts []string) *fieldNode {
	n := &x.root
	for _, part := range parts {
		if n = n.below[part]; n == nil {
			return nil
		}
	}
	return n
}
