package migrate

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/heraldsend/herald/render/action"
	"github.com/heraldsend/herald/render/catalog"
)

// Kustomer reads objects as Kustomer's public API returns them: shortcuts, their categories, snippets, email templates and
// attachments, in any number of *.json files, each with one object, a list, or a page of a list. Contents of files that
// shortcuts attach are taken from a folder attachments beside them.
func Kustomer(files fs.FS) (*Folder, error) {
	objects, attachments, err := read(files)
	if err != nil {
		return nil, err
	}
	k := &kustomer{builder: newBuilder(), contents: attachments, files: map[string]string{}, categories: map[string]object{}}
	byKind := map[string][]object{}
	seen := map[string]bool{}
	for _, o := range objects {
		kind := kustomerKind(o.kind)
		if kind == "" {
			k.Report.left(cmp.Or(o.kind, "object"), cmp.Or(text(o.fields["name"]), o.id), "", "is of a kind that is not imported")
			continue
		}
		if o.id != "" && seen[kind+o.id] {
			k.Report.left(kind, cmp.Or(text(o.fields["name"]), o.id), "", "the id %s stands there twice: the first is taken", o.id)
			continue
		}
		seen[kind+o.id] = true
		if deleted, _ := o.fields["deleted"].(bool); deleted {
			k.Report.left(kind, cmp.Or(text(o.fields["name"]), o.id), "", "is deleted")
			continue
		}
		byKind[kind] = append(byKind[kind], o)
	}
	for _, o := range byKind["attachment"] {
		k.files[o.id] = text(o.fields["name"])
	}
	for _, o := range byKind["category"] {
		k.categories[o.id] = o
		k.Report.Categories++
	}
	for _, o := range byKind["snippet"] {
		k.snippet(o)
	}
	for _, o := range byKind["template"] {
		k.template(o)
	}
	for _, o := range byKind["shortcut"] {
		k.shortcut(o)
	}
	return k.finish()
}

// kustomerKind is the kind of an object, by its "type"; "" for one that is not imported.
func kustomerKind(kind string) string {
	switch strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(kind)) {
	case "shortcut", "shortcuts":
		return "shortcut"
	case "shortcutcategory", "shortcutcategories":
		return "category"
	case "snippet", "snippets":
		return "snippet"
	case "template", "emailtemplate", "templates", "emailtemplates":
		return "template"
	case "attachment", "attachments":
		return "attachment"
	}
	return ""
}

type kustomer struct {
	*builder
	contents   map[string][]byte // of attachments, by name
	files      map[string]string // names of attachments, by id
	categories map[string]object // by id
}

// related are the ids of a relationship: of one object, or of a list.
func related(o object, name string) []string {
	var out []string
	data := o.related[name]
	if m, ok := data.(map[string]any); ok {
		data = m["data"]
	}
	list, ok := data.([]any)
	if !ok {
		list = []any{data}
	}
	for _, one := range list {
		switch one := one.(type) {
		case map[string]any:
			if id := scalar(one["id"]); id != "" {
				out = append(out, id)
			}
		case string:
			out = append(out, one)
		}
	}
	return out
}

// categoryPath is a category's place in the tree.
func (k *kustomer) categoryPath(id string) string {
	var parts []string
	for depth := 0; id != "" && depth < 10; depth++ {
		o, ok := k.categories[id]
		if !ok {
			break
		}
		parts = append(parts, strings.ReplaceAll(strings.TrimSpace(text(o.fields["name"])), "/", "-"))
		id = first(related(o, "parent"))
	}
	slices.Reverse(parts)
	return strings.Join(parts, "/")
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// ignored are attributes without a meaning for what a shortcut does.
var ignored = []string{"name", "draft", "payload", "conversation", "createdAt", "modifiedAt", "updatedAt", "deleted", "rev", "isPrivate", "appDisabled", "description"}

func (k *kustomer) shortcut(o object) {
	s := catalog.Shortcut{Name: text(o.fields["name"]), Description: text(o.fields["description"])}
	label := cmp.Or(s.Name, o.id)
	left := func(field, format string, args ...any) { k.Report.left("shortcut", label, field, format, args...) }
	draft := member(o.fields, "draft")
	s.Message, s.Subject = text(draft["text"]), text(draft["subject"])
	if strings.TrimSpace(s.Message) == "" {
		var lost []string
		if s.Message, lost = richText(member(member(o.fields, "payload"), "text")); len(lost) > 0 {
			left("payload.text", "Markdown has no %s", strings.Join(lost, ", "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(draft)) {
		if key != "text" && key != "subject" {
			left("draft."+key, "has no counterpart")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o.fields)) {
		if !slices.Contains(ignored, key) && o.fields[key] != nil {
			left(key, "has no counterpart")
		}
	}
	if disabled, _ := o.fields["appDisabled"].(bool); disabled {
		left("appDisabled", "it was disabled; here it can be used")
	}
	k.visibility(o, &s, left)
	if parent := first(related(o, "parent")); parent != "" {
		if s.Category = k.categoryPath(parent); s.Category == "" {
			left("parent", "the category %s is not there", parent)
		}
	}
	for _, id := range related(o, "attachments") {
		name := k.files[id]
		switch content, there := k.contents[name]; {
		case name == "":
			left("attachments", "the attachment %s is not there", id)
		case !there:
			left("attachments", "the content of %s is not in the files: put it into attachments/, and its name into the shortcut", name)
		default:
			k.Files["attachments/"+name] = content
			s.Attachments = append(s.Attachments, name)
		}
	}
	k.changes(member(o.fields, "conversation"), &s, left)
	k.addShortcut(o.id, s)
}

// visibility says who may use the shortcut. Here it is one person, teams, or users.
func (k *kustomer) visibility(o object, s *catalog.Shortcut, left func(field, format string, args ...any)) {
	private, _ := o.fields["isPrivate"].(bool)
	teams, users, owner := related(o, "accessTeams"), related(o, "accessUsers"), first(related(o, "createdBy"))
	switch {
	case len(teams) > 0:
		s.Visibility, s.Teams = catalog.Teams, teams
		if len(users) > 0 {
			left("accessUsers", "teams may use it, too: here it is either teams or users, and %d users were left out", len(users))
		}
	case len(users) > 0:
		s.Visibility, s.Users = catalog.Users, users
	case private: // without an owner lint refuses it: it is not for everybody
		s.Visibility, s.Owner = catalog.Private, owner
	}
}

// changes reads what a shortcut changes in a conversation: each field as a value, or with an operator.
func (k *kustomer) changes(conversation map[string]any, s *catalog.Shortcut, left func(field, format string, args ...any)) {
	for _, field := range slices.Sorted(maps.Keys(conversation)) {
		if field == "custom" {
			custom := member(conversation, field)
			for _, name := range slices.Sorted(maps.Keys(custom)) {
				operator, value := change(custom[name])
				k.customField(name, operator, value, s, left)
			}
			continue
		}
		operator, value := change(conversation[field])
		if field == "tags" && operator != "set" && operator != "add" && operator != "" || field != "tags" && operator != "set" && operator != "" {
			left("conversation."+field, "the operator %.40q has no counterpart", operator)
			continue
		}
		list, one := texts(value), scalar(value)
		switch field {
		case "name":
			s.ConversationSubject = one
		case "tags":
			s.Tags = list
			if operator == "set" {
				left("conversation.tags", "the tags were replaced; here they are added")
			}
		case "status":
			s.Status = one
		case "subStatus":
			s.SubStatus = one
		case "priority":
			s.Priority = number(value)
		case "assignedUsers":
			s.AssignedUsers = list
		case "assignedTeams":
			s.AssignedTeams = list
		case "queue":
			s.Queue = cmp.Or(one, scalar(within(value, "id")))
		case "snooze":
			at := cmp.Or(one, scalar(within(value, "time")))
			if _, err := action.SnoozeUntil(at, time.Time{}); err != nil {
				left("conversation.snooze", "want a time or a span such as 3d")
				continue
			}
			s.SnoozeUntil = at
		default:
			left("conversation."+field, "has no counterpart")
		}
	}
}

// change is a value with its operator; "" where there is none.
func change(v any) (operator string, value any) {
	m, ok := v.(map[string]any)
	if _, has := m["value"]; !ok || !has && m["operator"] == nil {
		return "", v
	}
	return text(m["operator"]), m["value"]
}

func (k *kustomer) customField(name, operator string, value any, s *catalog.Shortcut, left func(field, format string, args ...any)) {
	field := "conversation.custom." + name
	switch operator {
	case "set", "":
	case "unset", "clear", "remove":
		value = nil
	default:
		left(field, "the operator %.40q has no counterpart", operator)
		return
	}
	switch v := value.(type) {
	case nil, string, bool:
	case json.Number:
		if n, err := v.Int64(); err == nil {
			value = n
		} else if n, err := v.Float64(); err == nil {
			value = n
		}
	default:
		left(field, "want a text, a number, true, false or null")
		return
	}
	if s.CustomFields == nil {
		s.CustomFields = map[string]any{}
	}
	s.CustomFields[name] = value
}

func (k *kustomer) snippet(o object) {
	s := catalog.Snippet{Name: cmp.Or(text(o.fields["key"]), text(o.fields["name"]), o.id), Texts: map[string]string{}}
	s.Description, s.Category = cmp.Or(text(o.fields["description"]), text(o.fields["name"])), text(o.fields["category"])
	if s.Description == s.Name {
		s.Description = ""
	}
	left := func(field, format string, args ...any) { k.Report.left("snippet", s.Name, field, format, args...) }
	langs := member(o.fields, "langs")
	for _, tag := range slices.Sorted(maps.Keys(langs)) {
		one, _ := langs[tag].(map[string]any)
		value, ok := one["value"].(string)
		language, err := catalog.NormalLanguage(tag)
		switch {
		case !ok:
			continue
		case err != nil:
			left("langs."+tag, "is no language tag")
			continue
		}
		s.Texts[language] = value
		if outdated, _ := one["outdated"].(bool); outdated {
			s.Outdated = append(s.Outdated, language)
		}
	}
	if len(s.Texts) == 0 {
		left("", "it has no text in any language")
		return
	}
	source, err := catalog.NormalLanguage(text(o.fields["source"]))
	if _, has := s.Texts[source]; err != nil || !has {
		source = slices.Sorted(maps.Keys(s.Texts))[0]
		for _, usual := range []string{"en-us", "en", "en-gb"} {
			if _, has := s.Texts[usual]; has {
				source = usual
				break
			}
		}
		left("source", "has no text; here it is %s", source)
	}
	s.Source = source
	k.addSnippet(o.id, s)
}

func (k *kustomer) template(o object) {
	f := o.fields
	html := cmp.Or(text(f["html"]), text(f["htmlBody"]), text(f["body"]), text(f["content"]))
	if html == "" {
		k.Report.left("template", cmp.Or(text(f["name"]), o.id), "", "it has no html, htmlBody, body or content")
		return
	}
	k.addTemplate(o.id, text(f["name"]), text(f["description"]), html, cmp.Or(text(f["text"]), text(f["textBody"])))
}
