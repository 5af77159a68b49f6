// Package blob stores bytes in Redis under their own hash: attachments and pinned template sources. A million
// recipients of a bulk share one copy, and a name always means the same bytes.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/seal"
)

// Store reads and writes blobs. It is safe for concurrent use.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func key(sha string) string { return "herald:blob:{" + sha + "}" }

// Hash returns the name under which Put stores data: its SHA-256 in lower-case hex.
func Hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Put stores data for at least ttl and returns its hash. If the bytes are stored already, they get the longer of both
// life times.
func (s *Store) Put(ctx context.Context, data []byte, ttl time.Duration) (string, error) {
	sha := Hash(data)
	left, err := s.rdb.PTTL(ctx, key(sha)).Result()
	if err != nil {
		return "", fmt.Errorf("store blob: %w", err)
	}
	if left > ttl {
		return sha, nil
	}
	if err := s.rdb.Set(ctx, key(sha), seal.Private(data), ttl).Err(); err != nil {
		return "", fmt.Errorf("store blob: %w", err)
	}
	return sha, nil
}

// Blob returns the bytes stored under sha, checked against it; fs.ErrNotExist when there are none, or no longer.
func (s *Store) Blob(ctx context.Context, sha string) ([]byte, error) {
	if !hashPattern.MatchString(sha) {
		return nil, fmt.Errorf("blob %.70q: not a SHA-256 in lower-case hex: %w", sha, fs.ErrNotExist)
	}
	data, err := s.rdb.Get(ctx, key(sha)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("blob %s: %w", sha, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read blob %s: %w", sha, err)
	}
	if Hash(data) != sha {
		return nil, fmt.Errorf("blob %s: the stored bytes have another hash", sha)
	}
	return data, nil
}

// Keep keeps what is stored under hashes for at least so long from now. What is not stored is passed over.
func (s *Store) Keep(ctx context.Context, retention time.Duration, shas ...string) error {
	if len(shas) == 0 {
		return nil
	}
	pipe := s.rdb.Pipeline()
	for _, sha := range shas {
		pipe.ExpireGT(ctx, key(sha), retention)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("keep blobs: %w", err)
	}
	return nil
}

// Sizes returns how many bytes are stored under each hash; 0 if there are none.
func (s *Store) Sizes(ctx context.Context, shas ...string) (map[string]int64, error) {
	sizes := make(map[string]int64, len(shas))
	if len(shas) == 0 {
		return sizes, nil
	}
	pipe := s.rdb.Pipeline()
	asked, heads := make([]*redis.IntCmd, len(shas)), make([]*redis.StringCmd, len(shas))
	for i, sha := range shas {
		asked[i], heads[i] = pipe.StrLen(ctx, key(sha)), pipe.GetRange(ctx, key(sha), 0, int64(seal.HeadMax)-1)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("size of blobs: %w", err)
	}
	for i, sha := range shas {
		sizes[sha] = seal.Size([]byte(heads[i].Val()), asked[i].Val())
	}
	return sizes, nil
}
