package main

import (
	"context"
	"errors"
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
	All         bool   `help:"All workers send again. Bulks that were paused by themselves stay so." xor:"what" required:""`
	From        string `help:"End safe mode: send what is due from this time on (RFC 3339, or now). What is pending from before may have gone out, and becomes unknown: herald bulk resolve." placeholder:"TIME" xor:"what" required:""`
	NothingLost bool   `help:"End safe mode: nothing went out of which Redis doesn't know. All that is pending is sent." xor:"what" required:""`
}

// Run resumes everything, or ends safe mode.
func (r *resumeCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	from := time.Now()
	if r.From != "" && r.From != "now" {
		var err error
		if from, err = time.Parse(time.RFC3339, r.From); err != nil {
			return usageError{fmt.Errorf("--from %.100q: want a time such as 2026-01-31T09:00:00Z, or now", r.From)}
		}
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		if r.All {
			if err := q.ResumeAll(ctx); err != nil {
				return err
			}
			_, err := fmt.Fprintln(std.out, "everything is resumed")
			safe, asked := q.Safe(ctx)
			if err = errors.Join(err, asked); err == nil && safe.On() {
				_, err = fmt.Fprintln(std.out, safe.Words())
			}
			return err
		}
		if r.NothingLost {
			if err := q.NothingLost(ctx); err != nil {
				return err
			}
			_, err := fmt.Fprintln(std.out, "safe mode is over: what is pending is sent")
			return err
		}
		unknown, err := q.SendFrom(ctx, from)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(std.out, "safe mode is over: what is due from %s on is sent; %d messages that were due before are unknown\n", from.UTC().Format(time.RFC3339), unknown)
		return err
	})
}
