package bulkrun

import (
	"context"
	"slices"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// restorer enqueues chunks according to the ledger.
type restorer struct {
	bulks  *bulk.Store
	ledger *ledger.Ledger
	queue  *queue.Client
	lacks  func(bulk.Bulk) int // approvals; nil: no bulk needs any
}

// restore enqueues the chunks of a bulk that are due and have pending messages but no task. It returns how many. With
// atOnce it also runs chunks whose task waits for its next attempt and, of a cancelled bulk, those that wait for
// their time.
func (r restorer) restore(ctx context.Context, b bulk.Bulk, atOnce bool) (int, error) {
	if r.lacks != nil && r.lacks(b) > 0 {
		return 0, nil // its start pauses it
	}
	var dues map[int]time.Time
	if b.SendAtLocal != "" && b.Control != bulk.Cancelled {
		var err error
		if dues, err = r.bulks.Dues(ctx, b.ID); err != nil {
			return 0, err
		}
	}
	restored := 0
	for chunk := range b.Open() {
		records, err := r.ledger.Chunk(ctx, b.Owner().Chunk(chunk))
		if err != nil {
			return restored, err
		}
		if !slices.ContainsFunc(records, func(record ledger.Record) bool { return !record.State.Final() }) {
			continue
		}
		added, err := r.restoreTask(ctx, b.ChunkTask(chunk), dues[chunk], atOnce)
		if err != nil {
			return restored, err
		}
		if added {
			restored++
		}
	}
	return restored, nil
}

// restoreTask enqueues a task that must not run before due, if it is missing or has ended. With atOnce it runs one
// that waits, unless it waits for due.
func (r restorer) restoreTask(ctx context.Context, t task.Payload, due time.Time, atOnce bool) (added bool, err error) {
	added, err = r.queue.AgainAt(ctx, t, due)
	if added || err != nil || !atOnce || due.After(time.Now()) {
		return added, err
	}
	return r.queue.RunNow(t)
}
