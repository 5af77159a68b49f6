package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// PauseState says whether everything is paused.
type PauseState struct {
	Paused bool       `json:"paused"`
	Since  *time.Time `json:"since,omitempty"`
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
}

func (s *Server) getPause(ctx context.Context, _ *struct{}) (*pauseOutput, error) {
	since, err := s.Client.PausedSince(ctx)
	return &pauseOutput{PauseState{!since.IsZero(), someTime(since)}}, err
}
