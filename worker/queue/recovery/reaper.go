package recovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Asynq brings a killed worker's tasks back after 95 to 170 s (a lease of 30 s, a minute of checks, a pause), and never
// those whose lease is gone. The reaper does it in about 15 s. It works on Asynq's own keys, whose layout is that of
// v0.26: TestReaperKnowsAsynqsKeys fails when they change.
const (
	leaseTerm   = 30 * time.Second // what Asynq's heartbeat sets a lease to, every 5 s
	silentAfter = 15 * time.Second // three heartbeats missed
	reapEvery   = 3 * time.Second
)

// Options for New. All but Now are required.
type Options struct {
	Redis   redis.UniversalClient
	Queues  []string // the names of the queues to look after
	Log     *slog.Logger
	Metrics *Metrics
	Now     func() time.Time // time.Now when nil
}

// Reaper brings back the tasks of workers that died. Any number may run at once.
type Reaper struct {
	rdb     redis.UniversalClient
	queues  []string
	log     *slog.Logger
	metrics *Metrics
	now     func() time.Time

	since   time.Time                       // since when Redis has answered every scan
	orphans map[string]map[string]time.Time // by queue, active tasks without a lease: when each was first seen
	askew   bool                            // this machine's clock is too far off, and that was logged
}

// New returns a reaper that Run starts.
func New(o Options) (*Reaper, error) {
	if o.Redis == nil || len(o.Queues) == 0 || o.Log == nil || o.Metrics == nil {
		return nil, errors.New("recovery: Redis, Queues, Log and Metrics are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reaper{
		rdb: o.Redis, queues: o.Queues, log: o.Log, metrics: o.Metrics, now: o.Now, orphans: map[string]map[string]time.Time{},
	}, nil
}

// reapScript hands back the tasks of one queue whose lease was not renewed, and counts a crash for each.
//
// KEYS: active list, lease sorted set, pending list, crashes hash; one hash tag.
// ARGV: cutoff in Unix seconds, prefix of the task keys, life time of the crashes hash in seconds.
// Returns the ids.
var reapScript = redis.NewScript(`
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 1000)
local reaped = {}
for _, id in ipairs(ids) do
  redis.call('ZREM', KEYS[2], id)
  if redis.call('LREM', KEYS[1], 0, id) > 0 then
    redis.call('RPUSH', KEYS[3], id)
    redis.call('HSET', ARGV[2] .. id, 'state', 'pending')
    redis.call('HINCRBY', KEYS[4], id, 1)
    redis.call('EXPIRE', KEYS[4], ARGV[3])
    reaped[#reaped + 1] = id
  end
end
return reaped
`)

// orphanScript hands back one active task that has no lease: an answer to its worker got lost.
//
// KEYS: active list, lease sorted set, pending list. ARGV: id, prefix of the task keys. Returns 1 when it did.
var orphanScript = redis.NewScript(`
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then return 0 end
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('HSET', ARGV[2] .. ARGV[1], 'state', 'pending')
return 1
`)

func queueKey(queue, name string) string { return "asynq:{" + queue + "}:" + name }

// Run scans until ctx ends.
func (r *Reaper) Run(ctx context.Context) {
	tick := time.NewTicker(reapEvery)
	defer tick.Stop()
	for {
		if err := r.scan(ctx); err != nil {
			r.since = time.Time{}
			if ctx.Err() == nil {
				r.log.Warn("reaper can't look at the queues", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// scan looks at every queue once. While Redis is away nobody can renew a lease. So the reaper acts only when Redis
// has answered it for as long as a worker may be silent.
func (r *Reaper) scan(ctx context.Context) error {
	ahead, err := clockDifference(ctx, r.rdb)
	if err != nil {
		return err
	}
	r.noteClock(ahead)
	now := r.now()
	// It uses the clock of Redis: a wrong clock of this machine must not take the tasks of others too early.
	renewed := strconv.FormatInt(now.Add(leaseTerm-silentAfter-ahead).Unix(), 10)
	if r.since.IsZero() {
		r.since = now
	}
	trusted := now.Sub(r.since) >= silentAfter
	silent, orphans := 0, 0
	for _, queue := range r.queues {
		n, err := r.rdb.ZCount(ctx, queueKey(queue, "lease"), "-inf", renewed).Result()
		if err != nil {
			return fmt.Errorf("look at %s: %w", queue, err)
		}
		silent += int(n)
		if trusted && n > 0 {
			if err := r.reap(ctx, queue, renewed); err != nil {
				return err
			}
		}
		if err := r.adopt(ctx, queue, now); err != nil {
			return err
		}
		orphans += len(r.orphans[queue])
	}
	r.metrics.unclaimed.WithLabelValues("silent").Set(float64(silent))
	r.metrics.unclaimed.WithLabelValues("orphan").Set(float64(orphans))
	return nil
}

// noteClock logs a clock that goes wrong while the worker runs.
func (r *Reaper) noteClock(ahead time.Duration) {
	r.metrics.clock.Set(ahead.Seconds())
	askew := ahead.Abs() > MaxClockDifference
	if askew && !r.askew {
		r.log.Error("this machine's clock and that of Redis are too far apart: other workers may take this one's tasks", "ahead", ahead)
	}
	r.askew = askew
}

// reap hands back the tasks whose lease is not above renewed, a Unix time.
func (r *Reaper) reap(ctx context.Context, queue, renewed string) error {
	keys := []string{queueKey(queue, "active"), queueKey(queue, "lease"), queueKey(queue, "pending"), crashesKey(queue)}
	ids, err := reapScript.Run(ctx, r.rdb, keys, renewed, queueKey(queue, "t:"), int(crashTTL.Seconds())).StringSlice()
	if err != nil {
		return fmt.Errorf("reap %s: %w", queue, err)
	}
	for _, id := range ids {
		r.log.Warn("a worker died with this task; it was handed back", "queue", queue, "task_id", id)
		r.metrics.Recovered("lease", 1)
	}
	return nil
}

// adopt brings back active tasks that have been without a lease for as long as a worker may be silent.
func (r *Reaper) adopt(ctx context.Context, queue string, now time.Time) error {
	before := r.orphans[queue]
	r.orphans[queue] = nil
	active, err := r.rdb.LRange(ctx, queueKey(queue, "active"), 0, -1).Result()
	if err != nil {
		return fmt.Errorf("look at %s: %w", queue, err)
	}
	if len(active) == 0 {
		return nil
	}
	leases, err := r.rdb.ZMScore(ctx, queueKey(queue, "lease"), active...).Result()
	if err != nil {
		return fmt.Errorf("look at %s: %w", queue, err)
	}
	orphans := map[string]time.Time{}
	for i, id := range active {
		if leases[i] != 0 {
			continue
		}
		first, known := before[id]
		if !known {
			first = now
		}
		if now.Sub(first) < silentAfter {
			orphans[id] = first
			continue
		}
		keys := []string{queueKey(queue, "active"), queueKey(queue, "lease"), queueKey(queue, "pending")}
		adopted, err := orphanScript.Run(ctx, r.rdb, keys, id, queueKey(queue, "t:")).Int()
		if err != nil {
			return fmt.Errorf("adopt %s: %w", id, err)
		}
		if adopted == 1 {
			r.log.Warn("a task was active without a worker; it was handed back", "queue", queue, "task_id", id)
			r.metrics.Recovered("orphan", 1)
		}
	}
	r.orphans[queue] = orphans
	return nil
}
