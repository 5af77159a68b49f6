package main

import (
	"context"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/app"
)

type pauseCmd struct {
	All bool `required:"" help:"All workers stop sending: bulks, messages and forwards. For one bulk: herald bulk pause."`
}

// Run pauses everything.
func (*pauseCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		since, err := q.PauseAll(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "everything is paused since %s; what is enqueued waits for `herald resume --all`\n", since.Format(time.RFC3339))
		return err
	})
}

type resumeCmd struct {
	All bool `required:"" help:"All workers send again. Bulks that were paused by themselves stay so."`
}

// Run resumes everything.
func (*resumeCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := q.ResumeAll(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(std.out, "everything is resumed")
		return err
	})
}
