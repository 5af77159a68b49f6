package enqueue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// ErrNotSafe says that the fleet is not in safe mode.
var ErrNotSafe = errors.New("the fleet is not in safe mode")

// Safe says whether the fleet is in safe mode, and why.
func (c *Client) Safe(ctx context.Context) (fleet.Safe, error) { return c.fleet.Safe(ctx) }

// NothingLost ends safe mode: an operator says that nothing was sent of which Redis doesn't know. What is pending goes out.
func (c *Client) NothingLost(ctx context.Context) error {
	switch safe, err := c.fleet.Safe(ctx); {
	case err != nil:
		return err
	case !safe.On():
		return ErrNotSafe
	}
	return c.fleet.LeaveSafe(ctx)
}

// SendFrom ends safe mode: what is due from a time on goes out. What was due before it and is pending may have gone out, and
// becomes unknown; it returns how many. A person settles those (Resolve, ResolveBulk). In a safe mode that holds for the policy
// hold alone, only messages under it become unknown. If it fails in between, safe mode goes on: call it again.
func (c *Client) SendFrom(ctx context.Context, from time.Time) (unknown int, err error) {
	safe, err := c.fleet.Safe(ctx)
	switch {
	case err != nil:
		return 0, err
	case !safe.On():
		return 0, ErrNotSafe
	}
	why := ledger.Reason{Code: ledger.LostWrites, Text: "it was due before " + from.UTC().Format(time.RFC3339) + ", from when on sending was resumed with data that may lack what was sent; it may have arrived"}
	var again []string // bulks whose chunks need tasks
	err = c.bulks.Each(ctx, func(id string) error {
		b, err := c.bulks.Bulk(ctx, id)
		if errors.Is(err, bulk.ErrNotFound) || bulk.IsUnreadable(err) {
			return nil // nothing is sent of it
		}
		if err != nil {
			return err
		}
		n, err := c.bulks.Doubt(ctx, b, from, safe.OnlyHold, why, func(chunk int) error { return c.events.AddPending(ctx, id, chunk) })
		unknown += n
		if n > 0 && !b.Started.IsZero() {
			again = append(again, id)
		}
		return err
	})
	if err != nil {
		return unknown, fmt.Errorf("look for what may have gone out: %w", err)
	}
	err = c.ledger.EachUnsettled(ctx, func(o ledger.Owner) error {
		n, err := c.doubt(ctx, o, from, safe.OnlyHold, why)
		unknown += n
		return err
	})
	if err != nil {
		return unknown, fmt.Errorf("look for what may have gone out: %w", err)
	}
	for _, id := range again {
		if err := c.publishDoubts(ctx, id); err != nil {
			return unknown, err
		}
	}
	return unknown, c.fleet.LeaveSafe(ctx)
}

// doubt makes a message or forward unknown that is pending and was due before a time.
func (c *Client) doubt(ctx context.Context, o ledger.Owner, from time.Time, onlyHold bool, why ledger.Reason) (int, error) {
	books, err := c.ledger.Single(ctx, o)
	if errors.Is(err, ledger.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	r, err := c.ledger.Request(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) {
		return 0, nil // it is settled
	}
	if err != nil {
		return 0, err
	}
	p, err := task.Parse(r.Kind, r.Payload)
	if err != nil {
		return 0, nil //nolint:nilerr // no worker can send it
	}
	age, err := c.ledger.Age(ctx, books)
	if err != nil {
		return 0, err
	}
	var due time.Time
	holds := false
	switch p := p.(type) {
	case task.Message:
		due, holds = p.SendAt, p.PolicyOrDefault() == task.Hold
	case task.Forward:
		due = p.SendAt
	}
	if age > 0 || due.IsZero() { // the age of a scheduled one is not known
		due = later(due, time.Now().Add(-age))
	}
	if !due.Before(from) || onlyHold && !holds {
		return 0, nil
	}
	done, err := c.ledger.Doubt(ctx, books, 0, why)
	if err != nil || !done {
		return 0, err
	}
	return 1, nil
}

// publishDoubts gives the chunks of a bulk tasks that publish what became of their messages.
func (c *Client) publishDoubts(ctx context.Context, id string) error {
	if err := c.startAgain(ctx, id); err != nil {
		return err
	}
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	for chunk := range b.Chunks {
		if _, err := c.queue.Again(ctx, b.ChunkTask(chunk)); err != nil {
			return err
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
