package bulk

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/fingerprint"
)

// The reasons not to store an audience.
var (
	ErrLoading      = errors.New("its audience is being stored by somebody else")
	ErrNoRecipients = errors.New("audience: no recipients")
	ErrSealed       = errors.New("its audience is complete, and can't be changed any more")
)

// loadLease is how long the storing of an audience may pause before another process may begin anew.
const loadLease = 30 * time.Second

func loadKey(id string) string { return "herald:bulk:{" + id + "}:loading" }
func dueKey(id string) string  { return "herald:bulk:{" + id + "}:due" }

// extendScript keeps a lease.
//
// KEYS[1] lease   ARGV[1] token, ARGV[2] milliseconds
// Returns 1, or 0 where it is not ours any more.
var extendScript = redis.NewScript(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])`)

// Load stores one audience. It is not safe for concurrent use.
type Load struct {
	store *Store
	bulk  Bulk
	token string
	sizes []int // recipients of each chunk
	all   int   // recipients
	stop  func()
}

// Load begins to store the audience of a bulk, which must have none: ErrSealed, ErrLoading, ErrNotFound. It
// overwrites what an unfinished load left. End it with Close.
func (s *Store) Load(ctx context.Context, id string) (*Load, error) {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return nil, err
	}
	l := &Load{store: s, bulk: b, token: uuid.NewString()}
	ours, err := s.rdb.SetNX(ctx, loadKey(id), l.token, loadLease).Result()
	if err != nil {
		return nil, fmt.Errorf("bulk %s: %w", id, err)
	}
	if !ours {
		return nil, fmt.Errorf("bulk %s: %w", id, ErrLoading)
	}
	// It is read again: another process may have finished in between.
	if l.bulk, err = s.Bulk(ctx, id); err == nil && l.bulk.Chunks > 0 {
		err = fmt.Errorf("bulk %s: %w", id, ErrSealed)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close(ctx))
	}
	l.keep(ctx)
	return l, nil
}

// keep holds the lease until Close, even if the audience comes in slowly. Put and Seal notice if the lease was lost
// all the same.
func (l *Load) keep(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	l.stop = func() { cancel(); <-done }
	go func() {
		defer close(done)
		tick := time.NewTicker(loadLease / 6)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = l.extend(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// Definition is that of the bulk.
func (l *Load) Definition() Definition { return l.bulk.Definition }

// Recipients is how many were stored so far.
func (l *Load) Recipients() int { return l.all }

// Packed is one chunk as ChunkWriter hands it over.
type Packed struct {
	Data       []byte
	Recipients int
	Filter     fingerprint.Filter // of the addresses
	Due        time.Time          // when its messages are due; zero for at once
}

// Put stores further chunks and creates their records, in one round trip.
func (l *Load) Put(ctx context.Context, chunks []Packed) error {
	if err := l.extend(ctx); err != nil {
		return err
	}
	id, first := l.bulk.ID, len(l.sizes)
	keep := l.store.keep(l.bulk.Definition)
	pipe := l.store.rdb.Pipeline()
	for i, c := range chunks {
		books := l.bulk.Owner().Chunk(first + i)
		pipe.Set(ctx, recipientsKey(books), seal.Private(c.Data), keep)
		putFilter(ctx, pipe, id, first+i, c.Filter, keep)
		l.store.ledger.OpenIn(ctx, pipe, books, c.Recipients*l.bulk.Slots(), keep-l.store.ledger.Retention())
		if !c.Due.IsZero() {
			pipe.HSet(ctx, dueKey(id), first+i, c.Due.Unix())
		}
		l.sizes = append(l.sizes, c.Recipients)
		l.all += c.Recipients
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("store chunks of bulk %s: %w", id, err)
	}
	return nil
}

func (l *Load) extend(ctx context.Context) error {
	ours, err := extendScript.Run(ctx, l.store.rdb, []string{loadKey(l.bulk.ID)}, l.token, loadLease.Milliseconds()).Bool()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("bulk %s: %w", l.bulk.ID, err)
	}
	if !ours {
		return fmt.Errorf("bulk %s: Redis was away for too long: %w", l.bulk.ID, ErrLoading)
	}
	return nil
}

// Seal records that the audience is complete, and the hash of its plan if there is one.
func (l *Load) Seal(ctx context.Context, plan string) error {
	if l.all == 0 {
		return ErrNoRecipients
	}
	if err := l.extend(ctx); err != nil {
		return err
	}
	id := l.bulk.ID
	fields := []any{fieldPlanned, l.all * l.bulk.Slots(), fieldChunks, len(l.sizes), fieldCanary, l.canaryChunks()}
	if plan != "" {
		fields = append(fields, fieldPlan, plan)
	}
	pipe := l.store.rdb.TxPipeline() // one slot
	pipe.HSet(ctx, metaKey(id), fields...)
	pipe.Expire(ctx, dueKey(id), l.store.keep(l.bulk.Definition))
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("seal bulk %s: %w", id, err)
	}
	return nil
}

// canaryChunks is how many chunks hold the canary's share of the audience.
func (l *Load) canaryChunks() int {
	if l.bulk.Canary == nil {
		return 0
	}
	want := int(math.Ceil(float64(l.all) * l.bulk.Canary.Percent / 100))
	n := 0
	for ; want > 0; n++ {
		want -= l.sizes[n]
	}
	return n
}

// Close ends the lease. It does nothing if the lease was lost.
func (l *Load) Close(ctx context.Context) error {
	if l.stop != nil {
		l.stop()
	}
	ctx = context.WithoutCancel(ctx)
	err := extendScript.Run(ctx, l.store.rdb, []string{loadKey(l.bulk.ID)}, l.token, 0).Err() // deletes it
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("bulk %s: %w", l.bulk.ID, err)
	}
	return nil
}

// Dues reads when the chunks of a bulk are due, for those that have a time of their own.
func (s *Store) Dues(ctx context.Context, id string) (map[int]time.Time, error) {
	fields, err := s.rdb.HGetAll(ctx, dueKey(id)).Result()
	if err != nil {
		return nil, fmt.Errorf("read the times of bulk %s: %w", id, err)
	}
	dues := make(map[int]time.Time, len(fields))
	for chunk, text := range fields {
		n, err := strconv.Atoi(chunk)
		if err != nil {
			return nil, fmt.Errorf("read the times of bulk %s: %w", id, err)
		}
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read the times of bulk %s: %w", id, err)
		}
		dues[n] = time.Unix(seconds, 0).UTC()
	}
	return dues, nil
}
