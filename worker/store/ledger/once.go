package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A message or forward is known by what was asked for under its id, so that asking again can be told from asking for
// something else.

// requestKey holds the request's hash: with the layout before it, or alone where it was stored in layout 0. There, forwards
// were stored as messages.
func (o Owner) requestKey() string { return "herald:" + string(o.Kind) + ":{" + o.ID + "}" }

// kinded is what stands before a request's hash since keys have kinds. Versions before that find another request there,
// and refuse: whoever asks an old client for what a new one stored gets a conflict, and nobody a second message.
const kinded = "1 "

// onceScript opens the books of one recipient, unless the id is taken.
//
// KEYS[1] request, KEYS[2] states string; one hash tag. ARGV[1] the request, ARGV[2] the books, ARGV[3] seconds to keep both.
// Returns the request that is known, "" where there was none.
const onceScript = `
local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return ''`

// Admission is what OpenOnce found.
type Admission struct {
	Owner Owner // in whose books the request's outcome is to stand
	Fresh bool  // they were opened now
	Same  bool  // fresh, or the id is taken by the same request
}

// OpenOnce opens the books of a message or forward, and keeps them so much longer than usual, unless the id is taken: by
// the same request, which its hash names, or by another one.
func (l *Ledger) OpenOnce(ctx context.Context, o Owner, hash string, longer time.Duration) (Admission, error) {
	keep := int64((l.retention + max(0, longer)) / time.Second)
	pipe := l.rdb.Pipeline()
	known := pipe.Eval(ctx, onceScript, []string{o.requestKey(), o.Chunk(0).statesKey()}, kinded+hash, make([]byte, slotBytes), keep)
	var older *redis.StringCmd
	if o.Kind != Message {
		older = pipe.Get(ctx, Owner{Message, o.ID}.requestKey())
	}
	_, _ = pipe.Exec(ctx) // each command's own error is looked at
	request, err := known.Text()
	if err == nil && older != nil && !errors.Is(older.Err(), redis.Nil) {
		err = older.Err()
	}
	if err != nil {
		return Admission{}, fmt.Errorf("open the books of %s: %w", o, err)
	}
	if older != nil && isShared(older.Val()) {
		// Under this id there is a forward or a message of layout 0, where they excluded each other.
		if err := l.forget(ctx, o); err != nil {
			return Admission{}, err
		}
		request = older.Val()
	}
	if isShared(request) {
		return Admission{Owner: Owner{Shared, o.ID}, Same: request == hash}, nil
	}
	return Admission{Owner: o, Fresh: request == "", Same: request == "" || request == kinded+hash}, nil
}

func isShared(request string) bool { return request != "" && !strings.HasPrefix(request, kinded) }

// forget undoes OpenOnce.
func (l *Ledger) forget(ctx context.Context, o Owner) error {
	if err := l.rdb.Del(ctx, o.requestKey(), o.Chunk(0).statesKey()).Err(); err != nil {
		return fmt.Errorf("close the books of %s: %w", o, err)
	}
	return nil
}

// Single finds the books of a message or forward, or returns ErrNotFound: those of its kind, or the shared ones where it
// was stored in layout 0.
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
