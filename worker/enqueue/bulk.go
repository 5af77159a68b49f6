package enqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// BulkOptions of one call of Bulk.
type BulkOptions struct {
	// OnBadRow is called for a row that can't be read. It returns nil to go on without that row, or an error to give
	// up before anything is sent. When nil, every bad row gives up.
	OnBadRow func(*bulk.RowError) error
	// Rate is how many messages a second all workers together may start; 0 is no limit. It can be changed while the
	// bulk runs: Bulks().SetRate.
	Rate float64
	// OnProgress, where set, is called after every round trip with the number of recipients stored so far.
	OnProgress func(recipients int)
}

// Bulk stores a bulk and its whole audience, then starts it, and returns its id, a fresh one where d has none. Until
// it returns nil, nothing is sent: an audience that breaks off leaves a bulk that stays in state "loading".
// Memory use doesn't depend on the size of the audience.
func (c *Client) Bulk(ctx context.Context, d bulk.Definition, audience iter.Seq2[bulk.Recipient, error], o BulkOptions) (string, error) {
	if d.ID == "" {
		d.ID = NewID()
	}
	d.CreatedAt = now()
	if err := c.bulks.Create(ctx, d); err != nil {
		return "", err
	}
	if o.Rate != 0 {
		if err := c.bulks.SetRate(ctx, d.ID, o.Rate); err != nil {
			return "", err
		}
	}
	if err := c.load(ctx, d.ID, audience, o); err != nil {
		return "", err
	}
	return d.ID, c.StartBulk(ctx, d.ID)
}

// StartBulk starts a stored bulk. Calling it again is harmless.
func (c *Client) StartBulk(ctx context.Context, id string) error {
	_, err := c.queue.Enqueue(ctx, task.BulkStart{Bulk: id})
	return err
}

// PauseBulk stops a bulk within a second: what is in flight finishes, everyone else stays pending.
func (c *Client) PauseBulk(ctx context.Context, id string) error {
	return c.bulks.SetControl(ctx, id, bulk.Paused)
}

// ResumeBulk lets a paused bulk go on.
func (c *Client) ResumeBulk(ctx context.Context, id string) error {
	if err := c.bulks.SetControl(ctx, id, bulk.GoOn); err != nil {
		return err
	}
	return c.startAgain(ctx, id)
}

// CancelBulk ends a bulk for good: what is in flight finishes, everyone else is skipped.
func (c *Client) CancelBulk(ctx context.Context, id string) error {
	if err := c.bulks.SetControl(ctx, id, bulk.Cancelled); err != nil {
		return err
	}
	return c.startAgain(ctx, id)
}

// ResendBulk sends again to everyone in state from (failed, skipped, suppressed, unknown), under the same message ids,
// and returns to how many.
func (c *Client) ResendBulk(ctx context.Context, id string, from ledger.State) (int, error) {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return 0, err
	}
	if b.Control == bulk.Cancelled {
		return 0, fmt.Errorf("bulk %s was cancelled; send to those left out with a new bulk", id)
	}
	n, err := c.bulks.Reopen(ctx, id, from)
	if n == 0 || err != nil {
		return n, err
	}
	return n, c.startAgain(ctx, id)
}

// startAgain enqueues the chunks of a bulk in which someone is pending.
func (c *Client) startAgain(ctx context.Context, id string) error {
	round, err := c.bulks.NextRound(ctx, id)
	if err != nil {
		return err
	}
	_, err = c.queue.Enqueue(ctx, task.BulkStart{Bulk: id, Round: round})
	return err
}

// batch is how many chunks are stored in one round trip.
const batch = 16

// load stores the audience. Reading and packing goes on while the batch before is stored.
func (c *Client) load(ctx context.Context, id string, audience iter.Seq2[bulk.Recipient, error], o BulkOptions) error {
	writing, storing := errgroup.WithContext(ctx)
	batches := make(chan []bulk.Packed)
	planned, chunks := 0, 0
	writing.Go(func() error {
		for packed := range batches {
			if err := c.bulks.PutChunks(storing, id, chunks, packed); err != nil {
				return err
			}
			chunks += len(packed)
			for _, p := range packed {
				planned += p.Recipients
			}
			if o.OnProgress != nil {
				o.OnProgress(planned)
			}
		}
		return nil
	})
	packErr := pack(storing, audience, o, batches)
	close(batches)
	// Storing that failed ends the packing: its error is the one to tell.
	if err := writing.Wait(); err != nil {
		return err
	}
	if packErr != nil {
		return packErr
	}
	if planned == 0 {
		return errors.New("audience: no recipients")
	}
	return c.bulks.Seal(ctx, id, planned, chunks)
}

// pack reads the audience into batches of chunks.
func pack(ctx context.Context, audience iter.Seq2[bulk.Recipient, error], o BulkOptions, batches chan<- []bulk.Packed) error {
	var full []bulk.Packed
	send := func() error {
		if len(full) == 0 {
			return nil
		}
		select {
		case batches <- full:
			full = nil
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	w, err := bulk.NewChunkWriter(func(data []byte, n int) error {
		if full = append(full, bulk.Packed{Data: data, Recipients: n}); len(full) < batch {
			return nil
		}
		return send()
	})
	if err != nil {
		return err
	}
	for r, err := range audience {
		if err == nil {
			err = w.Add(r)
		}
		var bad *bulk.RowError
		switch {
		case err == nil:
		case errors.As(err, &bad) && o.OnBadRow != nil:
			if err := o.OnBadRow(bad); err != nil {
				return err
			}
		default:
			return fmt.Errorf("audience: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return send()
}
