package worker

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// mux hands each kind of task to its handler, and decides about tasks without a handler.
type mux struct {
	routes  map[string]queue.Handler
	dead    *dead.Store
	metrics *metrics
	log     *slog.Logger
	// closeBooks fails the message of a task that is given up without a handler, so that it is not pending for ever.
	closeBooks func(ctx context.Context, run queue.Run, payload []byte, why ledger.Reason) error
	// watch has the reconciler look after a bulk.
	watch func(ctx context.Context, bulk string) error
}

// serve implements queue.Handler.
func (m *mux) serve(ctx context.Context, run queue.Run, payload []byte) error {
	if h, ok := m.routes[run.Kind]; ok {
		return h(ctx, run, payload)
	}
	return m.notUnderstood(ctx, run, payload, task.ErrKind)
}

// handle registers a typed handler. It decodes the payload, measures and logs. It turns every error into a
// *queue.Again or, if the data is not stored any more, into a dead letter.
func handle[T task.Payload](m *mux, fn func(context.Context, *slog.Logger, queue.Run, T) error) {
	var zero T
	kind := zero.Kind()
	m.routes[kind] = func(ctx context.Context, run queue.Run, payload []byte) error {
		log := m.log.With("task_id", run.ID, "kind", kind)
		decoded, err := task.Decode[T](payload)
		if err != nil {
			return m.notUnderstood(ctx, run, payload, err)
		}
		started := time.Now()
		err = fn(ctx, log, run, decoded)
		return m.finish(ctx, log, run, payload, time.Since(started), err)
	}
}

// finish decides what follows from a run that ended with err.
func (m *mux) finish(ctx context.Context, log *slog.Logger, run queue.Run, payload []byte, took time.Duration, err error) error {
	var again *queue.Again
	switch {
	case err == nil:
		m.metrics.task(run.Kind, "done", took)
		return nil
	case errors.As(err, &again):
		level := slog.LevelInfo
		switch {
		case again.Quiet:
			level = slog.LevelDebug
		case !again.Counts && again.After > 0:
			level = slog.LevelWarn // every message meets it: an operator should look
		}
		if again.Detail != "" {
			log = log.With("detail", again.Detail)
		}
		log.Log(ctx, level, "task will run again", "after", again.After, "reason", again.Reason)
		m.metrics.task(run.Kind, "again", took)
		return again
	case errors.Is(err, queue.ErrGone):
		return m.giveUp(ctx, run, payload, took, err.Error())
	default:
		// Redis is away, or the like. No message is at fault.
		log.Warn("task interrupted, it will run again", "error", err)
		m.metrics.task(run.Kind, "interrupted", took)
		return &queue.Again{After: queue.InterruptedPause, Reason: "interrupted"}
	}
}

// notUnderstoodPause is the pause before a task runs again that this worker is too old for.
const notUnderstoodPause = time.Minute

// notUnderstoodFor is how long such a task waits for a newer worker before it becomes a dead letter.
const notUnderstoodFor = 24 * time.Hour

// notUnderstood decides about a task that this worker can't work on. If it is not JSON, or if this version refuses
// it, another try would not help. Otherwise a newer client may have written it, and it waits a day for a newer
// worker.
func (m *mux) notUnderstood(ctx context.Context, run queue.Run, payload []byte, err error) error {
	if errors.Is(err, task.ErrRefused) {
		var places []string
		for _, f := range fault.In(err) {
			places = append(places, strings.TrimSpace(f.Pointer+" "+f.Code))
		}
		// The reason of a dead letter is logged. It doesn't quote the faults, since they may hold an address.
		return m.abandon(ctx, run, payload, "this version refuses it: "+strings.Join(places, ", "), ledger.Reason{Code: enqueue.CodeRefused, Text: fault.In(err).Error()})
	}
	if !json.Valid(payload) {
		return m.abandon(ctx, run, payload, "its payload is no JSON", ledger.Reason{Code: enqueue.CodeRefused, Text: "its task is no JSON"})
	}
	since, sinceErr := m.dead.Since(ctx, letterID(run))
	if sinceErr == nil && time.Since(since) >= notUnderstoodFor {
		const why = "no worker understood it for a day"
		return m.abandon(ctx, run, payload, why, ledger.Reason{Code: enqueue.CodeNotUnderstood, Text: why})
	}
	m.metrics.task(kindLabel(run.Kind), "not_understood", 0)
	m.log.Error("task not understood; is this worker older than its clients?", "task_id", run.ID, "kind", run.Kind, "error", err)
	return &queue.Again{After: notUnderstoodPause, Reason: "not understood"}
}

// abandon gives up a task that no handler took. It ends the message first, then stores the dead letter: a worker that
// dies in between does both again.
func (m *mux) abandon(ctx context.Context, run queue.Run, payload []byte, reason string, why ledger.Reason) error {
	if err := m.closeBooks(ctx, run, payload, why); err != nil {
		m.log.Warn("task given up, but its message has no final state yet", "task_id", run.ID, "kind", run.Kind, "error", err)
		return &queue.Again{After: queue.InterruptedPause, Reason: "message not ended"}
	}
	return m.giveUp(ctx, run, payload, 0, reason)
}

// park makes a dead letter of a task whose data in Redis can't be read, and ends the message that it was for. What starts a bulk
// and its chunks are enqueued again by the reconciler, and events by the next one of their stream.
func (m *mux) park(ctx context.Context, name, id string, data []byte) error {
	const why = "its data in Redis can't be read"
	run := queue.Run{ID: id, Kind: queue.KindOf(name, id)}
	if err := m.closeBooks(ctx, run, nil, ledger.Reason{Code: enqueue.CodeRefused, Text: "its task: " + why}); err != nil && !bulk.IsUnreadable(err) {
		return err
	}
	if id, ok := queue.BulkOf(id); ok && run.Kind == (task.BulkStart{}).Kind() { // it may not be looked after yet
		if err := m.watch(ctx, id); err != nil {
			return err
		}
	}
	return m.giveUp(ctx, run, data, 0, why)
}

// giveUp makes a dead letter of a task. `herald dead` shows it and can put it back.
func (m *mux) giveUp(ctx context.Context, run queue.Run, payload []byte, took time.Duration, reason string) error {
	owner := run.ID
	if known, err := task.Parse(run.Kind, payload); err == nil {
		owner = queue.Owner(known)
	}
	l := dead.Letter{ID: letterID(run), Kind: run.Kind, Payload: payload, Reason: reason, Owner: owner, Attempts: run.Attempt + 1}
	log := m.log.With("task_id", run.ID, "kind", run.Kind, "dead_letter", l.ID)
	if err := m.dead.Put(context.WithoutCancel(ctx), l); err != nil {
		log.Warn("task given up, but not stored as a dead letter yet", "error", err)
		return &queue.Again{After: queue.InterruptedPause, Reason: "dead letter not stored"}
	}
	m.metrics.task(kindLabel(run.Kind), "dropped", took)
	log.Error("task given up; it is a dead letter now", "reason", reason)
	return nil
}

// letterID names the dead letter of a task.
func letterID(run queue.Run) string { return run.Kind + "/" + run.ID }

// kindLabel is a kind as the label of a metric. Unknown kinds share one label, so that nobody can make up time
// series.
func kindLabel(kind string) string {
	if slices.Contains(task.Kinds(), kind) {
		return kind
	}
	return "unknown"
}
