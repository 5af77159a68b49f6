package recovery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// crashTTL is how long the crashes of a task are remembered.
const crashTTL = 24 * time.Hour

// crashesKey has the queue's hash tag.
func crashesKey(queue string) string { return "herald:{" + queue + "}:crashes" }

// Crashes is how often a worker died with a task of a queue. The reaper counts.
func Crashes(ctx context.Context, rdb redis.UniversalClient, queue, id string) (int, error) {
	text, err := rdb.HGet(ctx, crashesKey(queue), id).Result()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the crashes of task %s: %w", id, err)
	}
	return strconv.Atoi(text)
}
