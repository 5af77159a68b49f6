package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// Category is a place in the tree of categories, with the shortcuts that stand directly in it.
type Category struct {
	Name       string     `json:"name"` // "" for the root
	Path       string     `json:"path"` // from the root, with slashes between: "Orders/Delays"
	Shortcuts  []string   `json:"shortcuts,omitempty"`
	Categories []Category `json:"categories,omitempty"`
}

// categorySeparator stands between a category and one within it.
const categorySeparator = "/"

// CategoryPath is the shortcut's place in the tree: its category, which may be a path, and its subcategory; "" for none.
func (s *Shortcut) CategoryPath() string {
	var parts []string
	for _, text := range []string{s.Category, s.Subcategory} {
		for part := range strings.SplitSeq(text, categorySeparator) {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return strings.Join(parts, categorySeparator)
}

// Categories is the tree of the shortcuts that a may use. Categories stand in the order of defaults.yaml, those that it
// doesn't list behind them by name; shortcuts by name. Categories without shortcuts are left out.
func (c *Catalog) Categories(a Actor) Category {
	var root Category
	for s := range c.AllShortcuts() {
		if s.VisibleTo(a) {
			at := root.descend(s.CategoryPath())
			at.Shortcuts = append(at.Shortcuts, s.Name)
		}
	}
	ranks := make(map[string]int)
	for i, path := range c.defaults.Categories {
		path = (&Shortcut{Category: path}).CategoryPath()
		for end := 0; end < len(path); { // a category stands where the first within it does
			next := strings.Index(path[end+1:], categorySeparator)
			if end += 1 + next; next < 0 {
				end = len(path)
			}
			if _, listed := ranks[path[:end]]; !listed {
				ranks[path[:end]] = i + 1
			}
		}
	}
	root.sort(ranks)
	return root
}

// descend finds or makes the category at a path below c.
func (c *Category) descend(path string) *Category {
	if path == "" {
		return c
	}
	name, rest, _ := strings.Cut(path, categorySeparator)
	i := slices.IndexFunc(c.Categories, func(one Category) bool { return one.Name == name })
	if i < 0 {
		i = len(c.Categories)
		own := name
		if c.Path != "" {
			own = c.Path + categorySeparator + name
		}
		c.Categories = append(c.Categories, Category{Name: name, Path: own})
	}
	return c.Categories[i].descend(rest)
}

func (c *Category) sort(ranks map[string]int) {
	rank := func(path string) int {
		if i := ranks[path]; i > 0 {
			return i
		}
		return len(ranks) + 1<<20
	}
	slices.SortFunc(c.Categories, func(a, b Category) int {
		return cmp.Or(cmp.Compare(rank(a.Path), rank(b.Path)), strings.Compare(a.Name, b.Name))
	})
	for i := range c.Categories {
		c.Categories[i].sort(ranks)
	}
}

// Walk calls visit for the category and all below it, the outer ones first.
func (c *Category) Walk(visit func(*Category)) {
	visit(c)
	for i := range c.Categories {
		c.Categories[i].Walk(visit)
	}
}
