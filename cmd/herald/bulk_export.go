package main

import (
	"context"
	"fmt"
	"io"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/ledger"
)

type bulkExportCmd struct {
	ID     string `arg:"" help:"Id of the bulk."`
	State  string `placeholder:"STATE" help:"Only messages in this state: pending, sent, failed, suppressed, skipped or unknown; or about which this came back: delivered, bounced_soft, bounced_hard, opted_out, unsubscribed, complained, or unconfirmed for nothing."`
	Format string `enum:"csv,ndjson" default:"csv" help:"csv, or ndjson: one JSON object a line."`
}

// Run prints what became of each message.
func (b *bulkExportCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	only, err := parseOnly(b.State)
	if err != nil {
		return usageError{fmt.Errorf("--state: %w", err)}
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		if b.Format == "ndjson" {
			return exportNDJSON(ctx, q, std.out, b.ID, only)
		}
		return export(ctx, q, std.out, b.ID, only)
	})
}

// only says which messages are wanted; nil: all.
type only func(bulk.Result) bool

// parseOnly reads a state, or what came back.
func parseOnly(name string) (only, error) {
	if name == "" {
		return nil, nil
	}
	if came, ok := ledger.ParseFeedbackState(name); ok {
		return func(r bulk.Result) bool { return r.State == ledger.Sent && r.Feedback.State == came }, nil
	}
	state, err := ledger.ParseState(name)
	return func(r bulk.Result) bool { return r.State == state }, err
}

// results calls do for each message that is wanted.
func results(ctx context.Context, q *app.Client, id string, wanted only, do func(bulk.Result) error) error {
	for r, err := range q.Bulks().Results(ctx, id) {
		if err != nil {
			return err
		}
		if r.State == ledger.Claimed {
			r.State = ledger.Pending // as the counts show it
		}
		if wanted != nil && !wanted(r) {
			continue
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// export writes what became of each message as CSV.
func export(ctx context.Context, q *app.Client, to io.Writer, id string, wanted only) error {
	w, err := bulk.NewResultWriter(to)
	if err != nil {
		return err
	}
	if err := results(ctx, q, id, wanted, w.Write); err != nil {
		return err
	}
	return w.Flush()
}

// exportNDJSON writes what became of each message as one JSON object a line.
func exportNDJSON(ctx context.Context, q *app.Client, to io.Writer, id string, wanted only) error {
	out := newEncoder(to)
	return results(ctx, q, id, wanted, func(r bulk.Result) error {
		return out.Encode(struct {
			ID        string `json:"id"`
			Recipient string `json:"recipient"` // what is "to" of a single message
			fate
		}{r.ID, r.To, fateOf("", r.Channel, "", r.Record, r.Details, r.Waiting, r.Feedback)})
	})
}
