package worker

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// tellEvery is how long an outcome within a chunk may go untold while the chunk is worked on.
const tellEvery = 2 * time.Second

// tells reports whether callers learn anything of the bulk's single messages.
func (c *chunk) tells() bool {
	if c.w.Events == nil || c.recipients == nil {
		return false
	}
	for _, p := range c.composed.Parts {
		if p.Content != nil && !p.Content.Actions(nil).IsZero() {
			return true
		}
	}
	return c.Events || !c.Actions.IsZero()
}

// tellMeanwhile tells what is known so far, again and again until the returned function is called. What it can't tell,
// the end of the run does.
func (c *chunk) tellMeanwhile(ctx context.Context) (stop func()) {
	if !c.tells() {
		return func() {}
	}
	done := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		tick := time.NewTicker(tellEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-done:
				return
			}
			if err := c.tellMessages(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("events wait for the end of the chunk", "error", err)
			}
		}
	})
	return func() { close(done); telling.Wait() }
}

// tell tells at the end of a run what became of everyone, and how far the bulk is. Even a worker that was told to stop
// does that.
func (c *chunk) tell(ctx context.Context) error {
	if c.w.Events == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if c.tells() {
		if err := c.tellMessages(ctx); err != nil {
			return err
		}
		if err := c.w.Events.Settle(ctx, c.ID, c.index); err != nil {
			return err
		}
	}
	_, err := c.w.tellBulk(ctx, c.ID)
	return err
}

// tellMessages tells the outcomes that this run has not told yet, those of earlier runs among them.
func (c *chunk) tellMessages(ctx context.Context) error {
	records, err := c.w.Ledger.Chunk(ctx, c.books)
	if err != nil {
		return err
	}
	var facts []outbox.Fact
	var slots []int
	for slot, r := range records {
		if !r.State.Final() || c.told[slot] || slot >= len(c.recipients)*c.Slots() {
			continue
		}
		slots = append(slots, slot)
		facts = append(facts, c.story(slot, r).facts()...)
	}
	if err := c.w.Events.Append(ctx, facts...); err != nil {
		return err
	}
	if c.told == nil {
		c.told = map[int]bool{}
	}
	for _, slot := range slots {
		c.told[slot] = true
	}
	return nil
}

// story is that of one slot.
func (c *chunk) story(slot int, r ledger.Record) story {
	recipient := c.recipient(slot)
	s := story{
		record: r, receipt: c.receipts.get(slot), bulk: c.ID, cause: c.RecipientID(c.index, slot), group: strconv.Itoa(c.index),
		outcome: c.Events, isAction: len(c.Messages) == 0, conversation: recipient.Conversation, actions: c.Actions,
	}
	var err error
	if s.message, err = c.Message(c.index, slot, recipient); err != nil {
		// Its context can't be read, which is why it failed.
		part := c.Part(slot)
		s.message.ID, s.message.Channel, s.message.To = c.MessageID(c.index, slot), part.Channel, recipient.Address(part.Channel)
	}
	if parts := c.composed.Parts; len(parts) > 0 {
		if content := parts[slot%c.Slots()].Content; content != nil {
			s.actions = content.Actions(c.Actions)
		}
	}
	return s
}

// tellBulk tells how far a bulk is: at each tenth, and when it is over and all of its messages are told. Its round, read
// first, is part of the events' names: one is told again only when a person had the bulk started again. It returns the
// chunks for which the end must wait.
func (w *Worker) tellBulk(ctx context.Context, id string) (owed []int, err error) {
	if w.Events == nil {
		return nil, nil
	}
	b, err := w.bulks.Bulk(ctx, id)
	if err != nil {
		return nil, err
	}
	status, err := w.bulks.Status(ctx, id)
	if err != nil || status.Planned == 0 {
		return nil, err
	}
	if status.State.Over() {
		if owed, err = w.Events.Owed(ctx, id); err != nil || len(owed) > 0 {
			return owed, err // the last of them comes by here
		}
	}
	fact := outbox.Bulk{
		ID: id, State: string(status.State), Round: b.Round, Percent: status.Done() * 10 / status.Planned * 10,
		Planned: status.Planned, Pending: status.Pending, Sent: status.Sent, Failed: status.Failed,
		Suppressed: status.Suppressed, Skipped: status.Skipped, Unknown: status.Unknown, At: time.Now(), Over: status.State.Over(),
	}
	if fact.Percent == 0 && !fact.Over {
		return nil, nil
	}
	return nil, w.Events.Append(ctx, fact)
}
