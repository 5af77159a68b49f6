package bulk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Control is what an operator asked of a bulk.
type Control string

// The controls; an empty one lets the bulk go on.
const (
	GoOn      Control = ""
	Paused    Control = "paused"    // no further message is sent until it is resumed
	Cancelled Control = "cancelled" // pending messages are skipped
)

// Verdict is the result of a canary.
type Verdict string

// The verdicts; empty while the canary is out.
const (
	Passed    Verdict = "passed"
	Failing   Verdict = "failed"    // the bulk was paused
	Overruled Verdict = "overruled" // a person resumed the bulk in spite of it
)

// Decide records the canary's verdict. A bulk that fails it pauses, in the same step.
func (s *Store) Decide(ctx context.Context, id string, v Verdict) error {
	fields := []any{fieldVerdict, string(v)}
	if v == Failing {
		fields = append(fields, fieldControl, string(Paused))
	}
	if err := s.rdb.HSet(ctx, metaKey(id), fields...).Err(); err != nil {
		return fmt.Errorf("record the canary of bulk %s: %w", id, err)
	}
	return nil
}

// CanaryOut reports whether only the chunks of the canary may be sent yet.
func (b Bulk) CanaryOut() bool {
	return b.Canary != nil && b.Control != Cancelled && b.Verdict != Passed && b.Verdict != Overruled
}

// Open is how many chunks, from the first, may be sent.
func (b Bulk) Open() int {
	if b.CanaryOut() {
		return b.CanaryChunks
	}
	return b.Chunks
}

// Controls are what operators set for a running bulk.
type Controls struct {
	Control Control
	// Rate is how many messages a second all workers together may start; 0 is no limit.
	Rate float64
}

// Controls reads those of a bulk.
func (s *Store) Controls(ctx context.Context, id string) (Controls, error) {
	fields, err := s.rdb.HMGet(ctx, metaKey(id), fieldControl, fieldRate).Result()
	if err != nil {
		return Controls{}, fmt.Errorf("read bulk %s: %w", id, err)
	}
	var c Controls
	if text, ok := fields[0].(string); ok {
		c.Control = Control(text)
	}
	if text, ok := fields[1].(string); ok {
		if c.Rate, err = strconv.ParseFloat(text, 64); err != nil {
			return Controls{}, fmt.Errorf("read bulk %s: rate: %w", id, err)
		}
	}
	return c, nil
}

// SetRate changes how many messages a second all workers together may start for a stored bulk; 0 is no limit.
func (s *Store) SetRate(ctx context.Context, id string, perSecond float64) error {
	if err := CheckRate(perSecond); err != nil {
		return err
	}
	if _, err := s.Bulk(ctx, id); err != nil {
		return err
	}
	if err := s.rdb.HSet(ctx, metaKey(id), fieldRate, perSecond).Err(); err != nil {
		return fmt.Errorf("set the rate of bulk %s: %w", id, err)
	}
	return nil
}

// ErrCancelled says that a bulk is cancelled and can't be changed.
var ErrCancelled = errors.New("was cancelled; send to those left out with a new bulk")

// ErrCompleted says that a bulk can't be cancelled any more.
var ErrCompleted = errors.New("is completed: there is nobody left to cancel for")

// SetControl sets the control of a stored bulk, or returns ErrNotFound. A cancelled bulk stays cancelled, and a
// completed one completed.
func (s *Store) SetControl(ctx context.Context, id string, c Control) error {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Control == Cancelled && c != Cancelled {
		return fmt.Errorf("bulk %s %w", id, ErrCancelled)
	}
	if c == Cancelled && b.Control != Cancelled {
		status, err := s.Status(ctx, id)
		if err != nil {
			return err
		}
		if status.State == Completed {
			return fmt.Errorf("bulk %s %w", id, ErrCompleted)
		}
	}
	if c != Paused && b.Chunks > 0 {
		// The caller may die before the chunks have their tasks: from now on the reconciler looks after the bulk.
		if err := s.Watch(ctx, id); err != nil {
			return err
		}
	}
	fields := []any{fieldControl, string(c)}
	if c == GoOn && b.Verdict == Failing {
		fields = append(fields, fieldVerdict, string(Overruled))
	}
	pipe := s.rdb.TxPipeline()
	pipe.HSet(ctx, metaKey(id), fields...)
	pipe.HDel(ctx, metaKey(id), fieldShare)
	pipe.Del(ctx, outcomesKey(id))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("control bulk %s: %w", id, err)
	}
	return nil
}

// NextRound counts one more start of a bulk and returns its number.
func (s *Store) NextRound(ctx context.Context, id string) (int, error) {
	n, err := s.rdb.HIncrBy(ctx, metaKey(id), fieldRound, 1).Result()
	if err != nil {
		return 0, fmt.Errorf("start bulk %s: %w", id, err)
	}
	return int(n), nil
}

// Reopen makes every message pending again that is in a state from: failed, skipped, suppressed or unknown. It
// returns how many. Start the bulk again, so that they are sent.
func (s *Store) Reopen(ctx context.Context, id string, from ledger.State) (int, error) {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return 0, err
	}
	return s.settle(ctx, b, nil, from, func(int) error { return nil }, func(ctx context.Context, c ledger.Chunk, slot int) (bool, error) {
		return s.ledger.Reopen(ctx, c, slot, from)
	})
}

// Settle gives unknown messages of a bulk another state (see ledger.Settle): all, or the one at a place. It returns
// how many. begin is called before the first one of a chunk.
func (s *Store) Settle(ctx context.Context, b Bulk, only *Place, to ledger.State, r ledger.Reason, begin func(chunk int) error) (int, error) {
	return s.settle(ctx, b, only, ledger.Unknown, begin, func(ctx context.Context, c ledger.Chunk, slot int) (bool, error) {
		return s.ledger.Settle(ctx, c, slot, to, r)
	})
}

// settle calls do for every message in state from, or for the one at a place, and counts those for which it did
// something. It works on the messages of a chunk at the same time. Before that it puts the bulk on the list of
// running ones: the caller may die before the chunks have their tasks.
func (s *Store) settle(ctx context.Context, b Bulk, only *Place, from ledger.State, begin func(chunk int) error,
	do func(context.Context, ledger.Chunk, int) (bool, error),
) (int, error) {
	if err := s.Watch(ctx, b.ID); err != nil {
		return 0, err
	}
	total := 0
	for chunk := range b.Chunks {
		if only != nil && only.Chunk != chunk {
			continue
		}
		c := b.Owner().Chunk(chunk)
		records, err := s.ledger.Chunk(ctx, c)
		if err != nil {
			return total, err
		}
		var slots []int
		for slot, r := range records {
			if r.State == from && (only == nil || only.Slot == slot) {
				slots = append(slots, slot)
			}
		}
		if len(slots) == 0 {
			continue
		}
		if err := begin(chunk); err != nil {
			return total, err
		}
		var (
			group errgroup.Group
			done  atomic.Int64
		)
		for _, slot := range slots {
			group.Go(func() error {
				ok, err := do(ctx, c, slot)
				if ok && err == nil {
					done.Add(1)
				}
				return err
			})
		}
		err = group.Wait()
		total += int(done.Load())
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// ErrLocalTimes says that a bulk has no one time at which it begins.
var ErrLocalTimes = errors.New("is sent by its recipients' local times, which can't be changed: cancel it, and send another one")

// Reschedule changes when a bulk begins, which has not begun, and keeps it accordingly. It moves no task.
func (s *Store) Reschedule(ctx context.Context, b Bulk, at time.Time) error {
	if b.SendAtLocal != "" {
		return fmt.Errorf("bulk %s %w", b.ID, ErrLocalTimes)
	}
	d := b.Definition
	d.SendAt = at
	now := time.Now()
	if err := fault.Join(d.Validate(), d.CheckAhead(now)); err != nil {
		return err
	}
	longer := max(0, at.Sub(now))
	keep := s.ledger.Retention() + longer
	for first := 0; first < b.Chunks; first += chunksAtOnce {
		pipe := s.rdb.Pipeline()
		for chunk := first; chunk < min(first+chunksAtOnce, b.Chunks); chunk++ {
			books := b.Owner().Chunk(chunk)
			pipe.Expire(ctx, recipientsKey(books), keep)
			s.ledger.ExtendIn(ctx, pipe, books, longer)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("reschedule bulk %s: %w", b.ID, err)
		}
	}
	if err := s.keepFilters(ctx, b, keep); err != nil {
		return fmt.Errorf("reschedule bulk %s: %w", b.ID, err)
	}
	pipe := s.rdb.TxPipeline() // one slot
	pipe.HSet(ctx, metaKey(b.ID), fieldSendAt, at.UnixMilli())
	pipe.Expire(ctx, metaKey(b.ID), keep)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("reschedule bulk %s: %w", b.ID, err)
	}
	return nil
}
