package suppress

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// An entry is about one topic, or about all of them (topic.All). The question is always whether an address may be written
// to about one topic. The address itself is asked first, then its hashes, then its domain; of each, in this order:
//
//  1. all topics are blocked, and not because the recipient unsubscribed (a bounce, a complaint, an operator): no
//  2. an entry about this topic: blocked is no, allowed is yes
//  3. an entry about all topics: blocked is no, allowed is yes
//
// What the recipient unsubscribed from doesn't count where the topic is transactional: who wants no news still gets a new
// password. STOP by SMS does count (message.Spec.StopsAll): carriers and laws (47 CFR 64.1200(a)(10), the CTIA's principles)
// take it as the end of all messages from a sender, and carriers enforce it.

// topicMark stands between a pattern and a topic in a field of Redis. No address holds it.
const topicMark = "\t"

// fieldOf is the field of a pattern's entry about a topic. That about all has no topic, as entries of older versions.
func fieldOf(pattern, name string) string {
	if name == "" || name == topic.All {
		return pattern
	}
	return pattern + topicMark + name
}

// splitField is the reverse of fieldOf.
func splitField(field string) (pattern, name string) {
	if pattern, name, ok := strings.Cut(field, topicMark); ok {
		return pattern, name
	}
	return field, topic.All
}

// patternOf is a field's pattern.
func patternOf(field string) string {
	pattern, _ := splitField(field)
	return pattern
}

// consent reports whether the entry is the recipient's own wish about messages, which they may take back.
func (e *Entry) consent() bool { return e.Reason == Unsubscribed }

// rule decides about the messages of one topic on one channel.
type rule struct {
	transactional bool
	stopsAll      bool // see message.Spec
}

// binds reports whether a blocking entry counts.
func (r rule) binds(e *Entry) bool {
	return !r.transactional || !e.consent() || r.stopsAll && e.Topic == topic.All
}

// verdict is the entry that forbids writing, or nil. entries come in pairs, the most important pair first: about the topic,
// and about all.
func (r rule) verdict(entries []*Entry) *Entry {
	for i := 0; i+1 < len(entries); i += 2 {
		about, all := entries[i], entries[i+1]
		if all != nil && !all.Allow && !all.consent() {
			return all
		}
		for _, e := range []*Entry{about, all} {
			switch {
			case e == nil:
			case e.Allow:
				return nil
			case r.binds(e):
				return e
			}
		}
	}
	return nil
}

// ruleOf is the rule of a topic, and its name: "" is the default one, topic.All is any.
func (s *Store) ruleOf(c message.Channel, name string) (rule, string, error) {
	r := rule{stopsAll: c.Spec().StopsAll}
	if name == topic.All {
		return r, name, nil
	}
	t, err := s.topics.Find(name)
	if err != nil {
		return r, "", err
	}
	if t.Name == "" {
		return r, topic.All, nil
	}
	r.transactional = t.Kind == topic.Transactional
	return r, t.Name, nil
}

// blockScript blocks a field, unless all topics are blocked there for another reason than the recipient's wish, which weighs more.
//
// KEYS: the shard. ARGV: the field, its value, the reason of such a wish. Returns 1 if it did.
var blockScript = redis.NewScript(`
local there = redis.call('HGET', KEYS[1], ARGV[1])
if there and string.sub(there, 1, 1) == 'b' and string.match(there, '^%S+ (%S+)') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`)

// Unsubscribe blocks an address because its owner wants no more messages of a topic; of all where it is topic.All, or ""
// and there is no default. Text that is no address is ignored.
func (s *Store) Unsubscribe(ctx context.Context, c message.Channel, name, text, source string) error {
	own, name, err := s.wish(ctx, c, name, text)
	if own == "" || err != nil {
		return err
	}
	e := Entry{Address: own, Topic: name, Reason: Unsubscribed, Source: source, At: s.now()}
	if err := checkSource(source); err != nil {
		return err
	}
	if err := blockScript.Run(ctx, s.rdb, []string{hashKey(c, own)}, fieldOf(own, name), e.encode(), Unsubscribed).Err(); err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	if name != topic.All {
		return nil
	}
	// Who wants nothing at all has also taken back what they had subscribed to again.
	return s.dropWishes(ctx, c, own, func(e Entry) bool { return e.Allow && e.Reason == Resubscribed })
}

// Resubscribe takes an Unsubscribe back. Of who unsubscribed from all, it allows this topic alone. Entries for other reasons
// stay: a complaint, a bounce, an operator's.
func (s *Store) Resubscribe(ctx context.Context, c message.Channel, name, text, source string) error {
	own, name, err := s.wish(ctx, c, name, text)
	if own == "" || err != nil {
		return err
	}
	fields := []string{fieldOf(own, name), own}
	values, err := s.rdb.HMGet(ctx, hashKey(c, own), fields...).Result()
	if err != nil {
		return fmt.Errorf("resubscribe: %w", err)
	}
	about, all := entryOf(fields[0], values[0]), entryOf(fields[1], values[1])
	if about != nil && !about.Allow && !about.consent() {
		return nil
	}
	if name != topic.All && all != nil && !all.Allow && all.consent() {
		e := Entry{Address: own, Topic: name, Allow: true, Reason: Resubscribed, Source: source, At: s.now()}
		if err := errors.Join(checkSource(source), s.rdb.HSet(ctx, hashKey(c, own), fields[0], e.encode()).Err()); err != nil {
			return fmt.Errorf("resubscribe: %w", err)
		}
		return nil
	}
	if about == nil || about.Allow {
		return nil
	}
	if err := s.rdb.HDel(ctx, hashKey(c, own), fields[0]).Err(); err != nil {
		return fmt.Errorf("resubscribe: %w", err)
	}
	return nil
}

// wish is the key of an address, "" if it can't be blocked, and the topic that a wish of its owner is about.
func (s *Store) wish(ctx context.Context, c message.Channel, name, text string) (own, about string, err error) {
	own, err = s.key(c, text)
	if err != nil || strings.Contains(own, "*") {
		return "", "", nil //nolint:nilerr // there is nothing to block
	}
	return own, s.TopicOf(name), s.migrate(ctx, c)
}

// TopicOf is the topic that a recipient refuses who unsubscribes from a message of a topic: "" is the default one. Nobody
// can refuse a transactional topic alone: there the wish is about all others, topic.All. A topic that there is none of any
// more is still one.
func (s *Store) TopicOf(name string) string {
	if t, err := s.topics.Find(name); err == nil {
		if name = t.Name; t.Kind == topic.Transactional {
			name = ""
		}
	}
	return cmp.Or(name, topic.All)
}

// dropWishes deletes the entries of an address about single topics that a function names.
func (s *Store) dropWishes(ctx context.Context, c message.Channel, own string, which func(Entry) bool) error {
	var fields []string
	for _, name := range s.topics.Names() {
		fields = append(fields, fieldOf(own, name))
	}
	if len(fields) == 0 {
		return nil
	}
	values, err := s.rdb.HMGet(ctx, hashKey(c, own), fields...).Result()
	if err != nil {
		return fmt.Errorf("read the suppression list: %w", err)
	}
	var drop []string
	for i, value := range values {
		if e := entryOf(fields[i], value); e != nil && which(*e) {
			drop = append(drop, fields[i])
		}
	}
	if len(drop) == 0 {
		return nil
	}
	if err := s.rdb.HDel(ctx, hashKey(c, own), drop...).Err(); err != nil {
		return fmt.Errorf("remove from the suppression list: %w", err)
	}
	return nil
}

// entryOf is what a field of Redis holds, nil for none.
func entryOf(field string, value any) *Entry {
	text, ok := value.(string)
	if !ok {
		return nil
	}
	e := decode(field, text)
	return &e
}
