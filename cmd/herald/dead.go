package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"
	"time"

	"github.com/heraldsend/herald/worker/app"
	"github.com/heraldsend/herald/worker/store/dead"
)

type deadCmd struct {
	List  deadListCmd  `cmd:"" help:"List the tasks that the workers gave up, the newest first."`
	Show  deadShowCmd  `cmd:"" help:"Print one with its payload, which may hold a customer's data."`
	Retry deadRetryCmd `cmd:"" help:"Put them into their queues again."`
	Drop  deadDropCmd  `cmd:"" help:"Forget them."`
}

// withDead connects, calls do and disconnects.
func withDead(ctx context.Context, c *app.Settings, std stdio, do func(*app.Client) error) (err error) {
	queue, err := app.NewClient(ctx, c, c.Logger(std.err))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	return do(queue)
}

// deadPage is how many letters are read at a time.
const deadPage = 500

// deadLetters goes through the letters of a kind, or of all kinds, the newest first.
func deadLetters(ctx context.Context, store *dead.Store, kind string) iter.Seq2[dead.Letter, error] {
	return func(yield func(dead.Letter, error) bool) {
		for after := ""; ; {
			letters, next, err := store.List(ctx, kind, after, deadPage)
			if err != nil {
				yield(dead.Letter{}, err)
				return
			}
			for _, l := range letters {
				if !yield(l, nil) {
					return
				}
			}
			if after = next; after == "" {
				return
			}
		}
	}
}

type deadListCmd struct {
	Kind string `placeholder:"KIND" help:"Only these: bulk.chunk, message.send, …."`
	Most int    `default:"50" help:"How many at the most; 0 is all."`
	JSON bool   `name:"json" help:"Print JSON, one letter a line, without payloads."`
}

// Run prints letters without their payloads.
func (d *deadListCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withDead(ctx, c, std, func(queue *app.Client) error {
		counts, err := queue.Dead().Count(ctx)
		if err != nil {
			return err
		}
		total := counts[d.Kind]
		if d.Kind == "" {
			for _, n := range counts {
				total += n
			}
		}
		table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
		if !d.JSON {
			fmt.Fprintln(table, "ID\tSINCE\tTRIES\tREASON")
		}
		n := 0
		for l, err := range deadLetters(ctx, queue.Dead(), d.Kind) {
			if err != nil {
				return err
			}
			if d.Most > 0 && n == d.Most {
				break
			}
			n++
			if d.JSON {
				l.Payload = nil
				if err := json.NewEncoder(std.out).Encode(l); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", l.ID, l.At.Format(time.RFC3339), l.Attempts, l.Reason)
		}
		if d.JSON {
			return nil
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintf(std.out, "%d of %d\n", n, total)
		return nil
	})
}

type deadShowCmd struct {
	ID string `arg:"" help:"As list prints it."`
}

// Run prints a letter as JSON.
func (d *deadShowCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withDead(ctx, c, std, func(queue *app.Client) error {
		l, err := queue.Dead().Get(ctx, d.ID)
		if err != nil {
			return err
		}
		enc := json.NewEncoder(std.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(l)
	})
}

// mostErrors is how many failures are told one by one.
const mostErrors = 20

// deadChoice says which letters are meant.
type deadChoice struct {
	Kind string   `placeholder:"KIND" help:"All of this kind."`
	ID   []string `arg:"" optional:"" help:"As list prints them."`
}

// each calls do for all that are meant, goes on when one fails, and says how many did not.
func (d deadChoice) each(ctx context.Context, store *dead.Store, out io.Writer, done string, do func(id string) error) error {
	if (d.Kind == "") == (len(d.ID) == 0) {
		return usageError{errors.New("say which: ids, or --kind")}
	}
	ids := d.ID
	if d.Kind != "" {
		for l, err := range deadLetters(ctx, store, d.Kind) {
			if err != nil {
				return err
			}
			ids = append(ids, l.ID)
		}
	}
	var errs []error
	for _, id := range ids {
		if err := do(id); err != nil {
			errs = append(errs, err)
		}
	}
	fmt.Fprintf(out, "%d %s\n", len(ids)-len(errs), done)
	if len(errs) > mostErrors {
		errs = append(errs[:mostErrors], fmt.Errorf("… and %d more", len(errs)-mostErrors))
	}
	return errors.Join(errs...)
}

type deadRetryCmd struct {
	deadChoice `embed:""`
}

// Run puts letters back into their queues.
func (d *deadRetryCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withDead(ctx, c, std, func(queue *app.Client) error {
		return d.each(ctx, queue.Dead(), std.out, "enqueued again", func(id string) error { return queue.RetryDead(ctx, id) })
	})
}

type deadDropCmd struct {
	deadChoice `embed:""`
}

// Run forgets letters.
func (d *deadDropCmd) Run(ctx context.Context, c *app.Settings, std stdio) error {
	return withDead(ctx, c, std, func(queue *app.Client) error {
		return d.each(ctx, queue.Dead(), std.out, "dropped", func(id string) error { return queue.Dead().Drop(ctx, id) })
	})
}
