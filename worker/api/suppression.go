package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/topic"
)

func (s *Server) registerSuppressions(api huma.API) {
	const path, tag = "/v1/suppressions", "Suppressions"
	Handle(api, ScopeRead, huma.Operation{
		OperationID: "list-suppressions", Method: http.MethodGet, Path: path, Tags: []string{tag}, Summary: "Addresses that must not be written to",
		Description: "Pages in no order. With an address: the entry because of which it may not be written to about a topic, or none. With a topic and no address a page may hold few items, or none, and still have a next one. The whole list needs the scope admin.",
	}, s.listSuppressions)
	Handle(api, ScopeAdmin, huma.Operation{
		OperationID: "add-suppressions", Method: http.MethodPost, Path: path, Tags: []string{tag}, Summary: "Add entries",
		Description: "All of them or, when one is wrong, none. An entry that is there is replaced.", DefaultStatus: http.StatusNoContent,
	}, s.addSuppressions)
	Handle(api, ScopeAdmin, huma.Operation{
		OperationID: "remove-suppression", Method: http.MethodDelete, Path: path, Tags: []string{tag}, Summary: "Remove an entry",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	}, s.removeSuppression)
}

// Suppression says whether an address, or all addresses of a domain, may be written to.
type Suppression struct {
	Address string    `json:"address" minLength:"1" maxLength:"1000" doc:"An address, or *@ and a domain for all of its addresses (email)." example:"ada@example.com"`
	Topic   string    `json:"topic,omitempty" pattern:"^(\\*|[a-z0-9][a-z0-9_-]{0,39})$" patternDescription:"* or the name of a topic" doc:"The topic that it is about; * is all of them, and so is none." example:"news"`
	Allow   bool      `json:"allow,omitempty" doc:"May be written to although its domain may not."`
	Reason  string    `json:"reason,omitempty" maxLength:"40" doc:"A code such as unsubscribed, hard_bounce or complaint; manual where missing." example:"unsubscribed"`
	Source  string    `json:"source,omitempty" maxLength:"100" doc:"Where the entry comes from, for people."`
	At      time.Time `json:"at,omitzero" doc:"Now where missing."`
}

type listSuppressionsInput struct {
	Channel message.Channel `query:"channel" default:"email"`
	Address string          `query:"address" maxLength:"1000" doc:"Asks whether this address may be written to."`
	Topic   string          `query:"topic" maxLength:"40" doc:"With an address: about this topic; the default one where missing. Without: the entries about this topic alone, * being those about all."`
	Cursor  string          `query:"cursor" maxLength:"100" doc:"The next of the page before."`
	Limit   int             `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"About how many."`
}

// SuppressionPage is a page of a list.
type SuppressionPage struct {
	Items []Suppression `json:"items" nullable:"false"`
	Next  string        `json:"next,omitempty" doc:"The cursor of what follows; missing at the end."`
}

type suppressionPageOutput struct{ Body SuppressionPage }

func (s *Server) listSuppressions(ctx context.Context, in *listSuppressionsInput) (*suppressionPageOutput, error) {
	channel := in.Channel
	page := SuppressionPage{Items: []Suppression{}}
	if in.Address != "" {
		found, err := s.Suppressions.Check(ctx, channel, in.Topic, []string{in.Address})
		var unknown *topic.Unknown
		if errors.As(err, &unknown) {
			return nil, badParameter("topic", "%s", unknown)
		}
		if err == nil && found[0] != nil {
			page.Items = append(page.Items, suppressionOf(*found[0]))
		}
		return &suppressionPageOutput{page}, err
	}
	if err := callerOf(ctx).wholeList(); err != nil {
		return nil, err
	}
	entries, next, err := s.Suppressions.Page(ctx, channel, in.Cursor, in.Limit)
	if errors.Is(err, suppress.ErrCursor) {
		return nil, badParameter("cursor", "%s", err)
	}
	for _, e := range entries {
		if in.Topic != "" && e.Topic != in.Topic {
			continue
		}
		page.Items = append(page.Items, suppressionOf(e))
	}
	page.Next = next
	return &suppressionPageOutput{page}, err
}

func suppressionOf(e suppress.Entry) Suppression {
	return Suppression{Address: e.Address, Topic: e.Topic, Allow: e.Allow, Reason: e.Reason, Source: e.Source, At: e.At}
}

type addSuppressionsInput struct {
	Body struct {
		Channel message.Channel `json:"channel"`
		Entries []Suppression   `json:"entries" minItems:"1" maxItems:"1000" nullable:"false"`
	}
}

func (s *Server) addSuppressions(ctx context.Context, in *addSuppressionsInput) (*struct{}, error) {
	channel := in.Body.Channel
	var entries []suppress.Entry
	var wrong fault.List
	for i, e := range in.Body.Entries {
		entry := suppress.Entry{Address: e.Address, Topic: e.Topic, Allow: e.Allow, Reason: e.Reason, Source: e.Source, At: e.At}
		wrong.Join(fault.Pointer("entries", i), s.Suppressions.Validate(channel, entry))
		entries = append(entries, entry)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return nil, s.Suppressions.Add(ctx, channel, entries...)
}

type removeSuppressionInput struct {
	Channel message.Channel `query:"channel" default:"email"`
	Address string          `query:"address" required:"true" minLength:"1" maxLength:"1000" doc:"An address in any spelling, or *@ and a domain."`
	Topic   string          `query:"topic" maxLength:"40" doc:"The entry about this topic alone, * being the one about all. All of its entries where missing."`
}

func (s *Server) removeSuppression(ctx context.Context, in *removeSuppressionInput) (*struct{}, error) {
	n, err := s.Suppressions.Remove(ctx, in.Channel, in.Topic, in.Address)
	var wrong *suppress.PatternError
	if errors.As(err, &wrong) {
		return nil, badParameter("address", "%s", clip(wrong.Error()))
	}
	if err == nil && n == 0 {
		return nil, problem(http.StatusNotFound, "not_found", "the list has no such entry")
	}
	return nil, err
}
