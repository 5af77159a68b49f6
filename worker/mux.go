package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/task"
)

// routes gives each kind of task to its handler.
type routes map[string]asynq.HandlerFunc

func (w *Worker) mux() asynq.Handler {
	m := routes{}
	handle(w, m, w.handleMessage)
	handle(w, m, w.handleForward)
	handle(w, m, w.handleBulkStart)
	handle(w, m, w.handleBulkChunk)
	handle(w, m, w.handleEvents)
	return asynq.HandlerFunc(func(ctx context.Context, t *asynq.Task) error {
		if h, ok := m[t.Type()]; ok {
			return h(ctx, t)
		}
		return w.notUnderstood(ctx, t, task.ErrKind)
	})
}

// handle registers a typed handler: it decodes the payload, measures, logs, and makes of every error one of two
// things, a later that Asynq runs again or, where nothing is stored any more, a dead letter.
func handle[T task.Payload](w *Worker, m routes, fn func(context.Context, *slog.Logger, T) error) {
	var zero T
	kind := zero.Kind()
	m[kind] = func(ctx context.Context, t *asynq.Task) error {
		id, _ := asynq.GetTaskID(ctx)
		log := w.Log.With("task_id", id, "kind", kind)
		payload, err := task.Decode[T](t.Payload())
		if err != nil {
			return w.notUnderstood(ctx, t, err)
		}
		started := time.Now()
		err = fn(ctx, log, payload)
		took := time.Since(started)
		var again *later
		switch {
		case err == nil:
			w.metrics.task(kind, "done", took)
			return nil
		case errors.As(err, &again):
			level := slog.LevelInfo
			switch {
			case again.quiet:
				level = slog.LevelDebug
			case !again.counts && again.after > 0:
				level = slog.LevelWarn // everyone meets it: an operator should look
			}
			log.Log(ctx, level, "task will run again", "after", again.after, "reason", again.reason)
			w.metrics.task(kind, "again", took)
			return again
		case errors.Is(err, errGone):
			return w.giveUpTask(ctx, t, took, err.Error())
		default:
			// Redis is away, or the like: nothing that a recipient could be blamed for.
			log.Warn("task interrupted, it will run again", "error", err)
			w.metrics.task(kind, "interrupted", took)
			return &later{after: interruptedPause, reason: "interrupted"}
		}
	}
}

// notUnderstood decides about a task that this worker can't read. Perhaps a newer client wrote it, and a newer worker will
// understand it: it is kept for a day. What is no JSON nobody will ever read.
func (w *Worker) notUnderstood(ctx context.Context, t *asynq.Task, err error) error {
	if !json.Valid(t.Payload()) {
		return w.giveUpTask(ctx, t, 0, "its payload is no JSON")
	}
	id, _ := asynq.GetTaskID(ctx)
	since, sinceErr := w.dead.Since(ctx, letterID(t, id))
	if sinceErr == nil && time.Since(since) >= notUnderstoodFor {
		return w.giveUpTask(ctx, t, 0, "no worker understood it for a day")
	}
	w.metrics.task(kindLabel(t.Type()), "not_understood", 0)
	w.Log.Error("task not understood; is this worker older than its clients?", "task_id", id, "kind", t.Type(), "error", err)
	return &later{after: notUnderstoodPause, reason: "not understood"}
}

// giveUpTask makes a dead letter of a task: `herald dead` shows it, and can put it back.
func (w *Worker) giveUpTask(ctx context.Context, t *asynq.Task, took time.Duration, reason string) error {
	id, _ := asynq.GetTaskID(ctx)
	tries, _ := asynq.GetRetryCount(ctx)
	owner, _, _ := strings.Cut(id, ":") // no id holds a colon: what follows one tells the tasks of one bulk apart
	l := dead.Letter{ID: letterID(t, id), Kind: t.Type(), Payload: t.Payload(), Reason: reason, Owner: owner, Attempts: tries + 1}
	log := w.Log.With("task_id", id, "kind", t.Type(), "dead_letter", l.ID)
	if err := w.dead.Put(context.WithoutCancel(ctx), l); err != nil {
		log.Warn("task given up, but not stored as a dead letter yet", "error", err)
		return &later{after: interruptedPause, reason: "dead letter not stored"}
	}
	w.metrics.task(kindLabel(t.Type()), "dropped", took)
	log.Error("task given up; it is a dead letter now", "reason", reason)
	return nil
}

// letterID names the dead letter of a task.
func letterID(t *asynq.Task, id string) string { return t.Type() + "/" + id }

// kindLabel is a kind as a metric's label: one that is made up gets no time series of its own.
func kindLabel(kind string) string {
	if slices.Contains(task.Kinds(), kind) {
		return kind
	}
	return "unknown"
}

// errGone says that what a task names is not stored any more.
var errGone = errors.New("gone")

// notUnderstoodPause is how long a task waits that this worker is too old for.
const notUnderstoodPause = time.Minute

// notUnderstoodFor is how long such a task is kept for a newer worker before it becomes a dead letter.
const notUnderstoodFor = 24 * time.Hour

// interruptedPause is how long a task waits that the worker could not work on, for no fault of its own.
const interruptedPause = 5 * time.Second

// later is an error for Asynq: run this task again.
type later struct {
	after  time.Duration
	counts bool   // whether the run counts as a try at the recipients that are still pending
	reason string // for the log and Asynq's record; nothing personal
	quiet  bool   // it is in the ordinary course of things
}

// Error implements error.
func (l *later) Error() string { return l.reason }

func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	var l *later
	if errors.As(err, &l) {
		return l.after
	}
	return interruptedPause // a lease that ran out: the worker died
}

func countsAsAttempt(err error) bool {
	var l *later
	return errors.As(err, &l) && l.counts
}

// asynqLog gives Asynq's own lines to the structured log.
type asynqLog struct{ log *slog.Logger }

func (a asynqLog) Debug(args ...any) { a.log.Debug("asynq", "message", fmt.Sprint(args...)) }
func (a asynqLog) Info(args ...any)  { a.log.Info("asynq", "message", fmt.Sprint(args...)) }
func (a asynqLog) Warn(args ...any)  { a.log.Warn("asynq", "message", fmt.Sprint(args...)) }
func (a asynqLog) Error(args ...any) { a.log.Error("asynq", "message", fmt.Sprint(args...)) }

// Fatal logs only: ending the process is main's business.
func (a asynqLog) Fatal(args ...any) { a.log.Error("asynq", "message", fmt.Sprint(args...)) }
