package bulk

import (
	"context"
	"time"

	"github.com/heraldsend/herald/worker/store/ledger"
)

// Doubt makes the pending messages of a bulk unknown that were due before a time, with onlyHold those of them that are claimed
// before they are sent. It returns how many. begin is called before the first one of a chunk.
func (s *Store) Doubt(ctx context.Context, b Bulk, before time.Time, onlyHold bool, r ledger.Reason, begin func(chunk int) error) (int, error) {
	due := b.CreatedAt
	if b.SendAt.After(due) {
		due = b.SendAt
	}
	var dues map[int]time.Time
	if b.SendAtLocal != "" {
		var err error
		if dues, err = s.Dues(ctx, b.ID); err != nil {
			return 0, err
		}
	}
	return s.settle(ctx, b, nil, ledger.Pending, begin, func(ctx context.Context, c ledger.Chunk, slot int) (bool, error) {
		at := due
		if own, has := dues[c.Index]; has {
			at = own
		}
		if !at.Before(before) || onlyHold && !b.Holds(slot) {
			return false, nil
		}
		return s.ledger.Doubt(ctx, c, slot, r)
	})
}
