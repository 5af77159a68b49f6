package migrate

import (
	"cmp"
	"io/fs"
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
)

// Intercom reads macros as GET /macros returns them. The HTML of their bodies is taken over.
func Intercom(files fs.FS) (*Folder, error) {
	objects, _, err := read(files)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	for _, o := range objects {
		if o.kind != "macro" {
			b.Report.left(cmp.Or(o.kind, "object"), cmp.Or(text(o.fields["name"]), o.id), "", "is no macro")
			continue
		}
		b.intercomMacro(o)
	}
	return b.finish()
}

func (b *builder) intercomMacro(o object) {
	s := catalog.Shortcut{Name: text(o.fields["name"])}
	left := func(field, format string, args ...any) {
		b.Report.left("macro", text(o.fields["name"]), field, format, args...)
	}
	if html := text(o.fields["body"]); html != "" {
		s.Message, s.Format = intercomHTML(html), content.HTML
	} else {
		s.Message, s.Format = ourTags(text(o.fields["body_text"])), content.Text
	}
	if text(o.fields["visible_to"]) == "specific_teams" {
		s.Visibility, s.Teams = catalog.Teams, texts(o.fields["visible_to_team_ids"])
	}
	actions, _ := o.fields["actions"].([]any)
	for _, one := range actions {
		data := within(one, "data")
		switch kind := text(within(one, "type")); kind {
		case "close-conversation":
			s.Status = "done"
		case "open-conversation":
			s.Status = "open"
		case "assign-conversation":
			s.AssignedUsers = append(s.AssignedUsers, scalar(within(data, "assignee_id")))
		case "change-conversation-priority":
			if s.Priority = priorities[scalar(within(data, "priority"))]; s.Priority == 0 {
				left(kind, "the priority has no counterpart")
			}
		case "add-tag-to-conversation":
			s.Tags = append(s.Tags, scalar(within(data, "tag_id")))
			left(kind, "the tag is known by its id alone: %s", scalar(within(data, "tag_id")))
		default:
			left(kind, "has no counterpart")
		}
	}
	b.addShortcut(o.id, s)
}

// Gorgias reads macros as GET /api/macros returns them. A reply's HTML is taken over, or its text where there is none.
func Gorgias(files fs.FS) (*Folder, error) {
	objects, _, err := read(files)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	for _, o := range objects {
		if _, is := o.fields["actions"].([]any); !is {
			b.Report.left("object", cmp.Or(text(o.fields["name"]), o.id), "", "is no macro")
			continue
		}
		b.gorgiasMacro(o)
	}
	return b.finish()
}

func (b *builder) gorgiasMacro(o object) {
	s := catalog.Shortcut{Name: text(o.fields["name"]), Category: strings.ReplaceAll(text(o.fields["intent"]), "/", " / ")}
	left := func(field, format string, args ...any) {
		b.Report.left("macro", text(o.fields["name"]), field, format, args...)
	}
	actions, _ := o.fields["actions"].([]any)
	for _, one := range actions {
		arguments := within(one, "arguments")
		argument := func(name string) string { return scalar(within(arguments, name)) }
		switch kind := text(within(one, "name")); kind {
		case "setResponseText":
			if html := argument("body_html"); html != "" {
				s.Message, s.Format = ourTags(html), content.HTML
			} else {
				s.Message, s.Format = ourTags(argument("body_text")), content.Text
			}
			if files, _ := within(arguments, "attachments").([]any); len(files) > 0 {
				left("attachments", "the contents of %d files are not in the export", len(files))
			}
		case "addTags":
			for tag := range strings.SplitSeq(argument("tags"), ",") {
				if tag = strings.TrimSpace(tag); tag != "" {
					s.Tags = append(s.Tags, tag)
				}
			}
		case "setStatus":
			if s.Status = map[string]string{"open": "open", "closed": "done"}[argument("status")]; s.Status == "" {
				left(kind, "the status %.40q has no counterpart", argument("status"))
			}
		case "setSubject":
			if s.ConversationSubject = argument("subject"); strings.Contains(s.ConversationSubject, "{{") {
				s.ConversationSubject = ""
				left(kind, "it holds placeholders; here it is set as it is written")
			}
		case "setAssignee":
			if id := cmp.Or(scalar(within(within(arguments, "assignee_user"), "id")), argument("assignee_user_id")); id != "" {
				s.AssignedUsers = []string{id}
			}
		case "setTeamAssignee":
			if id := cmp.Or(scalar(within(within(arguments, "assignee_team"), "id")), argument("assignee_team_id")); id != "" {
				s.AssignedTeams = []string{id}
			}
		default:
			left(kind, "has no counterpart")
		}
	}
	b.addShortcut(o.id, s)
}
