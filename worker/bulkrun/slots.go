package bulkrun

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
)

// slowMessage is how long a message must take so that its own mark is waited for, too. That costs little beside such
// a message. After a crash, only the messages in flight are sent again.
const slowMessage = 20 * time.Millisecond

// errHalt, as error of slots.next, starts no further slot; the pending ones wait.
var errHalt = errors.New("no further slot")

// commit is a mark on its way into the ledger: *ledger.Commit.
type commit interface{ Wait() error }

// slots works on the slots of a chunk, a few at a time.
type slots struct {
	atOnce int
	// next is asked before each slot. An error starts no further slot: errHalt, a *queue.Again that is merged with
	// those of the slots, or trouble of the worker itself. It is not called twice at a time.
	next func() error
	// channel names the channel of a slot's message.
	channel func(slot int) message.Channel
	// deliver works on a slot and returns the mark of its outcome. A *queue.Again leaves the slot pending. If that is
	// not counted, its cause is outside of the message: then no further slot of its channel starts, or of any channel
	// if it names none. Any other error starts no further slot at all.
	deliver func(slot int) (commit, error)
}

// left says what remains: the slots that are still pending.
type left struct {
	pending int
	again   *queue.Again // when they are attempted again, if the slots say so
	err     error        // the worker's own trouble
}

// run works on all slots, or on as many as start before ctx ends, and waits for their marks.
func (s slots) run(ctx context.Context, all []int) left {
	r := &slotRun{slots: s, all: all}
	var senders sync.WaitGroup
	for range min(s.atOnce, len(all)) {
		senders.Go(func() { r.send(ctx) })
	}
	senders.Wait()
	r.left.pending += len(all) - r.started
	return r.left
}

// slotRun is one run of slots.
type slotRun struct {
	slots
	all     []int
	mu      sync.Mutex // guards what follows
	started int
	halted  bool
	stuck   map[message.Channel]bool // no further slots of these start
	left    left
}

// send works on one slot after the other. The mark of a quick message is stored while the next one is sent. Each
// goroutine has at most one such mark, so that sending stops at once when Redis is away.
func (r *slotRun) send(ctx context.Context) {
	var last commit
	for slot, ok := r.take(ctx); ok; slot, ok = r.take(ctx) {
		began := time.Now()
		mark, err := r.deliver(slot)
		r.done(err)
		r.await(last)
		if last = mark; time.Since(began) >= slowMessage {
			r.await(last)
			last = nil
		}
	}
	r.await(last)
}

// take returns the next slot.
func (r *slotRun) take(ctx context.Context) (slot int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.halted && r.started < len(r.all) && len(r.stuck) > 0 && r.stuck[r.channel(r.all[r.started])] {
		r.started++
		r.left.pending++
	}
	if r.halted || r.started == len(r.all) || ctx.Err() != nil {
		return 0, false
	}
	if err := r.next(); err != nil {
		r.halted = true
		if !errors.Is(err, errHalt) {
			r.note(err)
		}
		return 0, false
	}
	r.started++
	return r.all[r.started-1], true
}

// done notes that a slot stays pending.
func (r *slotRun) done(err error) {
	if err == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left.pending++
	r.note(err)
}

func (r *slotRun) await(c commit) {
	if c != nil {
		r.done(c.Wait())
	}
}

// note merges an error. The caller holds the lock.
func (r *slotRun) note(err error) {
	var again *queue.Again
	if !errors.As(err, &again) {
		r.left.err, r.halted = err, true
		return
	}
	r.left.again = delivery.Merge(r.left.again, again)
	switch {
	case again.Counts:
	case again.Channel == "":
		r.halted = true
	default:
		if r.stuck == nil {
			r.stuck = map[message.Channel]bool{}
		}
		r.stuck[again.Channel] = true
	}
}
