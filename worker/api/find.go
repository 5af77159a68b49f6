package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
)

func (s *Server) registerFind(api huma.API) {
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "find-messages", Method: http.MethodGet, Path: "/v1/messages", Tags: []string{"Messages"}, Summary: "The messages to a person",
		Description: "Single messages, messages of bulks and forwards to one address, in any of its spellings, the newest first. " +
			"A page may hold few items, or none, and still have a next one. Single messages and forwards that a version before this operation enqueued are found by their id alone.",
		Errors: []int{http.StatusNotFound},
	}, s.findMessages)
}

type findMessagesInput struct {
	Recipient string    `query:"recipient" required:"true" minLength:"1" maxLength:"1000" doc:"An email address, a phone number, or a conversation's id." example:"ada@example.com"`
	State     string    `query:"state" enum:"pending,sent,done,failed,suppressed,skipped,unknown" doc:"Those in this state alone."`
	Feedback  string    `query:"feedback" enum:"unconfirmed,delivered,bounced_soft,bounced_hard,opted_out,unsubscribed,complained" doc:"Those alone about which this came back; unconfirmed: that were sent, and nothing came back."`
	Bulk      string    `query:"bulk" maxLength:"200" doc:"Those of this bulk alone."`
	Topic     string    `query:"topic" maxLength:"100" doc:"Those of this topic alone."`
	Tag       string    `query:"tag" maxLength:"100" doc:"Those with this tag alone."`
	Since     time.Time `query:"since" doc:"Those of this time or later."`
	Cursor    string    `query:"cursor" maxLength:"400" doc:"The next of the page before."`
	Limit     int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// FoundMessage is a message to the person who was looked for.
type FoundMessage struct {
	Kind string    `json:"kind" enum:"message,forward,bulk" doc:"A single message, a forward, or a message of a bulk."`
	Bulk string    `json:"bulk,omitempty" doc:"The id of its bulk."`
	Time time.Time `json:"time" doc:"When it was enqueued or, where later, was to be sent; of a bulk, when that was made. The list is in this order."`
	MessageState
}

// FoundPage is a page of what was found.
type FoundPage struct {
	Items      []FoundMessage `json:"items" nullable:"false"`
	Next       string         `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
	Unreadable []string       `json:"unreadable,omitempty" doc:"Ids of bulks whose data in Redis can't be read: what they hold is not known."`
}

type foundPageOutput struct{ Body FoundPage }

func (s *Server) findMessages(ctx context.Context, in *findMessagesInput) (*foundPageOutput, error) {
	by := callerOf(ctx)
	found, err := s.Client.Find(ctx, enqueue.Search{
		Recipient: in.Recipient, Country: s.Country, State: in.State, Feedback: in.Feedback, Bulk: by.stored(in.Bulk), Topic: in.Topic, Tag: in.Tag, Since: in.Since,
		Owner: by.listOwner(), Cursor: in.Cursor, Most: in.Limit,
	})
	if faults := fault.In(err); len(faults) > 0 {
		return nil, badParameter(strings.TrimPrefix(faults[0].Pointer, "/"), "%s", clip(faults[0].Detail))
	}
	if err != nil {
		return nil, err
	}
	page := FoundPage{Items: []FoundMessage{}, Next: found.Next}
	for _, m := range found.Matches {
		page.Items = append(page.Items, FoundMessage{string(m.Kind), by.shown(m.Bulk), m.Time, messageState(by, m.Status)})
	}
	for _, id := range found.Unreadable {
		page.Unreadable = append(page.Unreadable, by.shown(id))
	}
	return &foundPageOutput{page}, nil
}
