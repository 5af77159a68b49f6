package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// withClient connects, calls do and disconnects.
func withClient(ctx context.Context, c *app.Settings, std stdio, do func(*app.Client) error) (err error) {
	q, err := app.NewClient(ctx, c, c.Logger(std.err))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	return do(q)
}

// printBulk prints how far a bulk is.
func printBulk(ctx context.Context, q *app.Client, std stdio, id string, asJSON bool) error {
	progress, err := q.BulkProgress(ctx, id)
	if err != nil {
		return err
	}
	return printProgress(std, progress, asJSON)
}

type bulkListCmd struct {
	Owner string `help:"Those of this owner of tokens alone."`
	Topic string `placeholder:"NAME" help:"Those that were given this topic alone."`
	Tag   string `placeholder:"WORD" help:"Those with this tag alone."`
	Most  int    `default:"20" help:"How many at the most."`
	JSON  bool   `name:"json" help:"Print JSON, one bulk a line."`
}

// Run prints the newest bulks.
func (b *bulkListCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		listed, err := q.Bulks().Page(ctx, bulk.Range{Owner: b.Owner, Topic: b.Topic, Tag: b.Tag, Most: b.Most})
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		if !b.JSON {
			fmt.Fprintln(table, "ID\tSTATE\tPLANNED\tPENDING\tSENT\tFAILED\tSUPPRESSED\tSKIPPED\tUNKNOWN\tDONE\t")
		}
		for _, l := range listed {
			s, err := q.Bulks().Status(ctx, l.ID)
			if errors.Is(err, bulk.ErrNotFound) {
				continue // its time ran out just now
			}
			if bulk.IsUnreadable(err) {
				fmt.Fprintf(std.err, "herald: %v\n", err)
				continue
			}
			if err != nil {
				return err
			}
			if b.JSON {
				if err := json.NewEncoder(std.out).Encode(s); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.ID, s.State, s.Planned, s.Pending, s.Sent, s.Failed, s.Suppressed, s.Skipped, s.Unknown, s.Done)
		}
		return table.Flush()
	})
}

// bulkFlags name a bulk and how its state is printed.
type bulkFlags struct {
	ID   string `arg:"" help:"Id of the bulk."`
	JSON bool   `name:"json" help:"Print JSON."`
}

type bulkPauseCmd struct {
	bulkFlags `embed:""`
}

// Run pauses a bulk.
func (b *bulkPauseCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := q.PauseBulk(ctx, b.ID); err != nil {
			return err
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}

type bulkResumeCmd struct {
	bulkFlags `embed:""`
}

// Run lets a bulk go on.
func (b *bulkResumeCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := q.ResumeBulk(ctx, b.ID); err != nil {
			return err
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}

type bulkCancelCmd struct {
	bulkFlags `embed:""`
}

// Run cancels a bulk.
func (b *bulkCancelCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := q.CancelBulk(ctx, b.ID); err != nil {
			return err
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}

type bulkRateCmd struct {
	bulkFlags `embed:""`
	PerSecond float64 `arg:"" help:"Messages a second, all workers together; 0 is no limit."`
}

// Run changes a bulk's rate.
func (b *bulkRateCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		if err := q.Bulks().SetRate(ctx, b.ID, b.PerSecond); err != nil {
			return err
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}

type bulkResendCmd struct {
	bulkFlags `embed:""`
	State     string `enum:"failed,skipped,suppressed" default:"failed" help:"Which messages: failed, skipped or suppressed."`
}

// Run makes recipients pending again and starts the bulk again.
func (b *bulkResendCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		from, err := ledger.ParseState(b.State)
		if err != nil {
			return err
		}
		n, err := q.ResendBulk(ctx, b.ID, from)
		if err != nil {
			return err
		}
		if !b.JSON {
			fmt.Fprintf(std.out, "%d recipients are pending again\n", n)
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}

type bulkResolveCmd struct {
	bulkFlags   `embed:""`
	resolveFlag `embed:""`
}

// Run settles all messages of a bulk that are unknown.
func (b *bulkResolveCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		n, err := q.ResolveBulk(ctx, b.ID, enqueue.Resolution(b.As))
		if err != nil {
			return err
		}
		if !b.JSON {
			fmt.Fprintf(std.out, "%d messages resolved\n", n)
		}
		return printBulk(ctx, q, std, b.ID, b.JSON)
	})
}
