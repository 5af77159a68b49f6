package suppress

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// A person who was erased may stay on a list without an address: as # and the HMAC-SHA-256 of the address under a secret.
// Whoever has the list alone can't try out addresses. Whoever asks about an address asks about its hashes too.
//
// The fingerprints of the secrets that were used are kept beside the list. A worker that lacks one of the secrets would
// write to erased people; it refuses to read the list instead.

// minKey is the shortest secret, in bytes.
const minKey = 32

// hashKeyed is one secret, with its public fingerprint.
type hashKeyed struct {
	secret []byte
	mark   string
}

// CheckKeys reports whether secrets may be Options.Keys.
func CheckKeys(secrets []string) error {
	_, err := hashKeys(secrets)
	return err
}

func hashKeys(secrets []string) ([]hashKeyed, error) {
	keys := make([]hashKeyed, len(secrets))
	for i, s := range secrets {
		if len(s) < minKey {
			return nil, fmt.Errorf("key %d: want at least %d random characters", i+1, minKey)
		}
		keys[i] = hashKeyed{secret: []byte(s)}
		keys[i].mark = hex.EncodeToString(keys[i].sum("fingerprint")[:8])
	}
	return keys, nil
}

func (k hashKeyed) sum(parts ...string) []byte {
	mac := hmac.New(sha256.New, k.secret)
	for _, p := range parts {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return mac.Sum(nil)
}

// hashMark begins the pattern of a hash. No address begins so.
const hashMark = "#"

var hashPattern = regexp.MustCompile(`^` + hashMark + `[0-9a-f]{64}$`)

// Erased reports whether the entry is of somebody who was erased: its address is a hash.
func (e Entry) Erased() bool { return hashPattern.MatchString(e.Address) }

// hashes are the patterns under which an address may stand without itself, one for each secret.
func (s *Store) hashes(c message.Channel, own string) []string {
	if own == "" || strings.HasPrefix(own, "*") || hashPattern.MatchString(own) {
		return nil
	}
	all := make([]string, len(s.keys))
	for i, k := range s.keys {
		all[i] = hashMark + hex.EncodeToString(k.sum("address", string(c.Address()), own))
	}
	return all
}

// patterns are those whose entries decide about an address, the most important one first.
func (s *Store) patterns(c message.Channel, own string) []string {
	return append(append([]string{own}, s.hashes(c, own)...), wildcard(c, own))
}

// marksKey holds the fingerprints of the secrets with which a channel's hashes were made, separated by blanks.
func marksKey(c message.Channel) string { return shardKey(c, 0) + ":keys" }

func (s *Store) checkMarks(used string) error {
	for mark := range strings.FieldsSeq(used) {
		if !slices.ContainsFunc(s.keys, func(k hashKeyed) bool { return k.mark == mark }) {
			return errors.New("it holds hashes of erased people whose key is not in HERALD_ERASE_KEYS: they might be written to")
		}
	}
	return nil
}

// ErrNoKey says that an address should stay on the list as a hash, and there is no key.
var ErrNoKey = errors.New("set HERALD_ERASE_KEYS: without a key they could not stay on the suppression list, and would be written to again")

// Erase takes an address off a channel's lists. If it was blocked, or block says so, a hash of it stays blocked; what it
// refused or allowed of single topics stays under the hash too. It reports
// whether the address stood there, and whether a hash does now.
func (s *Store) Erase(ctx context.Context, c message.Channel, text string, block bool) (there, hashed bool, err error) {
	if err := s.migrate(ctx, c); err != nil {
		return false, false, err
	}
	own, err := s.key(c, text)
	if err != nil {
		return false, false, &PatternError{err}
	}
	if err := s.Arrived(ctx, c, text); err != nil { // its soft bounces, under a hash of it
		return false, false, err
	}
	entries, err := s.allOf(ctx, c, own)
	if err != nil {
		return false, false, err
	}
	var old []string
	var kept []any
	e := Entry{Reason: Manual, Topic: topic.All, At: s.now()}
	for _, known := range entries {
		old = append(old, fieldOf(known.Address, known.Topic))
		switch {
		case known.Topic == topic.All:
			e, block = known, block || !known.Allow
		case len(s.keys) > 0:
			known.Address, known.Source = s.hashes(c, own)[0], erasedSource
			kept = append(kept, fieldOf(known.Address, known.Topic), known.encode())
		case !known.Allow:
			return true, false, ErrNoKey
		}
	}
	there = len(old) > 0
	if block {
		if len(s.keys) == 0 {
			return there, false, ErrNoKey
		}
		e.Allow, e.Source, e.Address = false, erasedSource, s.hashes(c, own)[0]
		kept = append(kept, e.Address, e.encode())
	}
	if len(kept) > 0 {
		if err := s.addMark(ctx, c); err != nil {
			return there, false, err
		}
		if err := s.rdb.HSet(ctx, hashKey(c, s.hashes(c, own)[0]), kept...).Err(); err != nil {
			return there, false, fmt.Errorf("erase from the suppression list: %w", err)
		}
	}
	if there {
		if err := s.rdb.HDel(ctx, hashKey(c, own), old...).Err(); err != nil {
			return there, len(kept) > 0, fmt.Errorf("erase from the suppression list: %w", err)
		}
	}
	return there, len(kept) > 0, nil
}

// erasedSource is the source of who was erased.
const erasedSource = "erased"

// allOf are the entries of an address about all topics, also those that are in no file any more.
func (s *Store) allOf(ctx context.Context, c message.Channel, own string) ([]Entry, error) {
	var out []Entry
	key := hashKey(c, own)
	whole, err := s.rdb.HGet(ctx, key, own).Result()
	if err == nil {
		out = append(out, decode(own, whole))
	} else if !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read the suppression list: %w", err)
	}
	match := globs.Replace(own) + topicMark + "*"
	all := s.rdb.HScan(ctx, key, 0, match, scanCount).Iterator()
	seen := map[string]bool{}
	for all.Next(ctx) {
		field := all.Val()
		if !all.Next(ctx) {
			break
		}
		if !seen[field] {
			seen[field] = true
			out = append(out, decode(field, all.Val()))
		}
	}
	if err := all.Err(); err != nil {
		return nil, fmt.Errorf("read the suppression list: %w", err)
	}
	return out, nil
}

// globs makes a pattern of Redis of a text.
var globs = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)

// addMark puts down that the first secret is in use, before its first hash is.
func (s *Store) addMark(ctx context.Context, c message.Channel) error {
	used, err := s.rdb.Get(ctx, marksKey(c)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("erase from the suppression list: %w", err)
	}
	if err := s.checkMarks(used); err != nil {
		return err
	}
	if slices.Contains(strings.Fields(used), s.keys[0].mark) {
		return nil
	}
	if err := s.rdb.Append(ctx, marksKey(c), s.keys[0].mark+" ").Err(); err != nil {
		return fmt.Errorf("erase from the suppression list: %w", err)
	}
	return nil
}
