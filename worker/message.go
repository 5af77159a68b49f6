package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// handleMessage sends one message, then tells what became of it.
func (w *Worker) handleMessage(ctx context.Context, log *slog.Logger, run queue.Run, m task.Message) error {
	got := &receipts{}
	if err := w.sendMessage(ctx, log, run, m, got); err != nil {
		return err
	}
	return w.tellMessage(ctx, m, got)
}

// sendMessage sends one message, or finds that there is nothing left to do.
func (w *Worker) sendMessage(ctx context.Context, log *slog.Logger, run queue.Run, m task.Message, got *receipts) error {
	chunk := ledger.Chunk{Owner: m.ID}
	records, err := w.booksAlone(ctx, run, m)
	if err != nil {
		return err
	}
	if len(records) != 1 || records[0].State.Final() {
		return nil // an earlier run got that far
	}
	if again := early(m.SendAt); again != nil {
		return again
	}
	content, err := w.composer.Open(ctx, m.Content)
	if err != nil {
		// A shortcut that isn't there, a template that doesn't compile: no retry mends it.
		return w.giveUp(ctx, log, chunk, 0, err)
	}
	careful := w.careful(run)
	j := job{
		Job: compose.Job{Message: m, Content: content, Owner: m.ID}, log: log, chunk: chunk, careful: careful, alone: true, receipts: got,
	}
	if j.Suppressed, err = w.Suppressions.Check(ctx, m.Channel, j.Addresses()); err != nil {
		return err
	}
	if verdict := w.composer.Admit(j.Job); verdict != nil {
		j.settled = outcomeOf(verdict)
	} else {
		if err := w.paceOne(ctx, m); err != nil {
			return err
		}
	}
	defer w.oneCareful(careful)()
	j.attempt = run.Attempt
	commit, err := w.deliver(ctx, j)
	return errors.Join(err, commit.Wait())
}

// early puts off what is not due by this worker's clock, whatever the clock of whoever enqueued it says.
func early(due time.Time) error {
	if wait := time.Until(due); wait > 0 {
		return &queue.Again{After: wait, Reason: "not due"}
	}
	return nil
}

// carefulAfter is how often workers may die with a task before it is worked on carefully: one recipient at a time,
// each claimed first. The next death then shows whose message it is; it becomes unknown, and the others go on.
const carefulAfter = 3

// careful reports whether workers died with this task too often.
func (w *Worker) careful(run queue.Run) bool {
	if run.Crashes < carefulAfter {
		return false
	}
	w.metrics.careful.Inc()
	return true
}

// oneCareful waits until no other careful task runs in this process, until done: were there two, a death would make both
// of their messages unknown.
func (w *Worker) oneCareful(careful bool) (done func()) {
	if !careful {
		return func() {}
	}
	w.carefully.Lock()
	return w.carefully.Unlock
}

// books reads a chunk's records. What a run before this one left claimed becomes unknown: that run died between
// claiming and recording, and nobody can tell how far it came.
func (w *Worker) books(ctx context.Context, c ledger.Chunk) ([]ledger.Record, error) {
	return w.settleClaims(ctx, c, false)
}

// booksAlone reads the books of a message of its own. Under "resend" it was claimed only to keep it from being cancelled
// meanwhile: the claim of a run that died is given back, unless that was a careful one.
func (w *Worker) booksAlone(ctx context.Context, run queue.Run, m task.Message) ([]ledger.Record, error) {
	return w.settleClaims(ctx, ledger.Chunk{Owner: m.ID}, policyOf(m) == task.Resend && run.Crashes <= carefulAfter)
}

// settleClaims reads a chunk's records and sees to it that none of them is claimed: they become pending with giveBack,
// else unknown.
func (w *Worker) settleClaims(ctx context.Context, c ledger.Chunk, giveBack bool) ([]ledger.Record, error) {
	records, err := w.Ledger.Chunk(ctx, c)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errGone, err)
	}
	if err != nil {
		return nil, err
	}
	for slot, r := range records {
		if r.State != ledger.Claimed {
			continue
		}
		var err error
		if giveBack {
			records[slot].State, err = ledger.Pending, w.Ledger.Release(ctx, c, slot)
		} else {
			reason := ledger.Reason{Code: "interrupted", Text: "the worker stopped in the middle of sending; it may have arrived"}
			records[slot].State, err = ledger.Unknown, w.Ledger.Mark(ctx, c, slot, ledger.Unknown, reason)
		}
		if err != nil {
			return nil, err
		}
	}
	return records, nil
}

// giveUp fails a recipient whose content can't be prepared, unless the trouble is the worker's own.
func (w *Worker) giveUp(ctx context.Context, log *slog.Logger, c ledger.Chunk, slot int, err error) error {
	out := outcomeOfTrouble(ctx, err)
	if out.again != nil {
		return out.again
	}
	log.Error("content can't be prepared", "error", err)
	return w.Ledger.Mark(ctx, c, slot, out.state, out.reason)
}
