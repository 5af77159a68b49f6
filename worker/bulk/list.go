package bulk

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Listed is a bulk's place in the list of bulks: the newest comes first.
type Listed struct {
	ID        string
	CreatedAt time.Time
}

// Range asks for a part of the list of bulks.
type Range struct {
	Owner         string    // whose (task.Owned); all where it is empty
	After         Listed    // begins behind it, though it may be gone; at the newest where zero
	Since, Before time.Time // created at or after the one, and before the other, where not zero
	Most          int
}

// Page returns a part of the list of the bulks that are still kept, the newest first. Bulks that are created meanwhile move
// nothing.
func (s *Store) Page(ctx context.Context, r Range) ([]Listed, error) {
	oldest := time.Now().Add(-SourceRetention(s.ledger.Retention()))
	if r.Since.After(oldest) {
		oldest = r.Since
	}
	in := &redis.ZRangeBy{Min: strconv.FormatInt(oldest.UnixMilli(), 10), Max: "+inf", Count: int64(r.Most)}
	if !r.Before.IsZero() {
		in.Max = "(" + strconv.FormatInt(r.Before.UnixMilli(), 10)
	}
	if at := r.After.CreatedAt; !at.IsZero() && (r.Before.IsZero() || at.Before(r.Before)) {
		in.Max = strconv.FormatInt(at.UnixMilli(), 10)
	}
	var out []Listed
	for {
		found, err := s.rdb.ZRevRangeByScoreWithScores(ctx, listKey(r.Owner), in).Result()
		if err != nil {
			return nil, fmt.Errorf("list bulks: %w", err)
		}
		for _, z := range found {
			id, _ := z.Member.(string)
			l := Listed{id, time.UnixMilli(int64(z.Score)).UTC()}
			// Of one millisecond Redis gives the greater id first.
			if !r.After.CreatedAt.IsZero() && l.CreatedAt.Equal(r.After.CreatedAt) && id >= r.After.ID {
				continue
			}
			if out = append(out, l); len(out) == r.Most {
				return out, nil
			}
		}
		if len(found) < r.Most {
			return out, nil
		}
		in.Offset += int64(len(found))
	}
}
