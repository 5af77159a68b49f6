package recovery

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// MaxClockDifference is how far a worker's clock may be from that of Redis. A worker renews the leases of its tasks
// by its own clock, every 5 s, to 30 s. The reaper takes a lease with less than 15 s left as silent (reaper.go). The
// lease of a living worker has 25 s left: if its clock were 10 s slow, another worker would take its tasks while it
// sends. The limit is half of that.
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
