package bulk

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/store/ledger"
)

// ErrBusy says that a bulk can't be deleted: it is not over, or workers still publish what became of it.
var ErrBusy = errors.New("is not over yet, or its events are not all published: cancel it, and wait until it is over")

// chunksAtOnce is how many chunks are deleted, or kept longer, in one round trip.
const chunksAtOnce = 200

// Delete removes a bulk with its audience and all that is known of its messages: one that was never started, and whose start
// has no task any more, or one that is over. Its id is free then. Anything else is ErrBusy, ErrLoading or ErrNotFound.
func (s *Store) Delete(ctx context.Context, id string) error {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return err
	}
	loading, err := s.rdb.Exists(ctx, loadKey(id)).Result()
	if err != nil {
		return fmt.Errorf("delete bulk %s: %w", id, err)
	}
	if loading > 0 {
		return fmt.Errorf("bulk %s: %w", id, ErrLoading)
	}
	if err := s.settled(ctx, b); err != nil {
		return err
	}
	for first := 0; first < b.Chunks; first += chunksAtOnce {
		pipe := s.rdb.Pipeline()
		for chunk := first; chunk < min(first+chunksAtOnce, b.Chunks); chunk++ {
			books := b.Owner().Chunk(chunk)
			pipe.Del(ctx, recipientsKey(books))
			s.ledger.DeleteIn(ctx, pipe, books)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("delete bulk %s: %w", id, err)
		}
	}
	// The definition goes last: until then the call can be repeated.
	pipe := s.rdb.Pipeline()
	pipe.SRem(ctx, runningKey, id)
	for _, key := range b.listKeys() {
		pipe.ZRem(ctx, key, id)
	}
	for shard := range ledger.Shards {
		pipe.Del(ctx, filtersKey(id, shard))
	}
	pipe.Del(ctx, dueKey(id), outcomesKey(id), metaKey(id))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("delete bulk %s: %w", id, err)
	}
	return nil
}

// settled is nil for a bulk of which nothing more can happen.
func (s *Store) settled(ctx context.Context, b Bulk) error {
	if b.Started.IsZero() && b.Control != Cancelled {
		return nil
	}
	status, err := s.StatusOf(ctx, b)
	if errors.Is(err, ledger.ErrNotFound) { // a call that broke off deleted a part
		return nil
	}
	if err != nil {
		return err
	}
	watched, err := s.rdb.SIsMember(ctx, runningKey, b.ID).Result()
	if err != nil {
		return fmt.Errorf("delete bulk %s: %w", b.ID, err)
	}
	if !status.State.Over() || watched {
		return fmt.Errorf("bulk %s %w", b.ID, ErrBusy)
	}
	return nil
}
