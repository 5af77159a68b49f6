package enqueue

import (
	"context"
	"fmt"

	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// The reasons of messages whose task was given up before a worker could work on it. Retrying the dead letter makes
// them pending again.
const (
	CodeRefused       = "payload_refused" // the task has faults that an older client did not see
	CodeNotUnderstood = "not_understood"  // no worker understood the task for a day
)

// Dead reads and drops dead letters: tasks that the workers gave up.
func (c *Client) Dead() *dead.Store { return dead.New(c.rdb) }

// RetryDead puts the payload of a dead letter into its queue again, then drops the letter. The letter stays if this
// version doesn't understand the payload. Retrying twice is harmless: no message is sent a second time.
func (c *Client) RetryDead(ctx context.Context, id string) error {
	l, err := c.Dead().Get(ctx, id)
	if err != nil {
		return err
	}
	if e, err := outbox.FromLetter(l); err == nil {
		return c.replay(ctx, e, l)
	}
	payload, err := task.Parse(l.Kind, l.Payload)
	if err != nil {
		return fmt.Errorf("retry dead letter %.100q: %w", id, err)
	}
	switch payload.(type) {
	case task.Message, task.Forward:
		// Its record may be what was gone.
		var known ledger.Admission
		if payload, known, err = c.admit(ctx, payload, 0); err != nil {
			return fmt.Errorf("retry dead letter %.100q: %w", id, err)
		}
		books := known.Owner.Chunk(0)
		if err := c.ledger.Open(ctx, books, 1); err != nil {
			return err
		}
		record, err := c.record(ctx, books)
		if err != nil {
			return err
		}
		if record.State == ledger.Failed && (record.Reason.Code == CodeRefused || record.Reason.Code == CodeNotUnderstood) {
			if _, err := c.ledger.Reopen(ctx, books, 0, ledger.Failed); err != nil {
				return err
			}
		}
	}
	if _, err := c.queue.Again(ctx, payload); err != nil {
		return err
	}
	return c.Dead().Settle(ctx, l)
}
