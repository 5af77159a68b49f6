package main

import (
	"context"
	"os"
	"os/user"

	"github.com/heraldsend/herald/worker/app"
)

// person is who calls, as who made or approved something: the user of this machine. Whoever can write to Redis can say anything
// here; where that matters, people have tokens and no Redis.
func person() string {
	if u, err := user.Current(); err == nil {
		return "user:" + u.Username
	}
	return "user:" + first(os.Getenv("USER"), "unknown")
}

type bulkApproveCmd struct {
	bulkFlags `embed:""`
	Plan      string `placeholder:"HASH" help:"Approve only what a dry run looked at: the hash that it printed."`
	As        string `placeholder:"NAME" help:"In whose name; the user of this machine when empty."`
}

// Run approves a bulk.
func (b *bulkApproveCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	by := person()
	if b.As != "" {
		by = "user:" + b.As
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		if _, err := q.Bulks().Approve(ctx, b.ID, by, b.Plan); err != nil {
			return err
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}
