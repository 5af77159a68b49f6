package bulkrun

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Events are made from the ledger, after it was written. A task ends only when its events are in the outbox.

// publishEvery is how long the event of an outcome may wait while its chunk is worked on.
const publishEvery = 2 * time.Second

// publishes reports whether single messages of the bulk have events.
func (c *chunk) publishes() bool {
	if c.r.Events == nil || c.recipients == nil {
		return false
	}
	for _, p := range c.composed.Parts {
		if p.Content != nil && !p.Content.Actions(nil).IsZero() {
			return true
		}
	}
	return c.Events || !c.Actions.IsZero()
}

// publishMeanwhile publishes what is known so far, again and again, until the returned function is called. What it
// can't publish is published at the end of the run.
func (c *chunk) publishMeanwhile(ctx context.Context) (stop func()) {
	if !c.publishes() {
		return func() {}
	}
	done := make(chan struct{})
	var publishing sync.WaitGroup
	publishing.Go(func() {
		tick := time.NewTicker(publishEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			if err := c.publishMessages(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("events wait for the end of the chunk", "error", err)
			}
		}
	})
	return func() { close(done); publishing.Wait() }
}

// publish publishes, at the end of a run, the outcomes of its messages and the progress of the bulk. A worker that
// was told to stop does this too.
func (c *chunk) publish(ctx context.Context) error {
	if c.r.Events == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if c.publishes() {
		if err := c.publishMessages(ctx); err != nil {
			return err
		}
	}
	if c.recipients != nil {
		if err := c.r.Events.RemovePending(ctx, c.ID, c.at.Index); err != nil {
			return err
		}
	}
	_, err := c.r.publishBulk(ctx, c.ID)
	return err
}

// publishMessages publishes the outcomes that this run has not published yet, those of earlier runs among them.
func (c *chunk) publishMessages(ctx context.Context) error {
	records, err := c.r.Ledger.Chunk(ctx, c.at)
	if err != nil {
		return err
	}
	var facts []outbox.Fact
	var slots []int
	for slot, r := range records {
		if !r.State.Final() || c.published[slot] || slot >= len(c.recipients)*c.Slots() {
			continue
		}
		slots = append(slots, slot)
		facts = append(facts, c.report(slot, r).Facts()...)
	}
	for _, slot := range slots {
		report, ok := c.last(slot, records)
		if !ok {
			continue
		}
		if err := c.r.Delivery.BlockSpam(ctx, report); err != nil {
			return err
		}
		facts = append(facts, report.Update()...) // one recipient gets the changes once
	}
	if err := c.r.Events.Append(ctx, facts...); err != nil {
		return err
	}
	if c.published == nil {
		c.published = map[int]bool{}
	}
	for _, slot := range slots {
		c.published[slot] = true
	}
	return nil
}

// last is the report of the last message of a recipient that was sent, when none of them is pending: the changes in the
// conversation follow it, once. So a conversation that is done gets nothing more.
func (c *chunk) last(slot int, records []ledger.Record) (delivery.Report, bool) {
	first, last := slot-slot%c.Slots(), -1
	for s, r := range records[first : first+c.Slots()] {
		switch {
		case !r.State.Final():
			return delivery.Report{}, false
		case r.State.Happened() && (last < 0 || !r.At.Before(records[last].At)):
			last = first + s
		}
	}
	if last < 0 {
		return delivery.Report{}, false
	}
	return c.report(last, records[last]), true
}

// report is that of one slot.
func (c *chunk) report(slot int, r ledger.Record) delivery.Report {
	recipient := c.recipient(slot)
	report := delivery.Report{
		Record: r, Details: c.notes.Of(slot), Bulk: c.ID, Cause: c.RecipientID(c.at.Index, slot), Group: strconv.Itoa(c.at.Index),
		Outcome: c.Events, OnlyAction: len(c.Messages) == 0, Conversation: recipient.Conversation, Actions: c.Actions,
		Email: recipient.Email, Phone: recipient.Phone,
	}
	var err error
	if report.Message, err = c.Message(c.at.Index, slot, recipient); err != nil {
		// Its context can't be read: that is why it failed.
		part, m := c.Part(slot), &report.Message
		m.ID, m.Channel, m.To = c.MessageID(c.at.Index, slot), part.Channel, recipient.Address(part.Channel)
	}
	if parts := c.composed.Parts; len(parts) > 0 {
		if content := parts[slot%c.Slots()].Content; content != nil {
			report.Actions = content.Actions(c.Actions)
		}
	}
	return report
}

// publishBulk publishes the progress of a bulk: at each tenth, and at its end, once all of its messages are
// published. The ids of the events contain the round, which is read first: the same progress is published again only
// after a person started the bulk again. It returns the chunks whose events the end must wait for.
func (r *Runner) publishBulk(ctx context.Context, id string) (pending []int, err error) {
	if r.Events == nil {
		return nil, nil
	}
	b, err := r.Bulks.Bulk(ctx, id)
	if err != nil {
		return nil, err
	}
	status, err := r.Bulks.Status(ctx, id)
	if err != nil || status.Planned == 0 {
		return nil, err
	}
	if status.State.Over() {
		if pending, err = r.Events.Pending(ctx, id); err != nil || len(pending) > 0 {
			return pending, err // the last of these chunks will be here again
		}
	}
	fact := factOf(b, status)
	if fact.Percent == 0 && !fact.Over {
		return nil, nil
	}
	return nil, r.Events.Append(ctx, fact)
}

// factOf is the event of a bulk's progress.
func factOf(b bulk.Bulk, status bulk.Status) outbox.Bulk {
	return outbox.Bulk{
		ID: b.ID, Labels: b.Labels, State: string(status.State), Round: b.Round, Percent: status.Settled() * 10 / status.Planned * 10,
		Planned: status.Planned, Pending: status.Pending, Sent: status.Sent, Done: status.Done, Failed: status.Failed,
		Suppressed: status.Suppressed, Skipped: status.Skipped, Unknown: status.Unknown, At: time.Now(), Over: status.State.Over(),
	}
}

// pausedItself logs and publishes that a bulk paused by itself, unless nothing of it was left.
func (r *Runner) pausedItself(ctx context.Context, log *slog.Logger, id string) error {
	b, err := r.Bulks.Bulk(ctx, id)
	if err != nil {
		return err
	}
	status, err := r.Bulks.Status(ctx, id)
	if err != nil || status.Planned == 0 || status.State.Over() {
		return err
	}
	log.Error("too many messages of a bulk failed: it is paused; look at who failed, then resume it to send to the others all the same, or cancel it",
		"failed", b.Share, "allowed_percent", r.PauseAbove)
	if r.Events == nil {
		return nil
	}
	fact := factOf(b, status)
	fact.Paused = true
	return r.Events.Append(ctx, fact)
}
