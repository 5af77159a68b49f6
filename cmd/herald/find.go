package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
)

type findCmd struct {
	Address  string    `arg:"" help:"An email address, a phone number or a conversation's id, in any spelling."`
	State    string    `enum:",pending,sent,done,failed,suppressed,skipped,unknown" default:"" placeholder:"STATE" help:"Those in this state alone."`
	Feedback string    `enum:",unconfirmed,delivered,bounced_soft,bounced_hard,opted_out,unsubscribed,complained" default:"" placeholder:"STATE" help:"Those alone about which this came back: delivered, bounced_hard, …."`
	Bulk     string    `placeholder:"ID" help:"Those of this bulk alone."`
	Topic    string    `help:"Those of this topic alone."`
	Tag      string    `help:"Those with this tag alone."`
	Since    time.Time `placeholder:"TIME" help:"Those of this time or later, such as 2026-12-01T09:00:00Z."`
	Owner    string    `help:"Those of this owner of tokens alone."`
	Most     int       `default:"20" help:"How many at the most."`
	Cursor   string    `placeholder:"NEXT" help:"Go on behind the page before, which printed it."`
	JSON     bool      `name:"json" help:"Print JSON, one message a line."`
}

// matched is a message that was found, as it is printed.
type matched struct {
	Kind string    `json:"kind"`
	Bulk string    `json:"bulk,omitempty"`
	When time.Time `json:"when"` // it was enqueued or, where later, was to be sent
	fate
}

// Run prints the messages to a person, the newest first.
func (f *findCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	if f.Most < 1 || f.Most > 1000 {
		return usageError{fmt.Errorf("--most %d: want 1 to 1000", f.Most)}
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		found := enqueue.Found{Next: f.Cursor}
		var all []enqueue.Match
		for len(all) == 0 || len(all) < f.Most && found.Next != "" {
			var err error
			found, err = q.Find(ctx, enqueue.Search{
				Recipient: f.Address, Country: c.Country, State: f.State, Feedback: f.Feedback, Bulk: f.Bulk, Topic: f.Topic, Tag: f.Tag, Since: f.Since, Owner: f.Owner,
				Cursor: found.Next, Most: f.Most - len(all),
			})
			if faults := fault.In(err); len(faults) > 0 {
				return usageError{inFlags(err, map[string]string{"/recipient": "ADDRESS", "/cursor": "--cursor"})}
			}
			if err != nil {
				return err
			}
			for _, id := range found.Unreadable {
				fmt.Fprintf(std.err, "herald: bulk %s: its data can't be read: what it holds is not known\n", id)
			}
			if all = append(all, found.Matches...); found.Next == "" {
				break
			}
		}
		return f.print(std, all, found.Next)
	})
}

func (f *findCmd) print(std stdio, all []enqueue.Match, next string) error {
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, m := range all {
		s := m.Status
		line := matched{string(m.Kind), m.Bulk, m.Time, fateOf(s.ID, s.Channel, s.To, s.Record, s.Details, s.Waiting, s.Feedback)}
		if f.JSON {
			if err := newEncoder(std.out).Encode(line); err != nil {
				return err
			}
			continue
		}
		state := line.State
		if line.Feedback != nil {
			state += ", " + line.Feedback.State
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Time.Format(time.RFC3339), line.Kind, line.Channel, line.ID, state, first(line.Code, line.Subject))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if next != "" {
		fmt.Fprintf(std.err, "herald: there may be more: --cursor %s\n", next)
	}
	return nil
}
