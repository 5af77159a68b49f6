package migrate

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
)

// Zendesk reads macros (GET /api/v2/macros), dynamic content (GET /api/v2/dynamic_content/items) and locales (GET
// /api/v2/locales) as Zendesk's API returns them. Dynamic content becomes snippets; without the locales only that of
// the default language has a name. "A::B::name", as people write categories of macros, becomes a category.
func Zendesk(files fs.FS) (*Folder, error) {
	objects, _, err := read(files)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	locales := map[string]string{}
	for _, o := range objects {
		if o.kind == "locale" {
			locales[o.id] = text(o.fields["locale"])
		}
	}
	for _, o := range objects {
		switch o.kind {
		case "macro":
			b.zendeskMacro(o)
		case "item":
			b.zendeskItem(o, locales)
		case "locale":
		default:
			b.Report.left(cmp.Or(o.kind, "object"), cmp.Or(text(o.fields["title"]), o.id), "", "is no macro, dynamic content or locale")
		}
	}
	return b.finish()
}

func (b *builder) zendeskItem(o object, locales map[string]string) {
	placeholder := strings.Trim(text(o.fields["placeholder"]), "{} ")
	s := catalog.Snippet{Name: catalog.SnippetPrefix + placeholder, Description: text(o.fields["name"]), Texts: map[string]string{}}
	variants, _ := o.fields["variants"].([]any)
	for _, one := range variants {
		id := scalar(within(one, "locale_id"))
		language, err := catalog.NormalLanguage(cmp.Or(locales[id], "und"))
		if isDefault, _ := within(one, "default").(bool); isDefault || id == scalar(o.fields["default_locale_id"]) {
			if err != nil {
				language, err = "en", nil
				b.Report.left("dynamic content", placeholder, "default_locale_id", "the locale %s is not there: its language is taken for English", id)
			}
			s.Source = language
		}
		if active, set := within(one, "active").(bool); set && !active {
			b.Report.left("dynamic content", placeholder, "variant "+id, "is not active")
			continue
		}
		if err != nil {
			b.Report.left("dynamic content", placeholder, "variant "+id, "the locale %s is not there: give the list of locales, too", id)
			continue
		}
		s.Texts[language] = ourTags(text(within(one, "content")))
		if outdated, _ := within(one, "outdated").(bool); outdated {
			s.Outdated = append(s.Outdated, language)
		}
	}
	if _, has := s.Texts[s.Source]; !has {
		b.Report.left("dynamic content", placeholder, "", "it has no active text in its default language")
		return
	}
	b.addSnippet(o.id, s)
}

// priorities are Zendesk's and Intercom's words.
var priorities = map[string]int{"low": 2, "normal": 3, "high": 4, "urgent": 5, "priority": 4, "not_priority": 3}

func (b *builder) zendeskMacro(o object) {
	parts := strings.Split(text(o.fields["title"]), "::")
	s := catalog.Shortcut{Name: strings.TrimSpace(parts[len(parts)-1]), Description: text(o.fields["description"])}
	for _, part := range parts[:len(parts)-1] {
		s.Category = strings.TrimPrefix(s.Category+"/"+strings.ReplaceAll(strings.TrimSpace(part), "/", "-"), "/")
	}
	left := func(field, format string, args ...any) {
		b.Report.left("macro", text(o.fields["title"]), field, format, args...)
	}
	if active, set := o.fields["active"].(bool); set && !active {
		left("", "is not active")
		return
	}
	if restriction := member(o.fields, "restriction"); restriction != nil {
		ids := texts(restriction["ids"])
		if id := scalar(restriction["id"]); len(ids) == 0 && id != "" {
			ids = []string{id}
		}
		if text(restriction["type"]) == "User" {
			s.Visibility, s.Owner = catalog.Private, first(ids)
		} else {
			s.Visibility, s.Teams = catalog.Teams, ids
		}
	}
	actions, _ := o.fields["actions"].([]any)
	for _, one := range actions {
		b.zendeskAction(text(within(one, "field")), within(one, "value"), &s, left)
	}
	b.addShortcut(o.id, s)
}

func (b *builder) zendeskAction(field string, v any, s *catalog.Shortcut, left func(field, format string, args ...any)) {
	value := scalar(v)
	if list := texts(v); len(list) > 0 {
		value = list[len(list)-1] // ["channel:all", "the text"]
	}
	switch field {
	case "comment_value":
		if s.Format != content.HTML { // the HTML says the same
			s.Message, s.Format = ourTags(value), content.Text
		}
	case "comment_value_html":
		s.Message, s.Format = ourTags(value), content.HTML
	case "comment_mode_is_public":
		if value == "false" || v == false {
			left(field, "the comment was internal: send it on the channel note")
		}
	case "status":
		status := map[string]string{"open": "open", "solved": "done", "pending": "snoozed", "hold": "snoozed"}[value]
		if s.Status = status; status == "" {
			left(field, "the status %.40q has no counterpart", value)
		} else if status == "snoozed" {
			left(field, "%s becomes snoozed", value)
		}
	case "priority":
		if s.Priority = priorities[value]; s.Priority == 0 {
			left(field, "the priority %.40q has no counterpart", value)
		}
	case "subject":
		if s.ConversationSubject = value; strings.Contains(value, "{{") {
			s.ConversationSubject = ""
			left(field, "it holds placeholders; here it is set as it is written")
		}
	case "current_tags", "set_tags":
		s.Tags = append(s.Tags, strings.Fields(value)...)
		if field == "set_tags" {
			left(field, "the tags were replaced; here they are added")
		}
	case "assignee_id", "group_id":
		switch {
		case value == "" || value == "current_user" || value == "requester_id" || value == "current_groups":
			left(field, "%.40q has no counterpart", value)
		case field == "assignee_id":
			s.AssignedUsers = []string{value}
		default:
			s.AssignedTeams = []string{value}
		}
	default:
		left(field, "has no counterpart")
	}
	slices.Sort(s.Tags)
	s.Tags = slices.Compact(s.Tags)
}
