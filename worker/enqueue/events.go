package enqueue

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/dead"
)

// Events reads the events that are not delivered yet.
func (c *Client) Events() *outbox.Store { return c.events }

// ErrNoEvent says that an event is neither waiting nor a dead letter: it was delivered, or it is too old.
var ErrNoEvent = errors.New("no such event waits or was given up")

// replayMost bounds how many events are searched for one, and how many streams ReplayEvents wakes.
const replayMost = 100_000

// ReplayEvent sends an event again: one that was given up, or at once one that waits for its next try.
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

// ReplayEvents sends all events again that were given up, and at once all that wait for their next try. It returns
// the number of events that were given up, and of streams that were waiting.
func (c *Client) ReplayEvents(ctx context.Context) (again, woken int, err error) {
	const page = 500
	for {
		// It begins at the start each time: a replayed event is no letter any more.
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

// replay puts an event back into its stream, then drops its letter. After a crash in between it is sent twice, under
// one id.
func (c *Client) replay(ctx context.Context, e outbox.Event, l dead.Letter) error {
	if err := c.events.PutBack(ctx, e); err != nil {
		return err
	}
	return c.Dead().Settle(ctx, l)
}

// wake runs at once the tasks of streams that wait for their next try: those of one stream, or all.
func (c *Client) wake(ctx context.Context, stream string) (int, error) {
	tasks, err := c.events.InCharge(ctx, stream, replayMost)
	if err != nil {
		return 0, err
	}
	woken := 0
	for _, t := range tasks {
		ran, err := c.queue.RunNow(t)
		if err != nil {
			return woken, err
		}
		if ran {
			woken++
		}
	}
	return woken, nil
}
