package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
)

type statusCmd struct {
	singleArg `embed:""`
	JSON      bool `name:"json" help:"Print JSON."`
}

// Run prints what is known of a message: its state in the first line, with the reason as code and text, then the rest.
func (s *statusCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		status := q.MessageStatus
		if s.Forward {
			status = q.ForwardStatus
		}
		found, err := status(ctx, s.ID)
		if err != nil {
			return err
		}
		return printAccount(std, s.JSON, found)
	})
}

// fate is what is known of a message, as it is printed.
type fate struct {
	ID      string          `json:"id"`
	Channel message.Channel `json:"channel,omitempty"`
	To      string          `json:"to,omitempty"`
	message.Labels
	State   string    `json:"state"`
	Code    string    `json:"code,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Waiting *waiting  `json:"waiting,omitempty"`

	Subject    string         `json:"subject,omitempty"`
	ProviderID string         `json:"providerId,omitempty"`
	Words      string         `json:"words,omitempty"`
	Attempts   int            `json:"attempts,omitempty"`
	Issues     []ledger.Issue `json:"issues,omitempty"`
	Feedback   *cameBack      `json:"feedback,omitempty"`
}

// cameBack is what came back about a message, as it is printed.
type cameBack struct {
	State  string    `json:"state"`
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Status string    `json:"status,omitempty"`
	Words  string    `json:"words,omitempty"`
}

// waiting is why a message is pending.
type waiting struct {
	Code  string    `json:"code"`
	Text  string    `json:"text,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

func fateOf(id string, c message.Channel, to string, r ledger.Record, d ledger.Details, w *ledger.Wait, came ledger.Feedback) fate {
	if r.State == ledger.Claimed {
		r.State = ledger.Pending // a worker has it in hand
	}
	out := fate{
		ID: id, Channel: c, To: to, Labels: d.Labels, State: r.State.String(), Code: r.Reason.Code, Reason: r.Reason.Text, Time: r.At,
		Subject: d.Subject, ProviderID: d.ProviderID, Words: d.Words, Attempts: d.Attempts, Issues: d.Issues,
	}
	if came.State != ledger.Unconfirmed {
		out.Feedback = &cameBack{came.State.String(), came.At, came.Source, came.Status, came.Words}
	}
	if w != nil {
		out.Waiting, out.Time = &waiting{w.Code, w.Text, w.Since}, time.Time{}
	}
	return out
}

func printAccount(std stdio, asJSON bool, s enqueue.Status) error {
	f := fateOf(s.ID, s.Channel, s.To, s.Record, s.Details, s.Waiting, s.Feedback)
	if asJSON {
		return newEncoder(std.out).Encode(f)
	}
	state := f.State
	if f.Code != "" {
		state += " " + codeAndText(f.Code, f.Reason)
	}
	if _, err := fmt.Fprintf(std.out, "%s %s\n", f.ID, state); err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "  %s\t%s\n", name, value)
		}
	}
	if w := f.Waiting; w != nil {
		row("waits", codeAndText(w.Code, w.Text))
		row("since", atTime(w.Since))
	}
	row("at", atTime(f.Time))
	row("channel", string(f.Channel))
	row("to", f.To)
	for _, l := range labelRows(f.Labels) {
		row(l.name, l.text)
	}
	row("subject", f.Subject)
	row("provider id", f.ProviderID)
	row("words", f.Words)
	if b := f.Feedback; b != nil {
		row("feedback", codeAndText(b.State, strings.TrimSpace(b.Status+" "+b.Words)))
		row("came", atTime(b.At)+" by "+b.Source)
	}
	if f.Attempts > 0 {
		row("attempts", fmt.Sprint(f.Attempts))
	}
	for _, i := range f.Issues {
		row("issue", codeAndText(i.Code, i.Text))
	}
	return table.Flush()
}

// labelRow is a line about labels, for people.
type labelRow struct{ name, text string }

func labelRows(l message.Labels) []labelRow {
	pairs := make([]string, 0, len(l.Metadata))
	for _, key := range slices.Sorted(maps.Keys(l.Metadata)) {
		pairs = append(pairs, key+"="+l.Metadata[key])
	}
	return []labelRow{{"topic", l.Topic}, {"tags", strings.Join(l.Tags, ", ")}, {"metadata", strings.Join(pairs, ", ")}}
}

// newEncoder writes JSON for programs and people: "<" stays as it is.
func newEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

func codeAndText(code, text string) string {
	if text == "" {
		return code
	}
	return code + ": " + text
}

func atTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// resolveFlag says what a person found out.
type resolveFlag struct {
	As string `required:"" enum:"sent,failed,resend" help:"sent: it arrived; failed: it did not; resend: it did not, send it again under the same message id."`
}

type resolveCmd struct {
	singleArg   `embed:""`
	resolveFlag `embed:""`
	JSON        bool `name:"json" help:"Print JSON."`
}

// Run settles a message or forward of which nobody knows whether it arrived.
func (r *resolveCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withClient(ctx, c, std, func(q *app.Client) error {
		resolve, status := q.ResolveMessage, q.MessageStatus
		if r.Forward {
			resolve, status = q.ResolveForward, q.ForwardStatus
		}
		if err := resolve(ctx, r.ID, enqueue.Resolution(r.As)); err != nil {
			return err
		}
		found, err := status(ctx, r.ID)
		if err != nil {
			return err
		}
		return printAccount(std, r.JSON, found)
	})
}
