package enqueue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// ErrTooLate says that a message can't be cancelled: it went, is going out at this moment, or was given up.
var ErrTooLate = errors.New("too late to cancel")

// codeCancelled is the reason of a message that was cancelled.
const codeCancelled = "cancelled"

// ahead is how far in the future a time is, 0 where it is not.
func ahead(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(0, time.Until(at))
}

// checkAhead reports whether a time is within what is kept.
func checkAhead(at time.Time) error {
	if d := ahead(at); d > bulk.MaxAhead {
		return fault.At("", fault.OutOfRange, "%d days ahead; at most %d are", int(d.Hours()/24), int(bulk.MaxAhead.Hours()/24))
	}
	return nil
}

// CancelMessage keeps a message from being sent that waits for its time, for a free worker, or for its next try, or the
// forward of that id where no message has it. Its books say skipped, with the code cancelled, and so does its event. What
// went, is going out, or was given up can't be cancelled: ErrTooLate says so, ledger.ErrNotFound that there is no such
// message. Cancelling twice is harmless.
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
	// Its task has nothing left to do but to tell that. It ends now, not at the message's time.
	return c.runNow(ctx, k, books)
}

// runNow runs the task of a message or forward that waits, at once.
func (c *Client) runNow(_ context.Context, k ledger.Kind, books ledger.Chunk) error {
	id, name, err := queue.Address(bare(k, books.ID, books.Layout(task.Layout)))
	if err != nil {
		return err
	}
	_, err = c.queue.RunNow(name, id)
	return err
}
