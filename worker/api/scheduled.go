package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

func (s *Server) registerScheduled(api huma.API) {
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-scheduled", Method: http.MethodGet, Path: "/v1/scheduled", Tags: []string{"Messages"}, Summary: "What waits for its time",
		Description: "Messages and forwards that are sent later, in the order of their times. Bulks: GET /v1/bulks?state=scheduled.",
	}, s.listScheduled)
	Handle(api, ScopeSend, huma.Operation{
		OperationID: "reschedule-message", Method: http.MethodPatch, Path: "/v1/messages/{id}", Tags: []string{"Messages"}, Summary: "Send a message at another time",
		Description: "Of a message that is pending. A time that has passed is now. A message that was sent, is being sent or was given up is a conflict. The request that was made first can still be repeated.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, s.reschedule)
}

// RescheduleBody is another time.
type RescheduleBody struct {
	SendAt time.Time `json:"sendAt" doc:"At most 60 days ahead."`
}

type rescheduleInput struct {
	IDInput
	Body RescheduleBody
}

func (s *Server) reschedule(ctx context.Context, in *rescheduleInput) (*MessageStateOutput, error) {
	if err := s.Client.Reschedule(ctx, in.ID, in.Body.SendAt); err != nil {
		return nil, err
	}
	return s.getState(s.Client.MessageStatus)(ctx, &in.IDInput)
}

type listScheduledInput struct {
	Cursor string `query:"cursor" maxLength:"300" doc:"The next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"100"`
}

// ScheduledItem is a message or forward that waits for its time.
type ScheduledItem struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind" enum:"message,forward"`
	Channel message.Channel `json:"channel,omitempty"`
	To      string          `json:"to,omitempty" doc:"As it was asked for."`
	SendAt  time.Time       `json:"sendAt" doc:"To the second."`
}

// ScheduledPage is a page of what waits.
type ScheduledPage struct {
	Items []ScheduledItem `json:"items" nullable:"false"`
	Next  string          `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
}

type scheduledPageOutput struct{ Body ScheduledPage }

func (s *Server) listScheduled(ctx context.Context, in *listScheduledInput) (*scheduledPageOutput, error) {
	var after queue.Waiting
	if in.Cursor != "" {
		at, name, err := parseCursor(in.Cursor)
		kind, id, ok := strings.Cut(name, ":")
		if err != nil || !ok {
			return nil, badParameter("cursor", "not a cursor of this list")
		}
		after = queue.Waiting{Owner: ledger.Owner{Kind: ledger.Kind(kind), ID: id}, At: time.Unix(at, 0).UTC()}
	}
	by := callerOf(ctx)
	owner := by.listOwner()
	if by.admin {
		owner = enqueue.AllOwners
	}
	found, err := s.Client.Scheduled(ctx, owner, after, in.Limit)
	if err != nil {
		return nil, err
	}
	page := ScheduledPage{Items: []ScheduledItem{}}
	for _, w := range found {
		page.Items = append(page.Items, ScheduledItem{by.shown(w.Owner.ID), string(w.Owner.Kind), w.Channel, w.To, w.At})
	}
	if len(found) == in.Limit {
		last := found[len(found)-1]
		page.Next = cursor(last.At.Unix(), string(last.Owner.Kind)+":"+last.Owner.ID)
	}
	return &scheduledPageOutput{page}, nil
}

// cursor names a place in a list: a number by which it is ordered, and a name among those that have the same.
func cursor(at int64, name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at, 36) + "," + name))
}

func parseCursor(text string) (at int64, name string, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, "", err
	}
	number, name, _ := strings.Cut(string(data), ",")
	at, err = strconv.ParseInt(number, 36, 64)
	return at, name, err
}
