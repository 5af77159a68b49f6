package api

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// ContentFields say what is sent: a shortcut by name, or a text given with the request.
type ContentFields struct {
	Shortcut string `json:"shortcut,omitempty" maxLength:"200" doc:"Name of a shortcut of the workers' catalog. Either this or text."`
	Text     string `json:"text,omitempty" maxLength:"262144" doc:"Inline template, in format."`
	Format   string `json:"format,omitempty" enum:"markdown,html,text" doc:"Of text; markdown where missing."`
	Subject  string `json:"subject,omitempty" maxLength:"10000" doc:"Of an email; overrides the shortcut's."`
	Template string `json:"template,omitempty" maxLength:"200" doc:"Email layout; overrides the shortcut's."`
	As       string `json:"as,omitempty" maxLength:"2000" doc:"Who acts: a user, then their teams, with commas between; or a team. They may use only shortcuts that they may see."`
	Lint     string `json:"lint,omitempty" enum:"off" doc:"off: sent although lint finds errors, such as a field that does not exist."`
}

func (c ContentFields) content() task.Content {
	return task.Content{Shortcut: c.Shortcut, Text: c.Text, Format: c.Format, Subject: c.Subject, Template: c.Template, As: c.As, Lint: c.Lint}
}

// judge finds what is wrong with the content of a message on a channel, by the templates of this server.
func (s *Server) judge(channel message.Channel, content task.Content) error {
	wrong := compose.CheckSubject(channel, content)
	if s.Judge == nil {
		return wrong
	}
	return fault.Join(wrong, s.Judge.Check(content))
}

// FileRef says where an attachment is. Exactly one source is given.
type FileRef struct {
	Name      string `json:"name,omitempty" maxLength:"1000" doc:"File name; where missing, the last part of file or url."`
	Type      string `json:"type,omitempty" maxLength:"200" doc:"Media type; where missing, found from name and content."`
	ContentID string `json:"contentId,omitempty" maxLength:"200" doc:"Of an image within the HTML."`
	Inline    string `json:"inline,omitempty" doc:"The bytes themselves, in standard base64."`
	Blob      string `json:"blob,omitempty" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"What POST /v1/attachments returned."`
	File      string `json:"file,omitempty" maxLength:"1000" doc:"Path below the workers' HERALD_ATTACHMENTS."`
	URL       string `json:"url,omitempty" maxLength:"2000" doc:"Public https address that the worker fetches it from."`
}

func (f FileRef) ref() message.Ref {
	return message.Ref{Name: f.Name, Type: f.Type, ContentID: f.ContentID, Inline: f.Inline, Blob: f.Blob, File: f.File, URL: f.URL}
}

// ChatFields are what a chat has besides its text.
type ChatFields struct {
	Brand     string `json:"brand,omitempty" maxLength:"200"`
	Assistant string `json:"assistant,omitempty" maxLength:"200"`
	Dialog    string `json:"dialog,omitempty" maxLength:"200" doc:"The assistant's dialog to start with."`
}

// NoteFields are what a note has besides its text.
type NoteFields struct {
	Mentions []string `json:"mentions,omitempty" maxItems:"20" doc:"Ids of users."`
	Status   string   `json:"status,omitempty" enum:"open,snoozed,done" doc:"The conversation's status afterwards; the endpoint's default where missing."`
}

// HeaderField is a further header field of an email.
type HeaderField struct {
	Name  string `json:"name" minLength:"1" maxLength:"76"`
	Value string `json:"value" maxLength:"900"`
}

func headerFields(list []HeaderField) []message.Header {
	var out []message.Header
	for _, h := range list {
		out = append(out, message.Header{Name: h.Name, Value: h.Value})
	}
	return out
}

func fileRefs(files []FileRef) []message.Ref {
	var out []message.Ref
	for _, f := range files {
		out = append(out, f.ref())
	}
	return out
}

// references turns the files of a request, which pass Ref.Validate, into those of a task: it stores bytes of the
// request as blobs, so that the queue stays small. at is the pointer to the list.
func (s *Server) references(ctx context.Context, p attach.Policy, refs []message.Ref, at string) ([]message.Ref, error) {
	if err := s.Client.CheckFiles(ctx, p, refs); err != nil {
		return nil, fault.Under(at, err)
	}
	var out []message.Ref
	for i, ref := range refs {
		if ref.Inline != "" {
			found, err := s.inline.Resolve(ctx, p, []message.Ref{ref})
			if file := (*attach.Error)(nil); errors.As(err, &file) {
				return nil, invalid(at+fault.Pointer(i), file.Code, "%s", file.Reason)
			} else if err != nil {
				return nil, err
			}
			stored, err := s.Client.Attach(ctx, found[0].Name, found[0].Type, found[0].Data)
			if err != nil {
				return nil, err
			}
			stored.ContentID = ref.ContentID
			ref = stored
		}
		out = append(out, ref)
	}
	return out, nil
}

// contextBytes is the context of a request in the form of a task.
func contextBytes(o Object) json.RawMessage {
	if len(o) == 0 {
		return nil
	}
	return json.RawMessage(o)
}
