package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// oldestRedis is the first version that has everything: ZMSCORE, which the reaper looks at leases with, came last, in
// 6.2; scripts that read the server's clock and then write, as rates do, need 5.0.
var oldestRedis = [2]int{6, 2}

// CheckVersion reports whether the server is too old. One that doesn't tell its version passes.
func CheckVersion(ctx context.Context, rdb redis.UniversalClient) error {
	text, err := rdb.Info(ctx, "server").Result()
	var refused redis.Error
	if err != nil && !errors.As(err, &refused) {
		return fmt.Errorf("ask Redis for its version: %w", err)
	}
	version := parseInfo(text)["redis_version"]
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	if errA != nil || errB != nil || a > oldestRedis[0] || a == oldestRedis[0] && b >= oldestRedis[1] {
		return nil //nolint:nilerr // what can't be told is let pass
	}
	return fmt.Errorf("the Redis server is version %.20s, Herald needs %d.%d or newer", version, oldestRedis[0], oldestRedis[1])
}

// MaxClockDifference is how far a worker's clock may be from that of Redis. A worker renews the leases of its tasks by its
// own clock, and they count as silent with 15 s left of 30 s (reaper.go). Renewed every 5 s, a living worker's has 25 s left: one whose
// clock is 10 s slow would lose its tasks to another while it sends. Half of that is the limit.
const MaxClockDifference = 5 * time.Second

// NoteClockDifference is from where on it is worth a warning: clocks that are kept by NTP stay far below.
const NoteClockDifference = time.Second

// ClockDifference returns by how much this machine's clock is ahead of the Redis server's. It is right to half a round
// trip.
func ClockDifference(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	before := time.Now()
	there, err := rdb.Time(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("ask Redis for the time: %w", err)
	}
	return before.Add(time.Since(before) / 2).Sub(there), nil
}

// CheckClock returns the clock difference, and an error when it is more than MaxClockDifference.
func CheckClock(ctx context.Context, rdb redis.UniversalClient) (time.Duration, error) {
	ahead, err := ClockDifference(ctx, rdb)
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

// CheckDurable reports every reason why rdb could lose accepted work: no append-only file, or an eviction policy that
// may throw the queue away. It asks INFO, which managed Redis services allow too.
func CheckDurable(ctx context.Context, rdb redis.UniversalClient) error {
	text, err := rdb.Info(ctx, "persistence").Result()
	if err != nil {
		return fmt.Errorf("ask Redis whether it is durable: %w", err)
	}
	more, err := rdb.Info(ctx, "memory").Result()
	if err != nil {
		return fmt.Errorf("ask Redis whether it is durable: %w", err)
	}
	info := parseInfo(text + "\n" + more)
	var errs []error
	if info["aof_enabled"] != "1" {
		errs = append(errs, errors.New("the Redis server keeps no append-only file, so a restart loses accepted jobs: set `appendonly yes` and `appendfsync always`"))
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		errs = append(errs, fmt.Errorf("the Redis server may evict the queue when memory is short: set `maxmemory-policy noeviction` (it is %q)", policy))
	}
	return errors.Join(errs...)
}

func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":"); ok {
			info[name] = value
		}
	}
	return info
}
