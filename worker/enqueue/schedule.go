package enqueue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
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
