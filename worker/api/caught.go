package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/task"
)

// Box keeps the messages of a playground: *catcher.Box.
type Box interface {
	List(before string, most int) (list []*catcher.Caught, next string)
	Get(id string) *catcher.Caught
	Events(before string, most int) (list []*catcher.Told, next string)
}

func (s *Server) registerCaught(api huma.API) {
	const tag = "Tests"
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-caught", Method: http.MethodGet, Path: "/v1/caught", Tags: []string{tag}, Summary: "What tests would have sent",
		Description: "Messages that tokens for tests would have sent, on all channels, the newest first: those of the token's owner, of the last day, at most 1,000 and 32 MB. In a playground (herald serve --embedded) a token that is not for tests sees everything that was sent there.",
		Errors:      []int{http.StatusNotFound},
	}, s.listCaught)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "get-caught", Method: http.MethodGet, Path: "/v1/caught/{id}", Tags: []string{tag}, Summary: "A message that a test would have sent",
		Errors: []int{http.StatusNotFound},
	}, s.getCaught)
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "get-caught-source", Method: http.MethodGet, Path: "/v1/caught/{id}/source", Tags: []string{tag}, Summary: "Its email as it would have been sent",
		Description: "A test's email with more than 256 KB of files is kept without it.",
		Errors:      []int{http.StatusNotFound},
		Responses: map[string]*huma.Response{"200": {
			Description: "The mail (RFC 5322).", Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}},
	}, s.getCaughtSource)
	if s.Caught == nil {
		return
	}
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-caught-events", Method: http.MethodGet, Path: "/v1/caught/events", Tags: []string{tag}, Summary: "Caught events",
		Description: "In a playground alone: events that an endpoint (HERALD_EVENTS_URL) would have got, the newest first.",
	}, s.listCaughtEvents)
}

// CaughtWhere asks for the messages of one owner's tests.
type CaughtWhere struct {
	Owner string `query:"owner" maxLength:"40" doc:"Whose tests. A token for tests needs none; any other names its own owner, and one with the scope admin any."`
}

// testsOf is the owner of the tests that a caller sees, or "" for the box of a playground.
func (s *Server) testsOf(ctx context.Context, in CaughtWhere) (string, error) {
	c := callerOf(ctx)
	switch {
	case c.admin && in.Owner != "":
		return task.TestOwner(in.Owner), nil
	case !c.admin && in.Owner != "" && task.TestOwner(in.Owner) != c.tests():
		return "", problem(http.StatusForbidden, "insufficient_scope", "the token lacks the scope %s, which the tests of another owner need", ScopeAdmin)
	case in.Owner != "" || c.testing():
		return c.tests(), nil
	case s.Caught != nil:
		return "", nil
	}
	return "", problem(http.StatusNotFound, "not_found", "use a token for tests, or say whose tests: ?owner=shop")
}

// CaughtMessage is one caught message.
type CaughtMessage struct {
	ID          string          `json:"id" doc:"In this list."`
	Message     string          `json:"message,omitempty" doc:"Of a test: the id of the message."`
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
	CaughtWhere
	Cursor string `query:"cursor" maxLength:"100" doc:"The next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// CaughtPage is a page of caught messages.
type CaughtPage struct {
	Items []CaughtMessage `json:"items" nullable:"false"`
	Next  string          `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
}

type caughtPageOutput struct{ Body CaughtPage }

func (s *Server) listCaught(ctx context.Context, in *listCaughtInput) (*caughtPageOutput, error) {
	owner, err := s.testsOf(ctx, in.CaughtWhere)
	if err != nil {
		return nil, err
	}
	page := CaughtPage{Items: []CaughtMessage{}}
	if owner != "" {
		var list []caught.Message
		if list, page.Next, err = s.tests.List(ctx, owner, in.Cursor, in.Limit); err != nil {
			return nil, err
		}
		for _, c := range list {
			m := caughtTest(c)
			m.Text, m.HTML = clip(c.Text), ""
			if c.Channel.Spec().Mail {
				m.Text = ""
			}
			page.Items = append(page.Items, m)
		}
		return &caughtPageOutput{page}, nil
	}
	list, next := s.Caught.List(in.Cursor, in.Limit)
	page.Next = next
	for _, c := range list {
		m := caughtMessage(c)
		if c.Message != nil {
			m.Text = clip(c.Message.Text)
		}
		page.Items = append(page.Items, m)
	}
	return &caughtPageOutput{page}, nil
}

// caughtTest is what a test would have sent.
func caughtTest(c caught.Message) CaughtMessage {
	_, id := task.SplitOwned(c.Message)
	m := CaughtMessage{ID: c.ID, Message: id, Channel: c.Channel, At: c.At, From: c.From, To: c.To, Subject: c.Subject, Text: c.Text, HTML: c.HTML}
	for _, f := range c.Attachments {
		m.Attachments = append(m.Attachments, CaughtFile(f))
	}
	return m
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

type listCaughtEventsInput struct {
	Cursor string `query:"cursor" maxLength:"100" doc:"The next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) listCaughtEvents(_ context.Context, in *listCaughtEventsInput) (*caughtEventPageOutput, error) {
	list, next := s.Caught.Events(in.Cursor, in.Limit)
	page := CaughtEventPage{Items: []CaughtEvent{}, Next: next}
	for _, t := range list {
		page.Items = append(page.Items, CaughtEvent{t.ID, t.EventID, t.Type, t.At, t.Stream, t.Sequence, Object(t.Data)})
	}
	return &caughtEventPageOutput{page}, nil
}

type caughtOutput struct{ Body CaughtMessage }

type caughtInput struct {
	CaughtWhere
	Caught string `path:"id" minLength:"1" maxLength:"20" doc:"Its id in the list."`
}

func (s *Server) getCaught(ctx context.Context, in *caughtInput) (*caughtOutput, error) {
	owner, err := s.testsOf(ctx, in.CaughtWhere)
	if err != nil {
		return nil, err
	}
	if owner != "" {
		c, err := s.tests.Get(ctx, owner, in.Caught)
		if errors.Is(err, caught.ErrNotFound) {
			return nil, noSuchCaught()
		}
		return &caughtOutput{caughtTest(c)}, err
	}
	c := s.Caught.Get(in.Caught)
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

func (s *Server) getCaughtSource(ctx context.Context, in *caughtInput) (*sourceOutput, error) {
	owner, err := s.testsOf(ctx, in.CaughtWhere)
	if err != nil {
		return nil, err
	}
	if owner != "" {
		c, err := s.tests.Get(ctx, owner, in.Caught)
		if errors.Is(err, caught.ErrNotFound) || err == nil && len(c.Source) == 0 {
			return nil, noSuchCaught()
		}
		return sourceOf(c.ID, c.Source), err
	}
	c := s.Caught.Get(in.Caught)
	if c == nil || c.Mail == nil {
		return nil, noSuchCaught()
	}
	return sourceOf(c.ID, c.Mail.Raw), nil
}

func sourceOf(id string, raw []byte) *sourceOutput {
	return &sourceOutput{"message/rfc822", `attachment; filename="` + id + `.eml"`, raw}
}

func noSuchCaught() *Problem {
	return problem(http.StatusNotFound, "not_found", "no such message is kept, or no longer")
}
