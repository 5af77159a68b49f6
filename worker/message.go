package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// messages handles single messages.
type messages struct {
	composer *compose.Composer
	delivery *delivery.Delivery
	ledger   *ledger.Ledger
	events   *outbox.Store // nil publishes nothing
}

// handle sends one message, then publishes what became of it.
func (h *messages) handle(ctx context.Context, log *slog.Logger, run queue.Run, m task.Message) error {
	var receipts delivery.Receipts
	settled, err := h.send(ctx, log, run, m, &receipts)
	if err != nil || !settled {
		return err
	}
	if err := h.publish(ctx, m, &receipts); err != nil {
		return err
	}
	return h.ledger.RemoveUnsettled(ctx, ledger.Owner{Kind: ledger.Message, ID: m.ID})
}

// send sends one message, or finds that there is nothing left to do. It reports false for one that another run has.
func (h *messages) send(ctx context.Context, log *slog.Logger, run queue.Run, m task.Message, receipts *delivery.Receipts) (settled bool, err error) {
	chunk := recordOf(m)
	records, err := h.delivery.RecordsAlone(ctx, run, chunk, m)
	if err != nil {
		return false, err
	}
	if len(records) != 1 || records[0].State.Final() {
		return true, nil // an earlier run got that far
	}
	if again := early(m.SendAt); again != nil {
		return false, again
	}
	content, err := h.composer.Open(ctx, m.Content)
	if err != nil {
		// A shortcut that isn't there, a template that doesn't compile: no other attempt mends it.
		return true, h.delivery.Refuse(ctx, log, chunk, err)
	}
	return sendAlone(ctx, h.delivery, run, delivery.Job{
		Job: compose.Job{Message: m, Content: content, Owner: m.ID}, Log: log, Chunk: chunk, Receipts: receipts,
	})
}

// sendAlone delivers a message of its own, and waits until its outcome is recorded. It reports false for one that another
// run has.
func sendAlone(ctx context.Context, d *delivery.Delivery, run queue.Run, j delivery.Job) (settled bool, err error) {
	j.Alone, j.Attempt, j.Quarantined = true, run.Attempt, d.Quarantined(run)
	if j.Suppressed, err = d.Suppressions.Check(ctx, j.Message.Channel, j.Addresses()); err != nil {
		return false, err
	}
	commit, err := d.Deliver(ctx, j)
	return commit != nil, errors.Join(err, commit.Wait())
}

// early puts off what is not due by this worker's clock, whatever the clock of whoever enqueued it says.
func early(due time.Time) error {
	if wait := time.Until(due); wait > 0 {
		return &queue.Again{After: wait, Reason: "not due"}
	}
	return nil
}

// recordOf is where a single message's record is.
func recordOf(m task.Message) ledger.Chunk {
	return ledger.OwnerIn(m.Layout, ledger.Message, m.ID).Chunk(0)
}

// publish publishes what became of a message, as its record says. The task ends only after that.
func (h *messages) publish(ctx context.Context, m task.Message, receipts *delivery.Receipts) error {
	if h.events == nil {
		return nil
	}
	records, err := h.delivery.Ledger.Chunk(ctx, recordOf(m))
	if err != nil || len(records) != 1 {
		return err
	}
	report := delivery.Report{
		Message: m, Record: records[0], ProviderID: receipts.Get(0), Actions: m.Actions, Cause: m.ID, Outcome: true,
	}
	if report.Record.State == ledger.Sent {
		// It went, so it could be prepared. A shortcut that is gone since then takes its own actions with it.
		if content, err := h.composer.Open(ctx, m.Content); err == nil {
			report.Actions = content.Actions(m.Actions)
		} else if out := delivery.OfTrouble(ctx, err); out.Again != nil {
			return out.Again
		}
	}
	return h.events.Append(ctx, report.Facts()...)
}
