package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/app"
)

type shortcutsCmd struct {
	Query []string `arg:"" optional:"" help:"Words that the name, description, category, tags, subject or message must all have."`
	As    string   `placeholder:"USER,TEAM" help:"Only what they may use: a user, then their teams."`
	JSON  bool     `name:"json" help:"Print JSON."`
}

// foundShortcut is a shortcut as --json prints it.
type foundShortcut struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Category    string `json:"category,omitempty"`
	Description string `json:"description,omitempty"`
	Excerpt     string `json:"excerpt,omitempty"`
}

// Run prints the tree of categories with their shortcuts, or what a search finds, the best first. Snippets in names are
// shown in the language of HERALD_LOCALE.
func (s *shortcutsCmd) Run(c *app.Settings, std stdio) error {
	f, err := openFolder("", c)
	if err != nil {
		return err
	}
	templates, err := catalog.Load(f.files)
	if err != nil {
		return f.locate(err)
	}
	query := strings.Join(s.Query, " ")
	matches := templates.Search(query, first(c.Locale, app.DefaultLocale), catalog.ActorOf(s.As))
	if len(matches) == 0 && query != "" {
		return fmt.Errorf("no shortcut has all of %.100q in its name, its tags or its text", query)
	}
	if s.JSON {
		list := make([]foundShortcut, len(matches))
		for i, m := range matches {
			list[i] = foundShortcut{m.Shortcut.Name, m.Title, m.Shortcut.CategoryPath(), m.Shortcut.Description, m.Excerpt}
		}
		enc := json.NewEncoder(std.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}
	page := newPage(std)
	row := func(m catalog.Match) []string {
		about := shown(first(m.Excerpt, m.Shortcut.Description))
		if m.Title != m.Shortcut.Name {
			about = strings.TrimSuffix(m.Title+": "+about, ": ")
		}
		return []string{m.Shortcut.Name, about}
	}
	if query != "" {
		var rows [][]string
		for _, m := range matches {
			rows = append(rows, row(m))
		}
		page.columns(nil, rows)
	} else {
		byName := make(map[string]catalog.Match, len(matches))
		for _, m := range matches {
			byName[m.Shortcut.Name] = m
		}
		tree := templates.Categories(catalog.ActorOf(s.As))
		tree.Walk(func(one *catalog.Category) {
			if len(one.Shortcuts) == 0 {
				return
			}
			var rows [][]string
			for _, name := range one.Shortcuts {
				rows = append(rows, row(byName[name]))
			}
			page.heading(first(strings.ReplaceAll(one.Path, "/", " / "), "No category"), "")
			page.columns(nil, rows)
		})
	}
	_, err = page.WriteTo(std.out)
	return err
}
