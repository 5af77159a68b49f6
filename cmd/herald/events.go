package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/outbox"
)

type eventsCmd struct {
	List   eventsListCmd   `cmd:"" help:"List events that wait for the endpoint, the oldest first, and those given up after a day."`
	Replay eventsReplayCmd `cmd:"" help:"Send one event again, or all: those that were given up for another day, those that wait at once."`
}

type eventsListCmd struct {
	Most int  `default:"50" help:"How many of each at the most."`
	Data bool `help:"Print what the events say, too."`
	JSON bool `name:"json" help:"Print JSON, one event a line."`
}

// eventRow is one listed event, and its JSON form.
type eventRow struct {
	ID       string          `json:"id"`
	State    string          `json:"state"` // waiting or dead
	Type     string          `json:"type"`
	Stream   string          `json:"stream"`
	Sequence int64           `json:"sequence"`
	Time     time.Time       `json:"time"`
	Tries    int             `json:"tries"`
	Reason   string          `json:"reason,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// Run prints what waits, then what was given up.
func (l *eventsListCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	if l.Most < 1 {
		return usageError{errors.New("--most: less than one")}
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		rows, err := l.rows(ctx, q)
		if err != nil {
			return err
		}
		if l.JSON {
			enc := json.NewEncoder(std.out)
			enc.SetEscapeHTML(false)
			for _, r := range rows {
				if err := enc.Encode(r); err != nil {
					return err
				}
			}
			return nil
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tSTATE\tTYPE\tSTREAM\tNUMBER\tSINCE\tTRIES\tREASON")
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%.100q\t%d\t%s\t%d\t%s\n", r.ID, r.State, r.Type, r.Stream, r.Sequence, r.Time.Format(time.RFC3339), r.Tries, r.Reason)
			if l.Data {
				fmt.Fprintf(table, "  %s\n", r.Data)
			}
		}
		return table.Flush()
	})
}

func (l *eventsListCmd) rows(ctx context.Context, q *app.Client) ([]eventRow, error) {
	row := func(e outbox.Event, state string, tries int, reason string) eventRow {
		r := eventRow{e.ID, state, e.Type, e.Stream, e.Sequence, e.Time, tries, reason, nil}
		if l.Data {
			r.Data = e.Data
		}
		return r
	}
	var rows []eventRow
	waiting, err := q.Events().List(ctx, l.Most)
	if err != nil {
		return nil, err
	}
	for _, e := range waiting {
		rows = append(rows, row(e.Event, "waiting", e.Tries, e.Reason))
	}
	letters, _, err := q.Dead().List(ctx, outbox.LetterKind, "", l.Most)
	if err != nil {
		return nil, err
	}
	for _, letter := range letters {
		e, err := outbox.FromLetter(letter)
		if errors.Is(err, outbox.ErrOtherLetter) {
			continue // a task that could not be read: `herald dead` shows it
		}
		rows = append(rows, row(e, "dead", letter.Attempts, letter.Reason))
	}
	return rows, nil
}

type eventsReplayCmd struct {
	ID  string `arg:"" optional:"" help:"The event, as list prints it."`
	All bool   `help:"All of them."`
}

// Run puts events back, and wakes the streams that wait.
func (r *eventsReplayCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	if (r.ID == "") != r.All {
		return usageError{errors.New("say which: an id, or --all")}
	}
	return withClient(ctx, c, std, func(q *app.Client) error {
		if !r.All {
			if err := q.ReplayEvent(ctx, r.ID); err != nil {
				return err
			}
			_, err := fmt.Fprintf(std.out, "%s is sent again\n", r.ID)
			return err
		}
		again, woken, err := q.ReplayEvents(ctx)
		fmt.Fprintf(std.out, "%d events are sent again, %d streams are tried at once\n", again, woken)
		return err
	})
}
