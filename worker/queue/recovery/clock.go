package recovery

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// MaxClockDifference is how far a worker's clock may be from that of Redis when it starts: send times and ends go by the
// worker's clock, rates by that of Redis. Recovery compares no clocks, so one that steps later takes nobody's tasks.
const MaxClockDifference = 5 * time.Second

// NoteClockDifference is the difference from which on a warning is logged: clocks with NTP stay far below.
const NoteClockDifference = time.Second

// clockDifference returns how far this machine's clock is ahead of that of Redis. It is exact to half a round trip.
func clockDifference(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	before := time.Now()
	there, err := rdb.Time(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for the time: %w", err)
	}
	return before.Add(time.Since(before) / 2).Sub(there), nil
}

// CheckClock returns the clock difference, and an error if it is more than MaxClockDifference.
func CheckClock(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	ahead, err := clockDifference(ctx, rdb)
	if err == nil && ahead.Abs() > MaxClockDifference {
		err = fmt.Errorf("this machine's clock is %s %s that of Redis: set both by NTP (messages would go out too early or too late)",
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
