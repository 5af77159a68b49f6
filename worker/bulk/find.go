package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/store/fingerprint"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// A person's messages are found by filters: each chunk has one of the fingerprints of its addresses, twelve bits a message.
// The filters of a shard are one hash, by chunk: so a search reads 16 values of a bulk, whatever its size. An older version
// stored none: the search reads the chunks themselves then, and stores their filters.

// filtersKey holds the filters of the chunks of a shard.
func filtersKey(id string, chunk int) string {
	return ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(chunk % ledger.Shards).Key("filters")
}

// putFilter stores the filter of a chunk. The first chunk of a shard says how long they are kept.
func putFilter(ctx context.Context, pipe redis.Cmdable, id string, chunk int, f fingerprint.Filter, keep time.Duration) {
	pipe.HSet(ctx, filtersKey(id, chunk), strconv.Itoa(chunk), []byte(f))
	if chunk < ledger.Shards {
		pipe.Expire(ctx, filtersKey(id, chunk), keep)
	}
}

// replaceFilter stores the filter of a chunk that has changed.
func (s *Store) replaceFilter(ctx context.Context, id string, chunk int, f fingerprint.Filter) error {
	pipe := s.rdb.Pipeline()
	pipe.HSet(ctx, filtersKey(id, chunk), strconv.Itoa(chunk), []byte(f))
	return s.boundFilters(ctx, pipe, id, chunk)
}

// addFilter stores the filter of a chunk that has none. Whoever erases in the chunk at the same time replaces it.
func (s *Store) addFilter(ctx context.Context, id string, chunk int, f fingerprint.Filter) error {
	pipe := s.rdb.Pipeline()
	pipe.HSetNX(ctx, filtersKey(id, chunk), strconv.Itoa(chunk), []byte(f))
	return s.boundFilters(ctx, pipe, id, chunk)
}

// boundFilters runs what stores a filter, and sees to it that those of the shard end some day.
func (s *Store) boundFilters(ctx context.Context, pipe redis.Pipeliner, id string, chunk int) error {
	left := pipe.TTL(ctx, filtersKey(id, chunk))
	if _, err := pipe.Exec(ctx); err != nil || left.Val() > 0 {
		return err
	}
	return s.rdb.Expire(ctx, filtersKey(id, chunk), SourceRetention(s.ledger.Retention())).Err()
}

// keepFilters keeps the filters of a bulk for another time.
func (s *Store) keepFilters(ctx context.Context, b Bulk, keep time.Duration) error {
	pipe := s.rdb.Pipeline()
	for shard := range min(ledger.Shards, b.Chunks) {
		pipe.Expire(ctx, filtersKey(b.ID, shard), keep)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// fingerprints appends those of the recipient's addresses of some kinds.
func (r Recipient) fingerprints(key *fingerprint.Key, kinds []address.Kind, to []uint64) []uint64 {
	for _, k := range kinds {
		if p, ok := key.Address(k, *r.address(k)); ok {
			to = append(to, p)
		}
	}
	return to
}

// Held is a chunk that may hold an address. One that was never asked before may have no filter.
type Held struct {
	Chunk    int
	Filtered bool
}

// Holding returns, for each of some bulks, the chunks that may hold one of some fingerprints, in order. It takes two round
// trips for all of them.
func (s *Store) Holding(ctx context.Context, ids []string, prints []uint64) ([][]Held, error) {
	pipe := s.rdb.Pipeline()
	sizes := make([]*redis.StringCmd, len(ids))
	for i, id := range ids {
		sizes[i] = pipe.HGet(ctx, metaKey(id), fieldChunks)
	}
	_, _ = pipe.Exec(ctx) // each command's own error is looked at
	pipe = s.rdb.Pipeline()
	filters := make([][]*redis.MapStringStringCmd, len(ids))
	chunks := make([]int, len(ids))
	for i, id := range ids {
		n, err := sizes[i].Int()
		if err != nil && !errors.Is(err, redis.Nil) && !IsUnreadable(err) {
			return nil, fmt.Errorf("search bulk %s: %w", id, err)
		}
		chunks[i] = n // 0 while its audience is being stored
		for shard := range min(ledger.Shards, n) {
			filters[i] = append(filters[i], pipe.HGetAll(ctx, filtersKey(id, shard)))
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("search the bulks: %w", err)
	}
	found := make([][]Held, len(ids))
	for i := range ids {
		found[i] = holding(chunks[i], filters[i], prints)
	}
	return found, nil
}

// holding are the chunks of one bulk whose filters may hold one of some fingerprints, and those without a filter.
func holding(chunks int, filters []*redis.MapStringStringCmd, prints []uint64) []Held {
	var found []Held
	known := make([]bool, chunks)
	for _, shard := range filters {
		for field, f := range shard.Val() {
			chunk, err := strconv.Atoi(field)
			if err != nil || chunk < 0 || chunk >= chunks {
				continue // of an audience that broke off
			}
			known[chunk] = true
			if fingerprint.Filter(f).MayHold(prints) {
				found = append(found, Held{chunk, true})
			}
		}
	}
	for chunk, has := range known {
		if !has {
			found = append(found, Held{chunk, false})
		}
	}
	slices.SortFunc(found, func(a, b Held) int { return a.Chunk - b.Chunk })
	return found
}

// SearchChunk returns the messages of a chunk whose addresses are wanted, in order. It stores the filter of a chunk that
// has none. The error is ErrNotFound for a chunk that is not kept any more.
func (s *Store) SearchChunk(ctx context.Context, b Bulk, at Held, wanted func(k address.Kind, text, country string) bool) ([]Result, error) {
	recipients, err := s.Recipients(ctx, b.Definition, at.Chunk)
	if err != nil {
		return nil, err
	}
	kinds := addressesOf(b.Channels())
	there := make([]bool, len(recipients))
	for i, r := range recipients {
		there[i] = slices.ContainsFunc(kinds, func(k address.Kind) bool { return *r.address(k) != "" && wanted(k, *r.address(k), b.Country) })
	}
	if !at.Filtered {
		if err := s.completeFilter(ctx, b, at.Chunk, recipients); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(there, true) {
		return nil, nil
	}
	results, err := s.chunkResults(ctx, b, at.Chunk, recipients)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(results, func(r Result) bool {
		return !there[r.Index] || !wanted(r.Channel.Address(), r.To, b.Country)
	}), nil
}

// completeFilter stores the filter of a chunk that has none.
func (s *Store) completeFilter(ctx context.Context, b Bulk, chunk int, recipients []Recipient) error {
	key, err := s.keys.Key(ctx)
	if err != nil {
		return err
	}
	kinds := addressesOf(b.Channels())
	var prints []uint64
	for _, r := range recipients {
		prints = r.fingerprints(key, kinds, prints)
	}
	if err := s.addFilter(ctx, b.ID, chunk, fingerprint.NewFilter(prints)); err != nil {
		return fmt.Errorf("search chunk %d of bulk %s: %w", chunk, b.ID, err)
	}
	return nil
}
