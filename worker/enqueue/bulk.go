package enqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// BulkOptions of one call of Bulk or LoadBulk.
type BulkOptions struct {
	// OnBadRow is called for a row that can't be read. It returns nil to go on without that row, or an error to give
	// up before anything is sent. When nil, every bad row gives up.
	OnBadRow func(*bulk.RowError) error
	// OnProgress, where set, is called after every round trip with the number of recipients stored so far.
	OnProgress func(recipients int)
	// Plan, where set, takes in the audience; its sum is stored with the bulk.
	Plan *bulk.Plan
}

// Bulk stores a bulk and its whole audience, then starts it, and returns its id, a fresh one where d has none. Until
// it returns nil, nothing is sent: an audience that breaks off leaves a bulk in state "loading", and the call may be
// repeated under its id with the whole audience. One that is complete can't be stored again: bulk.ErrSealed.
// Memory use doesn't depend on the size of the audience, but for 12 to 32 bytes a recipient with Deduplicate.
func (c *Client) Bulk(ctx context.Context, d bulk.Definition, audience iter.Seq2[bulk.Recipient, error], o BulkOptions) (string, error) {
	id, err := c.CreateBulk(ctx, d)
	if err != nil {
		return "", err
	}
	if _, err := c.LoadBulk(ctx, id, audience, o); err != nil {
		return "", err
	}
	return id, c.StartBulk(ctx, id)
}

// CreateBulk stores the definition of a bulk and returns its id, a fresh one where d has none. The same definition again is
// harmless; another one under the same id is ErrConflict. Its audience comes with LoadBulk, and StartBulk sets it going.
func (c *Client) CreateBulk(ctx context.Context, d bulk.Definition) (string, error) {
	if d.ID == "" {
		d.ID = NewID()
	}
	d.CreatedAt = now()
	if err := fault.Join(d.Validate(), d.CheckAhead(d.CreatedAt)); err != nil {
		return "", err
	}
	for i, p := range d.Messages {
		if err := c.CheckFiles(ctx, attach.Bulk(p.Channel), p.Attachments); err != nil {
			return "", fault.Under(fault.Pointer("messages", i, "attachments"), err)
		}
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	err := c.bulks.Create(ctx, d)
	if errors.Is(err, bulk.ErrExists) {
		err = c.sameBulk(ctx, d)
	}
	return d.ID, err
}

// sameBulk is ErrConflict unless the bulk that is stored under the id is the same one.
func (c *Client) sameBulk(ctx context.Context, d bulk.Definition) error {
	known, err := c.bulks.Bulk(ctx, d.ID)
	if err != nil {
		return err
	}
	same, err := d.Same(known.Definition)
	if err == nil && !same {
		err = fmt.Errorf("bulk %s: %w", d.ID, ErrConflict)
	}
	return err
}

// StartBulk starts a bulk whose audience is stored, at the time that its definition says. Calling it again is harmless.
func (c *Client) StartBulk(ctx context.Context, id string) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return fmt.Errorf("bulk %s: %w", id, ErrNoAudience)
	}
	_, err = c.queue.EnqueueAt(ctx, b.StartTask(0), b.SendAt)
	return err
}

// ErrNoAudience says that a bulk can't start yet.
var ErrNoAudience = errors.New("its audience is not complete: load it first")

// PauseBulk stops a bulk within a second: what is in flight finishes, everyone else stays pending.
func (c *Client) PauseBulk(ctx context.Context, id string) error {
	return c.bulks.SetControl(ctx, id, bulk.Paused)
}

// ResumeBulk lets a paused bulk go on.
func (c *Client) ResumeBulk(ctx context.Context, id string) error {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	if err := c.bulks.SetControl(ctx, id, bulk.GoOn); err != nil {
		return err
	}
	return c.startAgain(ctx, id)
}

// CancelBulk ends a bulk for good: what is in flight finishes, everyone else is skipped.
func (c *Client) CancelBulk(ctx context.Context, id string) error {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
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

// startAgain enqueues the chunks of a bulk in which someone is pending, not before the bulk's time, unless to close its
// books.
func (c *Client) startAgain(ctx context.Context, id string) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return nil // nothing was started, so nothing is to go on
	}
	at := b.SendAt
	if b.Control == bulk.Cancelled {
		at = time.Time{}
	}
	round, err := c.bulks.NextRound(ctx, id)
	if err != nil {
		return err
	}
	_, err = c.queue.EnqueueAt(ctx, b.StartTask(round), at)
	return err
}
