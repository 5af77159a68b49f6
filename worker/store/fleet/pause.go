package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// pausedKey holds since when everything is paused, in Unix seconds; it has no end.
const pausedKey = "herald:{fleet}:paused"

// Paused is the code of what waits because everything is paused.
const Paused = "all_paused"

// PauseAll stops all sending by all workers, until ResumeAll. Pausing twice keeps the first time.
func (s *Store) PauseAll(ctx context.Context) error {
	if err := s.rdb.SetNX(ctx, pausedKey, time.Now().Unix(), 0).Err(); err != nil {
		return fmt.Errorf("pause everything: %w", err)
	}
	return nil
}

// ResumeAll lets the workers send again.
func (s *Store) ResumeAll(ctx context.Context) error {
	if err := s.rdb.Del(ctx, pausedKey).Err(); err != nil {
		return fmt.Errorf("resume everything: %w", err)
	}
	return nil
}

// PausedSince is since when everything is paused; the zero time if it isn't.
func (s *Store) PausedSince(ctx context.Context) (time.Time, error) {
	second, err := s.rdb.Get(ctx, pausedKey).Int64()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("ask whether everything is paused: %w", err)
	}
	return time.Unix(second, 0).UTC(), nil
}
