package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/store/dead"
)

func (s *Server) registerDead(api huma.API) {
	const tag = "Operations"
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-dead", Method: http.MethodGet, Path: "/v1/dead", Tags: []string{tag}, Summary: "Dead letters",
		Description: "Tasks that were given up and belong to no single recipient, the newest first, without payloads. A page may hold few items, or none, and still have a next one.",
	}, s.listDead)
	Handle(api, ScopeAdmin, huma.Operation{
		OperationID: "get-dead", Method: http.MethodGet, Path: "/v1/dead/{id}", Tags: []string{tag}, Summary: "A dead letter with its payload",
		Errors: []int{http.StatusNotFound},
	}, s.getDead)
	Handle(api, ScopeAdmin, huma.Operation{
		OperationID: "retry-dead", Method: http.MethodPost, Path: "/v1/dead/{id}/retry", Tags: []string{tag}, Summary: "Try a dead letter again",
		Description: "Puts its payload into the queue and drops the letter. No message is sent a second time.", DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, s.retryDead)
	Handle(api, ScopeAdmin, huma.Operation{
		OperationID: "drop-dead", Method: http.MethodDelete, Path: "/v1/dead/{id}", Tags: []string{tag}, Summary: "Drop a dead letter",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	}, s.dropDead)
}

// DeadLetter is a task that was given up.
type DeadLetter struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind" doc:"Of the work." example:"event.deliver"`
	Reason   string    `json:"reason" doc:"Why, in a sentence."`
	Owner    string    `json:"owner,omitempty" doc:"Whose work it was: message:ID, forward:ID, bulk:ID, or an event's stream."`
	Attempts int       `json:"attempts" doc:"Tries before it was given up."`
	At       time.Time `json:"at"`
	Payload  Object    `json:"payload,omitempty" doc:"What would have been worked on. In lists it is left out."`
}

// ownable are the kinds of work, in the owner of a letter, that belong to the owner of a token.
var ownable = map[string]bool{"message": true, "forward": true, "bulk": true}

func deadLetter(l dead.Letter) DeadLetter {
	return DeadLetter{ID: l.ID, Kind: l.Kind, Reason: l.Reason, Owner: l.Owner, Attempts: l.Attempts, At: l.At}
}

type listDeadInput struct {
	Kind   string `query:"kind" maxLength:"100" doc:"Letters of this kind alone."`
	Cursor string `query:"cursor" maxLength:"300" doc:"The next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// DeadPage is a page of dead letters.
type DeadPage struct {
	Items  []DeadLetter   `json:"items" nullable:"false"`
	Next   string         `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
	Counts map[string]int `json:"counts" doc:"How many there are of each kind, whosever they are."`
}

type deadPageOutput struct{ Body DeadPage }

func (s *Server) listDead(ctx context.Context, in *listDeadInput) (*deadPageOutput, error) {
	letters, next, err := s.Client.Dead().List(ctx, in.Kind, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	counts, err := s.Client.Dead().Count(ctx)
	if err != nil {
		return nil, err
	}
	page := DeadPage{Items: []DeadLetter{}, Next: next, Counts: counts}
	by := callerOf(ctx)
	for _, l := range letters {
		kind, id, _ := strings.Cut(l.Owner, ":")
		if !by.admin && !(ownable[kind] && by.owns(id)) {
			continue
		}
		page.Items = append(page.Items, deadLetter(l))
	}
	return &deadPageOutput{page}, nil
}

type deadInput struct {
	ID string `path:"id" minLength:"1" maxLength:"300"`
}

type deadOutput struct{ Body DeadLetter }

func (s *Server) getDead(ctx context.Context, in *deadInput) (*deadOutput, error) {
	l, err := s.Client.Dead().Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := deadLetter(l)
	out.Payload = Object(l.Payload)
	return &deadOutput{out}, nil
}

func (s *Server) retryDead(ctx context.Context, in *deadInput) (*struct{}, error) {
	err := s.Client.RetryDead(ctx, in.ID)
	if err == nil || unavailable(err) || errors.Is(err, context.Canceled) || errors.Is(err, dead.ErrNotFound) {
		return nil, err
	}
	p := problem(http.StatusConflict, "not_understood", "this version of Herald doesn't understand the letter's payload; it stays")
	p.cause = err
	return nil, p
}

func (s *Server) dropDead(ctx context.Context, in *deadInput) (*struct{}, error) {
	return nil, s.Client.Dead().Drop(ctx, in.ID)
}
