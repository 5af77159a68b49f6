package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/strictjson"
)

// Each calls f with the id of every bulk that is known, in no order; for some it may be called twice.
func (s *Store) Each(ctx context.Context, f func(id string) error) error {
	prefix, end, _ := strings.Cut(metaKey("\x00"), "\x00")
	err := scan.Keys(ctx, s.rdb, prefix+"*"+end, func(key string) error {
		id := strings.TrimSuffix(strings.TrimPrefix(key, prefix), end)
		if strings.Contains(id, ":") { // a key of a chunk
			return nil
		}
		return f(id)
	})
	if err != nil {
		return fmt.Errorf("look through the bulks: %w", err)
	}
	return nil
}

// EraseChunk empties the recipients of a chunk that a function names, for good: their addresses, contexts and files. What
// was pending for them is skipped. States and counts stay as exact as they were. It returns how many recipients it
// emptied, and whether it removed anything at all.
//
// A run of the chunk that began before has them in memory: it may still send, and write what it learns. So call it again
// when that run has ended.
func (s *Store) EraseChunk(ctx context.Context, d Definition, chunk int, named func(Recipient) bool) (emptied int, changed bool, err error) {
	books := d.Owner().Chunk(chunk)
	recipients, err := s.Recipients(ctx, d, chunk)
	if errors.Is(err, ErrNotFound) {
		return 0, false, nil // its retention is over
	}
	if err != nil {
		return 0, false, err
	}
	records, err := s.ledger.Chunk(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) {
		records, err = nil, nil // it is being stored
	}
	if err != nil {
		return 0, false, err
	}
	var slots []int
	for i, r := range recipients {
		gone := r.Erased()
		if !gone && !named(r) {
			continue
		}
		for slot := i * d.Slots(); slot < (i+1)*d.Slots() && slot < len(records); slot++ {
			slots = append(slots, slot)
			if records[slot].State != ledger.Pending || gone {
				continue
			}
			withdrawn, err := s.ledger.Withdraw(ctx, books, slot, ledger.Erased)
			if err != nil {
				return 0, false, err
			}
			changed = changed || withdrawn
		}
		if !gone {
			recipients[i] = Recipient{Context: erasedContext, duplicates: r.duplicates}
			emptied++
		}
	}
	if emptied > 0 {
		if err := s.rewrite(ctx, d, books, recipients); err != nil {
			return 0, false, err
		}
	}
	if len(slots) > 0 {
		known, err := s.ledger.EraseSlots(ctx, books, slots...)
		if err != nil {
			return emptied, true, err
		}
		changed = changed || known
	}
	return emptied, changed || emptied > 0, nil
}

// erasedContext marks a recipient who was erased.
var erasedContext = json.RawMessage(`{"erased":true}`)

// Erased reports whether the recipient was erased.
func (r Recipient) Erased() bool {
	return string(r.Context) == string(erasedContext) && r.Email+r.Phone+r.Conversation == ""
}

// rewrite stores the recipients of a chunk in place of those that there were, for as long, and the filter of their addresses.
func (s *Store) rewrite(ctx context.Context, d Definition, books ledger.Chunk, recipients []Recipient) error {
	key, err := s.keys.Key(ctx)
	if err != nil {
		return err
	}
	var packed Packed
	w, err := NewChunkWriter(d, key, func(p Packed) error {
		packed = p
		return nil
	})
	if err != nil {
		return err
	}
	w.whole = true
	for _, r := range recipients {
		r.checked = true
		if err := w.Add(r); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	err = s.rdb.SetArgs(ctx, recipientsKey(books), seal.Private(packed.Data), redis.SetArgs{Mode: "XX", KeepTTL: true}).Err()
	if errors.Is(err, redis.Nil) {
		return nil // its retention has just ended
	}
	if err == nil {
		err = s.replaceFilter(ctx, d.ID, books.Index, packed.Filter)
	}
	if err != nil {
		return fmt.Errorf("erase in chunk %d of %s: %w", books.Index, books.Owner, err)
	}
	return nil
}

// EraseContext empties the texts of the context that all recipients of a bulk share, where a function names them. It
// reports whether there were any.
func (s *Store) EraseContext(ctx context.Context, id string, named func(text string) bool) (bool, error) {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return false, err
	}
	clean, n := strictjson.Blank(b.Context, named)
	if n == 0 {
		return false, nil
	}
	b.Context = clean
	for i := range b.Messages { // the hash says so, where the definition does not
		if pinned, err := s.rdb.HExists(ctx, metaKey(id), fieldSources+string(b.Messages[i].Channel)).Result(); err != nil {
			return false, fmt.Errorf("erase in bulk %s: %w", id, err)
		} else if pinned {
			b.Messages[i].Sources = ""
		}
	}
	data, err := json.Marshal(b.Definition)
	if err != nil {
		return false, fmt.Errorf("erase in bulk %s: %w", id, err)
	}
	if err := s.rdb.HSet(ctx, metaKey(id), fieldDefinition, seal.Private(data)).Err(); err != nil {
		return false, fmt.Errorf("erase in bulk %s: %w", id, err)
	}
	return true, nil
}
