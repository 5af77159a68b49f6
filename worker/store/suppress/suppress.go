// Package suppress keeps the lists of those who must not be written to, one for each channel: mailboxes that bounced,
// people who unsubscribed or complained, whole domains. An entry is an address or, for email, a wildcard such as
// *@acme.com, on the block list or on the allow list.
//
//	the address itself   its domain     may be written to
//	blocked              anything       no
//	allowed              anything       yes
//	no entry             blocked        no
//	no entry             else           yes
//
// An entry is about one topic or about all: see topics.go. Of a person who was erased only a keyed hash stays: see hashed.go.
//
// An address or wildcard has one entry for each topic, and one for all: adding it again replaces the entry. Entries stay until they are removed.
package suppress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// shards is how many hashes hold the entries of a channel, so that the nodes of a cluster share them. The stored data
// depends on it: a change would have to move it.
const shards = 16

// maxFields bounds the fields of one command, so that a large question doesn't block Redis.
const maxFields = 1000

// scanCount is how many entries List asks for at a time.
const scanCount = 1000

// Options for New.
type Options struct {
	Redis redis.UniversalClient // required; stays the caller's to close
	// Country is the ISO 3166 code for phone numbers without a country's code; where it is empty they are errors.
	Country string
	// Keys are the secrets by which erased addresses are hashed; the first one writes. Without those that were used, nobody
	// can be written to: the list can't be read.
	Keys []string
	// Topics are those that messages can have; nil: there are none.
	Topics *topic.Set
	Log    *slog.Logger     // slog.Default() when nil
	Now    func() time.Time // time.Now when nil
}

// Store reads and writes the lists. It is safe for concurrent use.
type Store struct {
	rdb       redis.UniversalClient
	addresses address.Parser
	keys      []hashKeyed
	topics    *topic.Set
	log       *slog.Logger
	now       func() time.Time
	migrated  map[message.Channel]*migration
}

// New checks the options. It does not talk to Redis.
func New(o Options) (*Store, error) {
	if o.Redis == nil {
		return nil, errors.New("suppress: Redis is required")
	}
	if err := phone.CheckCountry(o.Country); err != nil {
		return nil, fmt.Errorf("suppress: country: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	keys, err := hashKeys(o.Keys)
	if err != nil {
		return nil, fmt.Errorf("suppress: %w", err)
	}
	s := &Store{rdb: o.Redis, keys: keys, topics: o.Topics, addresses: phone.Parser(o.Country), log: o.Log, now: o.Now, migrated: map[message.Channel]*migration{}}
	for _, c := range message.Channels {
		s.migrated[c] = &migration{}
	}
	return s, nil
}

// hashKey is the hash that holds a pattern's entries: field → Entry.encode. A field serves for its pattern.
func hashKey(c message.Channel, field string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(patternOf(field)))
	return shardKey(c, int(h.Sum32()%shards))
}

func shardKey(c message.Channel, shard int) string {
	return "herald:suppress:{" + string(c) + ":" + strconv.Itoa(shard) + "}"
}

// Check returns, for each address, the entry that forbids writing to it about a topic, or nil: "" is the default topic,
// topic.All asks for entries about all. It takes one round trip for any number of addresses. Text that is no address has no
// entry: it can't be written to anyway. An unknown topic is a *topic.Unknown.
func (s *Store) Check(ctx context.Context, c message.Channel, name string, addresses []string) ([]*Entry, error) {
	rule, name, err := s.ruleOf(c, name)
	if err != nil {
		return nil, err
	}
	fields := make([][]string, len(addresses))
	for i, text := range addresses {
		if own, err := s.key(c, text); err == nil {
			fields[i] = s.fields(c, own, name)
		}
	}
	found, err := s.entries(ctx, c, fields)
	if err != nil {
		return nil, err
	}
	verdicts := make([]*Entry, len(addresses))
	for i := range found {
		verdicts[i] = rule.verdict(found[i])
	}
	return verdicts, nil
}

// CheckTopics is Check for one address and several topics.
func (s *Store) CheckTopics(ctx context.Context, c message.Channel, address string, names []string) ([]*Entry, error) {
	rules, fields := make([]rule, len(names)), make([][]string, len(names))
	own, wrong := s.key(c, address)
	for i, name := range names {
		var err error
		if rules[i], name, err = s.ruleOf(c, name); err != nil {
			return nil, err
		}
		if wrong == nil {
			fields[i] = s.fields(c, own, name)
		}
	}
	found, err := s.entries(ctx, c, fields)
	if err != nil {
		return nil, err
	}
	verdicts := make([]*Entry, len(names))
	for i := range found {
		verdicts[i] = rules[i].verdict(found[i])
	}
	return verdicts, nil
}

// fields are those that decide about an address and a topic, in the order that verdict wants.
func (s *Store) fields(c message.Channel, own, name string) []string {
	var fields []string
	for _, pattern := range s.patterns(c, own) {
		if pattern != "" {
			fields = append(fields, fieldOf(pattern, name), pattern)
		}
	}
	return fields
}

// entries reads fields, in one round trip; nil stands for those that are not there.
func (s *Store) entries(ctx context.Context, c message.Channel, fields [][]string) ([][]*Entry, error) {
	if err := s.migrate(ctx, c); err != nil {
		return nil, err
	}
	ask := map[string][]string{} // by key
	asked := make(map[string]*Entry, 2*len(fields))
	for _, field := range slices.Concat(fields...) {
		if _, known := asked[field]; !known {
			asked[field] = nil
			k := hashKey(c, field)
			ask[k] = append(ask[k], field)
		}
	}
	type question struct {
		fields []string
		answer *redis.SliceCmd
	}
	var questions []question
	if len(ask) > 0 {
		var marks *redis.StringCmd
		_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			marks = p.Get(ctx, marksKey(c))
			for k, all := range ask {
				for some := range slices.Chunk(all, maxFields) {
					questions = append(questions, question{some, p.HMGet(ctx, k, some...)})
				}
			}
			return nil
		})
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		if err == nil {
			err = s.checkMarks(marks.Val())
		}
		for _, q := range questions {
			err = cmp.Or(err, q.answer.Err())
		}
		if err != nil {
			return nil, fmt.Errorf("read the suppression list: %w", err)
		}
	}
	for _, q := range questions {
		for i, value := range q.answer.Val() {
			asked[q.fields[i]] = entryOf(q.fields[i], value)
		}
	}
	out := make([][]*Entry, len(fields))
	for i, some := range fields {
		for _, field := range some {
			out[i] = append(out[i], asked[field])
		}
	}
	return out, nil
}

// Add stores entries in one round trip. If one of them is wrong, nothing is stored; the error names it. An entry
// without a time gets the current one.
func (s *Store) Add(ctx context.Context, c message.Channel, entries ...Entry) error {
	fields := map[string][]any{} // by key
	for i, e := range entries {
		if e.At.IsZero() {
			e.At = s.now()
		}
		e, err := s.normal(c, e)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
		k := hashKey(c, e.Address)
		fields[k] = append(fields[k], fieldOf(e.Address, e.Topic), e.encode())
	}
	if len(fields) == 0 {
		return nil
	}
	if err := s.migrate(ctx, c); err != nil {
		return err
	}
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for k, all := range fields {
			for some := range slices.Chunk(all, 2*maxFields) {
				p.HSet(ctx, k, some...)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add to the suppression list: %w", err)
	}
	return nil
}

// Suppress blocks one recipient for all topics because of what its channel said. It never adds a wildcard: *@acme.com is an address
// too, and its bounce must not block a domain. So it ignores addresses with a *, and text that is no address.
func (s *Store) Suppress(ctx context.Context, c message.Channel, text, reason, source string) error {
	if own, err := s.key(c, text); err != nil || strings.Contains(own, "*") {
		return nil //nolint:nilerr // there is nothing to block
	}
	if reason == Unsubscribed {
		return s.Unsubscribe(ctx, c, topic.All, text, source)
	}
	return s.Add(ctx, c, Entry{Address: text, Reason: reason, Source: source})
}

// PatternError is about an address or wildcard that can't be read.
type PatternError struct{ Err error }

// Error implements error.
func (e *PatternError) Error() string { return e.Err.Error() }

// Unwrap implements errors.Unwrap.
func (e *PatternError) Unwrap() error { return e.Err }

// Remove deletes the entries of addresses and wildcards about a topic from both lists, and returns how many there were;
// with "" those about all and about each topic that there is. Text that can't be read is a *PatternError, unless the list
// holds it in that form: see migrate.
func (s *Store) Remove(ctx context.Context, c message.Channel, name string, patterns ...string) (int, error) {
	names := []string{name}
	if name == "" {
		names = append(s.topics.Names(), topic.All)
	}
	if err := s.migrate(ctx, c); err != nil {
		return 0, err
	}
	fields := map[string][]string{} // by key
	for _, pattern := range patterns {
		pattern, err := s.stored(ctx, c, pattern)
		if err != nil {
			return 0, err
		}
		for _, p := range append([]string{pattern}, s.hashes(c, pattern)...) {
			k := hashKey(c, p)
			for _, name := range names {
				fields[k] = append(fields[k], fieldOf(p, name))
			}
		}
	}
	if len(fields) == 0 {
		return 0, nil
	}
	counts, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for k, some := range fields {
			p.HDel(ctx, k, some...)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("remove from the suppression list: %w", err)
	}
	return sum(counts), nil
}

// stored is the form in which a pattern is stored.
func (s *Store) stored(ctx context.Context, c message.Channel, text string) (string, error) {
	pattern, wrong := s.pattern(c, text)
	if wrong == nil {
		return pattern, nil
	}
	there, err := s.rdb.HExists(ctx, hashKey(c, text), text).Result()
	if err != nil {
		return "", fmt.Errorf("remove from the suppression list: %w", err)
	}
	if !there {
		return "", &PatternError{wrong}
	}
	return text, nil
}

// Count returns how many entries a channel has, on both lists.
func (s *Store) Count(ctx context.Context, c message.Channel) (int, error) {
	if err := s.migrate(ctx, c); err != nil {
		return 0, err
	}
	counts, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for shard := range shards {
			p.HLen(ctx, shardKey(c, shard))
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count the suppression list: %w", err)
	}
	return sum(counts), nil
}

func sum(counts []redis.Cmder) int {
	n := 0
	for _, cmd := range counts {
		n += int(cmd.(*redis.IntCmd).Val())
	}
	return n
}

// List yields the entries of a channel in no order. An entry that stays during the call is yielded at least once; it
// may come twice if many are added meanwhile. An error is the last thing that it yields.
func (s *Store) List(ctx context.Context, c message.Channel) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := s.migrate(ctx, c); err != nil {
			yield(Entry{}, err)
			return
		}
		for shard := range shards {
			all := s.rdb.HScan(ctx, shardKey(c, shard), 0, "", scanCount).Iterator()
			for all.Next(ctx) {
				pattern := all.Val()
				if !all.Next(ctx) {
					break
				}
				if !yield(decode(pattern, all.Val()), nil) {
					return
				}
			}
			if err := all.Err(); err != nil {
				yield(Entry{}, fmt.Errorf("list the suppressions: %w", err))
				return
			}
		}
	}
}
