package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/task"
)

// Endpoint is told what happened: *webhook.Sender. Its errors are *send.Error.
type Endpoint interface {
	Send(ctx context.Context, e webhook.Event) (send.Receipt, error)
}

const (
	// streamsAtOnce is how many streams one worker tells of at the same time.
	streamsAtOnce = 8
	// besideEachOther bounds the events of one stream that are told at the same time.
	besideEachOther = 16
	// turnTime is how long one stream keeps its place while others wait.
	turnTime = 5 * time.Second
	// lastEventPause bounds the pause between two tries at an event.
	lastEventPause = 10 * time.Minute
	// eventLife is how long an event is tried before it becomes a dead letter.
	eventLife = 24 * time.Hour
	// manyTries are a reason to call for an operator: they take some three minutes.
	manyTries = 5
	// watchEvery is how often streams are looked for that lost their task.
	watchEvery = 15 * time.Second
)

// handleEvents tells the endpoint what waits in one stream, in order. An event that isn't taken holds up its own stream
// alone: it is tried again with growing pauses for a day, then becomes a dead letter, and the next one has its turn.
func (w *Worker) handleEvents(ctx context.Context, log *slog.Logger, run queue.Run, t task.EventDeliver) error {
	if w.Endpoint == nil {
		return &queue.Again{After: accountPause, Reason: "no endpoint"} // another worker has one
	}
	began := time.Now()
	var gone []outbox.Event
	for {
		waiting, err := w.Events.Turn(ctx, t, gone, besideEachOther)
		if err != nil || len(waiting.Events) == 0 {
			return err
		}
		if w.stopping() {
			return &queue.Again{Reason: "worker stops"}
		}
		if time.Since(began) > turnTime {
			return &queue.Again{Reason: "other streams have their turn"}
		}
		var failed *untold
		if gone, failed = w.tellTogether(ctx, waiting.Events); failed == nil {
			continue
		}
		if w.stopping() && ctx.Err() != nil {
			return &queue.Again{Reason: "worker stops"}
		}
		if len(gone) > 0 { // it is the first from now on
			if waiting, err = w.Events.Turn(ctx, t, gone, 1); err != nil {
				return err
			}
			if len(waiting.Events) == 0 { // another run is in charge
				return nil
			}
		}
		if age := time.Since(failed.event.Kept); age > eventLife {
			if err := w.bury(ctx, log, failed, waiting.Tries+1); err != nil {
				return err
			}
			gone = []outbox.Event{failed.event}
			continue
		}
		pause := max(min(backoff(waiting.Tries), lastEventPause), min(failed.err.RetryAfter, lastPause))
		if err := w.Events.Again(ctx, t, failed.err.Code, pause); err != nil {
			return err
		}
		w.eventMetrics.told("again")
		if waiting.Tries >= manyTries && w.eventMetrics.mayWarn() {
			w.Log.Warn("the endpoint doesn't take events: they wait for it, for a day at most", "since", failed.event.Kept, "reason", failed.err.Code)
		}
		return &queue.Again{After: pause, Counts: true, Reason: failed.err.Code}
	}
}

// untold is an event that the endpoint didn't take.
type untold struct {
	event outbox.Event
	err   *send.Error
}

// tellTogether tells the first event, and those after it that may be told beside it. It returns those that were told and
// the first that wasn't.
func (w *Worker) tellTogether(ctx context.Context, events []outbox.Event) (told []outbox.Event, failed *untold) {
	n := 1
	for events[0].Beside && n < len(events) && events[n].Beside {
		n++
	}
	answers := make([]error, n)
	var posts sync.WaitGroup
	for i, e := range events[:n] {
		posts.Go(func() {
			_, answers[i] = w.Endpoint.Send(ctx, webhook.Event{
				ID: e.ID, Type: e.Type, Time: e.Time, Stream: e.Stream, Sequence: e.Sequence, Data: e.Data,
			})
		})
	}
	posts.Wait()
	for i, err := range answers {
		if err == nil {
			w.eventMetrics.told("delivered")
			told = append(told, events[i])
		} else if failed == nil {
			failed = &untold{events[i], send.AsError(err)}
		}
	}
	return told, failed
}

// bury makes an event a dead letter.
func (w *Worker) bury(ctx context.Context, log *slog.Logger, u *untold, tries int) error {
	letter, err := outbox.Letter(u.event, fmt.Sprintf("the endpoint did not take it for a day: %s", u.err.Code), tries, time.Now())
	if err != nil {
		return err
	}
	if err := w.dead.Put(ctx, letter); err != nil {
		return err
	}
	log.Error("event given up; `herald events replay` tells it again", "event", u.event.ID, "type", u.event.Type, "tries", tries, "reason", u.err.Code)
	w.eventMetrics.told("dead")
	return nil
}

// watchEvents brings back the tasks of streams that lost them, until ctx ends.
func (w *Worker) watchEvents(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		n, err := w.Events.Neglected(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			w.Log.Warn("can't look for events without a task", "error", err)
		}
		if n > 0 {
			w.Log.Warn("events had no task; they were enqueued again", "streams", n)
			w.metrics.recovery.Recovered("event", n)
		}
	}
}
