package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
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
	Topic, Tag    string    // those with this topic, and with this tag, where not empty
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
	keys := r.keys()
	var out []Listed
	for {
		found, err := s.rdb.ZRevRangeByScoreWithScores(ctx, keys[0], in).Result()
		if err != nil {
			return nil, fmt.Errorf("list bulks: %w", err)
		}
		also, err := s.inAll(ctx, keys[1:], found)
		if err != nil {
			return nil, err
		}
		for i, z := range found {
			id, _ := z.Member.(string)
			if !also[i] {
				continue
			}
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

// keys are the lists that hold what is asked for: a bulk must be in all of them.
func (r Range) keys() []string {
	var labels message.Labels
	if r.Tag != "" {
		labels.Tags = []string{r.Tag}
	}
	if labels.Topic = r.Topic; labels.Topic == "" && r.Tag == "" {
		return []string{listKey(r.Owner)}
	}
	return labelKeys(r.Owner, labels)
}

// labelKeys are the lists of an owner's bulks, or of all, with a topic or a tag, as listKey is of all. Tags are hashed: they
// may be personal.
func labelKeys(owner string, l message.Labels) []string {
	var keys []string
	if l.Topic != "" {
		keys = append(keys, listKey(owner)+":topic:"+l.Topic)
	}
	for _, tag := range l.Tags {
		sum := sha256.Sum256([]byte(tag))
		keys = append(keys, listKey(owner)+":tag:"+hex.EncodeToString(sum[:8]))
	}
	return keys
}

// listKeys are all lists that a bulk is in.
func (d Definition) listKeys() []string {
	owner, _ := task.SplitOwned(d.ID)
	var keys []string
	for _, whose := range slices.Compact([]string{"", owner}) {
		keys = append(append(keys, listKey(whose)), labelKeys(whose, d.Labels)...)
	}
	return keys
}

// inAll says of each bulk whether it is in all of these lists.
func (s *Store) inAll(ctx context.Context, keys []string, found []redis.Z) ([]bool, error) {
	in := make([]bool, len(found))
	for i := range in {
		in[i] = true
	}
	if len(keys) == 0 || len(found) == 0 {
		return in, nil
	}
	ids := make([]string, len(found))
	for i, z := range found {
		ids[i], _ = z.Member.(string)
	}
	for _, key := range keys {
		scores, err := s.rdb.ZMScore(ctx, key, ids...).Result()
		if err != nil {
			return nil, fmt.Errorf("list bulks: %w", err)
		}
		for i, score := range scores {
			in[i] = in[i] && score > 0 // none is zero, which no bulk has
		}
	}
	return in, nil
}
