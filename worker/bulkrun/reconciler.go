package bulkrun

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// reconcileEvery is how often running bulks are looked at. If a bulk made no progress since the last look, its chunks
// are compared with the queue.
const reconcileEvery = 10 * time.Second

// reconciler makes sure that every chunk with pending messages has a task: the ledger says what is to be done, not
// the queue. Any number of workers may run it at once.
type reconciler struct {
	restorer
	log     *slog.Logger
	metrics *Metrics
	// publish publishes the end of a bulk, unless events of some chunks are pending: it returns those.
	publish func(ctx context.Context, bulk string) (pending []int, err error)

	last       map[string]look // by id, from the round before
	unreadable []string        // bulks that were told to be so
}

// Reconcile looks at the running bulks until ctx ends. Every worker does.
func (r *Runner) Reconcile(ctx context.Context) {
	k := &reconciler{restorer: r.restorer, log: r.Log.With("part", "reconciler"), metrics: r.Metrics, publish: r.publishBulk}
	k.run(ctx)
}

// look is what one round saw of a bulk.
type look struct {
	status bulk.Status
	idle   int // rounds without progress before this one
}

// due reports whether this round checks the chunks of a bulk without progress. The intervals grow, since the bulk may
// wait for a time of day. The tasks of its chunks don't wait for that.
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
		err := r.look(ctx, id, seen)
		switch {
		case bulk.IsUnreadable(err), errors.Is(err, ledger.ErrNotFound): // or a part of it is gone
			if !slices.Contains(r.unreadable, id) {
				r.unreadable = append(r.unreadable, id)
				r.log.Error("the data of a bulk can't be read: it stays as it is, and the others go on", "bulk", id, "error", err)
			}
		case err != nil:
			return err
		}
	}
	r.last = seen
	r.metrics.bulks(seen, time.Now())
	return nil
}

// look looks at one bulk, and notes in seen how it stands while it is not over.
func (r *reconciler) look(ctx context.Context, id string, seen map[string]look) error {
	status, err := r.bulks.Status(ctx, id)
	over := errors.Is(err, bulk.ErrNotFound)
	if err == nil && status.State.Over() {
		over, err = r.publishEnd(ctx, id)
	}
	if over {
		return r.bulks.Finished(ctx, id)
	}
	if err != nil {
		return err
	}
	if err := r.bulks.NotePace(ctx, id, status.Settled()); err != nil {
		return err
	}
	now := look{status: status}
	if before, known := r.last[id]; known && before.status == status && (status.State == bulk.Running || status.State == bulk.Ready) {
		now.idle = before.idle + 1
	}
	seen[id] = now
	if now.due() {
		return r.recover(ctx, id)
	}
	return nil
}

// publishEnd publishes the end of a bulk, and what comes before it: the worker that sent the last message may have
// died before it did, and its task with it.
func (r *reconciler) publishEnd(ctx context.Context, id string) (published bool, err error) {
	pending, err := r.publish(ctx, id)
	if len(pending) == 0 {
		return err == nil, err
	}
	b, err := r.bulks.Bulk(ctx, id)
	if err != nil {
		return false, err
	}
	for _, chunk := range pending {
		added, err := r.restoreTask(ctx, b.ChunkTask(chunk), time.Time{}, false)
		if err != nil {
			return false, err
		}
		if added {
			r.log.Warn("a chunk had no task and events to publish; it was enqueued again", "bulk", id, "chunk", chunk)
			r.metrics.Recovered("chunk", 1)
		}
	}
	return false, nil
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
		r.metrics.Recovered("chunk", n)
	}
	if err == nil && (b.CanaryOut() || b.Started.IsZero()) {
		_, err = r.restoreTask(ctx, b.StartTask(b.Round), time.Time{}, false)
	}
	return err
}
