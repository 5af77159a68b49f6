package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/worker/fault"
)

// PauseState says whether everything is paused.
type PauseState struct {
	Paused bool       `json:"paused"`
	Since  *time.Time `json:"since,omitempty"`
	Safe   *SafeMode  `json:"safe,omitempty" doc:"While Redis may have forgotten what was sent."`
}

// SafeMode says why nothing is sent before an operator says from when.
type SafeMode struct {
	Code     string     `json:"code" enum:"old_data,lost_too_much,worker_gone"`
	Text     string     `json:"text"`
	Since    *time.Time `json:"since,omitempty" doc:"What happened after this may be forgotten; missing if that is not known."`
	OnlyHold bool       `json:"onlyHold" doc:"What is sent under the policy resend goes on."`
}

type endSafeInput struct {
	Body struct {
		From        time.Time `json:"from,omitempty" doc:"What is due from then on is sent. What is pending from before may have gone out, and becomes unknown."`
		NothingLost bool      `json:"nothingLost,omitempty" doc:"Nothing went out of which Redis doesn't know: all that is pending is sent. Instead of from."`
	}
}

type endSafeOutput struct {
	Body struct {
		Unknown int `json:"unknown" doc:"Messages that became unknown."`
	}
}

type pauseOutput struct{ Body PauseState }

func (s *Server) registerPause(api huma.API) {
	const tag = "Operations"
	add := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary}
	}
	Handle(api, ScopeRead, add("get-pause", http.MethodGet, "/v1/pause", "Whether everything is paused"), s.getPause)
	pause := add("pause-all", http.MethodPost, "/v1/pause", "Pause everything within a second")
	pause.Description = "All workers stop sending, whatever it is; what is in flight finishes. What is enqueued waits."
	Handle(api, ScopeAdmin, pause, func(ctx context.Context, in *struct{}) (*pauseOutput, error) {
		if _, err := s.Client.PauseAll(ctx); err != nil {
			return nil, err
		}
		return s.getPause(ctx, in)
	})
	Handle(api, ScopeAdmin, add("resume-all", http.MethodPost, "/v1/resume", "Let all workers send again"), func(ctx context.Context, in *struct{}) (*pauseOutput, error) {
		if err := s.Client.ResumeAll(ctx); err != nil {
			return nil, err
		}
		return s.getPause(ctx, in)
	})
	end := add("end-safe-mode", http.MethodPost, "/v1/safe-mode/end", "End safe mode: say from when on to send")
	end.Errors = append(end.Errors, http.StatusConflict)
	Handle(api, ScopeAdmin, end, s.endSafe)
}

func (s *Server) endSafe(ctx context.Context, in *endSafeInput) (out *endSafeOutput, err error) {
	out = &endSafeOutput{}
	switch {
	case in.Body.NothingLost == !in.Body.From.IsZero():
		return nil, fault.At("/from", fault.Missing, "say from when on to send, or that nothing was lost: one of both")
	case in.Body.NothingLost:
		err = s.Client.NothingLost(ctx)
	default:
		out.Body.Unknown, err = s.Client.SendFrom(ctx, in.Body.From)
	}
	return out, err
}

func (s *Server) getPause(ctx context.Context, _ *struct{}) (*pauseOutput, error) {
	since, err := s.Client.PausedSince(ctx)
	if err != nil {
		return nil, err
	}
	state := PauseState{Paused: !since.IsZero(), Since: someTime(since)}
	safe, err := s.Client.Safe(ctx)
	if safe.On() {
		state.Safe = &SafeMode{safe.Why, safe.Words(), someTime(safe.Since), safe.OnlyHold}
	}
	return &pauseOutput{state}, err
}
