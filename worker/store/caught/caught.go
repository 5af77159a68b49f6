// Package caught keeps what tests would have sent, for those who look at it: a list for each owner of tests, the newest
// messages, for a day.
package caught

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/seal"
)

// Retention is how long a message is kept.
const Retention = 24 * time.Hour

// What an owner's list holds at the same time; the oldest go first.
const (
	maxMessages = 1000
	maxBytes    = 32 << 20 // compressed
	maxUnpacked = 32 << 20 // of one message
)

// Message is one that would have been sent.
type Message struct {
	ID          string          `json:"-"`       // in the list: a number
	Message     string          `json:"message"` // the id under which it is stored
	Channel     message.Channel `json:"channel"`
	At          time.Time       `json:"at"`
	From        string          `json:"from,omitempty"`
	To          []string        `json:"to"` // with Cc and Bcc
	Subject     string          `json:"subject,omitempty"`
	Text        string          `json:"text,omitempty"`
	HTML        string          `json:"html,omitempty"`
	Attachments []File          `json:"attachments,omitempty"`
	Source      []byte          `json:"source,omitempty"` // of an email that is not too large
}

// File is an attachment, without its bytes.
type File struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int    `json:"size"`
}

// Store reads and writes lists. It is safe for concurrent use.
type Store struct {
	rdb  redis.UniversalClient
	pack *zstd.Encoder
	open *zstd.Decoder
	now  func() time.Time

	most, bytes int // maxMessages and maxBytes, but for tests
}

// New returns a store on rdb, which stays the caller's to close.
func New(rdb redis.UniversalClient) (*Store, error) {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	open, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		return nil, err
	}
	return &Store{rdb, pack, open, time.Now, maxMessages, maxBytes}, nil
}

// ErrNotFound says that no such message is kept, or no longer.
var ErrNotFound = errors.New("no such caught message")

// keys are those of an owner's list: count and bytes, ids, the size and time of each, messages.
func keys(owner string) []string {
	tag := "herald:{caught:" + owner + "}:"
	return []string{tag + "state", tag + "list", tag + "sizes", tag + "items"}
}

// drop is the part of a script that drops the message of an id.
const drop = `
local function drop(id)
  local size = string.match(redis.call('HGET', KEYS[3], id) or '', '^%d+')
  if size then redis.call('HINCRBY', KEYS[1], 'bytes', -size) end
  redis.call('ZREM', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
  redis.call('HDEL', KEYS[4], id)
end
`

// putScript keeps a message, and drops the oldest ones that are too many, too large together, or too old.
//
// KEYS: see keys; one hash tag. ARGV: now in ms, retention in ms, most messages, most bytes, size, the message.
// Returns its id.
var putScript = redis.NewScript(drop + `
local id = redis.call('HINCRBY', KEYS[1], 'count', 1)
redis.call('HINCRBY', KEYS[1], 'bytes', ARGV[5])
redis.call('ZADD', KEYS[2], id, id)
redis.call('HSET', KEYS[3], id, ARGV[5] .. ' ' .. ARGV[1])
redis.call('HSET', KEYS[4], id, ARGV[6])
while true do
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  local at = tonumber(string.match(redis.call('HGET', KEYS[3], oldest) or '', '%d+$') or 0)
  local over = redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[3]) or tonumber(redis.call('HGET', KEYS[1], 'bytes')) > tonumber(ARGV[4])
  if tonumber(oldest) == id or not over and at >= ARGV[1] - ARGV[2] then break end
  drop(oldest)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
return id
`)

// dropScript drops a message. KEYS: see keys; one hash tag. ARGV: its id.
var dropScript = redis.NewScript(drop + `drop(ARGV[1]) return 1`)

// Put keeps a message in the list of an owner of tests (task.TestOwner).
func (s *Store) Put(ctx context.Context, owner string, m Message) error {
	now := s.now()
	m.At = now.UTC().Truncate(time.Millisecond)
	data, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("keep a test's message: %w", err)
	}
	packed := s.pack.EncodeAll(data, nil)
	args := []any{now.UnixMilli(), Retention.Milliseconds(), s.most, s.bytes, len(packed), seal.Private(packed)}
	if err := putScript.Run(ctx, s.rdb, keys(owner), args...).Err(); err != nil {
		return fmt.Errorf("keep a test's message: %w", err)
	}
	return nil
}

// List returns at most so many messages of an owner of tests (task.TestOwner), the newest first: those before the one with
// the id before, where it is not "". next continues the list; it is "" at the end.
func (s *Store) List(ctx context.Context, owner, before string, most int) (list []Message, next string, err error) {
	k := keys(owner)
	from := "+inf"
	if n, ok := number(before); ok {
		from = "(" + strconv.FormatInt(n, 10)
	}
	page, err := s.rdb.ZRevRangeByScore(ctx, k[1], &redis.ZRangeBy{Min: "-inf", Max: from, Count: int64(most + 1)}).Result()
	if err != nil {
		return nil, "", fmt.Errorf("list what tests would have sent: %w", err)
	}
	if len(page) > most {
		page, next = page[:most], page[most-1]
	}
	if len(page) == 0 {
		return nil, "", nil
	}
	found, err := s.rdb.HMGet(ctx, k[3], page...).Result()
	if err != nil {
		return nil, "", fmt.Errorf("list what tests would have sent: %w", err)
	}
	for i, value := range found {
		data, ok := value.(string)
		if !ok {
			continue // it was dropped at this moment
		}
		m, err := s.read(page[i], data)
		if err != nil {
			return nil, "", err
		}
		if s.now().Sub(m.At) > Retention {
			return list, "", nil // all others are older
		}
		list = append(list, m)
	}
	return list, next, nil
}

// Get returns one message of an owner of tests, or ErrNotFound.
func (s *Store) Get(ctx context.Context, owner, id string) (Message, error) {
	if _, ok := number(id); !ok {
		return Message{}, ErrNotFound
	}
	data, err := s.rdb.HGet(ctx, keys(owner)[3], id).Result()
	if errors.Is(err, redis.Nil) {
		return Message{}, ErrNotFound
	}
	if err != nil {
		return Message{}, fmt.Errorf("read what a test would have sent: %w", err)
	}
	m, err := s.read(id, data)
	if err == nil && s.now().Sub(m.At) > Retention {
		return Message{}, ErrNotFound
	}
	return m, err
}

func (s *Store) read(id, data string) (Message, error) {
	m := Message{ID: id}
	plain, err := s.open.DecodeAll([]byte(data), nil)
	if err == nil {
		err = json.Unmarshal(plain, &m)
	}
	if err != nil {
		return m, fmt.Errorf("read what a test would have sent: %w", err)
	}
	return m, nil
}

// Erase drops the messages in which a function finds somebody, of all owners, and returns how many.
func (s *Store) Erase(ctx context.Context, named func(text string) bool) (dropped int, err error) {
	const begin, end = "herald:{caught:", "}:items"
	err = scan.Keys(ctx, s.rdb, begin+"*"+end, func(key string) error {
		k := keys(strings.TrimSuffix(strings.TrimPrefix(key, begin), end))
		ids, err := s.rdb.HKeys(ctx, key).Result()
		if err != nil {
			return err
		}
		for _, id := range ids {
			data, err := s.rdb.HGet(ctx, key, id).Result()
			if errors.Is(err, redis.Nil) {
				continue
			}
			if err != nil {
				return err
			}
			m, err := s.read(id, data)
			if err == nil && !m.names(named) {
				continue
			}
			if err := dropScript.Run(ctx, s.rdb, k, id).Err(); err != nil {
				return err
			}
			dropped++
		}
		return nil
	})
	if err != nil {
		return dropped, fmt.Errorf("erase in what tests would have sent: %w", err)
	}
	return dropped, nil
}

func (m Message) names(named func(string) bool) bool {
	for _, text := range append([]string{m.From, m.Subject, m.Text, m.HTML, string(m.Source)}, m.To...) {
		if named(text) {
			return true
		}
	}
	return false
}

// number reads an id.
func number(id string) (int64, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return n, err == nil && n > 0
}
