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

// Erase takes an address off a channel's lists. If it was blocked, or block says so, a hash of it stays blocked. It reports
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
	value, err := s.rdb.HGet(ctx, hashKey(c, own), own).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, false, fmt.Errorf("erase from the suppression list: %w", err)
	}
	there = err == nil
	e := Entry{Reason: Manual, At: s.now()}
	if there {
		e = decode(own, value)
		block = block || !e.Allow
	}
	if block {
		if len(s.keys) == 0 {
			return there, false, ErrNoKey
		}
		e.Allow, e.Source, e.Address = false, "erased", s.hashes(c, own)[0]
		if err := s.addMark(ctx, c); err != nil {
			return there, false, err
		}
		if err := s.Add(ctx, c, e); err != nil {
			return there, false, err
		}
	}
	if there {
		if err := s.rdb.HDel(ctx, hashKey(c, own), own).Err(); err != nil {
			return there, block, fmt.Errorf("erase from the suppression list: %w", err)
		}
	}
	return there, block, nil
}

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
