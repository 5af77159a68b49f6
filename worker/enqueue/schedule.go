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

// CancelMessage keeps a message or forward from being sent that waits for its time, for a free worker, or for its next
// try. Its books say skipped, with the code cancelled, and so does its event. What went, is going out, or was given up
// can't be cancelled: ErrTooLate says so, ledger.ErrNotFound that there is no such message. Cancelling twice is harmless.
func (c *Client) CancelMessage(ctx context.Context, id string) error {
	books := ledger.Chunk{Owner: id}
	if known, err := c.rdb.Exists(ctx, messageKey(id)).Result(); err != nil {
		return fmt.Errorf("cancel message: %w", err)
	} else if known == 0 { // a bulk's books, or none
		return fmt.Errorf("message %.100q: %w", id, ledger.ErrNotFound)
	}
	record, err := c.MessageStatus(ctx, id)
	if err != nil {
		return err
	}
	withdrawn := false
	if record.State == ledger.Pending {
		reason := ledger.Reason{Code: codeCancelled, Text: "cancelled before it was sent"}
		if withdrawn, err = c.ledger.Withdraw(ctx, books, 0, reason); err != nil {
			return err
		}
	}
	if !withdrawn {
		if record, err = c.MessageStatus(ctx, id); err != nil {
			return err
		}
		if record.State == ledger.Claimed {
			return fmt.Errorf("message %s is being sent: %w", id, ErrTooLate)
		}
		if record.State != ledger.Skipped || record.Reason.Code != codeCancelled {
			return fmt.Errorf("message %s is %s: %w", id, record.State, ErrTooLate)
		}
	}
	// Its task has nothing left to do but to tell that. It ends now, not at the message's time.
	_, err = c.queue.RunNow(queue.Messages, id)
	return err
}
