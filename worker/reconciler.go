package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/ledger"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/task"
)

// reconcileEvery is how often running bulks are looked at. One that made no progress in between has its chunks checked
// against the queue.
const reconcileEvery = 10 * time.Second

// reconciler sees to it that every chunk with pending recipients has a task: the books, not the queue, say what is to
// do. Any number may run at once.
type reconciler struct {
	bulks     *bulk.Store
	ledger    *ledger.Ledger
	queue     *queue.Client
	inspector *asynq.Inspector
	log       *slog.Logger
	metrics   *metrics

	last map[string]bulk.Status // by id, from the round before
}

// run looks at the running bulks until ctx ends.
func (r *reconciler) run(ctx context.Context) {
	r.last = map[string]bulk.Status{}
	tick := time.NewTicker(reconcileEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("reconciler can't look at the bulks", "error", err)
		}
	}
}

func (r *reconciler) round(ctx context.Context) error {
	ids, err := r.bulks.Running(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bulk.Status{}
	for _, id := range ids {
		status, err := r.bulks.Status(ctx, id)
		if errors.Is(err, bulk.ErrNotFound) || err == nil && status.State == bulk.Completed {
			if err := r.bulks.Finished(ctx, id); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		seen[id] = status
		if before, known := r.last[id]; known && before == status {
			if err := r.restore(ctx, id); err != nil {
				return err
			}
		}
	}
	r.last = seen
	return nil
}

// restore enqueues the chunks of a bulk that have someone pending and no task.
func (r *reconciler) restore(ctx context.Context, id string) error {
	b, err := r.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	for chunk := range b.Chunks {
		records, err := r.ledger.Chunk(ctx, ledger.Chunk{Owner: id, Index: chunk})
		if err != nil {
			return err
		}
		open := false
		for _, record := range records {
			open = open || !record.State.Final()
		}
		if !open {
			continue
		}
		if err := r.restoreChunk(ctx, task.BulkChunk{Bulk: id, Chunk: chunk}); err != nil {
			return err
		}
	}
	return nil
}

func (r *reconciler) restoreChunk(ctx context.Context, t task.BulkChunk) error {
	added, err := r.queue.Enqueue(ctx, t)
	if err != nil {
		return err
	}
	if !added {
		// There is a task of that name. One that has ended will not come back by itself.
		taskID, queueName, err := queue.Address(t)
		if err != nil {
			return err
		}
		info, err := r.inspector.GetTaskInfo(queueName, taskID)
		if errors.Is(err, asynq.ErrTaskNotFound) {
			return nil // ended and gone in this very moment; the next round looks again
		}
		if err != nil {
			return fmt.Errorf("look at task %s: %w", taskID, err)
		}
		if info.State != asynq.TaskStateArchived && info.State != asynq.TaskStateCompleted {
			return nil
		}
		if err := r.inspector.DeleteTask(queueName, taskID); err != nil && !errors.Is(err, asynq.ErrTaskNotFound) {
			return fmt.Errorf("make room for task %s: %w", taskID, err)
		}
		if _, err := r.queue.Enqueue(ctx, t); err != nil {
			return err
		}
	}
	r.log.Warn("a chunk with pending recipients had no task; it was enqueued again", "bulk", t.Bulk, "chunk", t.Chunk)
	r.metrics.recovered.WithLabelValues("chunk").Inc()
	return nil
}
