package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/task"
)

// mux routes each kind of task to its handler.
func (w *Worker) mux() *asynq.ServeMux {
	m := asynq.NewServeMux()
	handle(w, m, w.handleMessage)
	handle(w, m, w.handleBulkStart)
	handle(w, m, w.handleBulkChunk)
	return m
}

// handle registers a typed handler: it decodes the payload, measures, logs, and makes of every error one of two
// things, a later that Asynq runs again or, where nothing is stored any more, a task that is given up.
func handle[T task.Payload](w *Worker, m *asynq.ServeMux, fn func(context.Context, *slog.Logger, T) error) {
	var zero T
	kind := zero.Kind()
	m.HandleFunc(kind, func(ctx context.Context, t *asynq.Task) error {
		id, _ := asynq.GetTaskID(ctx)
		log := w.Log.With("task_id", id, "kind", kind)
		payload, err := task.Decode[T](t.Payload())
		if err != nil {
			// Perhaps a newer client wrote it: a newer worker will understand it. It is kept until one comes.
			log.Error("payload not understood; is this worker older than its clients?", "error", err)
			w.metrics.task(kind, "not_understood", 0)
			return &later{after: notUnderstoodPause, reason: "payload not understood"}
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
			if !again.counts && again.after > 0 {
				level = slog.LevelWarn // everyone meets it: an operator should look
			}
			log.Log(ctx, level, "task will run again", "after", again.after, "reason", again.reason)
			w.metrics.task(kind, "again", took)
			return again
		case errors.Is(err, errGone):
			log.Error("task dropped", "error", err)
			w.metrics.task(kind, "dropped", took)
			return fmt.Errorf("%w: %w", err, asynq.SkipRetry)
		default:
			// Redis is away, or the like: nothing that a recipient could be blamed for.
			log.Warn("task interrupted, it will run again", "error", err)
			w.metrics.task(kind, "interrupted", took)
			return &later{after: interruptedPause, reason: "interrupted"}
		}
	})
}

// errGone says that what a task names is not stored any more.
var errGone = errors.New("gone")

// notUnderstoodPause is how long a task waits that this worker is too old for.
const notUnderstoodPause = time.Minute

// interruptedPause is how long a task waits that the worker could not work on, for no fault of its own.
const interruptedPause = 5 * time.Second

// later is an error for Asynq: run this task again.
type later struct {
	after  time.Duration
	counts bool   // whether the run counts as a try at the recipients that are still pending
	reason string // for the log and Asynq's record; nothing personal
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
