package outbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// The events of a chunk of a bulk are pending from before its first message until all of them are appended. The event
// of the bulk's end waits for such chunks, and a chunk that loses its task meanwhile can be found.

func pendingKey(bulk string) string { return shardOf(BulkStream(bulk)).key("owed:" + bulk) }

// AddPending records that a chunk has begun.
func (s *Store) AddPending(ctx context.Context, bulk string, chunk int) error {
	pipe := s.rdb.Pipeline()
	pipe.SAdd(ctx, pendingKey(bulk), chunk)
	pipe.Expire(ctx, pendingKey(bulk), Retention)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("put down a chunk whose events are pending: %w", err)
	}
	return nil
}

// RemovePending records that the events of a chunk are appended.
func (s *Store) RemovePending(ctx context.Context, bulk string, chunk int) error {
	if err := s.rdb.SRem(ctx, pendingKey(bulk), chunk).Err(); err != nil {
		return fmt.Errorf("put down a chunk whose events are appended: %w", err)
	}
	return nil
}

// Pending returns the chunks whose events are pending, in order.
func (s *Store) Pending(ctx context.Context, bulk string) ([]int, error) {
	texts, err := s.rdb.SMembers(ctx, pendingKey(bulk)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the chunks whose events are pending: %w", err)
	}
	var chunks []int
	for _, text := range texts {
		chunk, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("read the chunks whose events are pending: %.20q is none", text)
		}
		chunks = append(chunks, chunk)
	}
	slices.Sort(chunks)
	return chunks, nil
}
