package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/ledger"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// handleBulkChunk sends one chunk: every recipient of it that is still pending.
func (w *Worker) handleBulkChunk(ctx context.Context, log *slog.Logger, t task.BulkChunk) error {
	log = log.With("bulk", t.Bulk, "chunk", t.Chunk)
	books := ledger.Chunk{Owner: t.Bulk, Index: t.Chunk}
	records, err := w.books(ctx, books)
	if err != nil {
		return err
	}
	recipients, err := w.bulks.Recipients(ctx, t.Bulk, t.Chunk)
	if errors.Is(err, bulk.ErrNotFound) {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if err != nil {
		return err
	}
	if len(records) != len(recipients) {
		return fmt.Errorf("%w: chunk of %d recipients with %d records", errGone, len(recipients), len(records))
	}
	var pending []int
	for slot, r := range records {
		if r.State == ledger.Pending {
			pending = append(pending, slot)
		}
	}
	o, err := w.openBulk(ctx, t.Bulk)
	if err != nil {
		return w.giveUpAll(ctx, log, books, pending, err)
	}
	if wish, err := w.wish(ctx, t.Bulk); err != nil {
		return err
	} else if wish.Control == bulk.Cancelled {
		return w.skipAll(ctx, books, pending)
	}
	suppressed, err := w.suppressed(ctx, o.Channel, recipients, pending)
	if err != nil {
		return err
	}
	careful, err := w.careful(ctx)
	if err != nil {
		return err
	}
	atOnce := max(1, w.Concurrency/chunksAtOnce)
	if careful {
		atOnce = 1
	}
	started := time.Now()
	attempt, _ := asynq.GetRetryCount(ctx)
	waiting, err := w.each(ctx, t.Bulk, atOnce, pending, func(slot int) (*ledger.Commit, error) {
		m, err := o.Message(t.Chunk, slot, recipients[slot])
		if err != nil {
			reason := ledger.Reason{Code: "invalid_context", Text: err.Error()}
			return w.Ledger.Post(ctx, books, slot, ledger.Failed, reason), nil //nolint:nilerr // it is this recipient's, and recorded
		}
		j := job{
			log: log, chunk: books, slot: slot, message: m, prepared: o.prepared, policy: o.policy, attempt: attempt, careful: careful,
			suppressed: suppressed[slot],
		}
		if len(recipients[slot].Attachments) == 0 {
			j.shared = o.shared
		}
		if j.suppressed == nil { // nothing is sent to the others
			if err := w.pace(ctx, m.Channel, t.Bulk); err != nil {
				return nil, err
			}
		}
		return w.deliver(ctx, j)
	})
	log.Info("chunk worked on", "recipients", len(recipients), "pending_before", len(pending), "pending_after", waiting,
		"attempt", attempt, "took", time.Since(started))
	return err
}

// suppressed asks once who of a chunk's pending recipients may not be written to. The answer, by slot, holds for one run
// of the chunk.
func (w *Worker) suppressed(ctx context.Context, c message.Channel, recipients []bulk.Recipient, pending []int) (map[int]*suppress.Entry, error) {
	addresses := make([]string, len(pending))
	for i, slot := range pending {
		addresses[i] = recipients[slot].To
	}
	entries, err := w.Suppressions.Check(ctx, c, addresses)
	if err != nil {
		return nil, err
	}
	bySlot := map[int]*suppress.Entry{}
	for i, slot := range pending {
		if entries[i] != nil {
			bySlot[slot] = entries[i]
		}
	}
	return bySlot, nil
}

// each runs deliver for the slots of a chunk, atOnce at a time. When the worker drains, the bulk is paused or cancelled,
// or a recipient met trouble that is everyone's, it starts no further one. It returns how many are still pending, and
// what is to be done about them: a *later, or nil for a bulk that is paused, which gets new tasks when it is resumed.
func (w *Worker) each(ctx context.Context, id string, atOnce int, slots []int, deliver func(slot int) (*ledger.Commit, error)) (waiting int, err error) {
	var (
		mu     sync.Mutex
		next   int
		again  *later
		broken error
		asked  bulk.Wish
	)
	take := func() (slot int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(slots) || broken != nil || ctx.Err() != nil || w.stopping() || again != nil && !again.counts {
			return 0, false
		}
		if id != "" {
			var wish bulk.Wish
			if wish, broken = w.wish(ctx, id); wish.Control != bulk.GoOn || broken != nil {
				return 0, false
			}
		}
		next++
		return slots[next-1], true
	}
	done := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		var l *later
		switch {
		case err == nil:
		case errors.As(err, &l):
			waiting++
			again = merge(again, l)
		default:
			waiting++
			broken = err
		}
	}
	var senders sync.WaitGroup
	for range atOnce {
		senders.Go(func() {
			// A recipient's mark is stored while the next one's message goes out: one a goroutine, so that a Redis
			// that is away stops the sending at once.
			var last *ledger.Commit
			for slot, ok := take(); ok; slot, ok = take() {
				commit, err := deliver(slot)
				done(err)
				done(last.Wait())
				last = commit
			}
			done(last.Wait())
		})
	}
	senders.Wait()
	waiting += len(slots) - next
	if waiting > 0 && id != "" && broken == nil {
		// Asked afresh: what an operator wants now decides what becomes of those who wait.
		asked, broken = w.bulks.Wish(ctx, id)
	}
	switch {
	case broken != nil:
		return waiting, broken
	case asked.Control == bulk.Paused:
		return waiting, nil
	case asked.Control == bulk.Cancelled:
		return waiting, &later{reason: "bulk is cancelled"}
	case again != nil:
		return waiting, again
	case waiting > 0:
		return waiting, &later{reason: "worker stops"}
	}
	return 0, nil
}

// merge makes of two wishes to run again one that suits both: trouble that is everyone's wins, then the longer pause.
func merge(a, b *later) *later {
	switch {
	case a == nil:
		return b
	case a.counts != b.counts && !a.counts:
		return a
	case a.counts != b.counts:
		return b
	case a.after >= b.after:
		return a
	default:
		return b
	}
}

// giveUpAll fails every pending recipient of a chunk whose bulk can't be prepared, unless the trouble is the worker's
// own.
func (w *Worker) giveUpAll(ctx context.Context, log *slog.Logger, c ledger.Chunk, pending []int, err error) error {
	out := outcomeOfPrepare(err)
	if out.again != nil {
		return out.again
	}
	log.Error("bulk can't be prepared", "error", err)
	_, err = w.each(ctx, "", w.Concurrency, pending, func(slot int) (*ledger.Commit, error) {
		return w.Ledger.Post(ctx, c, slot, out.state, out.reason), nil
	})
	return err
}

// skipAll closes the books on everyone who is pending in a chunk of a cancelled bulk.
func (w *Worker) skipAll(ctx context.Context, c ledger.Chunk, pending []int) error {
	_, err := w.each(ctx, "", w.Concurrency, pending, func(slot int) (*ledger.Commit, error) {
		return w.Ledger.Post(ctx, c, slot, ledger.Skipped, ledger.Reason{Code: "cancelled", Text: "the bulk was cancelled before this message was sent"}), nil
	})
	return err
}
