package enqueue

import (
	"context"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Receipt is what became of one message that was to be enqueued.
type Receipt struct {
	ID      string
	Already bool  // it was stored before, by an earlier call with the same id and content
	Err     error // of Messages: why it was not enqueued
}

// Messages enqueues several messages, each with its own content, in a few round trips for all of them. It returns a
// receipt for each, in their order; one that is refused leaves the others alone. The error is nil when all were enqueued;
// else it says how many were not, and wraps the first receipt's Err. Of a call that failed in part, or got no answer,
// repeat the messages that have ids: those that were stored are stored once. Some hundreds at a time are best.
func (c *Client) Messages(ctx context.Context, list []task.Message) ([]Receipt, error) {
	receipts := make([]Receipt, len(list))
	if err := ctx.Err(); err != nil {
		return receipts, err // nothing was begun
	}
	sizes, err := c.sizes(ctx, list)
	if err != nil {
		return receipts, err
	}
	var good []entry
	for i, m := range list {
		if m.ID == "" {
			m.ID = NewID()
		}
		receipts[i].ID = m.ID
		e, err := c.newEntry(i, m, sizes)
		if receipts[i].Err = err; err == nil {
			good = append(good, e)
		}
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	c.admitMany(ctx, good, receipts)
	return receipts, failures(receipts)
}

// sizes are those of the stored files of messages.
func (c *Client) sizes(ctx context.Context, list []task.Message) (map[string]int64, error) {
	var blobs []string
	seen := map[string]bool{}
	for _, m := range list {
		for _, ref := range m.Attachments {
			if ref.Blob != "" && !seen[ref.Blob] {
				seen[ref.Blob] = true
				blobs = append(blobs, ref.Blob)
			}
		}
	}
	return c.blobs.Sizes(ctx, blobs...)
}

// entry is a message without faults, on its way into the ledger.
type entry struct {
	index int // of its receipt
	m     task.Message
	open  ledger.Opening
}

func (c *Client) newEntry(index int, m task.Message, sizes map[string]int64) (entry, error) {
	m.EnqueuedAt = time.Time{} // it is the same message, whenever it is enqueued
	m.Layout = 0
	asked, err := RequestOf(m) // it finds what CheckMessage does, but for the time
	if err := fault.Join(err, fault.Under("/sendAt", checkAhead(m.SendAt)), c.CheckTopic(m.Labels, m.Unsubscribe)); err != nil {
		return entry{}, err
	}
	if err := attach.Single(m.Channel).CheckKnown(m.Attachments, sizes); err != nil {
		return entry{}, fault.Under("/attachments", err)
	}
	return entry{index, m, ledger.Opening{ID: m.ID, Hash: blob.Hash(asked.Payload), Request: asked, Longer: ahead(m.SendAt)}}, nil
}

// admitMany creates the records of messages, then stores their tasks. What becomes of each is in its receipt.
func (c *Client) admitMany(ctx context.Context, good []entry, receipts []Receipt) {
	key, err := c.ledger.Fingerprints().Key(ctx)
	openings := make([]ledger.Opening, len(good))
	for i, e := range good {
		if err != nil {
			receipts[e.index].Err = err
			continue
		}
		openings[i] = e.open
		openings[i].Request.Recipients = fingerprints(key, e.m)
	}
	if err != nil {
		return
	}
	var fresh []int // of good: what is new has the same way, in one round trip
	var tasks []queue.Timed
	at := time.Now()
	for i, o := range c.ledger.OpenMany(ctx, openings) {
		e := good[i]
		r := &receipts[e.index]
		switch {
		case o.Err != nil:
			r.Err = o.Err
			continue
		case !o.Same:
			r.Err = fmt.Errorf("%s: %w", o.Owner, ErrConflict)
			continue
		}
		p := enqueued(task.InLayout(e.m, o.Owner.Layout(task.Layout)), at)
		if o.Fresh {
			fresh, tasks = append(fresh, i), append(tasks, queue.Timed{Payload: p, At: e.m.SendAt})
			continue
		}
		r.Already = true
		_, r.Err = c.queue.Repeat(ctx, p, e.m.SendAt)
	}
	for n, added := range c.queue.EnqueueMany(ctx, tasks) {
		r := &receipts[good[fresh[n]].index]
		if r.Err = added.Err; added.Err == nil && !added.Added {
			// Whatever the queue still knows under its id is of one that is forgotten.
			_, r.Err = c.queue.AgainAt(ctx, tasks[n].Payload, tasks[n].At)
		}
	}
}

// failures is nil if all were enqueued.
func failures(receipts []Receipt) error {
	var first error
	failed := 0
	for i, r := range receipts {
		if r.Err == nil {
			continue
		}
		if failed++; first == nil {
			first = fmt.Errorf("message %d: %w", i, r.Err)
		}
	}
	if failed <= 1 {
		return first
	}
	return fmt.Errorf("%d of %d messages were not enqueued; the first: %w", failed, len(receipts), first)
}

// Enqueue is Message that also says whether the message was there before.
func (c *Client) Enqueue(ctx context.Context, m task.Message) (Receipt, error) {
	if m.ID == "" {
		m.ID = NewID()
	}
	if err := fault.Join(CheckMessage(m), c.CheckTopic(m.Labels, m.Unsubscribe)); err != nil {
		return Receipt{}, err
	}
	if err := c.CheckFiles(ctx, attach.Single(m.Channel), m.Attachments); err != nil {
		return Receipt{}, fault.Under("/attachments", err)
	}
	fresh, err := c.once(ctx, m, m.SendAt)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: m.ID, Already: !fresh}, nil
}
