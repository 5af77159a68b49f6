package bulk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	fieldPace = "pace" // see paceScript
	// paceEvery is the least time between two looks at the pace of a bulk.
	paceEvery = 8 * time.Second
	// paceAge is how old the last look may be so that a pace can be told.
	paceAge = time.Minute
)

// paceScript notes how many messages of a bulk are settled, by Redis's clock.
//
// KEYS: the bulk's meta hash. ARGV: settled messages, least time between two looks in milliseconds.
// The field is "time settled", and those of the look before, times in Unix milliseconds.
var paceScript = redis.NewScript(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local at, settled = string.match(redis.call('HGET', KEYS[1], 'pace') or '', '^(%d+) (%d+)')
if at and now >= tonumber(at) and now - tonumber(at) < tonumber(ARGV[2]) then return 0 end
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local new = string.format('%.0f %s', now, ARGV[1])
if at then new = new .. ' ' .. at .. ' ' .. settled end
return redis.call('HSET', KEYS[1], 'pace', new)
`)

// NotePace notes how many messages of a bulk are settled. Workers do that every few seconds.
func (s *Store) NotePace(ctx context.Context, id string, settled int) error {
	if err := paceScript.Run(ctx, s.rdb, []string{metaKey(id)}, settled, paceEvery.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("note the pace of bulk %s: %w", id, err)
	}
	return nil
}

// Pace is how many messages a second were settled lately, when so many are now. It is 0 where nobody looked lately.
func (s *Store) Pace(ctx context.Context, b Bulk, settled int) (float64, error) {
	pipe := s.rdb.Pipeline()
	clock, pace := pipe.Time(ctx), pipe.HGet(ctx, metaKey(b.ID), fieldPace)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(pace.Err(), redis.Nil) {
		return 0, fmt.Errorf("read the pace of bulk %s: %w", b.ID, err)
	}
	return paceOf(pace.Val(), b.Started, clock.Val(), settled), nil
}

func paceOf(text string, started, now time.Time, settled int) float64 {
	var n []int64
	for _, word := range strings.Fields(text) {
		v, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return 0
		}
		n = append(n, v)
	}
	since, before := started, 0
	switch {
	case len(n) >= 2 && now.Sub(time.UnixMilli(n[0])) > paceAge:
		return 0
	case len(n) == 4:
		since, before = time.UnixMilli(n[2]), int(n[3])
	case len(n) == 2:
		since, before = time.UnixMilli(n[0]), int(n[1])
	case started.IsZero() || now.Sub(started) > paceAge:
		return 0
	}
	if took := now.Sub(since).Seconds(); took >= 0.5 && settled > before {
		return float64(settled-before) / took
	}
	return 0
}
