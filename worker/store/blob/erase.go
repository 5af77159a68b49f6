package blob

import (
	"context"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/worker/scan"
)

// Each calls f with the hash of every blob, in no order; for some it may be called twice.
func (s *Store) Each(ctx context.Context, f func(sha string) error) error {
	prefix, end, _ := strings.Cut(key("\x00"), "\x00")
	err := scan.Keys(ctx, s.rdb, prefix+"*"+end, func(key string) error {
		return f(strings.TrimSuffix(strings.TrimPrefix(key, prefix), end))
	})
	if err != nil {
		return fmt.Errorf("look through the blobs: %w", err)
	}
	return nil
}

// Delete forgets a blob.
func (s *Store) Delete(ctx context.Context, sha string) error {
	if err := s.rdb.Del(ctx, key(sha)).Err(); err != nil {
		return fmt.Errorf("delete blob %s: %w", sha, err)
	}
	return nil
}
