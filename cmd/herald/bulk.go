package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
)

type bulkCmd struct {
	Send    bulkSendCmd    `cmd:"" help:"Store an audience and send a message to each recipient, on each of the channels."`
	Start   bulkStartCmd   `cmd:"" help:"Start a bulk that send --hold-back stored."`
	Approve bulkApproveCmd `cmd:"" help:"Approve a bulk that somebody else made."`
	List    bulkListCmd    `cmd:"" help:"Print the newest bulks with their progress."`
	Status  bulkStatusCmd  `cmd:"" help:"Print how far a bulk is."`
	Export  bulkExportCmd  `cmd:"" help:"Print the state of each message, as CSV or NDJSON."`
	Pause   bulkPauseCmd   `cmd:"" help:"Stop a bulk; what is in flight finishes."`
	Resume  bulkResumeCmd  `cmd:"" help:"Let a paused bulk go on."`
	Cancel  bulkCancelCmd  `cmd:"" help:"End a bulk for good: pending messages are skipped."`
	Rate    bulkRateCmd    `cmd:"" help:"Change how many messages a second a bulk may send."`
	Resend  bulkResendCmd  `cmd:"" help:"Send the messages again that failed, or were skipped or suppressed."`
	Resolve bulkResolveCmd `cmd:"" help:"Settle the messages of a bulk in state unknown."`
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
func awaitBulk(ctx context.Context, q *app.Client, std stdio, id string) (bulk.Status, error) {
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
			if status.State == bulk.Pausing && status.Canary == string(bulk.Failing) {
				return status, fmt.Errorf("the canary failed: %d of %d messages sent, %d failed; nobody else gets anything before you `herald bulk resume` or `cancel` it",
					status.Sent, status.Planned, status.Failed)
			}
			if status.Unapproved > 0 {
				return status, fmt.Errorf("it lacks %d approvals, so the bulk is paused: others `herald bulk approve` it, then `herald bulk resume` it", status.Unapproved)
			}
			if status.FailureShare != "" {
				return status, fmt.Errorf("%s of the last messages failed, so the bulk is paused: %d of %d messages sent; nobody else gets anything before you `herald bulk resume` or `cancel` it",
					status.FailureShare, status.Sent, status.Planned)
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
func (b *bulkStatusCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error { return printBulk(ctx, q, std, b.ID, b.JSON) })
}

// printProgress prints the status of a bulk, then why it waits, how fast it is, and which workers have trouble.
func printProgress(std stdio, p enqueue.Progress, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(p)
	}
	if err := printStatus(std, p.Status, false); err != nil {
		return err
	}
	for _, l := range labelRows(p.Labels) {
		if l.text != "" {
			fmt.Fprintf(std.out, "  %s: %s\n", l.name, l.text)
		}
	}
	if p.Cause != nil {
		fmt.Fprintf(std.out, "  waits: %s: %s\n", p.Cause.Code, p.Cause.Text)
	}
	if p.PerSecond > 0 {
		fmt.Fprintf(std.out, "  %.1f messages a second", p.PerSecond)
		if p.RemainingSeconds != nil {
			fmt.Fprintf(std.out, ", %s to go", time.Duration(*p.RemainingSeconds)*time.Second)
		}
		fmt.Fprintln(std.out)
	}
	for _, t := range p.Troubles {
		account := ""
		if t.Account != "" {
			account = " by " + t.Account
		}
		fmt.Fprintf(std.out, "  worker %s can't send %s%s: %s\n", t.Worker, t.Channel, account, cmp.Or(t.Detail, t.Code))
	}
	return nil
}

func printStatus(std stdio, s bulk.Status, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(std.out).Encode(s)
	}
	canary := ""
	if s.Canary != "" {
		canary = "; canary " + s.Canary
	}
	done := ""
	if s.Done > 0 {
		done = fmt.Sprintf(", %d done", s.Done)
	}
	issues := ""
	if s.Issues > 0 {
		issues = fmt.Sprintf("; %d with issues", s.Issues)
	}
	came := ""
	if f := s.Feedback; f != nil {
		came = fmt.Sprintf("; of those sent %d delivered, %d bounced (%d hard), %d complained, %d unsubscribed, %d opted out, %d unconfirmed",
			f.Delivered, f.BouncedSoft+f.BouncedHard, f.BouncedHard, f.Complained, f.Unsubscribed, f.OptedOut, f.Unconfirmed)
	}
	_, err := fmt.Fprintf(std.out, "%s: %d planned, %d pending, %d sent, %d failed, %d suppressed, %d skipped, %d unknown%s%s%s%s\n",
		s.State, s.Planned, s.Pending, s.Sent, s.Failed, s.Suppressed, s.Skipped, s.Unknown, done, canary, issues, came)
	return err
}
