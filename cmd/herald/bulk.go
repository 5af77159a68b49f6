package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/ledger"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

type bulkCmd struct {
	Send    bulkSendCmd    `cmd:"" help:"Store an audience and send everyone in it a message."`
	List    bulkListCmd    `cmd:"" help:"Print the newest bulks and how far they are."`
	Status  bulkStatusCmd  `cmd:"" help:"Print how far a bulk is."`
	Export  bulkExportCmd  `cmd:"" help:"Print what became of each recipient, as CSV."`
	Pause   bulkPauseCmd   `cmd:"" help:"Stop a bulk; what is in flight finishes."`
	Resume  bulkResumeCmd  `cmd:"" help:"Let a paused bulk go on."`
	Cancel  bulkCancelCmd  `cmd:"" help:"End a bulk for good: whoever is pending is skipped."`
	Rate    bulkRateCmd    `cmd:"" help:"Change how many messages a second a bulk may send."`
	Resend  bulkResendCmd  `cmd:"" help:"Send again to everyone who failed, or was skipped or suppressed."`
	Resolve bulkResolveCmd `cmd:"" help:"Settle the recipients of whom nobody knows whether the message arrived."`
}

type bulkSendCmd struct {
	contentFlags `embed:""`
	Audience     string  `required:"" placeholder:"FILE" help:"CSV with a header row of field paths (customer.email,customer.firstName,locale), or NDJSON; packed by gzip or Zstandard, too. - for standard input."`
	DryRun       bool    `help:"Send nothing: render everyone and report what would fail, be blank, cost."`
	Sample       int     `placeholder:"N" help:"With --dry-run: show N of the messages."`
	Plan         string  `placeholder:"HASH" help:"Send only what a dry run looked at: the hash that it printed."`
	ID           string  `name:"id" help:"Id of the bulk; a fresh one when empty."`
	OnBadRow     string  `enum:"stop,skip" default:"stop" help:"Send nothing when a row can't be read, or skip that row."`
	Rate         float64 `placeholder:"N" help:"Messages a second that all workers together may send of this bulk; no limit when 0."`
	Wait         bool    `help:"Wait until the bulk is complete, and show its progress."`
	Results      string  `placeholder:"FILE" help:"Write what became of each recipient to this CSV file. Needs --wait."`
	JSON         bool    `name:"json" help:"Print JSON."`
}

// Run stores the bulk, starts it and prints its id. With --wait it returns when the bulk is complete.
func (b *bulkSendCmd) Run(ctx context.Context, c *config, std stdio) (err error) {
	if b.Results != "" && !b.Wait {
		return usageError{errors.New("--results needs --wait")}
	}
	data, err := b.context(std)
	if err != nil {
		return err
	}
	channel := message.Channel(b.Channel)
	file, name, err := openInput(b.Audience, std)
	if err != nil {
		return err
	}
	defer file.Close()
	audience, err := bulk.OpenAudience(file, name, channel)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	d := bulk.Definition{
		ID: b.ID, Channel: channel, From: b.From, ReplyTo: b.ReplyTo, Context: data, Locale: c.Locale, Timezone: c.Timezone,
		Policy: task.Policy(b.Policy), OnIssue: task.IssuePolicy(b.OnIssue),
	}
	if b.DryRun {
		return b.dryRun(ctx, c, std, d, audience)
	}
	var results *os.File
	if b.Results != "" {
		if results, err = os.Create(b.Results); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, results.Close()) }()
	}
	var stop closers
	defer func() { err = errors.Join(err, stop.close()) }()
	q, err := newClient(ctx, c, c.logger(std), &stop)
	if err != nil {
		return err
	}
	if d.Content, err = b.content(ctx, q, c); err != nil {
		return err
	}
	if d.Attachments, err = b.attachments(ctx, q, attach.Bulk()); err != nil {
		return err
	}
	skipped := 0
	show := newProgress(std)
	options := enqueue.BulkOptions{Rate: b.Rate, OnProgress: show.stored}
	if b.OnBadRow == "skip" {
		options.OnBadRow = func(bad *bulk.RowError) error {
			if skipped++; skipped <= 10 {
				fmt.Fprintf(std.err, "herald: %s: %v (skipped)\n", name, bad)
			}
			return nil
		}
	}
	if b.Plan != "" {
		plan, err := bulk.NewPlan(d, d.Content.Sources)
		if err != nil {
			return err
		}
		audience = plan.Require(b.Plan, audience)
	}
	id, err := q.Bulk(ctx, d, audience, options)
	show.storedAll()
	var bad *bulk.RowError
	if errors.As(err, &bad) {
		return fmt.Errorf("%s: %w; nothing was sent: mend the row, or pass --on-bad-row skip", name, bad)
	}
	if errors.Is(err, bulk.ErrPlan) {
		return fmt.Errorf("%w; nothing was sent: look at it again with --dry-run", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if skipped > 0 {
		fmt.Fprintf(std.err, "herald: %s: %d rows skipped in all\n", name, skipped)
	}
	if !b.Wait {
		return b.print(ctx, q, std, id)
	}
	if !b.JSON {
		fmt.Fprintln(std.out, id)
	}
	status, err := awaitBulk(ctx, q, std, id)
	if err != nil {
		return fmt.Errorf("bulk %s: %w", id, err)
	}
	if results != nil {
		if err := export(ctx, q, results, id, nil); err != nil {
			return err
		}
	}
	return printStatus(std, status, b.JSON)
}

func (b *bulkSendCmd) print(ctx context.Context, q *client, std stdio, id string) error {
	if b.JSON {
		return printBulk(ctx, q, std, id, true)
	}
	_, err := fmt.Fprintln(std.out, id)
	return err
}

// openInput opens a file, or standard input for "-".
func openInput(path string, std stdio) (io.ReadCloser, string, error) {
	if path == "-" {
		return io.NopCloser(std.in), "standard input", nil
	}
	f, err := os.Open(path)
	return f, path, err
}

// awaitBulk waits until nobody is pending, and shows progress on a terminal.
func awaitBulk(ctx context.Context, q *client, std stdio, id string) (bulk.Status, error) {
	show := newProgress(std)
	defer show.finish()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		status, err := q.Bulks().Status(ctx, id)
		if err == nil {
			show.update(status)
			if status.State.Over() {
				return status, nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return status, fmt.Errorf("%w; it goes on without this command: `herald bulk status %s`", context.Cause(ctx), id)
		}
	}
}

type bulkStatusCmd struct {
	bulkFlags `embed:""`
}

// Run prints the account of a bulk.
func (b *bulkStatusCmd) Run(ctx context.Context, c *config, std stdio) error {
	return withClient(ctx, c, std, func(q *client) error { return printBulk(ctx, q, std, b.ID, b.JSON) })
}

func printStatus(std stdio, s bulk.Status, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(s)
	}
	_, err := fmt.Fprintf(std.out, "%s: %d planned, %d pending, %d sent, %d failed, %d suppressed, %d skipped, %d unknown\n",
		s.State, s.Planned, s.Pending, s.Sent, s.Failed, s.Suppressed, s.Skipped, s.Unknown)
	return err
}

type bulkExportCmd struct {
	ID    string `arg:"" help:"Id of the bulk."`
	State string `placeholder:"STATE" help:"Only recipients in this state: pending, sent, failed, suppressed, skipped or unknown."`
}

// Run prints the recipients as CSV.
func (b *bulkExportCmd) Run(ctx context.Context, c *config, std stdio) error {
	var only *ledger.State
	if b.State != "" {
		state, err := ledger.ParseState(b.State)
		if err != nil {
			return usageError{fmt.Errorf("--state: %w", err)}
		}
		only = &state
	}
	return withClient(ctx, c, std, func(q *client) error { return export(ctx, q, std.out, b.ID, only) })
}

// export writes what became of each recipient. Cells that a spreadsheet would take for a formula are prefixed with an
// apostrophe.
func export(ctx context.Context, q *client, to io.Writer, id string, only *ledger.State) error {
	w := csv.NewWriter(to)
	if err := w.Write([]string{"recipient", "channel", "state", "code", "reason", "time"}); err != nil {
		return err
	}
	for r, err := range q.Bulks().Results(ctx, id) {
		if err != nil {
			return err
		}
		if r.State == ledger.Claimed {
			r.State = ledger.Pending // as the counts show it
		}
		if only != nil && r.State != *only {
			continue
		}
		var at string
		if !r.At.IsZero() {
			at = r.At.Format(time.RFC3339)
		}
		row := []string{r.To, string(r.Channel), r.State.String(), r.Reason.Code, r.Reason.Text, at}
		for i := range row {
			row[i] = plainCell(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
