package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// ServerOptions for NewServer. All are required.
type ServerOptions struct {
	Redis        redis.UniversalClient
	Queues       []string
	Concurrency  int // tasks at the same time
	DrainTimeout time.Duration
	Handler      Handler
	Gate         *Gate
	Crashes      func(ctx context.Context, queue, id string) (int, error) // how often a worker died with a task
	Log          *slog.Logger
}

// Server takes tasks from queues of equal weight. Only this type knows how Asynq hands over tasks.
type Server struct {
	ServerOptions
	asynq *asynq.Server
}

// NewServer returns a server that Start starts.
func NewServer(o ServerOptions) (*Server, error) {
	if o.Redis == nil || len(o.Queues) == 0 || o.Concurrency <= 0 || o.DrainTimeout <= 0 || o.Handler == nil || o.Gate == nil || o.Crashes == nil || o.Log == nil {
		return nil, errors.New("queue: all options of a server are required")
	}
	weights := map[string]int{}
	for _, name := range o.Queues {
		weights[name] = 1
	}
	client := &gated{UniversalClient: o.Redis, gate: o.Gate, queues: o.Queues}
	return &Server{ServerOptions: o, asynq: asynq.NewServerFromRedisClient(client, asynq.Config{
		Concurrency:              o.Concurrency,
		Queues:                   weights,
		RetryDelayFunc:           retryDelay,
		IsFailure:                countsAsAttempt,
		Logger:                   asynqLog{o.Log},
		LogLevel:                 asynq.WarnLevel,
		ShutdownTimeout:          o.DrainTimeout,
		TaskCheckInterval:        200 * time.Millisecond,
		DelayedTaskCheckInterval: time.Second,
	})}, nil
}

// Start begins to take tasks.
func (s *Server) Start() error { return s.asynq.Start(asynq.HandlerFunc(s.handle)) }

// Stop makes it take no further tasks.
func (s *Server) Stop() { s.asynq.Stop() }

// Shutdown waits for running tasks. Those that take longer than the drain timeout go back to the queue.
func (s *Server) Shutdown() { s.asynq.Shutdown() }

// handle calls the handler, with what the queue knows about the run.
func (s *Server) handle(ctx context.Context, t *asynq.Task) error {
	run := Run{Kind: t.Type()}
	run.ID, _ = asynq.GetTaskID(ctx)
	run.Attempt, _ = asynq.GetRetryCount(ctx)
	name, _ := asynq.GetQueueName(ctx)
	var err error
	if run.Crashes, err = s.Crashes(ctx, name, run.ID); err != nil {
		s.Log.Warn("task interrupted, it will run again", "task_id", run.ID, "kind", run.Kind, "error", err)
		return &Again{After: InterruptedPause, Reason: "interrupted"}
	}
	err = s.Handler(ctx, run, t.Payload())
	if err == nil {
		s.limitLife(ctx, name, run.ID)
	}
	var again *Again
	if errors.As(err, &again) && !again.Counts && again.After > handOver && !s.Gate.Open(name) {
		// This worker takes no more of these, so there is no need for a pause: another one may run it at once.
		sooner := *again
		sooner.After = handOver
		return &sooner
	}
	return err
}

// limitLife makes a task that ends now go by itself, with the address and the text in it. Asynq forgets finished tasks only
// while some worker runs.
func (s *Server) limitLife(ctx context.Context, name, id string) {
	key := "asynq:{" + name + "}:t:" + id // as Asynq names it
	if err := s.Redis.Expire(ctx, key, Retention+time.Hour).Err(); err != nil {
		s.Log.Warn("a finished task may stay until a worker removes it", "task_id", id, "error", err)
	}
}

// handOver is the pause of a task that this worker leaves to others.
const handOver = time.Second

func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	var a *Again
	if errors.As(err, &a) {
		return a.After
	}
	return InterruptedPause // a lease that ran out: the worker died
}

func countsAsAttempt(err error) bool {
	var a *Again
	return errors.As(err, &a) && a.Counts
}

// asynqLog writes Asynq's own log lines to the structured log.
type asynqLog struct{ log *slog.Logger }

func (a asynqLog) Debug(args ...any) { a.log.Debug("asynq", "message", fmt.Sprint(args...)) }
func (a asynqLog) Info(args ...any)  { a.log.Info("asynq", "message", fmt.Sprint(args...)) }
func (a asynqLog) Warn(args ...any)  { a.log.Warn("asynq", "message", fmt.Sprint(args...)) }
func (a asynqLog) Error(args ...any) { a.log.Error("asynq", "message", fmt.Sprint(args...)) }

// Fatal only logs: main decides about the end of the process.
func (a asynqLog) Fatal(args ...any) { a.log.Error("asynq", "message", fmt.Sprint(args...)) }
