package seal

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	checksKey  = "herald:{seal}:keys"    // by id of a key that sealed something: the id, sealed, in base64
	retiredKey = "herald:{seal}:retired" // by id: since when another key seals, in Unix seconds
)

// Enter makes sure that a process can read what other processes stored, before it reads or writes anything: that it has
// every key that may have sealed something that is still kept, and that each is the one that Redis knows under its id. It
// puts down which key seals now. keep is how long anything is kept, at most, after it was stored.
func (r *Ring) Enter(ctx context.Context, rdb redis.UniversalClient, keep time.Duration) error {
	pipe := rdb.TxPipeline()
	checks, retired := pipe.HGetAll(ctx, checksKey), pipe.HGetAll(ctx, retiredKey)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("look at the keys of the stored data: %w", err)
	}
	now := time.Now()
	var over, others []string
	for _, id := range sortedIDs(checks.Val()) {
		if r == nil || r.keys[id] == nil {
			until, known := keptUntil(retired.Val()[id], keep)
			if known && now.After(until) {
				over = append(over, id)
				continue
			}
			return fmt.Errorf("%w: %s", &KeyError{ID: id, Missing: true}, addIt(known, until))
		}
		value, err := base64.StdEncoding.DecodeString(checks.Val()[id])
		if err == nil {
			value, err = r.Open(value)
		}
		if err != nil || string(value) != id {
			return &KeyError{ID: id}
		}
		if id != r.active {
			others = append(others, id)
		}
	}
	pipe = rdb.TxPipeline()
	if len(over) > 0 {
		pipe.HDel(ctx, checksKey, over...)
		pipe.HDel(ctx, retiredKey, over...)
	}
	if r.Seals() {
		pipe.HSetNX(ctx, checksKey, r.active, base64.StdEncoding.EncodeToString(sealed(r.active, r.keys[r.active], []byte(r.active))))
		pipe.HDel(ctx, retiredKey, r.active)
	}
	for _, id := range others {
		pipe.HSetNX(ctx, retiredKey, id, now.Unix())
	}
	if pipe.Len() == 0 {
		return nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("put down the keys of the stored data: %w", err)
	}
	return nil
}

func sortedIDs(m map[string]string) []string {
	ids := make([]string, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// keptUntil is how long something is kept that a retired key sealed; unknown for one that still seals.
func keptUntil(retired string, keep time.Duration) (until time.Time, known bool) {
	at, err := strconv.ParseInt(retired, 10, 64)
	if err != nil {
		return until, false
	}
	return time.Unix(at, 0).Add(keep), true
}

func addIt(retired bool, until time.Time) string {
	if !retired {
		return "it is the one that other processes seal with; give all processes the same keys"
	}
	return "add it again, behind the first one; what it sealed is kept until " + until.UTC().Format(time.DateOnly)
}
