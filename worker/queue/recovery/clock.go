package recovery

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// MaxClockDifference is how far a worker's clock may be from that of Redis. A worker renews the leases of its tasks by its
// own clock, and they count as silent with 15 s left of 30 s (reaper.go). Renewed every 5 s, a living worker's has 25 s
// left: one whose clock is 10 s slow would lose its tasks to another while it sends. Half of that is the limit.
const MaxClockDifference = 5 * time.Second

// NoteClockDifference is from where on it is worth a warning: clocks that are kept by NTP stay far below.
const NoteClockDifference = time.Second

// clockDifference returns by how much this machine's clock is ahead of the Redis server's. It is right to half a round
// trip.
func clockDifference(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	before := time.Now()
	there, err := rdb.Time(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for the time: %w", err)
	}
	return before.Add(time.Since(before) / 2).Sub(there), nil
}

// CheckClock returns the clock difference, and an error when it is more than MaxClockDifference.
func CheckClock(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	ahead, err := clockDifference(ctx, rdb)
	if err == nil && ahead.Abs() > MaxClockDifference {
		err = fmt.Errorf("this machine's clock is %s %s that of Redis: set both by NTP (workers that far apart take each other's tasks)",
			ahead.Abs().Round(100*time.Millisecond), aheadOrBehind(ahead))
	}
	return ahead, err
}

func aheadOrBehind(d time.Duration) string {
	if d < 0 {
		return "behind"
	}
	return "ahead of"
}
