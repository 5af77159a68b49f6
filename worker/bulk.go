package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// handleBulkStart enqueues the chunks of a bulk. Their ids are fixed, so running it again is harmless. MarkStarted
// comes last: until then this task is what brings the chunks into being, after it the reconciler is.
func (w *Worker) handleBulkStart(ctx context.Context, log *slog.Logger, t task.BulkStart) error {
	b, err := w.bulk(ctx, t.Bulk)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return fmt.Errorf("bulk %s: %w: its audience was never completed", t.Bulk, errGone)
	}
	restored, err := w.restorer().restore(ctx, b, t.Round > 0)
	if err != nil {
		return err
	}
	if err := w.bulks.MarkStarted(ctx, t.Bulk, time.Now()); err != nil {
		return err
	}
	log.Info("bulk started", "bulk", t.Bulk, "round", t.Round, "channel", b.Channel, "planned", b.Planned, "chunks", restored)
	return nil
}

func (w *Worker) bulk(ctx context.Context, id string) (bulk.Bulk, error) {
	b, err := w.bulks.Bulk(ctx, id)
	if errors.Is(err, bulk.ErrNotFound) {
		return b, fmt.Errorf("%w: %w", errGone, err)
	}
	return b, err
}

// openBulk is what all chunks of a bulk share in this process.
type openBulk struct {
	bulk.Bulk
	prepared *prepared
	shared   *sharedFiles // what everyone gets
	policy   attach.Policy
}

// openBulk reads a bulk, pins its template sources if nobody has, and finds the attachments that everyone gets.
func (w *Worker) openBulk(ctx context.Context, id string) (*openBulk, error) {
	return w.open.get(id, func() (*openBulk, error) {
		b, err := w.bulk(ctx, id)
		if err != nil {
			return nil, err
		}
		if b.Sources == "" {
			sources, err := PinSources(ctx, w.blobs, w.Catalog, b.Content)
			if err != nil {
				return nil, err
			}
			if b.Sources, err = w.bulks.Pin(ctx, id, sources); err != nil {
				return nil, err
			}
		}
		o := &openBulk{Bulk: b, policy: attach.Bulk()}
		if o.prepared, err = w.prepare(ctx, b.Content); err != nil {
			return nil, err
		}
		o.shared = w.find(ctx, o.policy, o.prepared.files(b.Channel), b.Attachments)
		var known *attach.Error
		if err := o.shared.err; err != nil && (!errors.As(err, &known) || known.Temporary) {
			return nil, err // not for good: ask again next time
		}
		return o, nil
	})
}

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
	if control, err := w.control(ctx, t.Bulk); err != nil {
		return err
	} else if control == bulk.Cancelled {
		return w.skipAll(ctx, books, pending)
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
		j := job{log: log, chunk: books, slot: slot, message: m, prepared: o.prepared, policy: o.policy, attempt: attempt, careful: careful}
		if len(recipients[slot].Attachments) == 0 {
			j.shared = o.shared
		}
		return w.deliver(ctx, j)
	})
	log.Info("chunk worked on", "recipients", len(recipients), "pending_before", len(pending), "pending_after", waiting,
		"attempt", attempt, "took", time.Since(started))
	return err
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
		asked  bulk.Control
	)
	take := func() (slot int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(slots) || broken != nil || ctx.Err() != nil || w.stopping() || again != nil && !again.counts {
			return 0, false
		}
		if id != "" {
			if asked, broken = w.control(ctx, id); asked != bulk.GoOn || broken != nil {
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
		asked, broken = w.bulks.Control(ctx, id)
	}
	switch {
	case broken != nil:
		return waiting, broken
	case asked == bulk.Paused:
		return waiting, nil
	case asked == bulk.Cancelled:
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

// controlAge is how long a worker may go on after an operator asked it to pause or cancel a bulk.
const controlAge = 500 * time.Millisecond

// control is what an operator asked of a bulk, at most controlAge ago.
func (w *Worker) control(ctx context.Context, id string) (bulk.Control, error) {
	w.controls.mu.Lock()
	defer w.controls.mu.Unlock()
	known, ok := w.controls.known[id]
	if ok && time.Since(known.at) < controlAge {
		return known.control, nil
	}
	control, err := w.bulks.Control(ctx, id)
	if err != nil {
		return "", err
	}
	if len(w.controls.known) > 1000 {
		clear(w.controls.known)
	}
	w.controls.known[id] = askedControl{control, time.Now()}
	return control, nil
}

// controls remembers what was asked of bulks.
type controls struct {
	mu    sync.Mutex
	known map[string]askedControl
}

type askedControl struct {
	control bulk.Control
	at      time.Time
}
