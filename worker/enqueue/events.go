package enqueue

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/dead"
)

// Events reads what callers are still to be told.
func (c *Client) Events() *outbox.Store { return c.events }

// ErrNoEvent says that an event is neither waiting nor a dead letter: it was told, or it is too old.
var ErrNoEvent = errors.New("no such event waits or was given up")

// replayMost bounds what is looked through for one event, and the streams that ReplayEvents wakes.
const replayMost = 100_000

// ReplayEvent tells an event again that was given up, and tries at once what waits for its next try.
func (c *Client) ReplayEvent(ctx context.Context, id string) error {
	l, err := c.Dead().Get(ctx, id)
	if err == nil {
		var e outbox.Event
		if e, err = outbox.FromLetter(l); err == nil {
			return c.replay(ctx, e, l)
		}
	}
	if !errors.Is(err, dead.ErrNotFound) && !errors.Is(err, outbox.ErrOtherLetter) {
		return err
	}
	waiting, err := c.events.List(ctx, replayMost)
	if err != nil {
		return err
	}
	for _, e := range waiting {
		if e.ID == id {
			_, err := c.wake(ctx, e.Stream)
			return err
		}
	}
	return fmt.Errorf("%.100q: %w", id, ErrNoEvent)
}

// ReplayEvents tells all events again that were given up, and tries at once all that wait for their next try. It returns
// how many were given up, and how many streams were waiting.
func (c *Client) ReplayEvents(ctx context.Context) (again, woken int, err error) {
	const page = 500
	for {
		// From the start each time: what is replayed is no letter any more.
		letters, _, err := c.Dead().List(ctx, outbox.LetterKind, "", page)
		if err != nil {
			return again, 0, err
		}
		before := again
		for _, l := range letters {
			e, err := outbox.FromLetter(l)
			if errors.Is(err, outbox.ErrOtherLetter) {
				continue
			}
			if err == nil {
				err = c.replay(ctx, e, l)
			}
			if err != nil {
				return again, 0, err
			}
			again++
		}
		if again == before {
			break
		}
	}
	woken, err = c.wake(ctx, "")
	return again, woken, err
}

// replay puts an event back into its stream, then drops its letter. A crash in between tells it twice, under one id.
func (c *Client) replay(ctx context.Context, e outbox.Event, l dead.Letter) error {
	if err := c.events.PutBack(ctx, e); err != nil {
		return err
	}
	return c.Dead().Settle(ctx, l)
}

// wake runs the tasks of streams at once that wait for their next try: of one stream, or of all.
func (c *Client) wake(ctx context.Context, stream string) (int, error) {
	tasks, err := c.events.InCharge(ctx, stream, replayMost)
	if err != nil {
		return 0, err
	}
	woken := 0
	for _, t := range tasks {
		id, name, err := queue.Address(t)
		if err != nil {
			return woken, err
		}
		ran, err := c.queue.RunNow(name, id)
		if err != nil {
			return woken, err
		}
		if ran {
			woken++
		}
	}
	return woken, nil
}
