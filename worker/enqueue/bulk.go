package enqueue

import (
	"cmp"
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
	// OnBadRow is called for a row that can't be read. It returns nil to go on without that row, or an error to stop
	// before anything is sent. nil: every bad row stops.
	OnBadRow func(*bulk.RowError) error
	// OnProgress, if set, is called after every round trip with the number of recipients stored so far.
	OnProgress func(recipients int)
	// Plan, if set, adds up the audience; its hash is stored with the bulk.
	Plan *bulk.Plan
}

// Bulk stores a bulk and its whole audience, then starts it. It returns the id, a fresh one if d has none. Nothing is
// sent before it returns nil. If the audience breaks off, the bulk stays in state "loading", and the call may be
// repeated under its id with the whole audience. So may a call that got no answer: if the audience is stored, the bulk starts
// unless it has. Another audience is ErrConflict. Memory
// use doesn't depend on the size of the audience, except for 12 to 32 bytes a recipient with Deduplicate.
func (c *Client) Bulk(ctx context.Context, d bulk.Definition, audience iter.Seq2[bulk.Recipient, error], o BulkOptions) (string, error) {
	id, err := c.CreateBulk(ctx, d)
	if err != nil {
		return "", err
	}
	if d.ID = id; o.Plan == nil {
		if o.Plan, err = bulk.NewPlan(d); err != nil {
			return "", err
		}
	}
	_, err = c.LoadBulk(ctx, id, audience, o)
	if errors.Is(err, bulk.ErrSealed) {
		err = c.sameAudience(ctx, d, audience, o)
	}
	if err != nil {
		return "", err
	}
	return id, c.StartBulk(ctx, id)
}

// CreateBulk stores the definition of a bulk and returns its id, a fresh one if d has none. Storing the same
// definition again is harmless; another one under the same id is ErrConflict. LoadBulk stores its audience, StartBulk
// starts it.
func (c *Client) CreateBulk(ctx context.Context, d bulk.Definition) (string, error) {
	r, err := c.DefineBulk(ctx, d)
	return r.ID, err
}

// DefineBulk is CreateBulk that also says whether the definition was there before.
func (c *Client) DefineBulk(ctx context.Context, d bulk.Definition) (Receipt, error) {
	if d.ID == "" {
		d.ID = NewID()
	}
	d.CreatedAt = now()
	if err := fault.Join(d.Validate(), d.CheckAhead(d.CreatedAt), c.CheckBulkTopic(d)); err != nil {
		return Receipt{}, err
	}
	for i, p := range d.Messages {
		if err := c.CheckFiles(ctx, attach.Bulk(p.Channel), p.Attachments); err != nil {
			return Receipt{}, fault.Under(fault.Pointer("messages", i, "attachments"), err)
		}
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	err := c.bulks.Create(ctx, d)
	known := errors.Is(err, bulk.ErrExists)
	if known {
		err = c.sameBulk(ctx, d)
	}
	return Receipt{ID: d.ID, Already: known}, err
}

// sameBulk returns ErrConflict unless the bulk that is stored under the id is the same.
func (c *Client) sameBulk(ctx context.Context, d bulk.Definition) error {
	known, err := c.bulks.Bulk(ctx, d.ID)
	if err != nil {
		return err
	}
	stored := known.Definition
	stored.SendAt = known.AskedAt
	same, err := d.Same(stored)
	if err == nil && !same {
		err = fmt.Errorf("bulk %s: %w", d.ID, ErrConflict)
	}
	return err
}

// StartPlanned is StartBulk for a bulk that must be what somebody looked at: if its plan has another hash, or none, that is
// bulk.ErrPlan, and nothing is sent.
func (c *Client) StartPlanned(ctx context.Context, id, plan string) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Plan != plan {
		return fmt.Errorf("%w: it is %.12s… now, not %.12s…", bulk.ErrPlan, b.Plan, plan)
	}
	return c.StartBulk(ctx, id)
}

// DeleteBulk removes a bulk with its audience and all that is known of its messages: one that has not begun, or one that is
// over. bulk.ErrBusy, bulk.ErrLoading or ErrTooLate say why it stays.
func (c *Client) DeleteBulk(ctx context.Context, id string) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	if free, err := c.withdrawStart(b); err != nil || !free {
		return cmp.Or(err, fmt.Errorf("bulk %s begins at this moment: %w", id, ErrTooLate))
	}
	return c.bulks.Delete(ctx, id)
}

// withdrawStart takes the tasks that start a bulk out of their queue. It reports false if a worker has one in hand.
func (c *Client) withdrawStart(b bulk.Bulk) (bool, error) {
	if !b.Started.IsZero() {
		return true, nil
	}
	for round := range b.Round + 1 {
		if free, err := c.queue.Withdraw(b.StartTask(round)); err != nil || !free {
			return free, err
		}
	}
	return true, nil
}

// StartBulk starts a bulk whose audience is stored, at the time in its definition. Calling it again is harmless.
func (c *Client) StartBulk(ctx context.Context, id string) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return fmt.Errorf("bulk %s: %w", id, ErrNoAudience)
	}
	t := b.StartTask(0)
	if b.Started.IsZero() { // whatever the queue still knows under its id is of one that is forgotten
		_, err = c.queue.AgainAt(ctx, t, b.SendAt)
	} else {
		_, err = c.queue.EnqueueAt(ctx, t, b.SendAt)
	}
	return err
}

// ErrNoAudience says that a bulk can't start yet.
var ErrNoAudience = errors.New("its audience is not complete: load it first")

// PauseBulk stops a bulk within a second: messages in flight finish, all others stay pending.
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

// CancelBulk ends a bulk for good: messages in flight finish, all others are skipped.
func (c *Client) CancelBulk(ctx context.Context, id string) error {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	if err := c.bulks.SetControl(ctx, id, bulk.Cancelled); err != nil {
		return err
	}
	return c.startAgain(ctx, id)
}

// ResendBulk makes all messages in state from (failed, skipped, suppressed, unknown) pending and sends them again
// under the same ids. It returns how many.
func (c *Client) ResendBulk(ctx context.Context, id string, from ledger.State) (int, error) {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return 0, err
	}
	if b.Control == bulk.Cancelled {
		return 0, fmt.Errorf("bulk %s %w", id, bulk.ErrCancelled)
	}
	n, err := c.bulks.Reopen(ctx, id, from)
	if n == 0 || err != nil {
		return n, err
	}
	return n, c.startAgain(ctx, id)
}

// startAgain enqueues the chunks of a bulk that have pending messages: at the bulk's time or, to end a cancelled
// bulk, at once.
func (c *Client) startAgain(ctx context.Context, id string) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return nil // nothing was started, so nothing goes on
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
