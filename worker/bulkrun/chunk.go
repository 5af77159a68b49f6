package bulkrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// Chunk sends every pending message of one chunk, then publishes the outcomes.
func (r *Runner) Chunk(ctx context.Context, log *slog.Logger, run queue.Run, t task.BulkChunk) error {
	log = log.With("bulk", t.Bulk, "chunk", t.Chunk)
	o, err := r.open(ctx, log, t.Bulk)
	if errors.Is(err, queue.ErrGone) {
		return r.failAll(ctx, log, ledger.OwnerIn(t.Layout, ledger.Bulk, t.Bulk).Chunk(t.Chunk), err)
	}
	if err != nil {
		return err
	}
	turn, err := r.fairness.enter(ctx, o.Bulk)
	if err != nil {
		return err
	}
	defer turn.end()
	c := &chunk{r: r, opened: o, log: log, at: o.Owner().Chunk(t.Chunk), attempt: run.Attempt, began: r.Delivery.Began()}
	err = c.run(ctx, run, turn)
	if unjudged := c.judge(ctx); unjudged != nil {
		return unjudged
	}
	if unkept := c.keep(ctx, err); unkept != nil {
		return unkept
	}
	if unpublished := c.publish(ctx); unpublished != nil {
		return unpublished
	}
	if unanswered := c.ofTests(ctx); unanswered != nil {
		return unanswered
	}
	return err
}

// ofTests records what comes back about the messages of a test, now that their outcomes are published.
func (c *chunk) ofTests(ctx context.Context) error {
	if c.r.OfTest == nil || !task.IsTest(c.ID) || c.recipients == nil || len(c.Messages) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	records, err := c.r.Ledger.Chunk(ctx, c.at)
	if err != nil {
		return err
	}
	for slot, record := range records {
		if record.State != ledger.Sent || slot >= len(c.recipients)*c.Slots() {
			continue
		}
		channel := c.Part(slot).Channel
		to := compose.Travelling(channel, c.Country, c.recipient(slot).Address(channel))
		if err := c.r.OfTest(ctx, c.MessageID(c.at.Index, slot), to); err != nil {
			return err
		}
	}
	return nil
}

// chunk is one run of a chunk.
type chunk struct {
	r *Runner
	*opened
	log         *slog.Logger
	at          ledger.Chunk // where its records are
	attempt     int
	began       int64 // the era: see delivery.Delivery
	recipients  []bulk.Recipient
	suppressed  map[int]*suppress.Entry // by slot: the entries of those who must not be written to, as of the start of the run
	quarantined bool                    // see delivery.Job
	notes       delivery.Notes
	published   map[int]bool    // slots whose outcome this run has published
	waiting     context.Context // see delivery.Job: one for all messages
}

// run sends the pending messages.
func (c *chunk) run(ctx context.Context, run queue.Run, turn *turn) error {
	pending, err := c.read(ctx)
	if err != nil {
		return err
	}
	// This reads the control anew: the chunks of a cancelled bulk run to end their messages, even before their time.
	if asked, err := c.r.controls.now(ctx, c.ID); err != nil {
		return err
	} else if asked.Control == bulk.Cancelled {
		reason := ledger.Reason{Code: "cancelled", Text: "the bulk was cancelled before this message was sent"}
		return c.r.closeAll(ctx, c.at, pending, ledger.Skipped, reason)
	}
	if err := c.findSuppressed(ctx, pending); err != nil {
		return err
	}
	if pending, err = c.elsewhere(ctx, pending); err != nil {
		return err
	}
	if c.publishes() {
		if err := c.r.Events.AddPending(ctx, c.ID, c.at.Index); err != nil {
			return err
		}
	}
	atOnce := max(1, c.r.Concurrency/ChunksAtOnce)
	if c.quarantined = c.r.Delivery.Quarantined(run); c.quarantined {
		defer c.r.Delivery.Enter()()
		atOnce = 1
	}
	defer c.publishMeanwhile(ctx)()
	var stop context.CancelFunc
	c.waiting, stop = c.r.Delivery.UntilDrain(ctx)
	defer stop()
	started := time.Now()
	left := slots{
		atOnce: atOnce, next: func() error { return c.mayGoOn(ctx, turn) },
		channel: func(slot int) message.Channel { return c.Part(slot).Channel },
		deliver: func(slot int) (commit, error) { return c.deliver(ctx, slot) },
	}.run(ctx, pending)
	c.log.Info("chunk worked on", "recipients", len(c.recipients), "pending_before", len(pending), "pending_after", left.pending,
		"attempt", c.attempt, "took", time.Since(started))
	return c.whatNext(ctx, left)
}

// elsewhere has a chunk that waited for something begin at a random message. A message that is taken for trouble of the
// account, such as the one that a server won't relay, then holds up its chunk for one run and not for ever.
func (c *chunk) elsewhere(ctx context.Context, pending []int) ([]int, error) {
	wait, err := c.r.Ledger.Wait(ctx, c.at)
	if err != nil || wait == nil || len(pending) < 2 {
		return pending, err
	}
	n := rand.N(len(pending))
	return slices.Concat(pending[n:], pending[:n]), nil
}

// judge pauses the bulk if too many of its last messages failed, and publishes that.
func (c *chunk) judge(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	good, bad := c.notes.Tally()
	if c.r.PauseAbove <= 0 || bad == 0 && good == 0 {
		return nil
	}
	paused, err := c.r.Bulks.NoteOutcomes(ctx, c.ID, good, bad, c.r.PauseAbove)
	if err != nil || !paused {
		return err
	}
	return c.r.pausedItself(ctx, c.log, c.ID)
}

// keep records what this run learned about its messages, and why the pending ones wait after it ended with err.
func (c *chunk) keep(ctx context.Context, err error) error {
	ctx = context.WithoutCancel(ctx)
	if err := c.r.Ledger.PutDetails(ctx, c.at, c.notes.All()); err != nil {
		return err
	}
	if why := c.notes.WaitFor(err); why.Code != "" {
		return c.r.Ledger.PutWait(ctx, c.at, why, c.attempt+1)
	}
	return c.r.Ledger.RemoveWait(ctx, c.at)
}

// read reads the recipients and returns the slots that are pending.
func (c *chunk) read(ctx context.Context) (pending []int, err error) {
	records, err := c.r.Delivery.Records(ctx, c.at)
	if err != nil {
		return nil, err
	}
	c.recipients, err = c.r.Bulks.Recipients(ctx, c.Definition, c.at.Index)
	if errors.Is(err, bulk.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", queue.ErrGone, err)
	}
	if err != nil {
		return nil, err
	}
	if len(records) != len(c.recipients)*c.Slots() {
		return nil, fmt.Errorf("%w: chunk of %d recipients with %d records", queue.ErrGone, len(c.recipients), len(records))
	}
	return pendingIn(records), nil
}

// findSuppressed looks up, before the first message and once for each channel, who must not be written to.
func (c *chunk) findSuppressed(ctx context.Context, pending []int) error {
	c.suppressed = map[int]*suppress.Entry{}
	for i, p := range c.Messages {
		var slots []int
		var addresses []string
		for _, slot := range pending {
			if slot%c.Slots() == i {
				slots = append(slots, slot)
				addresses = append(addresses, compose.Travelling(p.Channel, c.Country, c.recipient(slot).Address(p.Channel)))
			}
		}
		entries, err := c.r.Delivery.Suppressions.Check(ctx, p.Channel, c.Topic, addresses)
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

// mayGoOn is asked before each message. It starts no further one if the worker drains, if the bulk is paused or
// cancelled, or if the chunk must give way.
func (c *chunk) mayGoOn(ctx context.Context, turn *turn) error {
	if c.r.Delivery.Stopping() || c.r.Delivery.Resting() || c.r.Delivery.Outdated(c.began) {
		return errHalt
	}
	asked, err := c.r.controls.of(ctx, c.ID)
	switch {
	case err != nil:
		return err
	case asked.Control != bulk.GoOn:
		return errHalt
	}
	return turn.stay(ctx)
}

// deliver sends the message of one slot.
func (c *chunk) deliver(ctx context.Context, slot int) (*ledger.Commit, error) {
	asked, err := c.r.controls.of(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return c.r.Delivery.Deliver(ctx, delivery.Job{
		Job: c.composed.Job(c.at.Index, slot, c.recipient(slot), c.suppressed[slot]),
		Log: c.log, Chunk: c.at, Slot: slot, Attempt: c.attempt, Quarantined: c.quarantined, Notes: &c.notes,
		Waiting: c.waiting, BulkRate: asked.Rate,
	})
}

// whatNext decides about the pending messages that are left: a *queue.Again, or nil if there are none. Those of a
// paused bulk get new tasks when it is resumed.
func (c *chunk) whatNext(ctx context.Context, left left) error {
	var control bulk.Control
	if left.pending > 0 && left.err == nil {
		// This reads the control anew: it decides about the messages that are left.
		asked, err := c.r.Bulks.Controls(ctx, c.ID)
		if err != nil {
			return err
		}
		control = asked.Control
	}
	return left.next(control)
}

// next decides about the messages that are left of a bulk with this control.
func (l left) next(control bulk.Control) error {
	switch {
	case l.err != nil:
		return l.err
	case control == bulk.Paused:
		return nil
	case control == bulk.Cancelled:
		return &queue.Again{Reason: "bulk is cancelled"}
	case l.again != nil:
		return l.again
	case l.pending > 0:
		return &queue.Again{Reason: "worker stops"}
	}
	return nil
}

// failAll fails all pending messages of a chunk whose bulk is not stored any more, while its records are.
func (r *Runner) failAll(ctx context.Context, log *slog.Logger, at ledger.Chunk, why error) error {
	records, err := r.Delivery.Records(ctx, at)
	if err != nil {
		return err
	}
	pending := pendingIn(records)
	log.Error("bulk is gone: its pending messages have failed", "pending", len(pending), "error", why)
	return r.closeAll(ctx, at, pending, ledger.Failed, ledger.Reason{Code: "bulk_gone", Text: why.Error()})
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
func (r *Runner) closeAll(ctx context.Context, at ledger.Chunk, pending []int, s ledger.State, reason ledger.Reason) error {
	return slots{
		atOnce: r.Concurrency,
		next: func() error {
			if r.Delivery.Stopping() {
				return errHalt
			}
			return nil
		},
		deliver: func(slot int) (commit, error) { return r.Ledger.PostCommon(ctx, at, slot, s, reason), nil },
	}.run(ctx, pending).next(bulk.GoOn)
}
