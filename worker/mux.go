package worker

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/task"
)

// routes gives each kind of task to its handler.
type routes map[string]queue.Handler

func (w *Worker) mux() queue.Handler {
	m := routes{}
	handle(w, m, w.handleMessage)
	handle(w, m, w.handleForward)
	handle(w, m, w.handleBulkStart)
	handle(w, m, w.handleBulkChunk)
	handle(w, m, w.handleEvents)
	return func(ctx context.Context, run queue.Run, payload []byte) error {
		if h, ok := m[run.Kind]; ok {
			return h(ctx, run, payload)
		}
		return w.notUnderstood(ctx, run, payload, task.ErrKind)
	}
}

// handle registers a typed handler: it decodes the payload, measures, logs, and makes of every error one of two
// things, a *queue.Again or, where nothing is stored any more, a dead letter.
func handle[T task.Payload](w *Worker, m routes, fn func(context.Context, *slog.Logger, queue.Run, T) error) {
	var zero T
	kind := zero.Kind()
	m[kind] = func(ctx context.Context, run queue.Run, payload []byte) error {
		log := w.Log.With("task_id", run.ID, "kind", kind)
		decoded, err := task.Decode[T](payload)
		if err != nil {
			return w.notUnderstood(ctx, run, payload, err)
		}
		started := time.Now()
		err = fn(ctx, log, run, decoded)
		took := time.Since(started)
		var again *queue.Again
		switch {
		case err == nil:
			w.metrics.task(kind, "done", took)
			return nil
		case errors.As(err, &again):
			level := slog.LevelInfo
			switch {
			case again.Quiet:
				level = slog.LevelDebug
			case !again.Counts && again.After > 0:
				level = slog.LevelWarn // everyone meets it: an operator should look
			}
			log.Log(ctx, level, "task will run again", "after", again.After, "reason", again.Reason)
			w.metrics.task(kind, "again", took)
			return again
		case errors.Is(err, errGone):
			return w.giveUpTask(ctx, run, payload, took, err.Error())
		default:
			// Redis is away, or the like: nothing that a recipient could be blamed for.
			log.Warn("task interrupted, it will run again", "error", err)
			w.metrics.task(kind, "interrupted", took)
			return &queue.Again{After: queue.InterruptedPause, Reason: "interrupted"}
		}
	}
}

// notUnderstood decides about a task that this worker can't read. Perhaps a newer client wrote it, and a newer worker will
// understand it: it is kept for a day. What is no JSON nobody will ever read.
func (w *Worker) notUnderstood(ctx context.Context, run queue.Run, payload []byte, err error) error {
	if !json.Valid(payload) {
		return w.giveUpTask(ctx, run, payload, 0, "its payload is no JSON")
	}
	since, sinceErr := w.dead.Since(ctx, letterID(run))
	if sinceErr == nil && time.Since(since) >= notUnderstoodFor {
		return w.giveUpTask(ctx, run, payload, 0, "no worker understood it for a day")
	}
	w.metrics.task(kindLabel(run.Kind), "not_understood", 0)
	w.Log.Error("task not understood; is this worker older than its clients?", "task_id", run.ID, "kind", run.Kind, "error", err)
	return &queue.Again{After: notUnderstoodPause, Reason: "not understood"}
}

// giveUpTask makes a dead letter of a task: `herald dead` shows it, and can put it back.
func (w *Worker) giveUpTask(ctx context.Context, run queue.Run, payload []byte, took time.Duration, reason string) error {
	owner, _, _ := strings.Cut(run.ID, ":") // no id holds a colon: what follows one tells the tasks of one bulk apart
	l := dead.Letter{ID: letterID(run), Kind: run.Kind, Payload: payload, Reason: reason, Owner: owner, Attempts: run.Attempt + 1}
	log := w.Log.With("task_id", run.ID, "kind", run.Kind, "dead_letter", l.ID)
	if err := w.dead.Put(context.WithoutCancel(ctx), l); err != nil {
		log.Warn("task given up, but not stored as a dead letter yet", "error", err)
		return &queue.Again{After: queue.InterruptedPause, Reason: "dead letter not stored"}
	}
	w.metrics.task(kindLabel(run.Kind), "dropped", took)
	log.Error("task given up; it is a dead letter now", "reason", reason)
	return nil
}

// letterID names the dead letter of a task.
func letterID(run queue.Run) string { return run.Kind + "/" + run.ID }

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
