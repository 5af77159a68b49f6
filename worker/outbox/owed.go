package outbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// A chunk of a bulk owes events from before its first message goes out until all that became of them is appended. What is
// told of the bulk's end waits for those chunks, and a chunk whose task is lost meanwhile is known.

func owedKey(bulk string) string { return shardOf(BulkStream(bulk)).key("owed:" + bulk) }

// Owe puts down that a chunk has begun.
func (s *Store) Owe(ctx context.Context, bulk string, chunk int) error {
	pipe := s.rdb.Pipeline()
	pipe.SAdd(ctx, owedKey(bulk), chunk)
	pipe.Expire(ctx, owedKey(bulk), Retention)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("put down a chunk that owes events: %w", err)
	}
	return nil
}

// Settle puts down that a chunk's events are appended.
func (s *Store) Settle(ctx context.Context, bulk string, chunk int) error {
	if err := s.rdb.SRem(ctx, owedKey(bulk), chunk).Err(); err != nil {
		return fmt.Errorf("put down a chunk that told its events: %w", err)
	}
	return nil
}

// Owed returns the chunks that owe events, in order.
func (s *Store) Owed(ctx context.Context, bulk string) ([]int, error) {
	texts, err := s.rdb.SMembers(ctx, owedKey(bulk)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the chunks that owe events: %w", err)
	}
	var chunks []int
	for _, text := range texts {
		chunk, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("read the chunks that owe events: %.20q is none", text)
		}
		chunks = append(chunks, chunk)
	}
	slices.Sort(chunks)
	return chunks, nil
}
