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
