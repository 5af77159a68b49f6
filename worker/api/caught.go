package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/message"
)

// Box keeps the messages of a playground: *catcher.Box.
type Box interface {
	List(before string, most int) (list []*catcher.Caught, next string)
	Get(id string) *catcher.Caught
	Events(before string, most int) (list []*catcher.Told, next string)
}

func (s *Server) registerCaught(api huma.API) {
	if s.Caught == nil {
		return
	}
	const tag = "Playground"
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-caught", Method: http.MethodGet, Path: "/v1/caught", Tags: []string{tag}, Summary: "Caught messages",
		Description: "Messages that would have been sent, on all channels, the newest first, whoever sent them: a playground is for one person.",
	}, s.listCaught)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-caught-events", Method: http.MethodGet, Path: "/v1/caught/events", Tags: []string{tag}, Summary: "Caught events",
		Description: "Events that an endpoint (HERALD_EVENTS_URL) would have got, the newest first.",
	}, s.listCaughtEvents)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "get-caught", Method: http.MethodGet, Path: "/v1/caught/{id}", Tags: []string{tag}, Summary: "A caught message",
		Errors: []int{http.StatusNotFound},
	}, s.getCaught)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "get-caught-source", Method: http.MethodGet, Path: "/v1/caught/{id}/source", Tags: []string{tag}, Summary: "A caught email as it was sent",
		Errors: []int{http.StatusNotFound},
		Responses: map[string]*huma.Response{"200": {
			Description: "The mail (RFC 5322).", Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}},
	}, s.getCaughtSource)
}

// CaughtMessage is one caught message.
type CaughtMessage struct {
	ID          string          `json:"id"`
	Channel     message.Channel `json:"channel"`
	At          time.Time       `json:"at"`
	From        string          `json:"from,omitempty"`
	To          []string        `json:"to" nullable:"false"`
	Subject     string          `json:"subject,omitempty"`
	Text        string          `json:"text,omitempty" doc:"In lists its beginning, and none of an email."`
	HTML        string          `json:"html,omitempty" doc:"Of an email. It may hold anything: show it in a sandbox."`
	Attachments []CaughtFile    `json:"attachments,omitempty"`
}

// CaughtFile is a file of a caught message.
type CaughtFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
}

func caughtMessage(c *catcher.Caught) CaughtMessage {
	return CaughtMessage{ID: c.ID, Channel: c.Channel, At: c.At, From: c.From, To: c.To, Subject: c.Subject}
}

type listCaughtInput struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"The next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// CaughtPage is a page of caught messages.
type CaughtPage struct {
	Items []CaughtMessage `json:"items" nullable:"false"`
	Next  string          `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
}

type caughtPageOutput struct{ Body CaughtPage }

func (s *Server) listCaught(_ context.Context, in *listCaughtInput) (*caughtPageOutput, error) {
	list, next := s.Caught.List(in.Cursor, in.Limit)
	page := CaughtPage{Items: []CaughtMessage{}, Next: next}
	for _, c := range list {
		m := caughtMessage(c)
		if c.Message != nil {
			m.Text = clip(c.Message.Text)
		}
		page.Items = append(page.Items, m)
	}
	return &caughtPageOutput{page}, nil
}

// CaughtEvent is one caught event, as it would have been sent.
type CaughtEvent struct {
	ID       string    `json:"id" doc:"In this list."`
	Event    string    `json:"event" doc:"The event's own id: the webhook-id."`
	Type     string    `json:"type" example:"message.sent"`
	At       time.Time `json:"at" doc:"When it was caught."`
	Stream   string    `json:"stream,omitempty"`
	Sequence int64     `json:"sequence,omitempty"`
	Data     Object    `json:"data"`
}

// CaughtEventPage is a page of caught events.
type CaughtEventPage struct {
	Items []CaughtEvent `json:"items" nullable:"false"`
	Next  string        `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
}

type caughtEventPageOutput struct{ Body CaughtEventPage }

func (s *Server) listCaughtEvents(_ context.Context, in *listCaughtInput) (*caughtEventPageOutput, error) {
	list, next := s.Caught.Events(in.Cursor, in.Limit)
	page := CaughtEventPage{Items: []CaughtEvent{}, Next: next}
	for _, t := range list {
		page.Items = append(page.Items, CaughtEvent{t.ID, t.EventID, t.Type, t.At, t.Stream, t.Sequence, Object(t.Data)})
	}
	return &caughtEventPageOutput{page}, nil
}

type caughtOutput struct{ Body CaughtMessage }

func (s *Server) getCaught(_ context.Context, in *IDInput) (*caughtOutput, error) {
	c := s.Caught.Get(in.ID)
	if c == nil {
		return nil, noSuchCaught()
	}
	m := caughtMessage(c)
	if c.Channel != message.Email {
		m.Text, m.HTML = c.Message.Text, c.Message.HTML
		for _, a := range c.Message.Attachments {
			m.Attachments = append(m.Attachments, CaughtFile{a.Name, a.Type, len(a.Data)})
		}
		return &caughtOutput{m}, nil
	}
	mail, err := c.Mail.Parse()
	if err != nil {
		return nil, fmt.Errorf("parse a caught mail: %w", err)
	}
	m.Text, m.HTML = mail.Text, mail.HTML
	for _, a := range mail.Attachments {
		m.Attachments = append(m.Attachments, CaughtFile{a.FileName, a.ContentType, len(a.Content)})
	}
	return &caughtOutput{m}, nil
}

type sourceOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func (s *Server) getCaughtSource(_ context.Context, in *IDInput) (*sourceOutput, error) {
	c := s.Caught.Get(in.ID)
	if c == nil || c.Mail == nil {
		return nil, noSuchCaught()
	}
	return &sourceOutput{"message/rfc822", `attachment; filename="` + c.ID + `.eml"`, c.Mail.Raw}, nil
}

func noSuchCaught() *Problem {
	return problem(http.StatusNotFound, "not_found", "no such message is kept, or no longer")
}
