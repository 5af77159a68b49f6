package rate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Numbers are what all workers together did on a channel.
type Numbers struct {
	PerSecond float64  `json:"perSecond"` // sent, on the average of the last 10 s
	Sent      int64    `json:"sent"`      // in the last hour
	Failed    int64    `json:"failed"`    // in the last hour, for good
	Limit     float64  `json:"limit"`     // messages a second as configured; 0 is none
	InForce   float64  `json:"inForce"`   // the limit after back-pressure; 0 is none
	Minutes   []Minute `json:"minutes"`   // the last hour's, the oldest first; the last one is under way
}

// Minute is one minute's part of Numbers.
type Minute struct {
	Sent   int64 `json:"sent"`
	Failed int64 `json:"failed"`
}

// Meter counts what is sent on each channel and shares it through Redis, once a second. It is safe for concurrent
// use. If a worker is killed, the counts of its last second are lost: these numbers are for display; the ledger has
// the exact ones.
type Meter struct {
	rdb    redis.UniversalClient
	lanes  func(channel string) (limit, inForce float64)
	mu     sync.Mutex
	counts map[string]*Minute
}

// NewMeter returns a meter. lanes gives the limits of a channel that are shown beside the counts; nil for a meter
// that only reads.
func NewMeter(rdb redis.UniversalClient, lanes func(channel string) (limit, inForce float64)) *Meter {
	return &Meter{rdb: rdb, lanes: lanes, counts: map[string]*Minute{}}
}

// Count adds to a channel.
func (m *Meter) Count(channel string, sent, failed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.counts[channel]
	if c == nil {
		c = &Minute{}
		m.counts[channel] = c
	}
	c.Sent += int64(sent)
	c.Failed += int64(failed)
}

// Run shares the counts once a second until ctx ends, and then once more. It reports nothing: while Redis is away the
// counts wait.
func (m *Meter) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = m.Flush(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = m.Flush(last)
			return
		}
	}
}

// The hash of a channel has a field for each second, for the rate, and two for each minute. It is pruned when it has
// grown by the fields of another hour.
const (
	rateOver    = 10 // seconds
	numbersOf   = 60 // minutes
	meterFields = 2*numbersOf + rateOver + 200
	meterTTL    = 2 * time.Hour
)

func meterKey(channel string) string { return "herald:meter:{" + channel + "}" }

// channelsKey holds the names of all channels that were ever counted.
const channelsKey = "herald:meters"

// countScript adds to a channel, by Redis's clock.
//
// KEYS: the channel's hash. ARGV: sent, failed, limit, limit in force, life time in seconds, fields from which on it is
// pruned. Fields: "s<second>" sent; "m<minute>" and "f<minute>" sent and failed; limit; inForce.
var countScript = redis.NewScript(`
local now = tonumber(redis.call('TIME')[1])
local minute = math.floor(now / 60)
redis.call('HSET', KEYS[1], 'limit', ARGV[3], 'inForce', ARGV[4])
if ARGV[1] ~= '0' then
  redis.call('HINCRBY', KEYS[1], 's' .. now, ARGV[1])
  redis.call('HINCRBY', KEYS[1], 'm' .. minute, ARGV[1])
end
if ARGV[2] ~= '0' then redis.call('HINCRBY', KEYS[1], 'f' .. minute, ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[5])
if redis.call('HLEN', KEYS[1]) > tonumber(ARGV[6]) then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local kind, at = string.sub(field, 1, 1), tonumber(string.sub(field, 2))
    if at and (kind == 's' and at < now - 60 or kind ~= 's' and at < minute - 60) then
      redis.call('HDEL', KEYS[1], field)
    end
  end
end
return 1
`)

// Flush shares the counts since the last time. Counts that can't be stored wait for the next time.
func (m *Meter) Flush(ctx context.Context) error {
	m.mu.Lock()
	counts := m.counts
	m.counts = map[string]*Minute{}
	m.mu.Unlock()
	var errs []error
	for channel, c := range counts {
		if err := m.store(ctx, channel, *c); err != nil {
			m.Count(channel, int(c.Sent), int(c.Failed))
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (m *Meter) store(ctx context.Context, channel string, c Minute) error {
	var limit, inForce float64
	if m.lanes != nil {
		limit, inForce = m.lanes(channel)
	}
	if err := m.rdb.SAdd(ctx, channelsKey, channel).Err(); err != nil {
		return fmt.Errorf("share the numbers of %s: %w", channel, err)
	}
	err := countScript.Run(ctx, m.rdb, []string{meterKey(channel)}, c.Sent, c.Failed, limit, inForce, int(meterTTL.Seconds()), meterFields).Err()
	if err != nil {
		return fmt.Errorf("share the numbers of %s: %w", channel, err)
	}
	return nil
}

// Numbers returns the counts of all workers, by channel, without channels on which nothing happened for two hours.
func (m *Meter) Numbers(ctx context.Context) (map[string]Numbers, error) {
	channels, err := m.rdb.SMembers(ctx, channelsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("read the numbers: %w", err)
	}
	slices.Sort(channels)
	pipe := m.rdb.Pipeline()
	clock := pipe.Time(ctx)
	hashes := make([]*redis.MapStringStringCmd, len(channels))
	for i, channel := range channels {
		hashes[i] = pipe.HGetAll(ctx, meterKey(channel))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the numbers: %w", err)
	}
	all := map[string]Numbers{}
	for i, channel := range channels {
		if len(hashes[i].Val()) > 0 {
			all[channel] = numbers(hashes[i].Val(), clock.Val().Unix())
		}
	}
	return all, nil
}

// numbers reads the hash of a channel. The current second doesn't count for the rate.
func numbers(hash map[string]string, now int64) Numbers {
	count := func(kind string, at int64) int64 {
		n, _ := strconv.ParseInt(hash[kind+strconv.FormatInt(at, 10)], 10, 64)
		return n
	}
	var n Numbers
	n.Limit, _ = strconv.ParseFloat(hash["limit"], 64)
	n.InForce, _ = strconv.ParseFloat(hash["inForce"], 64)
	for second := now - rateOver; second < now; second++ {
		n.PerSecond += float64(count("s", second)) / rateOver
	}
	for minute := now/60 - numbersOf + 1; minute <= now/60; minute++ {
		m := Minute{count("m", minute), count("f", minute)}
		n.Minutes = append(n.Minutes, m)
		n.Sent += m.Sent
		n.Failed += m.Failed
	}
	return n
}
