// Package fleet keeps what each living worker can send: every worker writes its own entry, and whoever asks why
// something waits reads them all. Nothing depends on it that must not be lost.
package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
)

// Every is how often a worker writes its entry.
const Every = 5 * time.Second

// Silent is how old an entry is, by Redis's clock, whose worker counts as gone.
const Silent = 3 * Every

// Line is a worker's way to the account of a channel. The zero value can send.
type Line struct {
	Code   string    `json:"code,omitempty"`   // such as "smtp_connect" or NoSender; "": it can send
	Detail string    `json:"detail,omitempty"` // more about it; nothing personal
	Where  string    `json:"where,omitempty"`  // the account: user and host
	Since  time.Time `json:"since,omitzero"`
}

// NoSender is the code of a line that is not configured.
const NoSender = "no_sender"

// Worker is one worker process.
type Worker struct {
	ID    string                   `json:"id"`
	Host  string                   `json:"host"`
	PID   int                      `json:"pid"`
	Lines map[message.Channel]Line `json:"lines"`
	// Epoch is of those who answer for Redis (Identities) when this worker has put back what it knows.
	Epoch string `json:"epoch,omitempty"`
	// Rates are the limits that it was started with: messages a second, by channel or sender.
	Rates map[string]float64 `json:"rates,omitempty"`
	// Settings are fingerprints of the settings that should be the same everywhere, by name.
	Settings map[string]string `json:"settings,omitempty"`
}

// Sends reports whether the worker can send on a channel.
func (w Worker) Sends(c message.Channel) bool {
	line, ok := w.Lines[c]
	return ok && line.Code == ""
}

// Name is the worker for people: its host and process.
func (w Worker) Name() string { return w.Host + ":" + strconv.Itoa(w.PID) }

// Store keeps the entries.
type Store struct{ rdb redis.UniversalClient }

// New returns a store on rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb} }

const (
	workersKey = "herald:{fleet}:workers"
	aliveKey   = "herald:{fleet}:alive" // Redis's time of the last entry that was written, in seconds; "rest" when the last worker stopped and said so; it has no end
)

// writesKey counts how often a worker wrote its entry. On a cluster there are several, so that every master has one.
func writesKey(i int, id string) string {
	if i == 0 {
		return "herald:{fleet}:writes:" + id
	}
	return "herald:{fleet:" + strconv.Itoa(i) + "}:writes:" + id
}

// counters is how many counters a worker of a cluster has: enough to meet every master.
const counters = 64

const (
	forgotten = 5 * time.Minute // age of entries that are removed
	countLife = 24 * time.Hour  // how long the counters of a worker outlive it
)

// putScript writes an entry, and removes those of workers that are long gone. If the last entry in it is old, and this
// worker has just started or knows of later ones, these data are old: it enters safe mode.
//
// KEYS: hash of the entries, time of the last one, safe mode, counter of this worker's writes.
// ARGV: id, entry, age in seconds of what is removed, life of the counter, this worker's writes before, age in seconds from which data
// are old (0: never), code for safe mode.
// The value of an entry is the time of Redis in seconds, a blank, the entry. Returns how often this worker wrote.
var putScript = redis.NewScript(`
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^%d+'))
  if not at or now - at > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
local writes, before = redis.call('INCR', KEYS[4]), tonumber(ARGV[5])
redis.call('EXPIRE', KEYS[4], ARGV[4])
local last, old = tonumber(redis.call('GET', KEYS[2]) or ''), tonumber(ARGV[6])
if last and old > 0 and now - last > old and (before == 0 or writes <= before) then
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[3], 'since', last, 'found', now, 'why', ARGV[7])
end
redis.call('SET', KEYS[2], now)
return writes
`)

// Put writes the entry of a worker, and counts that: writes are the counters as they were after the last Put, nil at the
// first. It returns them as they are now. One that didn't grow says that Redis has lost what was written since. If the last
// entry of any worker is older than old, and this is the first Put or a counter didn't grow, it enters safe mode (see Safe).
func (s *Store) Put(ctx context.Context, w Worker, writes []int64, old time.Duration) ([]int64, error) {
	data, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("tell what this worker can send: %w", err)
	}
	before := int64(0)
	if len(writes) > 0 {
		before = writes[0]
	}
	keys := []string{workersKey, aliveKey, safeKey, writesKey(0, w.ID)}
	first, err := putScript.Run(ctx, s.rdb, keys, w.ID, data, int(forgotten.Seconds()), int(countLife.Seconds()), before, int(old.Seconds()), OldData).Int64()
	if err != nil {
		return nil, fmt.Errorf("tell what this worker can send: %w", err)
	}
	counts := []int64{first}
	if _, cluster := s.rdb.(*redis.ClusterClient); !cluster {
		return counts, nil
	}
	pipe := s.rdb.Pipeline()
	more := make([]*redis.IntCmd, counters)
	for i := 1; i < counters; i++ {
		more[i] = pipe.Incr(ctx, writesKey(i, w.ID))
		pipe.Expire(ctx, writesKey(i, w.ID), countLife)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("tell what this worker can send: %w", err)
	}
	for _, c := range more[1:] {
		counts = append(counts, c.Val())
	}
	return counts, nil
}

// removeScript removes the entry of a worker. The last one leaves the fleet at rest.
//
// KEYS: hash of the entries, time of the last one, counter of this worker's writes. ARGV: id, age in seconds of a worker that is gone.
var removeScript = redis.NewScript(`
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
local now = tonumber(redis.call('TIME')[1])
for _, entry in ipairs(redis.call('HVALS', KEYS[1])) do
  local at = tonumber(string.match(entry, '^%d+'))
  if at and now - at <= tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[2], 'rest')
return 1
`)

// Remove removes the entry of a worker that stops.
func (s *Store) Remove(ctx context.Context, id string) error {
	return removeScript.Run(ctx, s.rdb, []string{workersKey, aliveKey, writesKey(0, id)}, id, int(Silent.Seconds())).Err()
}

// Workers returns the living workers, sorted by name. An entry that can't be read is that of a newer version, and left
// out.
func (s *Store) Workers(ctx context.Context) ([]Worker, error) {
	pipe := s.rdb.Pipeline()
	clock, entries := pipe.Time(ctx), pipe.HGetAll(ctx, workersKey)
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("ask which workers live: %w", err)
	}
	var all []Worker
	for _, entry := range entries.Val() {
		at, data, _ := strings.Cut(entry, " ")
		second, err := strconv.ParseInt(at, 10, 64)
		var w Worker
		if err != nil || clock.Val().Sub(time.Unix(second, 0)) > Silent || json.Unmarshal([]byte(data), &w) != nil {
			continue
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Worker) int { return strings.Compare(a.Name()+a.ID, b.Name()+b.ID) })
	return all, nil
}

// Nobody is why no worker can send on a channel.
type Nobody struct {
	Code string // NoWorker, NoSender or what the first worker's line says
	Text string
}

// NoWorker is the code where no worker runs.
const NoWorker = "no_worker"

// WhyNobody says why no worker can send on a channel, or nil if one can.
func WhyNobody(workers []Worker, c message.Channel) *Nobody {
	if len(workers) == 0 {
		return &Nobody{NoWorker, "no worker runs: start `herald worker`"}
	}
	var first *Nobody
	missing := &Nobody{NoSender, "no worker has a sender for " + string(c)}
	for _, w := range workers {
		line, known := w.Lines[c]
		switch {
		case known && line.Code == "":
			return nil
		case !known:
		case line.Code == NoSender:
			missing.Text = "no worker has a sender for " + string(c) + ": " + line.Detail
		case first == nil:
			first = &Nobody{line.Code, "no worker can send " + string(c) + " now. " + w.Name() + line.words()}
		}
	}
	if first == nil {
		return missing
	}
	return first
}

// words says what is wrong with a line.
func (l Line) words() string {
	text := ": " + l.Code
	if l.Where != "" {
		text = " by " + l.Where + text
	}
	if l.Detail != "" && l.Detail != l.Code {
		text += " (" + l.Detail + ")"
	}
	return text
}

// Trouble is a worker that can't send on a channel.
type Trouble struct {
	Worker  string          `json:"worker"` // host and process
	Channel message.Channel `json:"channel"`
	Account string          `json:"account,omitempty"`
	Code    string          `json:"code"`
	Detail  string          `json:"detail,omitempty"`
	Since   time.Time       `json:"since,omitzero"`
}

// Troubles are those of workers on some channels. A worker that has no sender for a channel is one only if no other worker
// sends on it.
func Troubles(workers []Worker, channels []message.Channel) []Trouble {
	var all []Trouble
	for _, c := range channels {
		somebody := slices.ContainsFunc(workers, func(w Worker) bool { return w.Sends(c) })
		for _, w := range workers {
			line, known := w.Lines[c]
			if !known || line.Code == "" || line.Code == NoSender && somebody {
				continue
			}
			all = append(all, Trouble{w.Name(), c, line.Where, line.Code, line.Detail, line.Since})
		}
	}
	return all
}
