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
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/task"
)

// Endpoint takes events: *webhook.Sender. Its errors are *send.Error.
type Endpoint interface {
	Send(ctx context.Context, e webhook.Event) (send.Receipt, error)
}

const (
	// streamsAtOnce is how many streams one worker publishes at the same time.
	streamsAtOnce = 32
	// besideEachOther bounds the events of one stream that are sent at the same time.
	besideEachOther = 16
	// turnTime is how long one stream may publish while others wait.
	turnTime = 5 * time.Second
	// lastEventPause bounds the pause between two tries at an event.
	lastEventPause = 10 * time.Minute
	// eventLife is how long an event is tried before it becomes a dead letter.
	eventLife = 24 * time.Hour
	// manyTries is after how many tries the log calls for an operator: these take about three minutes.
	manyTries = 5
	// watchEvery is how often the publisher looks for streams that lost their task.
	watchEvery = 15 * time.Second
)

// publisher sends events to the endpoint: those of a stream in order, each until the endpoint took it.
type publisher struct {
	events   *outbox.Store
	endpoint Endpoint
	dead     *dead.Store
	draining context.Context
	log      *slog.Logger
	metrics  *eventMetrics
	// recovered counts tasks that were brought back.
	recovered func(cause string, n int)
}

func newPublisher(o Options, deadLetters *dead.Store, draining context.Context, recovered *recovery.Metrics) (*publisher, error) {
	m, err := newEventMetrics(o.Metrics, o.Events)
	return &publisher{
		events: o.Events, endpoint: o.Endpoint, dead: deadLetters, draining: draining, log: o.Log, metrics: m, recovered: recovered.Recovered,
	}, err
}

// noPublisher handles the events of a worker that has no endpoint: it leaves them to another worker.
func noPublisher(context.Context, *slog.Logger, queue.Run, task.EventDeliver) error {
	return &queue.Again{After: delivery.AccountPause, Reason: "no endpoint"}
}

// stopping reports whether the worker drains.
func (p *publisher) stopping() bool { return p.draining.Err() != nil }

// handle publishes the events of one stream, in order. An event that the endpoint refuses delays only its own stream.
// It is tried again with growing pauses for a day. Then it becomes a dead letter, and the next event of the stream
// follows.
func (p *publisher) handle(ctx context.Context, log *slog.Logger, _ queue.Run, t task.EventDeliver) error {
	began := time.Now()
	var gone []outbox.Event
	for {
		waiting, err := p.events.Turn(ctx, t, gone, besideEachOther)
		if err != nil || len(waiting.Events) == 0 {
			return err
		}
		if p.stopping() {
			return &queue.Again{Reason: "worker stops"}
		}
		if time.Since(began) > turnTime {
			return &queue.Again{Reason: "other streams have their turn"}
		}
		var failed *refused
		if gone, failed = p.send(ctx, waiting.Events); failed == nil {
			continue
		}
		if p.stopping() && ctx.Err() != nil {
			return &queue.Again{Reason: "worker stops"}
		}
		if len(gone) > 0 { // it is the first event from now on
			if waiting, err = p.events.Turn(ctx, t, gone, 1); err != nil {
				return err
			}
			if len(waiting.Events) == 0 { // another run is in charge
				return nil
			}
		}
		if age := time.Since(failed.event.Kept); age > eventLife {
			if err := p.bury(ctx, log, failed, waiting.Tries+1); err != nil {
				return err
			}
			gone = []outbox.Event{failed.event}
			continue
		}
		pause := max(min(delivery.Backoff(waiting.Tries), lastEventPause), min(failed.err.RetryAfter, delivery.LongestPause))
		if err := p.events.Again(ctx, t, failed.err.Code, pause); err != nil {
			return err
		}
		p.metrics.count("again")
		if waiting.Tries >= manyTries && p.metrics.mayWarn() {
			p.log.Warn("the endpoint doesn't take events: they wait for it, for a day at most", "since", failed.event.Kept, "reason", failed.err.Code)
		}
		return &queue.Again{After: pause, Counts: true, Reason: failed.err.Code}
	}
}

// refused is an event that the endpoint didn't take.
type refused struct {
	event outbox.Event
	err   *send.Error
}

// send sends the first event, together with those that may go at the same time. It returns the events that were
// taken, and the first one that was not.
func (p *publisher) send(ctx context.Context, events []outbox.Event) (taken []outbox.Event, failed *refused) {
	n := 1
	for events[0].Beside && n < len(events) && events[n].Beside {
		n++
	}
	answers := make([]error, n)
	var posts sync.WaitGroup
	for i, e := range events[:n] {
		posts.Go(func() {
			_, answers[i] = p.endpoint.Send(ctx, webhook.Event{
				ID: e.ID, Type: e.Type, Time: e.Time, Stream: e.Stream, Sequence: e.Sequence, Test: e.Test, Data: e.Data,
			})
		})
	}
	posts.Wait()
	for i, err := range answers {
		if err == nil {
			p.metrics.count("delivered")
			taken = append(taken, events[i])
		} else if failed == nil {
			failed = &refused{events[i], send.AsError(err)}
		}
	}
	return taken, failed
}

// bury makes an event a dead letter.
func (p *publisher) bury(ctx context.Context, log *slog.Logger, u *refused, tries int) error {
	letter, err := outbox.Letter(u.event, fmt.Sprintf("the endpoint did not take it for a day: %s", u.err.Code), tries, time.Now())
	if err != nil {
		return err
	}
	if err := p.dead.Put(ctx, letter); err != nil {
		return err
	}
	log.Error("event given up; `herald events replay` sends it again", "event", u.event.ID, "type", u.event.Type, "tries", tries, "reason", u.err.Code)
	p.metrics.count("dead")
	return nil
}

// watch brings back the tasks of streams that lost them, until ctx ends.
func (p *publisher) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		n, err := p.events.Neglected(ctx)
		if err != nil && !errors.Is(err, context.Canceled) {
			p.log.Warn("can't look for events without a task", "error", err)
		}
		if n > 0 {
			p.log.Warn("events had no task; they were enqueued again", "streams", n)
			p.recovered("event", n)
		}
	}
}
