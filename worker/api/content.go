package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// ContentFields say what is sent: a shortcut by name, or a text given with the request.
type ContentFields struct {
	Shortcut string `json:"shortcut,omitempty" maxLength:"200" doc:"Name of a shortcut of the workers' catalog. Either this or text."`
	Text     string `json:"text,omitempty" maxLength:"262144" doc:"Inline template, in format."`
	Format   string `json:"format,omitempty" enum:"markdown,html,text" doc:"Of text: markdown where nothing is said."`
	Subject  string `json:"subject,omitempty" maxLength:"10000" doc:"Of an email; overrides the shortcut's."`
	Template string `json:"template,omitempty" maxLength:"200" doc:"Email layout; overrides the shortcut's."`
}

func (c ContentFields) content() task.Content {
	return task.Content{Shortcut: c.Shortcut, Text: c.Text, Format: c.Format, Subject: c.Subject, Template: c.Template}
}

// FileRef says where an attachment is. Exactly one of its sources is given.
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

// ChatFields are what a chat carries besides its text.
type ChatFields struct {
	Brand     string `json:"brand,omitempty" maxLength:"200"`
	Assistant string `json:"assistant,omitempty" maxLength:"200"`
	Dialog    string `json:"dialog,omitempty" maxLength:"200" doc:"The assistant's dialog to start with."`
}

// NoteFields are what a note carries besides its text.
type NoteFields struct {
	Mentions []string `json:"mentions,omitempty" maxItems:"20" doc:"Ids of users."`
	Status   string   `json:"status,omitempty" maxLength:"200" doc:"The conversation's status afterwards."`
}

// HeaderField is a further header field of an email.
type HeaderField struct {
	Name  string `json:"name" minLength:"1" maxLength:"100"`
	Value string `json:"value" maxLength:"2000"`
}

func headerFields(list []HeaderField) []message.Header {
	var out []message.Header
	for _, h := range list {
		out = append(out, message.Header{Name: h.Name, Value: h.Value})
	}
	return out
}

// references turns the files of a request into what a task carries: bytes that came along are checked and stored as
// blobs, so that the queue stays small. at is the pointer to the list.
func (s *Server) references(ctx context.Context, c message.Channel, files []FileRef, at string) ([]message.Ref, error) {
	var refs []message.Ref
	for i, f := range files {
		here := fmt.Sprintf("%s/%d", at, i)
		sources := 0
		for _, source := range []string{f.Inline, f.Blob, f.File, f.URL} {
			if source != "" {
				sources++
			}
		}
		if sources != 1 {
			return nil, invalid(here, "want exactly one of inline, blob, file and url")
		}
		if err := checkURL(f.URL); f.URL != "" && err != nil {
			return nil, invalid(here+"/url", "%s", err)
		}
		ref := f.ref()
		if f.Inline != "" {
			found, err := s.inline.Resolve(ctx, attach.For(c), []message.Ref{ref})
			if err != nil {
				return nil, asProblem(err).at(here, "this file")
			}
			if ref, err = s.Client.Attach(ctx, found[0].Name, found[0].Type, found[0].Data); err != nil {
				return nil, err
			}
			ref.ContentID = f.ContentID
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// checkURL refuses what the worker would not fetch from anyway, where the URL alone says so.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("want an address that begins with https:// and holds no user")
	}
	return nil
}

// contextBytes is a request's context as tasks carry it.
func contextBytes(o Object) json.RawMessage {
	if len(o) == 0 {
		return nil
	}
	return json.RawMessage(o)
}
