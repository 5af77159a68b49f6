package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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
	takers []*asynq.Server
}

// A server of Asynq takes one task after the other, and each waits until Redis has synced it. Several that ask at the same
// time share one sync. slotsATaker is how many slots are enough to keep one of them busy.
const (
	mostTakers  = 8
	slotsATaker = 4
)

// rarely is the interval of what one of Asynq's servers does for all of them.
const rarely = 24 * time.Hour

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
	server := &Server{ServerOptions: o}
	n := max(1, min(mostTakers, o.Concurrency/slotsATaker))
	for i := range n {
		c := asynq.Config{
			Concurrency:              o.Concurrency*(i+1)/n - o.Concurrency*i/n,
			Queues:                   weights,
			RetryDelayFunc:           retryDelay,
			IsFailure:                countsAsAttempt,
			Logger:                   asynqLog{o.Log},
			LogLevel:                 asynq.WarnLevel,
			ShutdownTimeout:          o.DrainTimeout,
			TaskCheckInterval:        askEvery,
			DelayedTaskCheckInterval: time.Second,
		}
		if i > 0 {
			c.DelayedTaskCheckInterval, c.JanitorInterval = rarely, rarely
		}
		server.takers = append(server.takers, asynq.NewServerFromRedisClient(client, c))
	}
	return server, nil
}

// Start begins to take tasks.
func (s *Server) Start() error {
	for i, t := range s.takers {
		if err := t.Start(asynq.HandlerFunc(s.handle)); err != nil {
			for _, started := range s.takers[:i] {
				started.Shutdown()
			}
			return err
		}
	}
	return nil
}

// Stop makes it take no further tasks.
func (s *Server) Stop() {
	for _, t := range s.takers {
		t.Stop()
	}
}

// Shutdown waits for running tasks. Those that take longer than the drain timeout go back to the queue.
func (s *Server) Shutdown() {
	var all sync.WaitGroup
	for _, t := range s.takers {
		all.Go(t.Shutdown)
	}
	all.Wait()
}

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
