package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/remake"
)

// Remaker makes messages again that were sent: *remake.Maker.
type Remaker interface {
	Message(ctx context.Context, id string) (remake.Made, error)
}

func (s *Server) registerSent(api huma.API) {
	Handle(api, ScopeContent, huma.Operation{
		OperationID: "get-message-content", Method: http.MethodGet, Path: "/v1/messages/{id}/content", Tags: []string{"Messages"}, Summary: "A message as it was sent",
		Description: "The bytes that left, made again from the pinned templates and the stored recipient: a mail (message/rfc822, without its DKIM signature), the form that Twilio gets, the JSON of a chat or note. " +
			"Herald-Proof says whether the digest that was stored when it was sent fits: same, differs, or unknown where there is none. Ids of a bulk's messages work too. " +
			"410 says what is missing; of forwards nothing is kept.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusGone},
		Responses: map[string]*huma.Response{"200": {
			Description: "The message.", Content: map[string]*huma.MediaType{"message/rfc822": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
			Headers: map[string]*huma.Param{"Herald-Proof": {Description: "same, differs or unknown.", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"same", "differs", "unknown"}}}},
		}},
	}, s.messageContent)
}

type messageContentOutput struct {
	ContentType string `header:"Content-Type"`
	Proof       string `header:"Herald-Proof"`
	Body        []byte
}

func (s *Server) messageContent(ctx context.Context, in *IDInput) (*messageContentOutput, error) {
	if s.Remaker == nil {
		if _, err := s.Client.MessageStatus(ctx, in.ID); err != nil {
			return nil, err
		}
		return nil, problem(http.StatusGone, "not_reproducible", "this server makes no messages again")
	}
	made, err := s.Remaker.Message(ctx, in.ID)
	switch {
	case errors.Is(err, remake.ErrNotSent):
		return nil, problem(http.StatusConflict, "not_sent", "%s", clip(err.Error()))
	case errors.Is(err, remake.ErrGone):
		return nil, problem(http.StatusGone, "not_reproducible", "%s", clip(err.Error()))
	case err != nil:
		return nil, err
	}
	return &messageContentOutput{made.Type, string(made.Proof), made.Bytes}, nil
}
