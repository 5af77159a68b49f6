package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
	"google.golang.org/protobuf/encoding/protowire"
)

// A task whose data somebody wrote over can't be run, and Asynq can't get rid of it: it takes it, fails to read it, and takes it
// again. While it waits for its time, it holds up all tasks of its queue that wait behind it.

const (
	overdueEvery = 5                // scans
	overdueAfter = 15 * time.Second // behind its time, a task should have been moved long ago
	overdueMost  = 20               // tasks of a queue at once
)

// removeScript takes a task out of its queue.
//
// KEYS: active list, pending list, lease, scheduled and retry sorted sets, crashes hash, key of the task; one hash tag.
// ARGV: id.
var removeScript = redis.NewScript(`
redis.call('LREM', KEYS[1], 0, ARGV[1])
redis.call('LREM', KEYS[2], 0, ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
redis.call('DEL', KEYS[7])
return 1
`)

// readable reports a task that can be run. Any other is parked: it is handed to Options.Park and taken out of its queue. If
// that fails, it is tried again when the reaper looks next, and the other tasks don't wait for it.
func (r *Reaper) readable(ctx context.Context, queue, id string) bool {
	data, readable, err := r.data(ctx, queue, id)
	if err == nil && !readable {
		err = r.park(ctx, queue, id, data)
	}
	if err != nil && ctx.Err() == nil {
		r.log.Warn("a task is not looked after yet", "queue", queue, "task_id", id, "error", err)
	}
	return readable
}

func (r *Reaper) park(ctx context.Context, queue, id string, data []byte) error {
	if err := r.parked(ctx, queue, id, data); err != nil {
		return fmt.Errorf("park it: %w", err)
	}
	keys := []string{
		queueKey(queue, "active"), queueKey(queue, "pending"), queueKey(queue, "lease"), queueKey(queue, "scheduled"), queueKey(queue, "retry"),
		crashesKey(queue), queueKey(queue, "t:") + id,
	}
	if err := removeScript.Run(ctx, r.rdb, keys, id).Err(); err != nil {
		return fmt.Errorf("remove it: %w", err)
	}
	return nil
}

// data is what Redis has of a task, and whether Asynq can read it. A task that isn't there any more counts as readable.
func (r *Reaper) data(ctx context.Context, queue, id string) (data []byte, readable bool, err error) {
	key := queueKey(queue, "t:") + id
	kind, err := r.rdb.Type(ctx, key).Result()
	if err != nil {
		return nil, false, fmt.Errorf("look at task %s: %w", id, err)
	}
	switch kind {
	case "none":
		return nil, true, nil
	case "string":
		data, err = r.rdb.Get(ctx, key).Bytes()
	case "hash":
		if data, err = r.rdb.HGet(ctx, key, "msg").Bytes(); err == nil {
			return data, isTask(data, id), nil
		}
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, false, fmt.Errorf("look at task %s: %w", id, err)
	}
	return data, false, nil
}

// The fields of Asynq's message that are read before a task is run.
const (
	fieldType = 1
	fieldID   = 3
)

// isTask reports whether bytes are the message of a task, as Asynq encodes it (Protocol Buffers).
func isTask(data []byte, id string) bool {
	kind, known := "", ""
	for len(data) > 0 {
		number, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			return false
		}
		data = data[n:]
		if number == fieldType || number == fieldID {
			text, n := protowire.ConsumeBytes(data)
			if wire != protowire.BytesType || n < 0 || !utf8.Valid(text) {
				return false
			}
			data = data[n:]
			if number == fieldType {
				kind = string(text)
			} else {
				known = string(text)
			}
			continue
		}
		if n = protowire.ConsumeFieldValue(number, wire, data); n < 0 {
			return false
		}
		data = data[n:]
	}
	return kind != "" && known == id
}

// parkOverdue looks at tasks that should have begun to wait for a worker long ago.
func (r *Reaper) parkOverdue(ctx context.Context) {
	due := fmt.Sprint(r.now().Add(-overdueAfter).Unix())
	found := map[string][]*redis.StringSliceCmd{}
	_, _ = r.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		for _, queue := range r.queues {
			for _, waiting := range []string{"scheduled", "retry"} {
				found[queue] = append(found[queue], p.ZRangeByScore(ctx, queueKey(queue, waiting), &redis.ZRangeBy{Min: "-inf", Max: due, Count: overdueMost}))
			}
		}
		return nil
	})
	for queue, lists := range found {
		for _, list := range lists {
			if list.Err() != nil && ctx.Err() == nil {
				r.log.Warn("reaper can't look at what waits in a queue", "queue", queue, "error", list.Err())
			}
			for _, id := range list.Val() {
				r.readable(ctx, queue, id)
			}
		}
	}
}
