package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
)

// resource is an object of JSON:API.
type resource struct {
	Type          string         `json:"type"`
	ID            string         `json:"id"`
	Attributes    map[string]any `json:"attributes"`
	Relationships map[string]any `json:"relationships,omitempty"`
}

// ToKustomer makes of a folder of templates the objects that Kustomer's public API has: files of lists, which Kustomer
// reads as the same folder. What came from Kustomer keeps its ids and its names.
func ToKustomer(files fs.FS) (*Folder, error) {
	c, err := catalog.Load(files)
	if err != nil {
		return nil, err
	}
	e := &exporter{catalog: c, out: Folder{Files: map[string][]byte{}, Report: Report{Renamed: []Renamed{}, Left: []Left{}}}, origins: map[string]map[string]origin{}}
	data, err := fs.ReadFile(files, idsFile)
	if err == nil {
		err = json.Unmarshal(data, &e.origins)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", idsFile, err)
	}
	lists := map[string][]resource{"categories": e.categories(), "shortcuts": {}, "snippets": {}, "templates": {}, "attachments": {}}
	for s := range c.AllShortcuts() {
		lists["shortcuts"] = append(lists["shortcuts"], e.shortcut(s))
	}
	for s := range c.AllSnippets() {
		lists["snippets"] = append(lists["snippets"], e.snippet(s))
	}
	for t := range c.AllEmailTemplates() {
		lists["templates"] = append(lists["templates"], e.template(t))
	}
	for _, a := range c.Attachments() {
		content, err := c.Attachment(a.SHA256)
		if err != nil {
			return nil, err
		}
		e.out.Files["attachments/"+a.Name] = content
		lists["attachments"] = append(lists["attachments"], resource{Type: "attachment", ID: e.id("attachment", a.Name),
			Attributes: map[string]any{"name": a.Name, "contentType": a.Type, "contentLength": a.Size}})
	}
	for name, list := range lists {
		if len(list) == 0 {
			continue
		}
		data, err := json.MarshalIndent(map[string]any{"data": list}, "", "  ")
		if err != nil {
			return nil, err
		}
		e.out.Files[name+".json"] = append(data, '\n')
	}
	r := &e.out.Report
	r.Shortcuts, r.Snippets, r.Templates, r.Categories = len(lists["shortcuts"]), len(lists["snippets"]), len(lists["templates"]), len(lists["categories"])
	r.sort()
	return &e.out, nil
}

type exporter struct {
	catalog *catalog.Catalog
	out     Folder
	origins map[string]map[string]origin
}

// id is the id that a thing had, or one that follows from its name.
func (e *exporter) id(kind, name string) string {
	if o := e.origins[kind][name]; o.ID != "" {
		return o.ID
	}
	sum := sha256.Sum256([]byte(kind + " " + name))
	return hex.EncodeToString(sum[:12])
}

// name is what a thing was called.
func (e *exporter) name(kind, name string) string {
	if o, ok := e.origins[kind][name]; ok && o.Name != "" {
		return o.Name
	}
	return name
}

func (e *exporter) left(kind, name, field, why string) {
	e.out.Report.left(kind, name, field, "%s", why)
}

func one(kind, id string) map[string]any {
	return map[string]any{"data": map[string]any{"type": kind, "id": id}}
}

func many(kind string, ids []string) map[string]any {
	list := make([]map[string]any, len(ids))
	for i, id := range ids {
		list[i] = map[string]any{"type": kind, "id": id}
	}
	return map[string]any{"data": list}
}

func (e *exporter) categories() (out []resource) {
	tree := e.catalog.Categories(catalog.Actor{})
	tree.Walk(func(c *catalog.Category) {
		if c.Path == "" {
			return
		}
		r := resource{Type: "shortcut_category", ID: e.id("category", c.Path), Attributes: map[string]any{"name": c.Name}}
		if parent := path.Dir(c.Path); parent != "." {
			r.Relationships = map[string]any{"parent": one("shortcut_category", e.id("category", parent))}
		}
		out = append(out, r)
	})
	return out
}

func (e *exporter) shortcut(s *catalog.Shortcut) resource {
	draft := map[string]any{"text": s.Message}
	if s.Subject != "" && s.Subject != replySubject {
		draft["subject"] = s.Subject
	}
	r := resource{Type: "shortcut", ID: e.id("shortcut", s.Name), Relationships: map[string]any{}, Attributes: map[string]any{
		"name": e.name("shortcut", s.Name), "draft": draft, "isPrivate": s.Visibility == catalog.Private,
	}}
	if s.Description != "" {
		r.Attributes["description"] = s.Description
	}
	if changes := changesOf(s); len(changes) > 0 {
		r.Attributes["conversation"] = changes
	}
	switch s.Visibility {
	case catalog.Private:
		r.Relationships["createdBy"] = one("user", s.Owner)
	case catalog.Teams:
		r.Relationships["accessTeams"] = many("team", s.Teams)
	case catalog.Users:
		r.Relationships["accessUsers"] = many("user", s.Users)
	}
	if place := s.CategoryPath(); place != "" {
		r.Relationships["parent"] = one("shortcut_category", e.id("category", place))
	}
	if len(s.Attachments) > 0 {
		ids := make([]string, len(s.Attachments))
		for i, name := range s.Attachments {
			ids[i] = e.id("attachment", name)
		}
		r.Relationships["attachments"] = many("attachment", ids)
	}
	for field, has := range map[string]bool{
		"preheader": s.Preheader != "", "emailTemplate": s.EmailTemplate != "", "channels": len(s.Channels) > 0,
		"format": s.Format != "" && s.Format != content.Markdown,
	} {
		if has {
			e.left("shortcut", s.Name, field, "a shortcut of Kustomer has one Markdown text for all channels")
		}
	}
	return r
}

// changesOf are what a shortcut changes, with operators.
func changesOf(s *catalog.Shortcut) map[string]any {
	out := map[string]any{}
	set := func(field string, value any, has bool) {
		if has {
			out[field] = map[string]any{"operator": "set", "value": value}
		}
	}
	set("name", s.ConversationSubject, s.ConversationSubject != "")
	if len(s.Tags) > 0 {
		out["tags"] = map[string]any{"operator": "add", "value": s.Tags}
	}
	set("status", s.Status, s.Status != "")
	set("subStatus", s.SubStatus, s.SubStatus != "")
	set("priority", s.Priority, s.Priority != 0)
	set("assignedUsers", s.AssignedUsers, len(s.AssignedUsers) > 0)
	set("assignedTeams", s.AssignedTeams, len(s.AssignedTeams) > 0)
	set("queue", s.Queue, s.Queue != "")
	set("snooze", map[string]any{"time": s.SnoozeUntil}, s.SnoozeUntil != "")
	custom := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.CustomFields)) {
		custom[name] = map[string]any{"operator": "set", "value": s.CustomFields[name]}
		if s.CustomFields[name] == nil {
			custom[name] = map[string]any{"operator": "unset", "value": nil}
		}
	}
	if len(custom) > 0 {
		out["custom"] = custom
	}
	return out
}

func (e *exporter) snippet(s *catalog.Snippet) resource {
	langs := map[string]any{}
	for language, text := range s.Texts {
		langs[strings.ReplaceAll(language, "-", "_")] = map[string]any{"value": text, "outdated": slices.Contains(s.Outdated, language)}
	}
	attributes := map[string]any{"key": e.name("snippet", s.Name), "source": strings.ReplaceAll(s.Source, "-", "_"), "langs": langs}
	for name, value := range map[string]string{"description": s.Description, "category": s.Category} {
		if value != "" {
			attributes[name] = value
		}
	}
	return resource{Type: "snippet", ID: e.id("snippet", s.Name), Attributes: attributes}
}

func (e *exporter) template(t *catalog.EmailTemplate) resource {
	attributes := map[string]any{"name": e.name("template", t.Name), "html": t.HTML}
	for name, value := range map[string]string{"description": t.Description, "text": t.Text} {
		if value != "" {
			attributes[name] = value
		}
	}
	if len(t.Styles) > 0 {
		e.left("template", t.Name, "styles", "a template of Kustomer has no styles of Markdown")
	}
	if strings.Contains(t.HTML, "{{>") {
		e.left("template", t.Name, "partials", "a template of Kustomer has no partials: what they say is not in it")
	}
	return resource{Type: "template", ID: e.id("template", t.Name), Attributes: attributes}
}
