package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// handleBulkChunk sends one chunk: every message of it that is still pending.
func (w *Worker) handleBulkChunk(ctx context.Context, log *slog.Logger, run queue.Run, t task.BulkChunk) error {
	log = log.With("bulk", t.Bulk, "chunk", t.Chunk)
	books := ledger.Chunk{Owner: t.Bulk, Index: t.Chunk}
	o, err := w.openBulk(ctx, log, t.Bulk)
	if errors.Is(err, errGone) {
		return w.closeBooks(ctx, log, books, err)
	}
	if err != nil {
		return err
	}
	place, err := w.enter(ctx, o.Bulk)
	if err != nil {
		return err
	}
	defer place.close()
	c := &chunk{w: w, log: log, openBulk: o, index: t.Chunk, books: books}
	err = c.run(ctx, run, place)
	if untold := c.tell(ctx); untold != nil {
		return untold
	}
	return err
}

// run sends to whoever is pending.
func (c *chunk) run(ctx context.Context, run queue.Run, place *place) error {
	w := c.w
	pending, err := c.read(ctx)
	if err != nil {
		return err
	}
	// Asked afresh: a cancelled bulk's chunks run to be closed, also those whose time has not come.
	if wish, err := w.wishNow(ctx, c.ID); err != nil {
		return err
	} else if wish.Control == bulk.Cancelled {
		return w.closeAll(ctx, c.books, pending, skipped("cancelled", "the bulk was cancelled before this message was sent"))
	}
	if err := c.ask(ctx, run, pending); err != nil {
		return err
	}
	if c.tells() {
		if err := w.Events.Owe(ctx, c.ID, c.index); err != nil {
			return err
		}
	}
	atOnce := max(1, w.Concurrency/chunksAtOnce)
	if c.careful {
		atOnce = 1
	}
	defer w.oneCareful(c.careful)()
	defer c.tellMeanwhile(ctx)()
	var stop context.CancelFunc
	c.pacing, stop = w.untilDrain(ctx)
	defer stop()
	started := time.Now()
	waiting, err := w.each(ctx, place, c.ID, atOnce, pending, func(slot int) (*ledger.Commit, error) { return c.deliver(ctx, slot) })
	c.log.Info("chunk worked on", "recipients", len(c.recipients), "pending_before", len(pending), "pending_after", waiting,
		"attempt", c.attempt, "took", time.Since(started))
	return err
}

// chunk is one run of a chunk.
type chunk struct {
	*openBulk
	w          *Worker
	log        *slog.Logger
	index      int
	books      ledger.Chunk
	recipients []bulk.Recipient
	suppressed map[int]*suppress.Entry // by slot: who may not be written to, as it was when the run began
	careful    bool                    // see job
	attempt    int
	receipts   receipts
	told       map[int]bool    // slots whose outcome this run has told
	pacing     context.Context // ctx until the worker drains: one for all messages
}

// read reads the recipients and returns the slots of the books that are pending.
func (c *chunk) read(ctx context.Context) (pending []int, err error) {
	records, err := c.w.books(ctx, c.books)
	if err != nil {
		return nil, err
	}
	c.recipients, err = c.w.bulks.Recipients(ctx, c.ID, c.index)
	if errors.Is(err, bulk.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errGone, err)
	}
	if err != nil {
		return nil, err
	}
	if len(records) != len(c.recipients)*c.Slots() {
		return nil, fmt.Errorf("%w: chunk of %d recipients with %d records", errGone, len(c.recipients), len(records))
	}
	return pendingIn(records), nil
}

// ask finds out what must be known before the first message: who may not be written to, once a channel, and whether
// workers died with this chunk.
func (c *chunk) ask(ctx context.Context, run queue.Run, pending []int) error {
	c.attempt, c.careful = run.Attempt, c.w.careful(run)
	c.suppressed = map[int]*suppress.Entry{}
	for i, p := range c.Messages {
		var slots []int
		var addresses []string
		for _, slot := range pending {
			if slot%c.Slots() == i {
				slots = append(slots, slot)
				addresses = append(addresses, c.recipient(slot).Address(p.Channel))
			}
		}
		entries, err := c.w.Suppressions.Check(ctx, p.Channel, addresses)
		if err != nil {
			return err
		}
		for i, slot := range slots {
			if entries[i] != nil {
				c.suppressed[slot] = entries[i]
			}
		}
	}
	return nil
}

func (c *chunk) recipient(slot int) bulk.Recipient { return c.recipients[slot/c.Slots()] }

// deliver sends the message of one slot.
func (c *chunk) deliver(ctx context.Context, slot int) (*ledger.Commit, error) {
	r := c.recipient(slot)
	j := job{
		Job: c.composed.Job(c.index, slot, r, c.suppressed[slot]),
		log: c.log, chunk: c.books, slot: slot, attempt: c.attempt, careful: c.careful, receipts: &c.receipts,
	}
	switch verdict := c.w.composer.Admit(j.Job); {
	case verdict != nil:
		j.settled = outcomeOf(verdict)
	case len(c.Messages) == 0:
		j.settled = &outcome{state: ledger.Sent} // its actions are all that happens
	default:
		if err := c.w.pace(c.pacing, j.Message, c.ID); err != nil {
			return nil, err
		}
	}
	return c.w.deliver(ctx, j)
}

// slowMessage is how long a message must take for its own mark to be waited for too: that costs little beside it, and
// what a crash sends again is then no more than what is sent at the same time.
const slowMessage = 20 * time.Millisecond

// each runs deliver for the slots of a chunk, atOnce at a time. When the worker drains, the bulk is paused or cancelled,
// or a recipient met trouble that is everyone's, it starts no further one. It returns how many are still pending, and
// what is to be done about them: a *queue.Again, or nil for a bulk that is paused, which gets new tasks when it is resumed.
func (w *Worker) each(ctx context.Context, p *place, id string, atOnce int, slots []int, deliver func(slot int) (*ledger.Commit, error)) (waiting int, err error) {
	var (
		mu     sync.Mutex
		next   int
		again  *queue.Again
		broken error
		asked  bulk.Wish
	)
	take := func() (slot int, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(slots) || broken != nil || ctx.Err() != nil || w.stopping() || again != nil && !again.Counts {
			return 0, false
		}
		if id != "" {
			var wish bulk.Wish
			if wish, broken = w.wish(ctx, id); wish.Control != bulk.GoOn || broken != nil {
				return 0, false
			}
			var crowded *queue.Again
			switch err := p.stay(ctx); {
			case errors.As(err, &crowded):
				again = merge(again, crowded)
				return 0, false
			case err != nil:
				broken = err
				return 0, false
			}
		}
		next++
		return slots[next-1], true
	}
	done := func(err error) {
		if err == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		var l *queue.Again
		switch {
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
			// The mark of a quick message is stored while the next one goes out: one a goroutine, so that a Redis
			// that is away stops the sending at once.
			var last *ledger.Commit
			for slot, ok := take(); ok; slot, ok = take() {
				started := time.Now()
				commit, err := deliver(slot)
				done(err)
				done(last.Wait())
				if last = commit; time.Since(started) >= slowMessage {
					done(last.Wait())
					last = nil
				}
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
		return waiting, &queue.Again{Reason: "bulk is cancelled"}
	case again != nil:
		return waiting, again
	case waiting > 0:
		return waiting, &queue.Again{Reason: "worker stops"}
	}
	return 0, nil
}

// merge makes of two wishes to run again one that suits both: trouble that is everyone's wins, then the longer pause.
func merge(a, b *queue.Again) *queue.Again {
	switch {
	case a == nil:
		return b
	case a.Counts != b.Counts && !a.Counts:
		return a
	case a.Counts != b.Counts:
		return b
	case a.After >= b.After:
		return a
	default:
		return b
	}
}

// closeBooks fails everyone who is pending in a chunk whose bulk is not stored any more, while the books are.
func (w *Worker) closeBooks(ctx context.Context, log *slog.Logger, c ledger.Chunk, why error) error {
	records, err := w.books(ctx, c)
	if err != nil {
		return err
	}
	pending := pendingIn(records)
	log.Error("bulk is gone: whoever was pending has failed", "pending", len(pending), "error", why)
	return w.closeAll(ctx, c, pending, outcomeOfTrouble(ctx, why))
}

// pendingIn are the slots of a chunk that are pending.
func pendingIn(records []ledger.Record) []int {
	var pending []int
	for slot, r := range records {
		if r.State == ledger.Pending {
			pending = append(pending, slot)
		}
	}
	return pending
}

// closeAll gives these slots of a chunk one outcome.
func (w *Worker) closeAll(ctx context.Context, c ledger.Chunk, pending []int, out *outcome) error {
	_, err := w.each(ctx, nil, "", w.Concurrency, pending, func(slot int) (*ledger.Commit, error) {
		return w.Ledger.Post(ctx, c, slot, out.state, out.reason), nil
	})
	return err
}
