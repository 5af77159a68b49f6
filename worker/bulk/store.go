package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/heraldsend/herald/worker/ledger"
)

// ChunkSize is the number of recipients of a full chunk.
const ChunkSize = 200

// Retention is how long a bulk is kept after it was stored.
const Retention = 30 * 24 * time.Hour

// ErrNotFound says that no bulk of that id is stored, or no longer.
var ErrNotFound = errors.New("bulk not found")

// Store reads and writes bulks. It is safe for concurrent use.
type Store struct {
	rdb    redis.UniversalClient
	ledger *ledger.Ledger
}

// NewStore returns a store. Both stay the caller's to close.
func NewStore(rdb redis.UniversalClient, l *ledger.Ledger) *Store { return &Store{rdb: rdb, ledger: l} }

func metaKey(id string) string { return "herald:bulk:{" + id + "}" }

// chunkKey shares its hash tag with the chunk's books.
func chunkKey(id string, chunk int) string {
	return "herald:{" + id + ":" + strconv.Itoa(chunk%ledger.Shards) + "}:recipients:" + strconv.Itoa(chunk)
}

// The fields of a bulk's meta hash.
const (
	fieldDefinition = "definition" // JSON
	fieldPlanned    = "planned"    // recipients; written when all chunks are stored
	fieldChunks     = "chunks"     // written with it
	fieldStarted    = "started"    // Unix milliseconds; written when the chunks are being enqueued
	fieldSources    = "sources"    // hash of the pinned template sources, where the definition names none
	fieldControl    = "control"    // paused or cancelled
	fieldRound      = "round"      // starts so far
	fieldRate       = "rate"       // messages a second, where limited
)

// Control is what an operator asked of a bulk.
type Control string

// The controls; none is a bulk that goes on.
const (
	GoOn      Control = ""
	Paused    Control = "paused"    // nothing further goes out until it is resumed
	Cancelled Control = "cancelled" // whoever is pending is skipped
)

// Create stores a new bulk's definition. It is an error if the id is taken.
func (s *Store) Create(ctx context.Context, d Definition) error {
	if err := d.Validate(); err != nil {
		return err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode bulk: %w", err)
	}
	fresh, err := s.rdb.HSetNX(ctx, metaKey(d.ID), fieldDefinition, data).Result()
	if err != nil {
		return fmt.Errorf("store bulk %s: %w", d.ID, err)
	}
	if !fresh {
		return fmt.Errorf("bulk %s exists already: choose another id", d.ID)
	}
	pipe := s.rdb.Pipeline()
	pipe.Expire(ctx, metaKey(d.ID), Retention)
	pipe.ZAdd(ctx, listKey, redis.Z{Score: float64(d.CreatedAt.UnixMilli()), Member: d.ID})
	pipe.ZRemRangeByScore(ctx, listKey, "-inf", strconv.FormatInt(d.CreatedAt.Add(-Retention).UnixMilli(), 10))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("store bulk %s: %w", d.ID, err)
	}
	return nil
}

// Packed is one chunk as ChunkWriter hands it over.
type Packed struct {
	Data       []byte
	Recipients int
}

// PutChunks stores chunks of recipients, numbered from first, and opens their books, in one round trip.
func (s *Store) PutChunks(ctx context.Context, id string, first int, chunks []Packed) error {
	pipe := s.rdb.Pipeline()
	for i, c := range chunks {
		pipe.Set(ctx, chunkKey(id, first+i), c.Data, Retention)
		s.ledger.OpenIn(ctx, pipe, ledger.Chunk{Owner: id, Index: first + i}, c.Recipients)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("store chunks of bulk %s: %w", id, err)
	}
	return nil
}

// listKey holds the ids of all bulks, scored by when they were created.
const listKey = "herald:bulks"

// List returns the ids of the newest bulks that are still kept, newest first.
func (s *Store) List(ctx context.Context, most int) ([]string, error) {
	ids, err := s.rdb.ZRevRangeByScore(ctx, listKey, &redis.ZRangeBy{
		Min: strconv.FormatInt(time.Now().Add(-Retention).UnixMilli(), 10), Max: "+inf", Count: int64(most),
	}).Result()
	if err != nil {
		return nil, fmt.Errorf("list bulks: %w", err)
	}
	return ids, nil
}

// Seal records that the audience is complete: planned recipients in so many chunks.
func (s *Store) Seal(ctx context.Context, id string, planned, chunks int) error {
	if err := s.rdb.HSet(ctx, metaKey(id), fieldPlanned, planned, fieldChunks, chunks).Err(); err != nil {
		return fmt.Errorf("seal bulk %s: %w", id, err)
	}
	return nil
}

// runningKey holds the ids of the bulks that were started and not yet seen completed.
const runningKey = "herald:bulks:running"

// MarkStarted records that the bulk's chunks are being enqueued. Called again it changes nothing.
func (s *Store) MarkStarted(ctx context.Context, id string, at time.Time) error {
	if err := s.rdb.SAdd(ctx, runningKey, id).Err(); err != nil {
		return fmt.Errorf("start bulk %s: %w", id, err)
	}
	if err := s.rdb.HSetNX(ctx, metaKey(id), fieldStarted, at.UnixMilli()).Err(); err != nil {
		return fmt.Errorf("start bulk %s: %w", id, err)
	}
	return nil
}

// Running returns the ids of the bulks that were started and not yet marked as finished.
func (s *Store) Running(ctx context.Context) ([]string, error) {
	ids, err := s.rdb.SMembers(ctx, runningKey).Result()
	if err != nil {
		return nil, fmt.Errorf("list the running bulks: %w", err)
	}
	return ids, nil
}

// Finished takes a bulk off the list of running ones.
func (s *Store) Finished(ctx context.Context, id string) error {
	if err := s.rdb.SRem(ctx, runningKey, id).Err(); err != nil {
		return fmt.Errorf("finish bulk %s: %w", id, err)
	}
	return nil
}

// Pin records the template sources that the whole bulk uses and returns those in force: the first ones pinned.
func (s *Store) Pin(ctx context.Context, id, sources string) (string, error) {
	if err := s.rdb.HSetNX(ctx, metaKey(id), fieldSources, sources).Err(); err != nil {
		return "", fmt.Errorf("pin the sources of bulk %s: %w", id, err)
	}
	pinned, err := s.rdb.HGet(ctx, metaKey(id), fieldSources).Result()
	if err != nil {
		return "", fmt.Errorf("pin the sources of bulk %s: %w", id, err)
	}
	return pinned, nil
}

// Wish is what operators ask of a bulk while it runs.
type Wish struct {
	Control Control
	// Rate is how many messages a second all workers together may start; 0 is no limit.
	Rate float64
}

// Wish reads what is asked of a bulk now.
func (s *Store) Wish(ctx context.Context, id string) (Wish, error) {
	fields, err := s.rdb.HMGet(ctx, metaKey(id), fieldControl, fieldRate).Result()
	if err != nil {
		return Wish{}, fmt.Errorf("read bulk %s: %w", id, err)
	}
	var w Wish
	if text, ok := fields[0].(string); ok {
		w.Control = Control(text)
	}
	if text, ok := fields[1].(string); ok {
		if w.Rate, err = strconv.ParseFloat(text, 64); err != nil {
			return Wish{}, fmt.Errorf("read bulk %s: rate: %w", id, err)
		}
	}
	return w, nil
}

// SetRate changes how many messages a second all workers together may start for a stored bulk; 0 is no limit.
func (s *Store) SetRate(ctx context.Context, id string, perSecond float64) error {
	if !(perSecond >= 0) || math.IsInf(perSecond, 1) {
		return fmt.Errorf("rate: %v is not a number of messages a second", perSecond)
	}
	if _, err := s.Bulk(ctx, id); err != nil {
		return err
	}
	if err := s.rdb.HSet(ctx, metaKey(id), fieldRate, perSecond).Err(); err != nil {
		return fmt.Errorf("set the rate of bulk %s: %w", id, err)
	}
	return nil
}

// SetControl asks something of a stored bulk, or returns ErrNotFound. A cancelled bulk stays cancelled.
func (s *Store) SetControl(ctx context.Context, id string, c Control) error {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return err
	}
	if b.Control == Cancelled && c != Cancelled {
		return fmt.Errorf("bulk %s was cancelled; send to those left out with a new bulk", id)
	}
	if err := s.rdb.HSet(ctx, metaKey(id), fieldControl, string(c)).Err(); err != nil {
		return fmt.Errorf("control bulk %s: %w", id, err)
	}
	return nil
}

// NextRound counts one more start of a bulk and returns its number.
func (s *Store) NextRound(ctx context.Context, id string) (int, error) {
	n, err := s.rdb.HIncrBy(ctx, metaKey(id), fieldRound, 1).Result()
	if err != nil {
		return 0, fmt.Errorf("start bulk %s: %w", id, err)
	}
	return int(n), nil
}

// Reopen makes every recipient pending again that is in a state from: failed, skipped, suppressed or unknown. It
// returns how many. The bulk must be started again for them to be sent to.
func (s *Store) Reopen(ctx context.Context, id string, from ledger.State) (int, error) {
	return s.settle(ctx, id, from, func(ctx context.Context, c ledger.Chunk, slot int) (bool, error) {
		return s.ledger.Reopen(ctx, c, slot, from)
	})
}

// Accept records every recipient in state unknown as sent: somebody found out that it arrived. It returns how many.
func (s *Store) Accept(ctx context.Context, id string) (int, error) {
	return s.settle(ctx, id, ledger.Unknown, func(ctx context.Context, c ledger.Chunk, slot int) (bool, error) {
		return true, s.ledger.Mark(ctx, c, slot, ledger.Sent, ledger.Reason{})
	})
}

// settle calls do for every recipient in state from, a chunk's at the same time, and counts those for whom it did
// something.
func (s *Store) settle(ctx context.Context, id string, from ledger.State, do func(context.Context, ledger.Chunk, int) (bool, error)) (int, error) {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return 0, err
	}
	total := 0
	for chunk := range b.Chunks {
		c := ledger.Chunk{Owner: id, Index: chunk}
		records, err := s.ledger.Chunk(ctx, c)
		if err != nil {
			return total, err
		}
		var (
			group errgroup.Group
			done  atomic.Int64
		)
		for slot, r := range records {
			if r.State != from {
				continue
			}
			group.Go(func() error {
				ok, err := do(ctx, c, slot)
				if ok && err == nil {
					done.Add(1)
				}
				return err
			})
		}
		err = group.Wait()
		total += int(done.Load())
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// Bulk is one bulk as stored.
type Bulk struct {
	Definition
	Planned int // 0 until the audience is complete
	Chunks  int
	Started time.Time // zero until its chunks were enqueued
	Control Control
}

// Bulk reads a bulk, or returns ErrNotFound. Its Sources are the pinned ones.
func (s *Store) Bulk(ctx context.Context, id string) (Bulk, error) {
	fields, err := s.rdb.HGetAll(ctx, metaKey(id)).Result()
	if err != nil {
		return Bulk{}, fmt.Errorf("read bulk %s: %w", id, err)
	}
	if fields[fieldDefinition] == "" {
		return Bulk{}, fmt.Errorf("bulk %.100s: %w", id, ErrNotFound)
	}
	var b Bulk
	if err := json.Unmarshal([]byte(fields[fieldDefinition]), &b.Definition); err != nil {
		return Bulk{}, fmt.Errorf("read bulk %s: %w", id, err)
	}
	if b.Sources == "" {
		b.Sources = fields[fieldSources]
	}
	b.Control = Control(fields[fieldControl])
	numbers := map[string]int64{fieldPlanned: 0, fieldChunks: 0, fieldStarted: 0}
	for name := range numbers {
		if fields[name] == "" {
			continue
		}
		if numbers[name], err = strconv.ParseInt(fields[name], 10, 64); err != nil {
			return Bulk{}, fmt.Errorf("read bulk %s: %s: %w", id, name, err)
		}
	}
	b.Planned, b.Chunks = int(numbers[fieldPlanned]), int(numbers[fieldChunks])
	if ms := numbers[fieldStarted]; ms != 0 {
		b.Started = time.UnixMilli(ms).UTC()
	}
	return b, nil
}

// Recipients reads one chunk, in order, or returns ErrNotFound.
func (s *Store) Recipients(ctx context.Context, id string, chunk int) ([]Recipient, error) {
	data, err := s.rdb.Get(ctx, chunkKey(id, chunk)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("chunk %d of bulk %s: %w", chunk, id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of bulk %s: %w", chunk, id, err)
	}
	recipients, err := DecodeChunk(data)
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of bulk %s: %w", chunk, id, err)
	}
	return recipients, nil
}
