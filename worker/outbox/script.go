package outbox

import (
	"context"
	"hash/fnv"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// shards is the number of hash tags that streams are spread over. The data depends on it.
const shards = 16

// A shard's tag and the keys below it.
type shard int

func shardOf(stream string) shard {
	h := fnv.New32a()
	_, _ = h.Write([]byte(stream))
	return shard(h.Sum32() % shards)
}

func (s shard) key(name string) string { return "herald:{events:" + strconv.Itoa(int(s)) + "}:" + name }

// oldestKey holds the streams with waiting events, scored by the time when their first one was stored.
func (s shard) oldestKey() string { return s.key("oldest") }

// watchKey holds the same streams, scored by the time by which their task must have run.
func (s shard) watchKey() string { return s.key("watch") }

// stateKey is a hash: last (the last sequence number) and, while events wait, run (the run in charge), tries (at the
// first waiting event) and reason (why the last of them failed).
func stateKey(stream string) string { return shardOf(stream).key("state:" + stream) }

// waitingKey is the list of waiting events.
func waitingKey(stream string) string { return shardOf(stream).key("waiting:" + stream) }

// seenKey is the set of the fingerprints of all events that were appended, one for each group.
func seenKey(stream, group string) string { return shardOf(stream).key("seen:" + group + ":" + stream) }

// appendScript appends events of one shard's streams, each once, and puts a run in charge of streams that were empty.
//
// KEYS[1] oldest, KEYS[2] watch; then for each event its stream's state, waiting list and seen set; one hash tag.
// ARGV[1] now in ms, ARGV[2] when a new run's task must have shown itself, in ms; then for each event: stream, its
// retention in s, fingerprint ("" to append whatever was seen), sequence ("" for the next), the number before that of the
// stream's first event, the event as JSON.
// Returns for each event the run whose task is to be enqueued: the new one, or for an event that was there already the
// one in charge (its enqueuer may have died), else 0.
var appendScript = redis.NewScript(`
local runs, touched, key = {}, {}, 3
for i = 3, #ARGV, 6 do
  local state, waiting, seen = KEYS[key], KEYS[key + 1], KEYS[key + 2]
  key = key + 3
  local run = redis.call('HGET', state, 'run')
  local fresh = ARGV[i + 2] == '' or redis.call('SADD', seen, ARGV[i + 2]) == 1
  local ask = 0
  if fresh then
    local number = ARGV[i + 3]
    if number == '' then
      if ARGV[i + 4] ~= '0' then redis.call('HSETNX', state, 'last', ARGV[i + 4]) end
      number = redis.call('HINCRBY', state, 'last', 1)
    end
    redis.call('RPUSH', waiting, string.format('%.0f', number) .. ' ' .. ARGV[1] .. ' ' .. ARGV[i + 5])
    if not run then
      ask = redis.call('HINCRBY', state, 'runs', 1)
      redis.call('HSET', state, 'run', ask)
      redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i])
      redis.call('ZADD', KEYS[2], ARGV[2], ARGV[i])
    end
    touched[state], touched[waiting], touched[seen] = ARGV[i + 1], ARGV[i + 1], ARGV[i + 1]
  elseif run then
    ask = tonumber(run)
  end
  runs[#runs + 1] = ask
end
for name, retention in pairs(touched) do redis.call('EXPIRE', name, retention) end
return runs
`)

// turnScript takes what was told or given up out of a stream and returns what is next. When nothing is, the run is over.
//
// KEYS: state, waiting, oldest, watch; one hash tag. ARGV[1] stream, ARGV[2] run, ARGV[3] how many at most, ARGV[4] when
// the task must have shown itself again, in ms; then the numbers of the entries to take out, which are the first ones.
// Returns tries and reason of the first, then the entries; nothing when the run is not in charge, or over.
var turnScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[2] then return {} end
local gone = {}
for i = 5, #ARGV do gone[ARGV[i]] = true end
for _, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, #ARGV - 5)) do
  if gone[string.match(entry, '^%d+')] then redis.call('LREM', KEYS[2], 1, entry) end
end
if #ARGV > 4 then redis.call('HDEL', KEYS[1], 'tries', 'reason') end
local entries = redis.call('LRANGE', KEYS[2], 0, ARGV[3] - 1)
if #entries == 0 then
  redis.call('HDEL', KEYS[1], 'run', 'tries', 'reason')
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  return {}
end
redis.call('ZADD', KEYS[3], string.match(entries[1], '^%d+ (%d+) ') or 0, ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
table.insert(entries, 1, redis.call('HGET', KEYS[1], 'reason') or '')
table.insert(entries, 1, redis.call('HGET', KEYS[1], 'tries') or '0')
return entries
`)

// againScript counts a try that failed.
//
// KEYS: state, watch; one hash tag. ARGV: stream, run, reason, when the task must have shown itself again, in ms.
// Returns 1, or 0 when the run is not in charge.
var againScript = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[2] then return 0 end
redis.call('HINCRBY', KEYS[1], 'tries', 1)
redis.call('HSET', KEYS[1], 'reason', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
return 1
`)

// neglectedScript finds streams whose task has not shown itself in time, and gives each until later.
//
// KEYS: watch. ARGV: now in ms, until when in ms, how many at most. Returns the streams.
var neglectedScript = redis.NewScript(`
local streams = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, stream in ipairs(streams) do redis.call('ZADD', KEYS[1], ARGV[2], stream) end
return streams
`)

// load puts the scripts on every server that may be asked, so that pipelines can name them by their hash.
func load(ctx context.Context, rdb redis.UniversalClient) error {
	on := func(ctx context.Context, node redis.Scripter) error {
		for _, script := range []*redis.Script{appendScript} {
			if err := script.Load(ctx, node).Err(); err != nil {
				return err
			}
		}
		return nil
	}
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return on(ctx, node) })
	}
	return on(ctx, rdb)
}
