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
// those whose lease is gone. It compares the clocks of two machines for that. The reaper takes about 15 s and compares no
// clocks: a worker renews its leases every 5 s, and a lease that did not change while the reaper looked at it for 15 s
// belongs to a dead worker. It works on Asynq's own keys, whose layout is that of v0.26: TestReaperKnowsAsynqsKeys fails
// when they change.
const (
	silentAfter = 15 * time.Second // three heartbeats missed
	reapEvery   = 3 * time.Second
	// longestGap is how long the reaper may not have looked. After a longer one (its machine slept, or Redis was away) it
	// begins anew: the living had no time to renew their leases either.
	longestGap = silentAfter / 2
)

// Options for New. All but Now are required.
type Options struct {
	Redis   redis.UniversalClient
	Queues  []string // the names of the queues to look after
	Log     *slog.Logger
	Metrics *Metrics
	// Park keeps what there is of a task that can't be read, and ends what depends on it. Only then it is removed.
	Park func(ctx context.Context, queue, id string, data []byte) error
	Now  func() time.Time // time.Now when nil; only differences count
}

// Reaper brings back the tasks of workers that died. Any number may run at once.
type Reaper struct {
	rdb     redis.UniversalClient
	queues  []string
	log     *slog.Logger
	metrics *Metrics
	parked  func(ctx context.Context, queue, id string, data []byte) error
	now     func() time.Time

	scans   int
	watched map[string]*watched // by queue
	askew   bool                // this machine's clock is too far off, and that was logged
}

// watched is what the reaper has seen of one queue without a gap.
type watched struct {
	looked  time.Time            // the last time
	leases  map[string]lease     // by task
	orphans map[string]time.Time // active tasks without a lease: when each was first seen
}

// lease is one as it was last seen.
type lease struct {
	until float64   // when it ends, by its worker's clock: only whether it changes counts
	crash string    // how often its task was handed back: the lease of its next worker may end at the same second, by another clock
	since time.Time // since when it has not changed, by the reaper's clock
}

// New returns a reaper that Run starts.
func New(o Options) (*Reaper, error) {
	if o.Redis == nil || len(o.Queues) == 0 || o.Log == nil || o.Metrics == nil || o.Park == nil {
		return nil, errors.New("recovery: Redis, Queues, Log, Metrics and Park are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reaper{rdb: o.Redis, queues: o.Queues, log: o.Log, metrics: o.Metrics, parked: o.Park, now: o.Now, watched: map[string]*watched{}}, nil
}

// reapScript hands back tasks whose lease is still as the reaper saw it, and counts a crash for each.
//
// KEYS: active list, lease sorted set, pending list, crashes hash; one hash tag.
// ARGV: prefix of the task keys, life time of the crashes hash in seconds, then id and end of the lease of each task.
// Returns the ids.
var reapScript = redis.NewScript(`
local reaped = {}
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  local ends = redis.call('ZSCORE', KEYS[2], id)
  if ends and tonumber(ends) == tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[2], id)
    if redis.call('LREM', KEYS[1], 0, id) > 0 then
      redis.call('RPUSH', KEYS[3], id)
      redis.call('HSET', ARGV[1] .. id, 'state', 'pending')
      redis.call('HINCRBY', KEYS[4], id, 1)
      redis.call('EXPIRE', KEYS[4], ARGV[2])
      reaped[#reaped + 1] = id
    end
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

// proofKey is written before leases of a queue are believed.
func proofKey(queue string) string { return "herald:{" + queue + "}:writable" }

// Run scans until ctx ends.
func (r *Reaper) Run(ctx context.Context) {
	tick := time.NewTicker(reapEvery)
	defer tick.Stop()
	for {
		if err := r.Scan(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("reaper can't look at the queues: nothing counts as dead meanwhile", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Scan looks at every queue once: Run does so again and again. While Redis is away, or takes no writes, nobody can renew a lease: then the reaper
// forgets what it saw of that queue.
func (r *Reaper) Scan(ctx context.Context) error {
	if ahead, err := clockDifference(ctx, r.rdb); err == nil { // if it can't be asked, the queues tell
		r.noteClock(ahead)
	}
	leases, active, proofs := map[string]*redis.ZSliceCmd{}, map[string]*redis.StringSliceCmd{}, map[string]*redis.StatusCmd{}
	_, _ = r.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		for _, queue := range r.queues {
			leases[queue] = p.ZRangeWithScores(ctx, queueKey(queue, "lease"), 0, -1)
			active[queue] = p.LRange(ctx, queueKey(queue, "active"), 0, -1)
		}
		return nil
	})
	crashes := map[string]*redis.MapStringStringCmd{}
	_, _ = r.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, queue := range r.queues {
			if leases[queue].Err() == nil && active[queue].Err() == nil && len(leases[queue].Val())+len(active[queue].Val()) > 0 {
				crashes[queue] = p.HGetAll(ctx, crashesKey(queue))
				proofs[queue] = p.Set(ctx, proofKey(queue), 1, time.Minute)
			}
		}
		return nil
	})
	now := r.now()
	silent, orphans := 0, 0
	var errs []error
	for _, queue := range r.queues {
		err := errors.Join(leases[queue].Err(), active[queue].Err())
		var crashed map[string]string
		if proof := proofs[queue]; proof != nil {
			err = errors.Join(err, proof.Err(), crashes[queue].Err())
			crashed = crashes[queue].Val()
		}
		if err == nil {
			err = r.look(ctx, queue, now, leases[queue].Val(), active[queue].Val(), crashed)
		}
		if err != nil {
			delete(r.watched, queue)
			errs = append(errs, fmt.Errorf("look at %s: %w", queue, err))
			continue
		}
		w := r.watched[queue]
		orphans += len(w.orphans)
		for _, l := range w.leases {
			if now.Sub(l.since) >= longestGap {
				silent++
			}
		}
	}
	r.metrics.unclaimed.WithLabelValues("silent").Set(float64(silent))
	r.metrics.unclaimed.WithLabelValues("orphan").Set(float64(orphans))
	if r.scans++; r.scans%overdueEvery == 0 {
		r.parkOverdue(ctx)
	}
	if len(errs) > 1 { // all say the same
		return fmt.Errorf("%d queues: %w", len(errs), errs[0])
	}
	return errors.Join(errs...)
}

// noteClock logs a clock that goes wrong while the worker runs.
func (r *Reaper) noteClock(ahead time.Duration) {
	r.metrics.clock.Set(ahead.Seconds())
	askew := ahead.Abs() > MaxClockDifference
	if askew && !r.askew {
		r.log.Error("this machine's clock and that of Redis are too far apart: messages go out too early or too late", "ahead", ahead.String())
	}
	r.askew = askew
}

// look compares what is active in a queue with what was seen before, and hands back what died.
func (r *Reaper) look(ctx context.Context, queue string, now time.Time, leases []redis.Z, active []string, crashed map[string]string) error {
	before := r.watched[queue]
	if before == nil || now.Sub(before.looked) > longestGap {
		before = &watched{}
	}
	w := &watched{looked: now, leases: map[string]lease{}, orphans: map[string]time.Time{}}
	r.watched[queue] = w
	leased := map[string]bool{}
	var dead []any
	for _, z := range leases {
		id, _ := z.Member.(string)
		leased[id] = true
		l, known := before.leases[id]
		if !known || l.until != z.Score || l.crash != crashed[id] {
			l = lease{z.Score, crashed[id], now}
		}
		w.leases[id] = l
		if now.Sub(l.since) < silentAfter {
			continue
		}
		if r.readable(ctx, queue, id) {
			dead = append(dead, id, strconv.FormatFloat(z.Score, 'f', -1, 64))
		}
	}
	if len(dead) > 0 {
		if err := r.reap(ctx, queue, dead); err != nil {
			return err
		}
	}
	for _, id := range active {
		if leased[id] {
			continue
		}
		first, known := before.orphans[id]
		if !known {
			first = now
		}
		if now.Sub(first) < silentAfter {
			w.orphans[id] = first
			continue
		}
		if !r.readable(ctx, queue, id) {
			continue
		}
		if err := r.adopt(ctx, queue, id); err != nil {
			return err
		}
	}
	return nil
}

// reap hands back tasks: id and end of the lease of each.
func (r *Reaper) reap(ctx context.Context, queue string, dead []any) error {
	keys := []string{queueKey(queue, "active"), queueKey(queue, "lease"), queueKey(queue, "pending"), crashesKey(queue)}
	args := append([]any{queueKey(queue, "t:"), int(crashTTL.Seconds())}, dead...)
	ids, err := reapScript.Run(ctx, r.rdb, keys, args...).StringSlice()
	if err != nil {
		return fmt.Errorf("reap: %w", err)
	}
	for _, id := range ids {
		r.log.Warn("a worker died with this task; it was handed back", "queue", queue, "task_id", id)
		r.metrics.Recovered("lease", 1)
		delete(r.watched[queue].leases, id)
	}
	return nil
}

// adopt brings back an active task that has been without a lease for as long as a worker may be silent.
func (r *Reaper) adopt(ctx context.Context, queue, id string) error {
	keys := []string{queueKey(queue, "active"), queueKey(queue, "lease"), queueKey(queue, "pending")}
	adopted, err := orphanScript.Run(ctx, r.rdb, keys, id, queueKey(queue, "t:")).Int()
	if err != nil {
		return fmt.Errorf("adopt %s: %w", id, err)
	}
	if adopted == 1 {
		r.log.Warn("a task was active without a worker; it was handed back", "queue", queue, "task_id", id)
		r.metrics.Recovered("orphan", 1)
	}
	return nil
}
