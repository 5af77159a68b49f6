package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

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
