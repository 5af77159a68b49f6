package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Each message or forward stores a hash of its request under its id, so that repeating the request can be told from
// another request with the same id.

// requestKey holds the hash of the request: after the layout, or alone if it was stored in layout 0. In layout 0
// forwards were stored as messages.
func (o Owner) requestKey() string { return "herald:" + string(o.Kind) + ":{" + o.ID + "}" }

// kinded stands before the hash of a request since keys contain kinds. Older versions find another request there, and
// refuse. So an old client gets a conflict for a message that a new one stored, and nobody gets a second message.
const kinded = "1 "

// onceScript creates the record of one message, unless the id is taken.
//
// KEYS[1] request, KEYS[2] states string, KEYS[3] what is known of it; one hash tag. ARGV[1] the request, ARGV[2] the
// states, ARGV[3] seconds to keep all, ARGV[4] what is known. Returns the request that is known, "" where there was none.
const onceScript = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[3]) then
  redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
  redis.call('SET', KEYS[3], ARGV[4], 'EX', ARGV[3])
  return ''
end
return redis.call('GET', KEYS[1])`

// Admission is the result of OpenOnce.
type Admission struct {
	Owner Owner // the owner of the record for its outcome
	Fresh bool  // they were opened now
	Same  bool  // fresh, or the id is taken by the same request
}

// OpenOnce creates the record of a message or forward, keeps the request with it, so much longer than usual, and
// lists it as unsettled. If the id is taken, it reports whether by the same request, according to its hash, or by
// another one.
func (l *Ledger) OpenOnce(ctx context.Context, o Owner, hash string, r Request, longer time.Duration) (Admission, error) {
	keep, asked := l.retention+max(0, longer), r.stored()
	pipe := l.rdb.Pipeline()
	// It is listed first: so it is found, even if this process dies.
	listed := l.list(ctx, pipe, o, longer)
	var older *redis.StringCmd
	_, apart := l.rdb.(*redis.ClusterClient)
	if o.Kind != Message {
		older = pipe.Get(ctx, Owner{Message, o.ID}.requestKey())
	}
	if apart || older != nil {
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			return Admission{}, fmt.Errorf("list %s: %w", o, err)
		}
	}
	if older != nil && isShared(older.Val()) {
		// In layout 0 there is a forward or a message of this id; there the two excluded each other.
		return l.joinShared(ctx, o.ID, older.Val(), hash, asked, keep)
	}
	books := o.Chunk(0)
	keys := []string{o.requestKey(), books.statesKey(), books.aboutKey()}
	known := pipe.Eval(ctx, onceScript, keys, kinded+hash, make([]byte, slotBytes), int64(keep/time.Second), asked)
	_, _ = pipe.Exec(ctx) // each command's own error is looked at
	request, err := known.Text()
	if err = cmp.Or(listed.Err(), err); err != nil {
		return Admission{}, fmt.Errorf("create the record of %s: %w", o, err)
	}
	if isShared(request) {
		return l.joinShared(ctx, o.ID, request, hash, asked, keep)
	}
	if request != "" {
		return Admission{Owner: o, Same: request == kinded+hash}, nil
	}
	return Admission{Owner: o, Fresh: true, Same: true}, l.enter(ctx, []Opening{{ID: o.ID, Request: r, Longer: longer}}, o.Kind)
}

// joinShared admits a request that layout 0 stored, and keeps the request with that record, which had none.
func (l *Ledger) joinShared(ctx context.Context, id, request, hash string, asked []byte, keep time.Duration) (Admission, error) {
	o := Owner{Shared, id}
	if request != hash {
		return Admission{Owner: o}, nil
	}
	if err := l.rdb.SetNX(ctx, o.Chunk(0).aboutKey(), asked, keep).Err(); err != nil {
		return Admission{}, fmt.Errorf("create the record of %s: %w", o, err)
	}
	return Admission{Owner: o, Same: true}, nil
}

func isShared(request string) bool { return request != "" && !strings.HasPrefix(request, kinded) }

// Single finds the record of a message or forward, or returns ErrNotFound. It is the one of its kind, or the shared
// one if it was stored in layout 0.
func (l *Ledger) Single(ctx context.Context, o Owner) (Chunk, error) {
	pipe := l.rdb.Pipeline()
	own, older := pipe.Get(ctx, o.requestKey()), pipe.Get(ctx, Owner{Message, o.ID}.requestKey())
	_, _ = pipe.Exec(ctx)
	for _, answer := range []*redis.StringCmd{own, older} {
		if err := answer.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return Chunk{}, fmt.Errorf("look for %s: %w", o, err)
		}
	}
	switch {
	case strings.HasPrefix(own.Val(), kinded):
		return o.Chunk(0), nil
	case isShared(older.Val()):
		return Owner{Shared, o.ID}.Chunk(0), nil
	}
	return Chunk{}, fmt.Errorf("%s: %w", o, ErrNotFound)
}
