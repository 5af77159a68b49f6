package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Timed is a payload, which passed Validate, and the time before which its task must not run; the zero time is now.
type Timed struct {
	Payload task.Payload
	At      time.Time
}

// Added is the result of one of EnqueueMany.
type Added struct {
	Added bool
	Err   error
}

// EnqueueMany is EnqueueAt for many, in one round trip for all of them, in their order. One that fails leaves the others
// alone.
func (c *Client) EnqueueMany(ctx context.Context, list []Timed) []Added {
	out := make([]Added, len(list))
	if len(list) == 0 {
		return out
	}
	later := &recorder{UniversalClient: c.rdb, pipe: ledger.Together(c.rdb)}
	recording := &Client{asynq: asynq.NewClientFromRedisClient(later)}
	scripts := make([]*redis.Cmd, len(list))
	for i, t := range list {
		data, err := task.EncodeChecked(t.Payload)
		if err == nil {
			_, err = recording.enqueue(ctx, t.Payload, data, t.At)
		}
		scripts[i], out[i].Err = later.script, err
	}
	_, _ = later.pipe.Exec(ctx) // each command's own error is looked at
	registered := later.registered()
	var left []int // of a Redis that has not seen the script
	for i, t := range list {
		if out[i].Err != nil {
			continue
		}
		n, err := scripts[i].Int()
		switch err = errors.Join(err, registered); {
		case redis.HasErrorPrefix(scripts[i].Err(), "NOSCRIPT"):
			left = append(left, i)
		case err != nil:
			out[i].Err = fmt.Errorf("enqueue %s: %w: %w", t.Payload.Kind(), ErrUnavailable, err)
		default:
			out[i].Added = n == 1
		}
	}
	if len(left) == 0 {
		return out
	}
	// The first one brings the script, for those that come after it.
	first, rest := list[left[0]], make([]Timed, 0, len(left)-1)
	out[left[0]].Added, out[left[0]].Err = c.EnqueueAt(ctx, first.Payload, first.At)
	for _, i := range left[1:] {
		rest = append(rest, list[i])
	}
	for n, a := range c.EnqueueMany(ctx, rest) {
		out[left[1+n]] = a
	}
	return out
}

// recorder takes the commands with which Asynq enqueues into a pipeline, and answers at once as if each was stored.
type recorder struct {
	redis.UniversalClient
	pipe   redis.Pipeliner
	queues []*redis.IntCmd // that register queues
	script *redis.Cmd      // of the last task
}

// EvalSha records the script that stores a task. Its own answer comes with the pipeline: 1, or 0 where the id is taken.
func (r *recorder) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	r.script = r.pipe.EvalSha(ctx, sha, keys, args...)
	return redis.NewCmdResult(int64(1), nil)
}

// SAdd records that a queue exists.
func (r *recorder) SAdd(ctx context.Context, key string, members ...any) *redis.IntCmd {
	r.queues = append(r.queues, r.pipe.SAdd(ctx, key, members...))
	return redis.NewIntResult(1, nil)
}

// registered is why a queue could not be registered: then no task in it would be found.
func (r *recorder) registered() error {
	for _, q := range r.queues {
		if err := q.Err(); err != nil {
			return err
		}
	}
	return nil
}
