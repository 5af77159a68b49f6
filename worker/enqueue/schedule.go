package enqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// ErrTooLate says that a message can't be cancelled: it was sent, is being sent at this moment, or was given up.
var ErrTooLate = errors.New("too late to cancel")

// codeCancelled is the reason of a message that was cancelled.
const codeCancelled = "cancelled"

// ahead is how far in the future a time is; 0 if it is not.
func ahead(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(0, time.Until(at))
}

// checkAhead reports whether a time is within bulk.MaxAhead.
func checkAhead(at time.Time) error {
	if d := ahead(at); d > bulk.MaxAhead {
		return fault.At("", fault.OutOfRange, "%d days ahead; at most %d are", int(d.Hours()/24), int(bulk.MaxAhead.Hours()/24))
	}
	return nil
}

// CancelMessage cancels a message that waits: for its time, for a free worker, or for its next try. If there is no
// such message, it cancels the forward of that id. The state becomes skipped, with the code cancelled, and its event
// says so. A message that was sent, is being sent or was given up is ErrTooLate; an unknown one is
// ledger.ErrNotFound. Cancelling twice is harmless.
func (c *Client) CancelMessage(ctx context.Context, id string) error {
	err := c.cancel(ctx, ledger.Message, id)
	if errors.Is(err, ledger.ErrNotFound) {
		if other := c.cancel(ctx, ledger.Forward, id); !errors.Is(other, ledger.ErrNotFound) {
			return other
		}
	}
	return err
}

// CancelForward is CancelMessage for a forward.
func (c *Client) CancelForward(ctx context.Context, id string) error {
	return c.cancel(ctx, ledger.Forward, id)
}

func (c *Client) cancel(ctx context.Context, k ledger.Kind, id string) error {
	books, err := c.single(ctx, k, id)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	reason := ledger.Reason{Code: codeCancelled, Text: "cancelled before it was sent"}
	withdrawn, err := c.ledger.Withdraw(ctx, books, 0, reason)
	if err != nil {
		return err
	}
	if !withdrawn {
		record, err := c.record(ctx, books)
		if err != nil {
			return err
		}
		if record.State == ledger.Claimed {
			return fmt.Errorf("%s %s is being sent: %w", k, id, ErrTooLate)
		}
		if record.State != ledger.Skipped || record.Reason.Code != codeCancelled {
			return fmt.Errorf("%s %s is %s: %w", k, id, record.State, ErrTooLate)
		}
	}
	// Its task only has to publish that. It runs now, not at the time of the message.
	return c.runNow(ctx, k, books)
}

// runNow runs the waiting task of a message or forward at once.
func (c *Client) runNow(_ context.Context, k ledger.Kind, books ledger.Chunk) error {
	_, err := c.queue.RunNow(bare(k, books.ID, books.Layout(task.Layout)))
	return err
}

// Scheduled is a message or forward that waits for its time.
type Scheduled struct {
	queue.Waiting
	Channel message.Channel
	To      string // as the client gave it
}

// Scheduled lists messages and forwards that wait for their time, in its order: those that come after the last one of the
// page before (the zero value begins), at most so many; of an owner (task.Owned), or all where it is "-".
func (c *Client) Scheduled(ctx context.Context, owner string, after queue.Waiting, most int) ([]Scheduled, error) {
	found, err := c.queue.Scheduled(ctx, after, most, func(o ledger.Owner) bool {
		of, _ := task.SplitOwned(o.ID)
		return owner == AllOwners || of == owner
	})
	if err != nil {
		return nil, err
	}
	out := make([]Scheduled, 0, len(found))
	for _, w := range found {
		s := Scheduled{Waiting: w}
		status, err := c.status(ctx, w.Owner.Kind, w.Owner.ID)
		switch {
		case errors.Is(err, ledger.ErrNotFound): // its record is damaged or gone: its task is not
		case err != nil:
			return nil, err
		default:
			s.Channel, s.To = status.Channel, status.To
		}
		out = append(out, s)
	}
	return out, nil
}

// AllOwners asks for what belongs to anybody, and to nobody.
const AllOwners = "-"

// Reschedule sends a pending message at another time, at most 60 days from now; one that has passed is now. A message that
// was sent, is being sent or was given up is ErrTooLate; an unknown one is ledger.ErrNotFound. The message as it was enqueued
// first can still be repeated: nothing changes then.
func (c *Client) Reschedule(ctx context.Context, id string, at time.Time) error {
	books, err := c.single(ctx, ledger.Message, id)
	if err != nil {
		return err
	}
	record, err := c.record(ctx, books)
	if err != nil {
		return err
	}
	late := fmt.Errorf("message %s is %s: %w", id, record.State, ErrTooLate)
	if record.State != ledger.Pending || books.Kind != ledger.Message {
		return late
	}
	p, err := c.again(ctx, ledger.Message, books)
	if err != nil {
		return err
	}
	m, ok := p.(task.Message)
	if !ok {
		return fmt.Errorf("message %s: its task is %T", id, p)
	}
	before := m.SendAt
	m.SendAt = at.UTC()
	if err := fault.Join(m.Validate(), fault.Under("/sendAt", checkAhead(m.SendAt))); err != nil {
		return err
	}
	asked, err := RequestOf(enqueued(m, time.Time{}))
	if err != nil {
		return err
	}
	key, err := c.ledger.Fingerprints().Key(ctx)
	if err != nil {
		return err
	}
	asked.Recipients = fingerprints(key, m)
	if err := c.keep(ctx, m.Sources, m.Attachments); err != nil {
		return err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	// Without its task no worker sends it. If this process dies now, one finds it, and enqueues it for the time that is stored.
	if free, err := c.queue.Withdraw(bare(ledger.Message, books.ID, books.Layout(task.Layout))); err != nil || !free {
		return cmp.Or(err, late)
	}
	moved, err := c.ledger.Postpone(ctx, books.Owner, asked, ahead(at))
	if !moved {
		m.SendAt = before
		if err == nil { // it was cancelled meanwhile: its task tells that, now
			m.SendAt, err = time.Time{}, late
		}
	}
	_, failed := c.queue.AgainAt(ctx, m, m.SendAt)
	return errors.Join(err, failed)
}

// keep keeps template sources and files for as long as if they were stored now.
func (c *Client) keep(ctx context.Context, sources string, files []message.Ref) error {
	var hashes []string
	if sources != "" {
		hashes = append(hashes, sources)
	}
	for _, ref := range files {
		if ref.Blob != "" {
			hashes = append(hashes, ref.Blob)
		}
	}
	return c.blobs.Keep(ctx, c.SourceRetention(), hashes...)
}

// RescheduleBulk begins a bulk at another time, at most 60 days from now; one that has passed is now. A bulk that has begun is
// ErrTooLate, one by local times bulk.ErrLocalTimes, an unknown one bulk.ErrNotFound. Its definition as it was stored first can
// still be repeated.
func (c *Client) RescheduleBulk(ctx context.Context, id string, at time.Time) error {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	late := fmt.Errorf("bulk %s has begun: %w", id, ErrTooLate)
	switch {
	case b.Control == bulk.Cancelled:
		return fmt.Errorf("bulk %s %w", id, bulk.ErrCancelled)
	case !b.Started.IsZero():
		return late
	}
	for _, p := range b.Messages {
		if err := c.keep(ctx, p.Sources, p.Attachments); err != nil {
			return err
		}
	}
	waits := false
	for round := range b.Round + 1 {
		_, _, err := c.queue.Payload(b.StartTask(round))
		if waits = waits || err == nil; err != nil && !errors.Is(err, queue.ErrNoTask) {
			return err
		}
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	if !waits {
		return c.bulks.Reschedule(ctx, b, at)
	}
	// If this process dies without its start task, a worker finds it, and starts it at the time that is stored.
	if err := c.bulks.Watch(ctx, id); err != nil {
		return err
	}
	if free, err := c.withdrawStart(b); err != nil || !free {
		return cmp.Or(err, late)
	}
	if err = c.bulks.Reschedule(ctx, b, at); err != nil {
		at = b.SendAt
	}
	_, failed := c.queue.AgainAt(ctx, b.StartTask(b.Round), at)
	return errors.Join(err, failed)
}
