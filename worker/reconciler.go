package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// reconcileEvery is how often running bulks are looked at. One that made no progress in between has its chunks checked
// against the queue.
const reconcileEvery = 10 * time.Second

// reconciler sees to it that every chunk with pending recipients has a task: the books, not the queue, say what is to
// do. Any number may run at once.
type reconciler struct {
	restorer
	log     *slog.Logger
	metrics *metrics
	// tell tells that a bulk is over, unless chunks still owe events: those it returns.
	tell func(ctx context.Context, bulk string) (owed []int, err error)

	last map[string]look // by id, from the round before
}

// look is what a round saw of a bulk.
type look struct {
	status bulk.Status
	idle   int // rounds without progress before it
}

// due reports whether the chunks of a bulk without progress are checked in this round: at longer and longer intervals,
// since it may wait for a time of day. Its chunks' own tasks don't wait for that.
func (l look) due() bool { return l.idle > 0 && (l.idle&(l.idle-1) == 0 || l.idle%32 == 0) }

// run looks at the running bulks until ctx ends.
func (r *reconciler) run(ctx context.Context) {
	r.last = map[string]look{}
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
	seen := map[string]look{}
	for _, id := range ids {
		status, err := r.bulks.Status(ctx, id)
		over := errors.Is(err, bulk.ErrNotFound)
		if err == nil && status.State.Over() {
			over, err = r.tellEnd(ctx, id)
		}
		if over {
			if err := r.bulks.Finished(ctx, id); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		now := look{status: status}
		if before, known := r.last[id]; known && before.status == status && status.State == bulk.Running {
			now.idle = before.idle + 1
		}
		seen[id] = now
		if now.due() {
			if err := r.recover(ctx, id); err != nil {
				return err
			}
		}
	}
	r.last = seen
	r.metrics.books(seen, time.Now())
	return nil
}

// tellEnd sees to it that callers learn the end of a bulk, and what comes before it: whoever sent the last message may
// have died before telling, and its task with it.
func (r *reconciler) tellEnd(ctx context.Context, id string) (told bool, err error) {
	owed, err := r.tell(ctx, id)
	for _, chunk := range owed {
		added, err := r.restoreTask(ctx, task.BulkChunk{Bulk: id, Chunk: chunk}, time.Time{}, false)
		if err != nil {
			return false, err
		}
		if added {
			r.log.Warn("a chunk had no task and owed events; it was enqueued again", "bulk", id, "chunk", chunk)
			r.metrics.recovery.Recovered("chunk", 1)
		}
	}
	return err == nil && len(owed) == 0, err
}

// recover restores the chunks of a bulk that makes no progress.
func (r *reconciler) recover(ctx context.Context, id string) error {
	b, err := r.bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	n, err := r.restore(ctx, b, b.Control == bulk.Cancelled)
	if n > 0 {
		r.log.Warn("chunks with pending recipients had no task; they were enqueued again", "bulk", id, "chunks", n)
		r.metrics.recovery.Recovered("chunk", n)
	}
	if err == nil && b.CanaryOut() {
		_, err = r.restoreTask(ctx, task.BulkStart{Bulk: id, Round: b.Round}, time.Time{}, false)
	}
	return err
}

// restorer enqueues chunks by what the books say.
type restorer struct {
	bulks  *bulk.Store
	ledger *ledger.Ledger
	queue  *queue.Client
}

// restore enqueues the chunks of a bulk that may go out, have someone pending and no task, and returns how many. With
// atOnce it also runs those whose task waits for its next try, and of a cancelled bulk those that wait for their time.
func (r restorer) restore(ctx context.Context, b bulk.Bulk, atOnce bool) (int, error) {
	var dues map[int]time.Time
	if b.SendAtLocal != "" && b.Control != bulk.Cancelled {
		var err error
		if dues, err = r.bulks.Dues(ctx, b.ID); err != nil {
			return 0, err
		}
	}
	restored := 0
	for chunk := range b.Open() {
		records, err := r.ledger.Chunk(ctx, ledger.Chunk{Owner: b.ID, Index: chunk})
		if err != nil {
			return restored, err
		}
		if !slices.ContainsFunc(records, func(record ledger.Record) bool { return !record.State.Final() }) {
			continue
		}
		added, err := r.restoreTask(ctx, task.BulkChunk{Bulk: b.ID, Chunk: chunk}, dues[chunk], atOnce)
		if err != nil {
			return restored, err
		}
		if added {
			restored++
		}
	}
	return restored, nil
}

// restoreTask enqueues a task that is not to run before due, if it is not there, or has ended. With atOnce it runs one
// that waits now, unless it waits for that time.
func (r restorer) restoreTask(ctx context.Context, t task.Payload, due time.Time, atOnce bool) (added bool, err error) {
	added, err = r.queue.AgainAt(ctx, t, due)
	if added || err != nil || !atOnce || due.After(time.Now()) {
		return added, err
	}
	id, queueName, err := queue.Address(t)
	if err != nil {
		return false, err
	}
	return r.queue.RunNow(queueName, id)
}
