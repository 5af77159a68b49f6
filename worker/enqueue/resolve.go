package enqueue

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Resolution is what a person found out about a message of which nobody knew whether it arrived.
type Resolution string

// The resolutions.
const (
	AsSent   Resolution = "sent"   // it arrived
	AsFailed Resolution = "failed" // it did not, and is not to be sent any more
	AsResend Resolution = "resend" // it did not: send it again, under the same message id
)

// Resolutions lists them all.
var Resolutions = []Resolution{AsSent, AsFailed, AsResend}

var (
	// ErrNotUnknown says that there is nothing to resolve: it is known what became of the message.
	ErrNotUnknown = errors.New("it is known what became of it")
	// ErrContentGone says that a message can't be sent again, because what was asked for is not stored: an older version did
	// not keep it.
	ErrContentGone = errors.New("its content is not stored any more: send it under a new id")
)

// codeResolved is the reason of a message of which a person found out that it did not arrive.
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

// ResolveMessage settles a message in state unknown: a single one, a bulk's, or the forward of that id where no message has
// it. Its event follows. Any other state is ErrNotUnknown, unless it is what r makes of it already: resolving twice is
// harmless. The error is ledger.ErrNotFound where there is no such message.
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
		// An older version's: there is nothing left of which an event could be made.
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
	// Listed first: whoever dies here leaves it to a worker to see to its task, which sends it, or tells the outcome.
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
	_, err = c.queue.Again(ctx, p)
	return err
}

// already is nil where a message is what r would make of it.
func (c *Client) already(kind, id string, record ledger.Record, r Resolution) error {
	if r == AsSent && record.State == ledger.Sent || r == AsFailed && record.State == ledger.Failed && record.Reason.Code == codeResolved {
		return nil
	}
	return fmt.Errorf("%s %s is %s: %w", kind, id, record.State, ErrNotUnknown)
}

// again is the task of a message or forward as it was stored: beside its books, or, by an older version, in the queue.
func (c *Client) again(ctx context.Context, k ledger.Kind, books ledger.Chunk) (task.Payload, error) {
	layout := books.Layout(task.Layout)
	r, err := c.ledger.Request(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) {
		id, name, addressErr := queue.Address(bare(k, books.ID, layout))
		if addressErr != nil {
			return nil, addressErr
		}
		r.Kind, r.Payload, err = c.queue.Payload(name, id)
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
	return task.InLayout(p, layout), nil
}

// bare is a message or forward of which only the name matters.
func bare(k ledger.Kind, id string, layout int) task.Payload {
	if k == ledger.Forward {
		return task.Forward{ID: id, Layout: layout}
	}
	return task.Message{ID: id, Layout: layout}
}

// ResolveBulk settles all messages of a bulk in state unknown, and returns how many. Their events follow, and so does
// another one of the bulk's end.
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
		return c.events.AddPending(ctx, b.ID, chunk) // callers are to learn of it, whoever dies before its task is enqueued
	})
	if n == 0 || err != nil {
		return n, err
	}
	// A new round: the bulk's end is another one than before.
	if err := c.startAgain(ctx, b.ID); err != nil || r == AsResend {
		return n, err
	}
	for _, chunk := range chunks { // nobody in them is pending, so the round doesn't bring them
		if _, err := c.queue.Again(ctx, b.ChunkTask(chunk)); err != nil {
			return n, err
		}
	}
	return n, nil
}
