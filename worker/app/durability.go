package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// oldestRedis is the first version with all commands that are used. The last one was ZMSCORE, with which the reaper
// reads leases, in 6.2. Scripts that read the server's clock and then write, as rates do, need 5.0.
var oldestRedis = [2]int{6, 2}

// checkVersion reports whether the server is too old. A server that doesn't tell its version passes.
func checkVersion(ctx context.Context, rdb redis.UniversalClient) error {
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

// fsyncs are the values of appendfsync, the strongest first.
var fsyncs = []string{"always", "everysec", "no"}

// checkDurable reports every reason why rdb could lose accepted work: no append-only file, one that is written to disk later
// than allowed, or an eviction policy that may throw the queue away. Of a cluster it asks every master. weakest is one of
// fsyncs; "" is the strongest. It asks INFO, and CONFIG where that is allowed: managed services often forbid it, and untold is
// called then.
func checkDurable(ctx context.Context, rdb redis.UniversalClient, weakest string, untold func()) error {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return checkNode(ctx, rdb, weakest, untold)
	}
	var mu sync.Mutex
	faults := map[string]error{} // each fault once, whichever masters have it
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		err := checkNode(ctx, node, weakest, untold)
		mu.Lock()
		defer mu.Unlock()
		if err != nil && faults[err.Error()] == nil {
			faults[err.Error()] = fmt.Errorf("node %s: %w", node.Options().Addr, err)
		}
		return nil
	})
	return errors.Join(append(slices.Collect(maps.Values(faults)), err)...)
}

// checkNode is checkDurable of one server.
func checkNode(ctx context.Context, rdb redis.Cmdable, weakest string, untold func()) error {
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
	config, err := rdb.ConfigGet(ctx, "appendfsync").Result()
	var refused redis.Error
	switch fsync := config["appendfsync"]; {
	case err != nil && !errors.As(err, &refused):
		errs = append(errs, fmt.Errorf("ask Redis whether it is durable: %w", err))
	case fsync == "":
		untold()
	case slices.Index(fsyncs, fsync) > max(0, slices.Index(fsyncs, weakest)):
		errs = append(errs, fmt.Errorf("the Redis server writes to disk later than it answers, so a crash loses accepted jobs and what was recorded as sent: set `appendfsync always` (it is %q), or accept that with HERALD_REDIS_FSYNC=%s", fsync, fsync))
	}
	if policy := info["maxmemory_policy"]; policy != "noeviction" {
		errs = append(errs, fmt.Errorf("the Redis server may evict the queue when memory is short: set `maxmemory-policy noeviction` (it is %q)", policy))
	}
	return errors.Join(errs...)
}

// mostLag is how many seconds a replica may have been silent: the default of min-replicas-max-lag.
const mostLag = 10

// checkReplicas reports that a master has fewer than n replicas that follow it: sending would wait. Of a cluster it asks
// every master.
func checkReplicas(ctx context.Context, rdb redis.UniversalClient, n int) error {
	if n == 0 {
		return nil
	}
	check := func(ctx context.Context, node redis.Cmdable) error {
		text, err := node.Info(ctx, "replication").Result()
		if err != nil {
			return fmt.Errorf("ask Redis for its replicas: %w", err)
		}
		follow := 0
		for name, value := range parseInfo(text) {
			if strings.HasPrefix(name, "slave") && strings.Contains(value, "state=online") {
				_, lag, _ := strings.Cut(value, "lag=")
				lag, _, _ = strings.Cut(lag, ",")
				if seconds, err := strconv.Atoi(lag); err == nil && seconds <= mostLag {
					follow++
				}
			}
		}
		if follow < n {
			return &tooFewReplicas{follow, n}
		}
		return nil
	}
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return check(ctx, node) })
	}
	return check(ctx, rdb)
}

// tooFewReplicas is the error of a master with fewer replicas than HERALD_REDIS_REPLICAS asks for.
type tooFewReplicas struct{ follow, want int }

func (e *tooFewReplicas) Error() string {
	return fmt.Sprintf("%d of the %d replicas that HERALD_REDIS_REPLICAS asks for follow a Redis: sending waits for them", e.follow, e.want)
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
