package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Opening is what OpenMany creates the record of one message from; see OpenOnce.
type Opening struct {
	ID      string
	Hash    string // of the request
	Request Request
	Longer  time.Duration
}

// Opened is the result of one Opening.
type Opened struct {
	Admission
	Err error
}

// many is onceScript, for calls by its hash.
var many = redis.NewScript(onceScript)

// OpenMany is OpenOnce for messages, in three round trips for all of them, in their order. One that fails leaves the others
// alone.
func (l *Ledger) OpenMany(ctx context.Context, list []Opening) []Opened {
	out := make([]Opened, len(list))
	if len(list) == 0 {
		return out
	}
	// They are listed first, as in OpenOnce, or in the same transaction.
	pipe := Together(l.rdb)
	listed := l.listMany(ctx, pipe, list)
	if _, apart := l.rdb.(*redis.ClusterClient); apart {
		_, _ = pipe.Exec(ctx) // each command's own error is looked at
		pipe = Together(l.rdb)
	}
	asked := make([]*redis.Cmd, len(list))
	for i, o := range list {
		owner := Owner{Message, o.ID}
		books, keep := owner.Chunk(0), l.retention+max(0, o.Longer)
		keys := []string{owner.requestKey(), books.statesKey(), books.aboutKey()}
		asked[i] = many.EvalSha(ctx, pipe, keys, kinded+o.Hash, make([]byte, slotBytes), int64(keep/time.Second), o.Request.stored())
	}
	_, _ = pipe.Exec(ctx) // each command's own error is looked at
	var left []int        // of a Redis that has not seen the script
	var fresh []Opening
	for i, o := range list {
		owner := Owner{Message, o.ID}
		request, err := asked[i].Text()
		if unlisted := listed[owner.unsettledKey()].Err(); unlisted != nil { // nobody would find it
			out[i].Err = fmt.Errorf("list %s: %w", owner, unlisted)
			continue
		}
		switch {
		case redis.HasErrorPrefix(err, "NOSCRIPT"):
			left = append(left, i)
		case err == nil && isShared(request): // an older version stored it
			out[i].Admission, out[i].Err = l.OpenOnce(ctx, owner, o.Hash, o.Request, o.Longer)
		case err != nil:
			out[i].Err = fmt.Errorf("create the record of %s: %w", owner, err)
		default:
			out[i].Admission = Admission{Owner: owner, Fresh: request == "", Same: request == "" || request == kinded+o.Hash}
			if request == "" {
				fresh = append(fresh, o)
			}
		}
	}
	if err := l.enter(ctx, fresh, Message); err != nil {
		for i := range out {
			if out[i].Fresh {
				out[i].Err = err
			}
		}
	}
	if len(left) == 0 {
		return out
	}
	// The first one brings the script, for those that come after it.
	first, rest := list[left[0]], make([]Opening, 0, len(left)-1)
	one := &out[left[0]]
	one.Admission, one.Err = l.OpenOnce(ctx, Owner{Message, first.ID}, first.Hash, first.Request, first.Longer)
	for _, i := range left[1:] {
		rest = append(rest, list[i])
	}
	for n, o := range l.OpenMany(ctx, rest) {
		out[left[1+n]] = o
	}
	return out
}

// Together is a pipeline for many writes that Redis syncs once, if it is one Redis. A plain pipeline is read 16 KB at a
// time, and with appendfsync always each piece is synced by itself; a transaction is written at its end. A cluster has no
// transaction over several slots: there it is a plain pipeline.
func Together(rdb redis.UniversalClient) redis.Pipeliner {
	if _, apart := rdb.(*redis.ClusterClient); apart {
		return rdb.Pipeline()
	}
	return rdb.TxPipeline()
}

// listMany lists messages as list does: those of one list with one command. It returns the commands, by their lists.
func (l *Ledger) listMany(ctx context.Context, pipe redis.Pipeliner, list []Opening) map[string]*redis.IntCmd {
	entries := map[string][]redis.Z{}
	for _, o := range list {
		owner := Owner{Message, o.ID}
		entries[owner.unsettledKey()] = append(entries[owner.unsettledKey()],
			redis.Z{Score: float64(l.now().Add(max(0, o.Longer) + firstLook).Unix()), Member: owner.entry()})
	}
	listed := make(map[string]*redis.IntCmd, len(entries))
	for key, members := range entries {
		listed[key] = pipe.ZAdd(ctx, key, members...)
	}
	return listed
}
