package recovery

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// A task whose data somebody wrote over is kept and taken out of its queue, whether it waits for a worker or for its time; the
// tasks beside it are run, and those behind it too.
func TestUnreadableTasksAreParked(t *testing.T) {
	t.Parallel()
	key := queueKey("q", "t:") + "bad"
	for name, damage := range map[string]struct {
		do   func(s *stuck) error
		data string
	}{
		"string": {func(s *stuck) error { return s.rdb.Set(t.Context(), key, "x", 0).Err() }, "x"},
		"list": {func(s *stuck) error {
			return errors.Join(s.rdb.Del(t.Context(), key).Err(), s.rdb.LPush(t.Context(), key, "x").Err())
		}, ""},
		"set": {func(s *stuck) error {
			return errors.Join(s.rdb.Del(t.Context(), key).Err(), s.rdb.SAdd(t.Context(), key, "x").Err())
		}, ""},
		"no message":     {func(s *stuck) error { return s.rdb.HDel(t.Context(), key, "msg").Err() }, ""},
		"garbage":        {func(s *stuck) error { return s.rdb.HSet(t.Context(), key, "msg", "\xff\x00garbage").Err() }, "\xff\x00garbage"},
		"empty":          {func(s *stuck) error { return s.rdb.HSet(t.Context(), key, "msg", "").Err() }, ""},
		"JSON":           {func(s *stuck) error { return s.rdb.HSet(t.Context(), key, "msg", `{"id":"bad"}`).Err() }, `{"id":"bad"}`},
		"another's task": {func(s *stuck) error { return s.rdb.HSet(t.Context(), key, "msg", "\x0a\x04kind\x1a\x05other").Err() }, "\x0a\x04kind\x1a\x05other"},
	} {
		for state, waits := range map[string]asynq.Option{"pending": asynq.ProcessIn(0), "scheduled": asynq.ProcessIn(time.Hour)} {
			t.Run(name+" "+state, func(t *testing.T) {
				t.Parallel()
				s := newStuck(t)
				client := asynq.NewClientFromRedisClient(s.rdb)
				enqueue := func(id string, waits asynq.Option) {
					if _, err := client.Enqueue(asynq.NewTask("kind", []byte("{}")), asynq.TaskID(id), asynq.Queue("q"), waits); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.rdb.Set(t.Context(), queueKey("q", "paused"), 1, 0).Err(); err != nil {
					t.Fatal(err)
				}
				enqueue("bad", waits)
				if err := damage.do(s); err != nil {
					t.Fatal(err)
				}
				enqueue("good", waits)
				if state == "scheduled" { // both are due; the bad one came first
					s.overdue(t)
				}
				if err := s.rdb.Del(t.Context(), queueKey("q", "paused")).Err(); err != nil {
					t.Fatal(err)
				}
				deadline := time.Now().Add(time.Minute)
				for i := 0; len(s.runs) == 0 || !s.gone(t, "bad"); i++ {
					if time.Now().After(deadline) {
						t.Fatalf("parked %q, runs %d, gone %v", s.parked, len(s.runs), s.gone(t, "bad"))
					}
					time.Sleep(20 * time.Millisecond)
					s.silence(t, float64(i)) // the task that is stuck lives
					s.scan(t, time.Second)
				}
				if data, ok := s.parked["bad"]; !ok || data != damage.data {
					t.Errorf("parked %q", s.parked)
				}
			})
		}
	}
}

// overdue makes what waits for its time due long ago.
func (s *stuck) overdue(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for i, id := range []string{"bad", "good"} {
		if err := s.rdb.ZAddXX(ctx, queueKey("q", "scheduled"), redis.Z{Score: float64(time.Now().Add(-time.Minute).Unix() + int64(i)), Member: id}).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// gone says that nothing of a task is left in the queue.
func (s *stuck) gone(t *testing.T, id string) bool {
	t.Helper()
	ctx := context.Background()
	for _, list := range []string{"active", "pending"} {
		ids, err := s.rdb.LRange(ctx, queueKey("q", list), 0, -1).Result()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(ids, id) {
			return false
		}
	}
	for _, sorted := range []string{"lease", "scheduled", "retry"} {
		ids, err := s.rdb.ZRange(ctx, queueKey("q", sorted), 0, -1).Result()
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(ids, id) {
			return false
		}
	}
	n, err := s.rdb.Exists(ctx, queueKey("q", "t:")+id).Result()
	return err == nil && n == 0
}
