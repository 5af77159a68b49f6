package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Messages and forwards are found by their recipients: an index has, for each of a message's addresses, the fingerprint, the
// time and the owner, about 150 bytes together. It is a sorted set for each day on which messages are due and each of Shards
// shards. A day's sets end when its last record does. So nothing has to be cleaned up, and the newest come first.
//
// A member is 8 bytes of fingerprint, 6 of Unix milliseconds, the letter of the kind, the id.

const (
	printBytes = 8
	timeBytes  = 6
	day        = 24 * time.Hour
)

var indexLetters = map[Kind]byte{Message: 'm', Forward: 'f'}

// indexKey holds what is due on a day, counted from 1970, for the addresses of a shard.
func indexKey(days int64, print uint64) string {
	return "herald:{to:" + strconv.FormatInt(days, 10) + ":" + strconv.FormatUint(print%Shards, 10) + "}"
}

func dayOf(t time.Time) int64 { return t.Unix() / int64(day/time.Second) }

// indexPrefix is how members begin that are due at a time.
func indexPrefix(print uint64, at time.Time) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, printBytes+timeBytes+128), print)
	ms := uint64(max(0, at.UnixMilli()))
	return append(b, byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms))
}

// entry is what the writer of the index writes for one call of enter: for each set its members, and when it ends.
type entry struct {
	members map[string][]redis.Z
	ends    map[string]time.Time
	done    chan error
}

// maxEntries bounds the calls of one pipeline.
const maxEntries = 256

// enter enters messages, or forwards, into the index. That comes after their records: a request that is repeated, or has the id of
// another one, is not entered. If this process dies in between, the message is sent, and found by its id alone. What comes at the
// same time is written together.
func (l *Ledger) enter(ctx context.Context, list []Opening, k Kind) error {
	e := &entry{members: map[string][]redis.Z{}, ends: map[string]time.Time{}, done: make(chan error, 1)}
	for _, o := range list {
		at := l.now().Add(max(0, o.Longer))
		for _, print := range o.Request.Recipients {
			key := indexKey(dayOf(at), print)
			member := append(append(indexPrefix(print, at), indexLetters[k]), o.ID...)
			e.members[key] = append(e.members[key], redis.Z{Member: string(member)})
			e.ends[key] = time.Unix(0, 0).Add(time.Duration(dayOf(at)+1) * day).Add(l.retention)
		}
	}
	if len(e.members) == 0 {
		return nil
	}
	select {
	case l.entries <- e:
	case <-ctx.Done():
		return fmt.Errorf("enter into the index: %w", context.Cause(ctx))
	case <-l.stop:
		return errors.New("enter into the index: the ledger is closed")
	}
	select {
	case err := <-e.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("enter into the index: %w", context.Cause(ctx))
	case <-l.stop:
		return errors.New("enter into the index: the ledger is closed")
	}
}

// writeIndex is the one writer of the index in this process.
func (l *Ledger) writeIndex() {
	for {
		select {
		case e := <-l.entries:
			l.writeEntries(l.together(e))
		case <-l.stop:
			for {
				select {
				case e := <-l.entries:
					l.writeEntries(l.together(e))
				default:
					return
				}
			}
		}
	}
}

// together takes all entries that wait.
func (l *Ledger) together(first *entry) []*entry {
	all := []*entry{first}
	for len(all) < maxEntries {
		select {
		case e := <-l.entries:
			all = append(all, e)
		default:
			return all
		}
	}
	return all
}

// writeEntries writes entries in one pipeline, with two commands for each of the sets.
func (l *Ledger) writeEntries(all []*entry) {
	members, ends := all[0].members, all[0].ends
	for _, e := range all[1:] {
		for key, more := range e.members {
			members[key], ends[key] = append(members[key], more...), e.ends[key]
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	pipe := Together(l.rdb)
	for key, some := range members {
		pipe.ZAdd(ctx, key, some...)
		pipe.ExpireAt(ctx, key, ends[key])
	}
	_, err := pipe.Exec(ctx)
	if err != nil {
		err = fmt.Errorf("enter into the index: %w", err)
	}
	for _, e := range all {
		e.done <- err
	}
}

// Indexed is a message or forward to an address.
type Indexed struct {
	Owner
	At time.Time // when it was enqueued or, where that is later, was to be sent
}

// Before reports whether i comes before other in an index: it is newer.
func (i Indexed) Before(other Indexed) bool {
	if !i.At.Equal(other.At) {
		return i.At.After(other.At)
	}
	return i.tail() > other.tail()
}

func (i Indexed) tail() string { return string(indexLetters[i.Kind]) + i.ID }

// Index returns messages and forwards to the addresses with these fingerprints, the newest first, at most so many. It begins
// behind one that was returned before; one without a kind stands behind all of its time, or before everything where that is zero.
// It ends with those that are older than since, and knows those that are due up to ahead from now.
func (l *Ledger) Index(ctx context.Context, prints []uint64, behind Indexed, since time.Time, ahead time.Duration, most int) ([]Indexed, error) {
	now := l.now()
	last, first := dayOf(now.Add(ahead)), max(dayOf(now.Add(-l.retention)), dayOf(since))
	if !behind.At.IsZero() {
		last = min(last, dayOf(behind.At))
	}
	pipe := l.rdb.Pipeline()
	var answers []*redis.StringSliceCmd
	for days := last; days >= first; days-- {
		for _, print := range prints {
			in := &redis.ZRangeBy{Min: "[" + string(indexPrefix(print, since)), Max: "(" + string(indexPrefix(print, time.UnixMilli(1<<48-1))), Count: int64(most)}
			if !behind.At.IsZero() && dayOf(behind.At) == days {
				in.Max = "(" + string(indexPrefix(print, behind.At))
				if behind.Kind != "" {
					in.Max += behind.tail()
				}
			}
			answers = append(answers, pipe.ZRevRangeByLex(ctx, indexKey(days, print), in))
		}
	}
	if len(answers) == 0 {
		return nil, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("look into the index: %w", err)
	}
	var found []Indexed
	for _, answer := range answers {
		for _, member := range answer.Val() {
			i, ok := parseIndexed(member)
			if !ok {
				return nil, fmt.Errorf("look into the index: %.40q: %w", member, ErrForeign)
			}
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b Indexed) int {
		if a.Before(b) {
			return -1
		}
		if b.Before(a) {
			return 1
		}
		return 0
	})
	found = slices.Compact(found) // an address that is named twice
	return found[:min(len(found), most)], nil
}

func parseIndexed(member string) (Indexed, bool) {
	const head = printBytes + timeBytes + 1
	if len(member) <= head {
		return Indexed{}, false
	}
	var ms int64
	for _, c := range []byte(member[printBytes : head-1]) {
		ms = ms<<8 | int64(c)
	}
	i := Indexed{Owner{ID: member[head:]}, time.UnixMilli(ms).UTC()}
	for kind, letter := range indexLetters {
		if member[head-1] == letter {
			i.Kind = kind
		}
	}
	return i, i.Kind != "" && !strings.ContainsAny(i.ID, "{}:")
}

// EraseIndex removes an address from the index: each of its messages and forwards that is gone. It reports whether there were any.
func (l *Ledger) EraseIndex(ctx context.Context, print uint64, ahead time.Duration, gone func(Owner) (bool, error)) (bool, error) {
	now := l.now()
	in := &redis.ZRangeBy{Min: "[" + string(indexPrefix(print, time.Time{})), Max: "(" + string(indexPrefix(print, time.UnixMilli(1<<48-1)))}
	changed := false
	for days := dayOf(now.Add(-l.retention)); days <= dayOf(now.Add(ahead)); days++ {
		members, err := l.rdb.ZRangeByLex(ctx, indexKey(days, print), in).Result()
		if err != nil {
			return changed, fmt.Errorf("erase from the index: %w", err)
		}
		for _, member := range members {
			if i, ok := parseIndexed(member); ok {
				if over, err := gone(i.Owner); err != nil || !over {
					if err != nil {
						return changed, err
					}
					continue
				}
			}
			if err := l.rdb.ZRem(ctx, indexKey(days, print), member).Err(); err != nil {
				return changed, fmt.Errorf("erase from the index: %w", err)
			}
			changed = true
		}
	}
	return changed, nil
}
