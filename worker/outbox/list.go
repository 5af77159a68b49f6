package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/task"
)

// Undelivered is an event that waits, with what is known about the tries at the first event of its stream.
type Undelivered struct {
	Event
	Tries  int
	Reason string
}

// List returns waiting events, at most so many: first those of the streams that have waited longest.
func (s *Store) List(ctx context.Context, most int) ([]Undelivered, error) {
	streams, err := s.open(ctx, most)
	if err != nil {
		return nil, err
	}
	var all []Undelivered
	for _, stream := range streams {
		if len(all) >= most {
			break
		}
		pipe := s.rdb.Pipeline()
		state := pipe.HMGet(ctx, stateKey(stream), "tries", "reason")
		entries := pipe.LRange(ctx, waitingKey(stream), 0, int64(most-len(all)-1))
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, fmt.Errorf("list events: %w", err)
		}
		for i, entry := range entries.Val() {
			e, err := parse(stream, entry)
			if err != nil {
				return nil, err
			}
			u := Undelivered{Event: e}
			if i == 0 {
				if text, ok := state.Val()[0].(string); ok {
					u.Tries, _ = strconv.Atoi(text)
				}
				u.Reason, _ = state.Val()[1].(string)
			}
			all = append(all, u)
		}
	}
	return all, nil
}

// open returns the streams with waiting events, first those that have waited longest.
func (s *Store) open(ctx context.Context, most int) ([]string, error) {
	pipe := s.rdb.Pipeline()
	var answers []*redis.ZSliceCmd
	for on := range shard(shards) {
		answers = append(answers, pipe.ZRangeWithScores(ctx, on.oldestKey(), 0, int64(most-1)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	var all []redis.Z
	for _, a := range answers {
		all = append(all, a.Val()...)
	}
	slices.SortStableFunc(all, func(a, b redis.Z) int { return int(a.Score - b.Score) })
	var streams []string
	for _, z := range all[:min(most, len(all))] {
		streams = append(streams, z.Member.(string))
	}
	return streams, nil
}

// InCharge returns the tasks of streams with waiting events, at most so many, or that of one stream if it is named.
func (s *Store) InCharge(ctx context.Context, stream string, most int) ([]task.EventDeliver, error) {
	streams := []string{stream}
	if stream == "" {
		var err error
		if streams, err = s.open(ctx, most); err != nil {
			return nil, err
		}
	}
	var tasks []task.EventDeliver
	for _, name := range streams {
		run, err := s.rdb.HGet(ctx, stateKey(name), "run").Int64()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for the task of a stream: %w", err)
		}
		tasks = append(tasks, task.EventDeliver{Stream: name, Run: run})
	}
	return tasks, nil
}

// Stats are the numbers for metrics.
type Stats struct {
	Streams int       // in which something waits
	Oldest  time.Time // when the event was kept that waits longest; zero when none does
}

// Stats asks in one round trip.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	pipe := s.rdb.Pipeline()
	var counts []*redis.IntCmd
	var firsts []*redis.ZSliceCmd
	for on := range shard(shards) {
		counts = append(counts, pipe.ZCard(ctx, on.oldestKey()))
		firsts = append(firsts, pipe.ZRangeWithScores(ctx, on.oldestKey(), 0, 0))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return Stats{}, fmt.Errorf("count the events that wait: %w", err)
	}
	var stats Stats
	for i := range counts {
		stats.Streams += int(counts[i].Val())
		for _, z := range firsts[i].Val() {
			if at := time.UnixMilli(int64(z.Score)).UTC(); stats.Oldest.IsZero() || at.Before(stats.Oldest) {
				stats.Oldest = at
			}
		}
	}
	return stats, nil
}
