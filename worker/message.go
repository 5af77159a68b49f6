package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// handleMessage sends one message.
func (w *Worker) handleMessage(ctx context.Context, log *slog.Logger, m task.Message) error {
	chunk := ledger.Chunk{Owner: m.ID}
	records, err := w.books(ctx, chunk)
	if err != nil {
		return err
	}
	if len(records) != 1 || records[0].State.Final() {
		return nil // an earlier run got that far
	}
	prepared, err := w.prepare(ctx, m.Content)
	if err != nil {
		// A shortcut that isn't there, a template that doesn't compile: no retry mends it.
		return w.giveUp(ctx, log, chunk, 0, err)
	}
	careful, err := w.careful(ctx)
	if err != nil {
		return err
	}
	suppressed, err := w.Suppressions.Check(ctx, m.Channel, []string{m.To})
	if err != nil {
		return err
	}
	var settled *outcome
	if entry := suppressed[0]; entry != nil {
		settled = outcomeOfSuppression(*entry)
	} else if err := w.pace(ctx, m, ""); err != nil {
		return err
	}
	attempt, _ := asynq.GetRetryCount(ctx)
	commit, err := w.deliver(ctx, job{
		log: log, chunk: chunk, message: m, prepared: prepared, policy: attach.For(m.Channel), attempt: attempt, careful: careful,
		settled: settled,
	})
	return errors.Join(err, commit.Wait())
}

// carefulAfter is how often workers may die with a task before it is worked on carefully: one recipient at a time,
// each claimed first. The next death then shows whose message it is; it becomes unknown, and the others go on.
const carefulAfter = 3

// careful reports whether workers died with the task of ctx too often.
func (w *Worker) careful(ctx context.Context) (bool, error) {
	id, _ := asynq.GetTaskID(ctx)
	queueName, _ := asynq.GetQueueName(ctx)
	n, err := crashes(ctx, w.Redis, queueName, id)
	if n < carefulAfter {
		return false, err
	}
	w.metrics.careful.Inc()
	return true, err
}

// books reads a chunk's records. What a run before this one left claimed becomes unknown: that run died between
// claiming and recording, and nobody can tell how far it came.
func (w *Worker) books(ctx context.Context, c ledger.Chunk) ([]ledger.Record, error) {
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
		reason := ledger.Reason{Code: "interrupted", Text: "the worker stopped in the middle of sending; it may have arrived"}
		if err := w.Ledger.Mark(ctx, c, slot, ledger.Unknown, reason); err != nil {
			return nil, err
		}
		records[slot].State = ledger.Unknown
	}
	return records, nil
}

// giveUp fails a recipient whose content can't be prepared, unless the trouble is the worker's own.
func (w *Worker) giveUp(ctx context.Context, log *slog.Logger, c ledger.Chunk, slot int, err error) error {
	out := outcomeOfPrepare(err)
	if out.again != nil {
		return out.again
	}
	log.Error("content can't be prepared", "error", err)
	return w.Ledger.Mark(ctx, c, slot, out.state, out.reason)
}
