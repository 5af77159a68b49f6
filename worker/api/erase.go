package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/erase"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// Eraser removes a person: *erase.Eraser.
type Eraser interface {
	Run(ctx context.Context, address string, block bool) (erase.Report, error)
}

// maxErase bounds an erasure over HTTP: it looks through everything that is stored, and waits for workers.
const maxErase = 10 * time.Minute

func (s *Server) registerErase(api huma.API) {
	if s.Eraser == nil {
		return
	}
	Handle(api, ScopeAdmin, huma.Operation{
		OperationID: "erase-recipient", Method: http.MethodDelete, Path: "/v1/recipients/{address}", Tags: []string{"Suppressions"},
		Summary: "Erase a person",
		Description: "Removes an email address or a phone number, in any spelling, and what goes with it: messages and forwards with their contents, rows of bulks, waiting events, dead letters, tasks, entries of the suppression list. " +
			"What was pending is skipped, with the code erased; counts stay. It looks through everything that is stored, which can take minutes, and waits a minute for what workers have in hand: `inFlight` lists what was not over, then call again. Repeating the call is harmless.",
		Errors: []int{http.StatusConflict},
	}, s.eraseRecipient)
}

type eraseInput struct {
	Stream
	Address  string `path:"address" minLength:"3" maxLength:"1000" doc:"An email address or a phone number." example:"ada@example.com"`
	Suppress bool   `query:"suppress" doc:"Keeps a keyed hash on the suppression list, so that nothing is sent there again. Needs HERALD_ERASE_KEYS."`
}

type erasedOutput struct{ Body erase.Report }

func (s *Server) eraseRecipient(ctx context.Context, in *eraseInput) (*erasedOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, maxErase)
	defer cancel()
	control := http.NewResponseController(in.writer)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Now().Add(maxErase + maxRequest))
	report, err := s.Eraser.Run(ctx, in.Address, in.Suppress)
	var wrong *erase.AddressError
	switch {
	case errors.As(err, &wrong):
		return nil, badParameter("address", "%s", clip(wrong.Error()))
	case errors.Is(err, suppress.ErrNoKey):
		return nil, problem(http.StatusConflict, "no_erase_key", "%s", suppress.ErrNoKey)
	}
	return &erasedOutput{report}, err
}
