package enqueue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Resolution is what a person found out about a message in state unknown.
type Resolution string

// The resolutions.
const (
	AsSent   Resolution = "sent"   // it arrived
	AsFailed Resolution = "failed" // it did not arrive, and must not be sent again
	AsResend Resolution = "resend" // it did not arrive: send it again, under the same message id
)

// Resolutions lists them all.
var Resolutions = []Resolution{AsSent, AsFailed, AsResend}

var (
	// ErrNotUnknown says that there is nothing to resolve: the outcome of the message is known.
	ErrNotUnknown = errors.New("it is known what became of it")
	// ErrContentGone says that a message can't be sent again, because its payload is not stored: an older version did
	// not keep it.
	ErrContentGone = errors.New("its content is not stored any more: send it under a new id")
)

// codeResolved is the reason of a message that did not arrive, as a person found out.
const codeResolved = "resolved"

func (r Resolution) state() (ledger.State, ledger.Reason, error) {
	switch r {
	case AsSent:
		return ledger.Sent, ledger.Reason{}, nil
	case AsFailed:
		return ledger.Failed, ledger.Reason{Code: codeResolved, Text: "a person found out that it did not arrive"}, nil
	case AsResend:
		return ledger.Pending, ledger.Reason{}, nil
	}
	return 0, ledger.Reason{}, fmt.Errorf("resolve as %.100q: want sent, failed or resend", string(r))
}

// ResolveMessage settles a message in state unknown: a single one, one of a bulk, or the forward of that id if there
// is no such message. Its event follows. Any other state is ErrNotUnknown, unless it is the state that r gives:
// resolving twice is harmless. The error is ledger.ErrNotFound if there is no such message.
func (c *Client) ResolveMessage(ctx context.Context, id string, r Resolution) error {
	err := c.resolve(ctx, ledger.Message, id, r)
	if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	if other := c.resolve(ctx, ledger.Forward, id, r); !errors.Is(other, ledger.ErrNotFound) {
		return other
	}
	b, at, other := c.bulks.Locate(ctx, id)
	if errors.Is(other, bulk.ErrNotFound) {
		return err
	}
	if other != nil {
		return other
	}
	n, other := c.resolveIn(ctx, b, r, &at)
	if other != nil || n > 0 {
		return other
	}
	result, other := c.bulks.MessageResult(ctx, id)
	if other != nil {
		return other
	}
	return c.already("message", id, result.Record, r)
}

// ResolveForward is ResolveMessage for a forward.
func (c *Client) ResolveForward(ctx context.Context, id string, r Resolution) error {
	return c.resolve(ctx, ledger.Forward, id, r)
}

func (c *Client) resolve(ctx context.Context, k ledger.Kind, id string, r Resolution) error {
	state, reason, err := r.state()
	if err != nil {
		return err
	}
	books, err := c.single(ctx, k, id)
	if err != nil {
		return err
	}
	record, err := c.record(ctx, books)
	if err != nil {
		return err
	}
	if record.State != ledger.Unknown {
		return c.already(string(k), id, record, r)
	}
	p, err := c.again(ctx, k, books)
	if errors.Is(err, ledger.ErrNotFound) && r != AsResend {
		// It is of an older version: nothing is left of which an event could be made.
		_, err = c.ledger.Settle(ctx, books, 0, state, reason)
		return err
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("%s %s: %w", k, id, ErrContentGone)
	}
	if err != nil {
		return err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	// It is listed first: if this process dies here, a worker finds the message, and sends it or publishes its
	// outcome.
	if err := c.ledger.AddUnsettled(ctx, ledger.Owner{Kind: k, ID: id}); err != nil {
		return err
	}
	settled, err := c.ledger.Settle(ctx, books, 0, state, reason)
	if err != nil {
		return err
	}
	if !settled {
		if record, err = c.record(ctx, books); err != nil {
			return err
		}
		return c.already(string(k), id, record, r)
	}
	_, err = c.queue.Restore(ctx, p, time.Time{})
	return err
}

// already is nil if the message is in the state that r gives.
func (c *Client) already(kind, id string, record ledger.Record, r Resolution) error {
	if r == AsSent && record.State == ledger.Sent || r == AsFailed && record.State == ledger.Failed && record.Reason.Code == codeResolved {
		return nil
	}
	return fmt.Errorf("%s %s is %s: %w", kind, id, record.State, ErrNotUnknown)
}

// again is the task of a message or forward as it was stored: with its record or, by an older version, in the queue.
func (c *Client) again(ctx context.Context, k ledger.Kind, books ledger.Chunk) (task.Payload, error) {
	layout := books.Layout(task.Layout)
	r, err := c.ledger.Request(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) {
		r.Kind, r.Payload, err = c.queue.Payload(bare(k, books.ID, layout))
		if errors.Is(err, queue.ErrNoTask) {
			err = fmt.Errorf("the content of %s: %w", books.Owner, ledger.ErrNotFound)
		}
	}
	if err != nil {
		return nil, err
	}
	p, err := task.Parse(r.Kind, r.Payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", books.Owner, err)
	}
	return enqueued(task.InLayout(p, layout), time.Now()), nil
}

// bare is a message or forward with nothing but a name.
func bare(k ledger.Kind, id string, layout int) task.Payload {
	if k == ledger.Forward {
		return task.Forward{ID: id, Layout: layout}
	}
	return task.Message{ID: id, Layout: layout}
}

// ResolveBulk settles all messages of a bulk in state unknown, and returns how many. Their events follow, and then
// another event of the bulk's end.
func (c *Client) ResolveBulk(ctx context.Context, id string, r Resolution) (int, error) {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return 0, err
	}
	return c.resolveIn(ctx, b, r, nil)
}

// resolveIn settles messages of a bulk: all that are unknown, or the one at a place.
func (c *Client) resolveIn(ctx context.Context, b bulk.Bulk, r Resolution, only *bulk.Place) (int, error) {
	state, reason, err := r.state()
	if err != nil {
		return 0, err
	}
	if r == AsResend && b.Control == bulk.Cancelled {
		return 0, fmt.Errorf("bulk %s %w", b.ID, bulk.ErrCancelled)
	}
	var chunks []int
	n, err := c.bulks.Settle(ctx, b, only, state, reason, func(chunk int) error {
		chunks = append(chunks, chunk)
		return c.events.AddPending(ctx, b.ID, chunk) // so that the event follows even if this process dies before it enqueues the task
	})
	if n == 0 || err != nil {
		return n, err
	}
	// A new round gives the bulk another event of its end.
	if err := c.startAgain(ctx, b.ID); err != nil || r == AsResend {
		return n, err
	}
	for _, chunk := range chunks { // they have no pending messages, so the new round doesn't enqueue them
		if _, err := c.queue.Again(ctx, b.ChunkTask(chunk)); err != nil {
			return n, err
		}
	}
	return n, nil
}
