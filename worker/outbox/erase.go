package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/strictjson"
)

// replaceScript puts an entry in the place of another one, where it still waits.
//
// KEYS: waiting. ARGV: the old entry, the new one. Returns 1, or 0 where the old one was sent meanwhile.
var replaceScript = redis.NewScript(`
local at = redis.call('LPOS', KEYS[1], ARGV[1])
if not at then return 0 end
redis.call('LSET', KEYS[1], at, ARGV[2])
return 1
`)

// Erase empties the texts of waiting events that a function names; of an event about a forward that has one, all texts that
// people wrote. Ids, types and their order stay, so each is still sent once. It returns how many events it changed. One
// that is being sent at this moment may arrive a second time, under its id.
func (s *Store) Erase(ctx context.Context, named func(text string) bool) (int, error) {
	changed := 0
	for on := range shard(shards) {
		streams, err := s.rdb.ZRange(ctx, on.oldestKey(), 0, -1).Result()
		if err != nil {
			return changed, fmt.Errorf("erase in events: %w", err)
		}
		for _, stream := range streams {
			n, err := s.eraseStream(ctx, stream, named)
			changed += n
			if err != nil {
				return changed, fmt.Errorf("erase in events: %w", err)
			}
		}
	}
	return changed, nil
}

// erasePage is how many entries are read at a time.
const erasePage = 500

func (s *Store) eraseStream(ctx context.Context, stream string, named func(string) bool) (changed int, err error) {
	for from := int64(0); ; from += erasePage {
		entries, err := s.rdb.LRange(ctx, waitingKey(stream), from, from+erasePage-1).Result()
		if err != nil {
			return changed, err
		}
		for _, entry := range entries {
			clean, err := eraseEntry(stream, entry, named)
			if err != nil {
				return changed, err
			}
			if clean == "" {
				continue
			}
			n, err := replaceScript.Run(ctx, s.rdb, []string{waitingKey(stream)}, entry, clean).Int()
			if err != nil {
				return changed, err
			}
			changed += n
		}
		if len(entries) < erasePage {
			return changed, s.eraseReason(ctx, stream, named)
		}
	}
}

// eraseReason empties why the last try failed, where it is named.
func (s *Store) eraseReason(ctx context.Context, stream string, named func(string) bool) error {
	reason, err := s.rdb.HGet(ctx, stateKey(stream), "reason").Result()
	if errors.Is(err, redis.Nil) || err == nil && !named(reason) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.rdb.HSet(ctx, stateKey(stream), "reason", "erased").Err()
}

// eraseEntry is an entry without what is named, or "" where nothing is.
func eraseEntry(stream, entry string, named func(string) bool) (string, error) {
	e, err := parse(stream, entry)
	if err != nil {
		return "", err
	}
	clean, n := strictjson.Blank(e.Data, named)
	if n == 0 {
		return "", nil
	}
	if e.Type == TypeForwarded { // who wrote to whom about what
		clean = blankMembers(clean, "from", "to", "subject", "text", "attachments")
	}
	e.Data = clean
	data, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("event %s: %w", e.Type, err)
	}
	return strings.Join([]string{strconv.FormatInt(e.Sequence, 10), strconv.FormatInt(e.Kept.UnixMilli(), 10), string(data)}, " "), nil
}

// blankMembers empties members of an object: a list becomes an empty one, all else an empty text.
func blankMembers(object json.RawMessage, names ...string) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return object // Blank wrote it
	}
	for _, name := range names {
		switch old := members[name]; {
		case old == nil:
		case old[0] == '[':
			members[name] = json.RawMessage(`[]`)
		default:
			members[name] = json.RawMessage(`""`)
		}
	}
	out, _ := json.Marshal(members) // it was JSON: can't fail
	return out
}
