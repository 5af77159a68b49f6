package suppress

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

// keyForm is the version of the keys that package address makes. Increase it with a change for addresses that may be
// on a list.
const keyForm = "2"

// migration is how far this process knows the entries of a channel to have the current keys.
type migration struct {
	mu   sync.Mutex
	done atomic.Bool
}

// migratedKey is the set of forms to which the entries of a channel were migrated.
func migratedKey(c message.Channel) string { return "herald:suppress:migrated:{" + string(c) + "}" }

// form is what keys depend on; for phone numbers that includes the default country.
func (s *Store) form(c message.Channel) string {
	if c.Address() == address.Phone && s.addresses.Country != "" {
		return keyForm + " " + s.addresses.Country
	}
	return keyForm
}

// migrate moves the entries of a channel to the current keys, once for all processes. Every method of the Store
// begins with it. It may run in several processes at once and stop at any point: an entry is stored under its new key
// before the old one is deleted. If two entries become one, the blocking one stays. An entry that can't be read, such
// as a number without a country's code, stays until a default country makes it readable.
func (s *Store) migrate(ctx context.Context, c message.Channel) error {
	m := s.migrated[c]
	if m == nil {
		return fmt.Errorf("the channel %.100q has no suppression list", c)
	}
	if m.done.Load() {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done.Load() {
		return nil
	}
	done, err := s.rdb.SIsMember(ctx, migratedKey(c), s.form(c)).Result()
	if err != nil {
		return fmt.Errorf("read the suppression list: %w", err)
	}
	if !done {
		unread := 0
		for shard := range shards {
			n, err := s.migrateShard(ctx, c, shard)
			if err != nil {
				return fmt.Errorf("bring the suppression list to its new form: %w", err)
			}
			unread += n
		}
		if unread > 0 {
			s.log.Warn("entries of the suppression list can't be read as addresses, so they block nobody; where they are phone numbers without a country's code, set HERALD_COUNTRY",
				"channel", c, "entries", unread)
		}
		if err := s.rdb.SAdd(ctx, migratedKey(c), s.form(c)).Err(); err != nil {
			return fmt.Errorf("bring the suppression list to its new form: %w", err)
		}
	}
	m.done.Store(true)
	return nil
}

// move is an entry under an old field and a new one.
type move struct{ from, to, value string }

// migrateShard moves the entries of one hash and returns how many can't be read.
func (s *Store) migrateShard(ctx context.Context, c message.Channel, shard int) (unread int, err error) {
	for at, first := uint64(0), true; first || at != 0; first = false {
		var found []string
		found, at, err = s.rdb.HScan(ctx, shardKey(c, shard), at, "", scanCount).Result()
		if err != nil {
			return unread, err
		}
		var moves []move
		for i := 0; i+1 < len(found); i += 2 {
			old, name := splitField(found[i])
			pattern, err := s.pattern(c, old)
			switch {
			case err != nil:
				unread++
			case pattern != old:
				moves = append(moves, move{found[i], fieldOf(pattern, name), found[i+1]})
			}
		}
		if err := s.move(ctx, c, moves); err != nil {
			return unread, err
		}
	}
	return unread, nil
}

// move stores entries under their new patterns, then takes them from the old ones.
func (s *Store) move(ctx context.Context, c message.Channel, moves []move) error {
	if len(moves) == 0 {
		return nil
	}
	fresh := make([]*redis.BoolCmd, len(moves))
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, m := range moves {
			fresh[i] = p.HSetNX(ctx, hashKey(c, m.to), m.to, m.value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, m := range moves {
		if fresh[i].Val() || decode(m.to, m.value).Allow {
			continue
		}
		there, err := s.rdb.HGet(ctx, hashKey(c, m.to), m.to).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if errors.Is(err, redis.Nil) || decode(m.to, there).Allow {
			if err := s.rdb.HSet(ctx, hashKey(c, m.to), m.to, m.value).Err(); err != nil {
				return err
			}
		}
	}
	_, err = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range moves {
			p.HDel(ctx, hashKey(c, m.from), m.from)
		}
		return nil
	})
	return err
}
