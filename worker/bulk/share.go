package bulk

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// shareOf is how many of a bulk's last messages its share of failures is taken from.
const shareOf = 500

// fieldShare is why a bulk paused by itself: "failed of", the last messages.
const fieldShare = "share"

func outcomesKey(id string) string { return metaKey(id) + ":outcomes" }

// shareScript adds outcomes to the last ones of a bulk, and pauses it if too many of them failed.
//
// KEYS: the bulk's meta hash, list of its last outcomes, "good bad" for each run of a chunk; one hash tag.
// ARGV: good, bad, how many messages are looked at, percent that may fail, life time of the list in seconds.
// Returns the number that failed if it paused the bulk, else 0.
var shareScript = redis.NewScript(`
redis.call('RPUSH', KEYS[2], ARGV[1] .. ' ' .. ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[5])
local runs = redis.call('LRANGE', KEYS[2], 0, -1)
local total, bad, keep = 0, 0, 0
for i = #runs, 1, -1 do
  local g, b = string.match(runs[i], '^(%d+) (%d+)$')
  total, bad, keep = total + g + b, bad + b, keep + 1
  if total >= tonumber(ARGV[3]) then break end
end
redis.call('LTRIM', KEYS[2], -keep, -1)
if total < tonumber(ARGV[3]) or bad * 100 <= tonumber(ARGV[4]) * total then return 0 end
if (redis.call('HGET', KEYS[1], 'control') or '') ~= '' then return 0 end
redis.call('HSET', KEYS[1], 'control', 'paused', 'share', bad .. ' of ' .. total)
redis.call('DEL', KEYS[2])
return bad
`)

// NoteOutcomes adds outcomes to a bulk's last 500. If more of them failed than so many percent, it pauses the bulk and
// reports true. Resuming the bulk begins a new count.
func (s *Store) NoteOutcomes(ctx context.Context, id string, good, bad int, percent float64) (paused bool, err error) {
	if good+bad == 0 {
		return false, nil
	}
	const keep = 24 * time.Hour
	n, err := shareScript.Run(ctx, s.rdb, []string{metaKey(id), outcomesKey(id)}, good, bad, shareOf, percent, int(keep.Seconds())).Int()
	if err != nil {
		return false, fmt.Errorf("note outcomes of bulk %s: %w", id, err)
	}
	return n > 0, nil
}
