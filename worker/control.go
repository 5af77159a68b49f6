package worker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/task"
)

// wishAge is how long a worker may go on after an operator asked it to pause or cancel a bulk, or to change its rate.
const wishAge = 500 * time.Millisecond

// wishes remembers what was asked of bulks.
type wishes struct {
	mu    sync.Mutex
	known map[string]knownWish
}

type knownWish struct {
	bulk.Wish
	at time.Time
}

// wish is what an operator asks of a bulk, at most wishAge ago.
func (w *Worker) wish(ctx context.Context, id string) (bulk.Wish, error) {
	w.wishes.mu.Lock()
	defer w.wishes.mu.Unlock()
	if known, ok := w.wishes.known[id]; ok && time.Since(known.at) < wishAge {
		return known.Wish, nil
	}
	return w.wishes.ask(ctx, w.bulks, id)
}

// wishNow is what an operator asks of a bulk now.
func (w *Worker) wishNow(ctx context.Context, id string) (bulk.Wish, error) {
	w.wishes.mu.Lock()
	defer w.wishes.mu.Unlock()
	return w.wishes.ask(ctx, w.bulks, id)
}

func (w *wishes) ask(ctx context.Context, bulks *bulk.Store, id string) (bulk.Wish, error) {
	wish, err := bulks.Wish(ctx, id)
	if err != nil {
		return wish, err
	}
	if len(w.known) > 1000 {
		clear(w.known)
	}
	w.known[id] = knownWish{wish, time.Now()}
	return wish, nil
}

// untilDrain returns a context for waiting: it ends with ctx, or when the worker drains.
func (w *Worker) untilDrain(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(w.draining, cancel)
	return ctx, func() { stop(); cancel() }
}

// pace waits until the rates of the message's channel and sender, and that of its bulk where there is one, let one more
// message start. With a ctx of untilDrain waiting ends when the worker drains: the error is then a *queue.Again.
func (w *Worker) pace(ctx context.Context, m task.Message, bulkID string) error {
	if bulkID != "" {
		wish, err := w.wish(ctx, bulkID)
		if err != nil {
			return err
		}
		if wish.Rate > 0 {
			if err := w.wait(ctx, bulkLane(bulkID), wish.Rate); err != nil {
				return err
			}
		}
	}
	if len(w.Rates) > 0 {
		sender := senderOf(m)
		if rate := w.Rates[sender]; rate > 0 {
			if err := w.wait(ctx, "sender:"+sender, rate); err != nil {
				return err
			}
		}
	}
	// Also without a rate: the provider may have asked for one.
	return w.wait(ctx, lane(m.Channel), w.Rates[string(m.Channel)])
}

// paceOne is pace for a single message.
func (w *Worker) paceOne(ctx context.Context, m task.Message) error {
	ctx, stop := w.untilDrain(ctx)
	defer stop()
	return w.pace(ctx, m, "")
}

// senderOf names a message's sender as Options.Rates does.
func senderOf(m task.Message) string {
	from := m.From
	if m.Channel == message.Email {
		if start := strings.LastIndexByte(from, '<'); start >= 0 {
			from = strings.TrimSuffix(from[start+1:], ">") // it was checked when the message was enqueued
		}
		from = strings.ToLower(from)
	}
	return string(m.Channel) + ":" + from
}

func (w *Worker) wait(ctx context.Context, lane string, perSecond float64) error {
	err := w.Limiter.Wait(ctx, lane, perSecond)
	if errors.Is(err, context.Canceled) && w.stopping() {
		return &queue.Again{Reason: "worker stops"}
	}
	return err
}

// bulkLane names a bulk for the limiter.
func bulkLane(id string) string { return "bulk:" + id }

// lane names a channel's way out for the limiter: all workers on one Redis share it.
func lane(c message.Channel) string { return "channel:" + string(c) }

// limits are a channel's rate and what of it is in force, for the numbers that people look at.
func (w *Worker) limits(channel string) (limit, inForce float64) {
	limit = w.Rates[channel]
	for _, l := range w.Limiter.Lanes() {
		if l.Name == lane(message.Channel(channel)) {
			return limit, l.InForce
		}
	}
	return limit, limit
}
