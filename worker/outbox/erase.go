package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/strictjson"
)

// replaceScript puts an entry in the place of the one with the same number, where it still waits.
//
// KEYS: waiting. ARGV: where the old entry stood when it was read (it may be nearer to the front now), its number, the new
// entry. Returns 1, or 0 where the old one was sent meanwhile.
var replaceScript = redis.NewScript(`
for at = tonumber(ARGV[1]), 0, -1 do
  local entry = redis.call('LINDEX', KEYS[1], at)
  if entry and string.match(entry, '^%d+') == ARGV[2] then
    redis.call('LSET', KEYS[1], at, ARGV[3])
    return 1
  end
end
return 0
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
		for i, entry := range entries {
			e, data, err := eraseEntry(stream, entry, named)
			if err != nil {
				return changed, err
			}
			if data == nil {
				continue
			}
			clear := fmt.Sprintf("%d %d ", e.Sequence, e.Kept.UnixMilli())
			n, err := replaceScript.Run(ctx, s.rdb, []string{waitingKey(stream)}, from+int64(i), e.Sequence, seal.Behind{Clear: clear, Private: data}).Int()
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

// eraseEntry is the event of an entry, and its JSON without what is named; nil where nothing is.
func eraseEntry(stream, entry string, named func(string) bool) (Event, []byte, error) {
	e, err := parse(stream, entry)
	if err != nil {
		return e, nil, err
	}
	clean, n := strictjson.Blank(e.Data, named)
	if n == 0 {
		return e, nil, nil
	}
	if e.Type == TypeForwarded { // who wrote to whom about what
		clean = blankMembers(clean, "from", "to", "subject", "text", "attachments")
	}
	e.Data = clean
	data, err := json.Marshal(e)
	if err != nil {
		return e, nil, fmt.Errorf("event %s: %w", e.Type, err)
	}
	return e, data, nil
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
