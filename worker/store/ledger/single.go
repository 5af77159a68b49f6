package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/seal"
)

// The request of a message or forward is stored with its record, as long as it may be needed: a worker that finds one
// pending and without a task can enqueue its task again. Those that are not settled are listed: see Overdue.

// Request is the request that was made under an id, as its task holds it.
type Request struct {
	Kind        string // of the task
	Payload     []byte // as JSON, in layout 0
	Channel, To string // of the message
	Labels      message.Labels
	Country     string // for To, if that is a phone number without a country's code
	// Recipients are the fingerprints of all addresses, by which the message is found: see Index. Without them it is found by
	// its id alone.
	Recipients []uint64
}

// aboutKey holds what is known about a single message besides its state: a line of JSON, then the payload of the
// request.
func (c Chunk) aboutKey() string { return c.Key("about") }

// about is the line of JSON.
type about struct {
	Kind string `json:"kind"`           // the request's
	Kept bool   `json:"kept,omitempty"` // the payload is no request any more: it is what was sent, packed by Zstandard
	Details
}

func (a about) with(payload []byte) seal.Private {
	head, _ := json.Marshal(a) // texts and numbers: can't fail
	return slices.Concat(head, []byte{'\n'}, payload)
}

// Request returns the request, or ErrNotFound if it is not stored any more, or never was.
func (l *Ledger) Request(ctx context.Context, c Chunk) (Request, error) {
	a, payload, err := l.about(ctx, c)
	if err == nil && (len(payload) == 0 || a.Kept) {
		err = fmt.Errorf("the content of %s: %w", c.Owner, ErrNotFound)
	}
	return a.request(payload), err
}

func (a about) request(payload []byte) Request {
	return Request{Kind: a.Kind, Payload: payload, Channel: a.Channel, To: a.To, Country: a.Country, Labels: a.Labels}
}

// stored is the request in the form of aboutKey.
func (r Request) stored() seal.Private {
	return about{Kind: r.Kind, Details: Details{Channel: r.Channel, To: r.To, Country: r.Country, Labels: r.Labels}}.with(r.Payload)
}

func (l *Ledger) about(ctx context.Context, c Chunk) (a about, payload []byte, err error) {
	data, err := l.rdb.Get(ctx, c.aboutKey()).Bytes()
	if errors.Is(err, redis.Nil) {
		return a, nil, fmt.Errorf("the content of %s: %w", c.Owner, ErrNotFound)
	}
	if err != nil {
		return a, nil, fmt.Errorf("read %s: %w", c.Owner, err)
	}
	head, payload, _ := bytes.Cut(data, []byte{'\n'})
	if err := json.Unmarshal(head, &a); err != nil {
		return a, nil, fmt.Errorf("read %s: %w", c.Owner, err)
	}
	if a.Kept {
		if payload, err = unpacker.DecodeAll(payload, nil); err != nil {
			return a, nil, fmt.Errorf("read %s: %w: %w", c.Owner, ErrForeign, err)
		}
	}
	return a, payload, nil
}

// Content is the task of a message or forward that was sent, as Conclude kept it, or ErrNotFound.
func (l *Ledger) Content(ctx context.Context, c Chunk) (Request, error) {
	a, payload, err := l.about(ctx, c)
	if err == nil && (len(payload) == 0 || !a.Kept) {
		err = fmt.Errorf("the content of %s: %w", c.Owner, ErrNotFound)
	}
	return a.request(payload), err
}

// unsettledKey is one of Shards lists of unsettled messages, scored by the time of the next look at them, in Unix
// seconds.
func unsettledKey(shard int) string { return "herald:{unsettled:" + strconv.Itoa(shard) + "}" }

func (o Owner) unsettledKey() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(o.ID))
	return unsettledKey(int(h.Sum32() % Shards))
}

// entry is the owner as the lists name it.
func (o Owner) entry() string { return string(o.Kind) + ":" + o.ID }

func parseEntry(entry string) (Owner, bool) {
	kind, id, ok := strings.Cut(entry, ":")
	return Owner{Kind(kind), id}, ok && !Owner{Kind: Kind(kind)}.counted()
}

// firstLook is how long after its due time a message may be unsettled before it is looked at.
const firstLook = 30 * time.Second

// list is the command that lists a message or forward, which is due after so long.
func (l *Ledger) list(ctx context.Context, to redis.Cmdable, o Owner, longer time.Duration) *redis.IntCmd {
	return to.ZAdd(ctx, o.unsettledKey(), redis.Z{Score: float64(l.now().Add(max(0, longer) + firstLook).Unix()), Member: o.entry()})
}

// AddUnsettled lists a message or forward. OpenOnce does that itself; call it before making records pending again.
func (l *Ledger) AddUnsettled(ctx context.Context, o Owner) error {
	if err := l.list(ctx, l.rdb, o, 0).Err(); err != nil {
		return fmt.Errorf("list %s: %w", o, err)
	}
	return nil
}

// RemoveUnsettled takes a message or forward off the lists: nothing is left to do for it.
func (l *Ledger) RemoveUnsettled(ctx context.Context, o Owner) error {
	if err := l.rdb.ZRem(ctx, o.unsettledKey(), o.entry()).Err(); err != nil {
		return fmt.Errorf("take %s off the list: %w", o, err)
	}
	return nil
}

// overdueScript finds what is to be looked at, and puts each off until later.
//
// KEYS: a list of what is not settled. ARGV: now and later in Unix seconds, how many at most. Returns the entries.
var overdueScript = redis.NewScript(`
local entries = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, entry in ipairs(entries) do redis.call('ZADD', KEYS[1], ARGV[2], entry) end
return entries
`)

// Overdue returns messages and forwards that have been unsettled for longer than sending takes, at most so many of
// each list. Each is returned again after the pause, until it is removed. Of several callers, one gets it.
func (l *Ledger) Overdue(ctx context.Context, pause time.Duration, most int) ([]Owner, error) {
	now := l.now()
	var all []Owner
	for shard := range Shards {
		entries, err := overdueScript.Run(ctx, l.rdb, []string{unsettledKey(shard)}, now.Unix(), now.Add(pause).Unix(), most).StringSlice()
		if err != nil {
			return all, fmt.Errorf("look for unsettled messages: %w", err)
		}
		for _, entry := range entries {
			o, ok := parseEntry(entry)
			if !ok {
				return all, fmt.Errorf("look for unsettled messages: %.50q is none", entry)
			}
			all = append(all, o)
		}
	}
	return all, nil
}

// postponeScript replaces the request of a message that is pending.
//
// KEYS[1] states string, KEYS[2] what is known of it, KEYS[3] request; one hash tag. ARGV[1] what is known then, ARGV[2] seconds
// to keep all. Returns 1, or 0 for a message that is not pending.
var postponeScript = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 0) ~= '\0' or redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[2])
return 1
`)

// Postpone replaces the request of a pending message or forward by one for another time, which is so far ahead, and keeps
// its record accordingly. The hash of the first request stays, so that it can be repeated. It reports false if the message is
// not pending.
func (l *Ledger) Postpone(ctx context.Context, o Owner, r Request, longer time.Duration) (bool, error) {
	a, _, err := l.about(ctx, o.Chunk(0))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// It is listed first: so it is found, even if this process dies.
	if err := l.list(ctx, l.rdb, o, longer).Err(); err != nil {
		return false, fmt.Errorf("postpone %s: %w", o, err)
	}
	books, keep := o.Chunk(0), l.retention+max(0, longer)
	moved, err := postponeScript.Run(ctx, l.rdb, []string{books.statesKey(), books.aboutKey(), o.requestKey()}, a.with(r.Payload), int64(keep/time.Second)).Bool()
	if err != nil {
		return false, fmt.Errorf("postpone %s: %w", o, err)
	}
	if !moved {
		return false, nil
	}
	return true, l.enter(ctx, []Opening{{ID: o.ID, Request: r, Longer: longer}}, o.Kind)
}

// EachUnsettled calls f for every message and forward that is not settled, in no order.
func (l *Ledger) EachUnsettled(ctx context.Context, f func(Owner) error) error {
	for shard := range Shards {
		entries, err := l.rdb.ZRange(ctx, unsettledKey(shard), 0, -1).Result()
		if err != nil {
			return fmt.Errorf("look for unsettled messages: %w", err)
		}
		for _, entry := range entries {
			o, ok := parseEntry(entry)
			if !ok {
				return fmt.Errorf("look for unsettled messages: %.50q is none", entry)
			}
			if err := f(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// Age is how long ago the record of a message or forward was created; 0 if that is not known, as for a scheduled one,
// which is kept longer.
func (l *Ledger) Age(ctx context.Context, c Chunk) (time.Duration, error) {
	left, err := l.rdb.TTL(ctx, c.statesKey()).Result()
	if err != nil {
		return 0, fmt.Errorf("read the age of %s: %w", c.Owner, err)
	}
	return max(0, l.retention-left), nil
}

// Adopt stores the request with a record that an older version created, and lists it; it is due at a time.
func (l *Ledger) Adopt(ctx context.Context, o Owner, c Chunk, r Request, due time.Time) error {
	left, err := l.rdb.TTL(ctx, c.statesKey()).Result()
	if err != nil {
		return fmt.Errorf("adopt %s: %w", o, err)
	}
	if left <= 0 {
		return nil
	}
	if err := l.rdb.SetNX(ctx, c.aboutKey(), r.stored(), left).Err(); err != nil {
		return fmt.Errorf("adopt %s: %w", o, err)
	}
	if err := l.list(ctx, l.rdb, o, due.Sub(l.now())).Err(); err != nil {
		return fmt.Errorf("adopt %s: %w", o, err)
	}
	return nil
}

// adoptedKey says that everything was adopted; adoptingKey that somebody is at it.
var adoptedKey, adoptingKey = unsettledKey(0) + ":adopted", unsettledKey(0) + ":adopting"

// BeginAdoption reports whether messages of older versions are still to be adopted, and nobody else is at it, for a while.
func (l *Ledger) BeginAdoption(ctx context.Context, term time.Duration) (bool, error) {
	done, err := l.rdb.Exists(ctx, adoptedKey).Result()
	if err != nil || done == 1 {
		return false, err
	}
	return l.rdb.SetNX(ctx, adoptingKey, 1, term).Result()
}

// EndAdoption puts down that there is nothing more to adopt.
func (l *Ledger) EndAdoption(ctx context.Context) error {
	return l.rdb.Set(ctx, adoptedKey, 1, 0).Err()
}

// EachSingle calls f for every message and forward that is known, in no order; those of layout 0 as messages.
func (l *Ledger) EachSingle(ctx context.Context, f func(Owner) error) error {
	for _, k := range []Kind{Message, Forward} {
		prefix := Owner{Kind: k}.requestKey()
		prefix = prefix[:len(prefix)-1] // up to the brace that opens
		if err := scan.Keys(ctx, l.rdb, prefix+"*}", func(key string) error {
			return f(Owner{k, strings.TrimSuffix(strings.TrimPrefix(key, prefix), "}")})
		}); err != nil {
			return fmt.Errorf("look through the ledger: %w", err)
		}
	}
	return nil
}
