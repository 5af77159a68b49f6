package main

import (
	"context"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// singleArg names a message or forward.
type singleArg struct {
	ID      string `arg:"" help:"As send or forward printed it."`
	Forward bool   `help:"The forward of this id, even if a message has it too."`
}

type statusCmd struct {
	singleArg `embed:""`
	JSON      bool `name:"json" help:"Print JSON."`
}

// Run prints a message's state. A reason, where there is one, follows as code and text.
func (s *statusCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		status := q.MessageStatus
		if s.Forward {
			status = q.ForwardStatus
		}
		record, err := status(ctx, s.ID)
		if err != nil {
			return err
		}
		state := record.State.String()
		if !s.JSON && record.Reason.Code != "" {
			state += " " + record.Reason.Code + ": " + record.Reason.Text
		}
		return printFate(std, s.JSON, s.ID, state, record.Reason)
	})
}

type cancelCmd struct {
	singleArg `embed:""`
}

// Run cancels a message or forward. It fails when that is too late.
func (s *cancelCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		cancel := q.CancelMessage
		if s.Forward {
			cancel = q.CancelForward
		}
		if err := cancel(ctx, s.ID); err != nil {
			return err
		}
		return printFate(std, false, s.ID, "cancelled", ledger.Reason{})
	})
}
