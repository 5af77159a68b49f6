package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/task"
)

// Retention is how long a stream is kept after its last event: its numbers, its fingerprints, and its waiting events.
const Retention = 30 * 24 * time.Hour

// messageRetention is that of the stream of a single message or forward, which has one event: longer than the event
// is tried.
const messageRetention = 7 * 24 * time.Hour

func retention(stream string) time.Duration {
	if strings.HasPrefix(stream, messagePrefix) || strings.HasPrefix(stream, forwardPrefix) {
		return messageRetention
	}
	return Retention
}

// shownWithin is how long after its due time the task of a run may be missing.
const shownWithin = time.Minute

// enqueueAtOnce bounds the tasks that one call of Append enqueues at the same time.
const enqueueAtOnce = 16

// Options for New.
type Options struct {
	Redis redis.UniversalClient // required; stays the caller's to close
	Now   func() time.Time      // time.Now when nil
}

// Store reads and writes streams. It is safe for concurrent use.
type Store struct {
	rdb    redis.UniversalClient
	queue  *queue.Client
	now    func() time.Time
	loaded atomic.Bool
}

// New checks the options. It does not talk to Redis.
func New(o Options) (*Store, error) {
	if o.Redis == nil {
		return nil, errors.New("outbox: Redis is required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{rdb: o.Redis, queue: queue.New(o.Redis), now: o.Now}, nil
}

// Append stores facts, in this order within a stream, and makes sure that they will be sent. It takes one round trip,
// and one more for each stream that was empty. Facts that were appended before change nothing. If it returns nil, all
// of them are stored. Append of a nil Store returns at once: without an endpoint there are no events.
func (s *Store) Append(ctx context.Context, facts ...Fact) error {
	if s == nil || len(facts) == 0 {
		return nil
	}
	events := make([]Event, len(facts))
	for i, f := range facts {
		var err error
		if events[i], err = of(f); err != nil {
			return err
		}
	}
	return s.append(ctx, events)
}

// PutBack appends an event that was given up to the end of its stream, with its old number, for another day of tries.
func (s *Store) PutBack(ctx context.Context, e Event) error {
	if e.ID == "" || e.Type == "" || e.Stream == "" || e.Sequence < 1 {
		return errors.New("outbox: incomplete")
	}
	return s.append(ctx, []Event{e})
}

func (s *Store) append(ctx context.Context, events []Event) error {
	now := s.now()
	type call struct {
		keys    []string
		args    []any
		streams []string
		answer  *redis.Cmd
	}
	calls := map[shard]*call{}
	for _, e := range events {
		on := shardOf(e.Stream)
		c := calls[on]
		if c == nil {
			c = &call{
				keys: []string{on.oldestKey(), on.watchKey()},
				args: []any{now.UnixMilli(), now.Add(shownWithin).UnixMilli()},
			}
			calls[on] = c
		}
		data, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.Type, err)
		}
		mark, number := fingerprint(e.ID), ""
		if e.Sequence > 0 {
			mark, number = "", strconv.FormatInt(e.Sequence, 10)
		}
		c.keys = append(c.keys, stateKey(e.Stream), waitingKey(e.Stream), seenKey(e.Stream, e.group))
		before := int64(0)
		if strings.HasPrefix(strings.TrimPrefix(e.Stream, testPrefix), conversationPrefix) {
			before = now.Unix()
		}
		c.args = append(c.args, e.Stream, int64(retention(e.Stream).Seconds()), mark, number, before, seal.Private(data))
		c.streams = append(c.streams, e.Stream)
	}
	run := func() error {
		pipe := s.rdb.Pipeline()
		for _, c := range calls {
			c.answer = appendScript.EvalSha(ctx, pipe, c.keys, c.args...)
		}
		_, err := pipe.Exec(ctx)
		return err
	}
	if !s.loaded.Load() {
		if err := load(ctx, s.rdb); err != nil {
			return fmt.Errorf("append events: %w", err)
		}
		s.loaded.Store(true)
	}
	err := run()
	if redis.HasErrorPrefix(err, "NOSCRIPT") { // Redis was restarted, or failed over; nothing is stored twice
		if err = load(ctx, s.rdb); err == nil {
			err = run()
		}
	}
	if err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	var due []task.EventDeliver
	known := map[task.EventDeliver]bool{}
	for _, c := range calls {
		runs, err := c.answer.Int64Slice()
		if err != nil || len(runs) != len(c.streams) {
			return fmt.Errorf("append events: %d answers for %d events, %w", len(runs), len(c.streams), err)
		}
		for i, run := range runs {
			if t := (task.EventDeliver{Stream: c.streams[i], Run: run}); run != 0 && !known[t] {
				known[t] = true
				due = append(due, t)
			}
		}
	}
	return s.enqueue(ctx, due)
}

func (s *Store) enqueue(ctx context.Context, due []task.EventDeliver) error {
	if len(due) == 1 {
		_, err := s.queue.Enqueue(ctx, due[0])
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(enqueueAtOnce)
	for _, t := range due {
		group.Go(func() error {
			_, err := s.queue.Enqueue(ctx, t)
			return err
		})
	}
	return group.Wait()
}

// Waiting is the work of a run.
type Waiting struct {
	Events []Event // the next ones, in order; none when the run is over or not in charge any more
	Tries  int     // at the first of them, so far
	Reason string  // why the last of these failed
}

// Turn removes events that were delivered or given up from the stream of a run, and returns the next ones, at most so
// many. If none is left, the run ends.
func (s *Store) Turn(ctx context.Context, t task.EventDeliver, gone []Event, most int) (Waiting, error) {
	on := shardOf(t.Stream)
	args := []any{t.Stream, t.Run, most, s.now().Add(shownWithin).UnixMilli()}
	for _, e := range gone {
		args = append(args, e.Sequence)
	}
	keys := []string{stateKey(t.Stream), waitingKey(t.Stream), on.oldestKey(), on.watchKey()}
	answer, err := turnScript.Run(ctx, s.rdb, keys, args...).StringSlice()
	if err != nil {
		return Waiting{}, fmt.Errorf("read the events of a stream: %w", err)
	}
	if len(answer) < 2 {
		return Waiting{}, nil
	}
	w := Waiting{Reason: answer[1]}
	if w.Tries, err = strconv.Atoi(answer[0]); err != nil {
		return w, fmt.Errorf("read the events of a stream: %w", err)
	}
	for _, entry := range answer[2:] {
		e, err := parse(t.Stream, entry)
		if err != nil {
			return w, err
		}
		w.Events = append(w.Events, e)
	}
	return w, nil
}

// Again counts a failed try at the first event of the run's stream; the next one comes after the pause.
func (s *Store) Again(ctx context.Context, t task.EventDeliver, reason string, pause time.Duration) error {
	keys := []string{stateKey(t.Stream), shardOf(t.Stream).watchKey()}
	if err := againScript.Run(ctx, s.rdb, keys, t.Stream, t.Run, seal.Private(reason), s.now().Add(pause+shownWithin).UnixMilli()).Err(); err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	return nil
}

// Neglected enqueues the tasks of streams whose run has not shown itself in time, if they are missing, and returns
// how many were. Any number of workers may call it at once.
func (s *Store) Neglected(ctx context.Context) (int, error) {
	const most = 500 // of a shard at a time
	missing := 0
	for on := range shard(shards) {
		now := s.now()
		streams, err := neglectedScript.Run(ctx, s.rdb, []string{on.watchKey()}, now.UnixMilli(), now.Add(shownWithin).UnixMilli(), most).StringSlice()
		if err != nil {
			return missing, fmt.Errorf("look for neglected events: %w", err)
		}
		for _, stream := range streams {
			run, err := s.rdb.HGet(ctx, stateKey(stream), "run").Int64()
			if errors.Is(err, redis.Nil) {
				// Its retention is over; its waiting events are gone with it.
				if err := s.forget(ctx, stream); err != nil {
					return missing, err
				}
				continue
			}
			if err != nil {
				return missing, fmt.Errorf("look for neglected events: %w", err)
			}
			added, err := s.queue.Enqueue(ctx, task.EventDeliver{Stream: stream, Run: run})
			if err != nil {
				return missing, err
			}
			if added {
				missing++
			}
		}
	}
	return missing, nil
}

func (s *Store) forget(ctx context.Context, stream string) error {
	on := shardOf(stream)
	pipe := s.rdb.Pipeline()
	pipe.ZRem(ctx, on.oldestKey(), stream)
	pipe.ZRem(ctx, on.watchKey(), stream)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("forget a stream of events: %w", err)
	}
	return nil
}
