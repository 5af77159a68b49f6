// Package dead keeps dead letters: what was given up on for good and no ledger row tells of, such as a task that no
// worker understands, one whose bulk is not stored any more, or an event that its receiver didn't take for a day. A
// letter has its payload, so that it can be tried again.
//
// Letters go by age alone, after Retention, and never because there are many of them.
package dead

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/seal"
)

// Retention is how long letters are kept.
const Retention = 90 * 24 * time.Hour

// ErrNotFound says that there is no such letter: never written, dropped, or past its retention.
var ErrNotFound = errors.New("no such dead letter")

// Letter is one piece of work that was given up on.
type Letter struct {
	// ID names the letter for ever. Whoever puts it derives it from what was given up on, so that putting it twice is
	// putting it once; a fresh one where it is empty.
	ID   string `json:"id"`
	Kind string `json:"kind"` // of the work: the task's kind
	// Payload is what would have been worked on. Bytes that are no JSON stand in it as {"base64":"…"}.
	Payload json.RawMessage `json:"payload,omitempty"`
	// Reason says why, in a sentence, without anything personal: it is listed and logged.
	Reason   string    `json:"reason"`
	Owner    string    `json:"owner,omitempty"` // whose work it was: message:ID, forward:ID, bulk:ID, or an event's stream
	Attempts int       `json:"attempts"`        // tries before it was given up on
	At       time.Time `json:"at"`              // when that was; now where it is zero
}

// Bytes is the payload as it was given up.
func (l Letter) Bytes() []byte {
	var wrapped struct {
		Base64 []byte `json:"base64"`
	}
	if json.Unmarshal(l.Payload, &wrapped) == nil && len(wrapped.Base64) > 0 {
		return wrapped.Base64
	}
	return l.Payload
}

// Store reads and writes dead letters. It is safe for concurrent use.
type Store struct {
	rdb redis.UniversalClient
	now func() time.Time
}

// New returns a store on rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb, now: time.Now} }

// All letters share a hash tag: they are few, and listed together.
const (
	tag      = "herald:{dead}:"
	kindsKey = tag + "kinds" // set of the kinds that there were ever letters of
)

func letterKey(id string) string  { return tag + "letter:" + id }
func indexKey(kind string) string { return tag + "index:" + kind } // sorted set, all of score 0, of Letter.place
func markKey(id string) string    { return tag + "since:" + id }

// place sorts letters by time, then by id. It is List's cursor.
func (l Letter) place() string { return timePlace(l.At) + l.ID }

func timePlace(at time.Time) string { return fmt.Sprintf("%013d:", max(0, at.UnixMilli())) }

// idOf is the id within a place.
func idOf(place string) string {
	_, id, _ := strings.Cut(place, ":")
	return id
}

// putScript stores a letter in place of the one that there was under its id.
//
// KEYS: letter, index of its kind, kinds; one hash tag. ARGV: letter as JSON, its place, its kind, life time in
// seconds, place of the oldest letter that is still kept.
var putScript = redis.NewScript(`
local old = redis.call('HGET', KEYS[1], 'place')
if old then redis.call('ZREM', KEYS[2], old) end
redis.call('HSET', KEYS[1], 'letter', ARGV[1], 'place', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], 0, ARGV[2])
redis.call('SADD', KEYS[3], ARGV[3])
redis.call('ZREMRANGEBYLEX', KEYS[2], '-', '(' .. ARGV[5])
return 1
`)

// dropScript forgets a letter unless another one stands in its place now.
//
// KEYS: letter, index of its kind. ARGV: its place.
var dropScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'place') == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
end
return 1
`)

// Put stores a letter durably, in place of the one with the same id. An id belongs to one kind.
func (s *Store) Put(ctx context.Context, l Letter) error {
	if l.Kind == "" {
		return errors.New("dead letter: no kind")
	}
	l.ID = cmp.Or(l.ID, uuid.Must(uuid.NewV7()).String())
	if l.At.IsZero() {
		l.At = s.now()
	}
	l.At = l.At.UTC().Truncate(time.Millisecond)
	if len(l.Payload) > 0 && !(json.Valid(l.Payload) && utf8.Valid(l.Payload)) {
		l.Payload, _ = json.Marshal(map[string][]byte{"base64": l.Payload}) // can't fail
	}
	data, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("dead letter %s: %w", l.ID, err)
	}
	keys := []string{letterKey(l.ID), indexKey(l.Kind), kindsKey}
	if err := putScript.Run(ctx, s.rdb, keys, seal.Private(data), l.place(), l.Kind, int(Retention.Seconds()), s.oldest()).Err(); err != nil {
		return fmt.Errorf("store dead letter %s: %w", l.ID, err)
	}
	return nil
}

// oldest is before the place of every letter that is kept.
func (s *Store) oldest() string { return timePlace(s.now().Add(-Retention)) }

// Get returns a letter, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (Letter, error) {
	data, err := s.rdb.HGet(ctx, letterKey(id), "letter").Bytes()
	if errors.Is(err, redis.Nil) {
		return Letter{}, fmt.Errorf("%.100q: %w", id, ErrNotFound)
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read dead letter: %w", err)
	}
	var l Letter
	if err := json.Unmarshal(data, &l); err != nil {
		return Letter{}, fmt.Errorf("read dead letter %.100q: %w", id, err)
	}
	return l, nil
}

// List returns at most so many letters of a kind, or of all kinds where it is empty, the newest first. next continues
// the list as the following call's after; it is empty at the end.
func (s *Store) List(ctx context.Context, kind, after string, most int) (letters []Letter, next string, err error) {
	if most < 1 {
		return nil, "", errors.New("list dead letters: at most fewer than one")
	}
	kinds := []string{kind}
	if kind == "" {
		if kinds, err = s.rdb.SMembers(ctx, kindsKey).Result(); err != nil {
			return nil, "", fmt.Errorf("list dead letters: %w", err)
		}
	}
	before := "+"
	if after != "" {
		before = "(" + after
	}
	var places []string
	for _, kind := range kinds {
		some, err := s.rdb.ZRevRangeByLex(ctx, indexKey(kind), &redis.ZRangeBy{
			Max: before, Min: "[" + s.oldest(), Count: int64(most) + 1,
		}).Result()
		if err != nil {
			return nil, "", fmt.Errorf("list dead letters: %w", err)
		}
		places = append(places, some...)
	}
	slices.Sort(places)
	slices.Reverse(places)
	if len(places) > most {
		places = places[:most]
		next = places[most-1]
	}
	pipe := s.rdb.Pipeline()
	found := make([]*redis.StringCmd, len(places))
	for i, place := range places {
		found[i] = pipe.HGet(ctx, letterKey(idOf(place)), "letter")
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, "", fmt.Errorf("list dead letters: %w", err)
	}
	for _, f := range found {
		data, err := f.Bytes()
		if errors.Is(err, redis.Nil) {
			continue // dropped in this very moment
		}
		var l Letter
		if err := errors.Join(err, json.Unmarshal(data, &l)); err != nil {
			return nil, "", fmt.Errorf("list dead letters: %w", err)
		}
		letters = append(letters, l)
	}
	return letters, next, nil
}

// Count returns how many letters there are, by kind; kinds without any are left out.
func (s *Store) Count(ctx context.Context) (map[string]int, error) {
	kinds, err := s.rdb.SMembers(ctx, kindsKey).Result()
	if err != nil {
		return nil, fmt.Errorf("count dead letters: %w", err)
	}
	counts := map[string]int{}
	for _, kind := range kinds {
		n, err := s.rdb.ZLexCount(ctx, indexKey(kind), "["+s.oldest(), "+").Result()
		if err != nil {
			return nil, fmt.Errorf("count dead letters: %w", err)
		}
		if n > 0 {
			counts[kind] = int(n)
		}
	}
	return counts, nil
}

// Drop forgets a letter, or returns ErrNotFound.
func (s *Store) Drop(ctx context.Context, id string) error {
	l, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	return s.Settle(ctx, l)
}

// Settle drops a letter that Get or List returned, because something was done about it. One that was put under its id
// since then stays: what was done may have failed already.
func (s *Store) Settle(ctx context.Context, l Letter) error {
	if err := dropScript.Run(ctx, s.rdb, []string{letterKey(l.ID), indexKey(l.Kind)}, l.place()).Err(); err != nil {
		return fmt.Errorf("drop dead letter %.100q: %w", l.ID, err)
	}
	return nil
}

// markTTL is how long Since remembers what nobody asks about any more.
const markTTL = 48 * time.Hour

// Since returns when it was first called for this id: since when something fails that may yet succeed. It forgets two
// days after the last call.
func (s *Store) Since(ctx context.Context, id string) (time.Time, error) {
	key := markKey(id)
	pipe := s.rdb.TxPipeline()
	pipe.SetNX(ctx, key, s.now().UnixMilli(), markTTL)
	pipe.Expire(ctx, key, markTTL)
	first := pipe.Get(ctx, key)
	if _, err := pipe.Exec(ctx); err != nil {
		return time.Time{}, fmt.Errorf("look up since when %.100q fails: %w", id, err)
	}
	ms, err := strconv.ParseInt(first.Val(), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("look up since when %.100q fails: %w", id, err)
	}
	return time.UnixMilli(ms), nil
}
