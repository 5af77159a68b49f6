package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/store/fingerprint"
)

// Shards is the number of hash tags that the chunks of one bulk are spread over.
const Shards = 16

// slotBytes is the size of one recipient's record in a chunk's string: the state's letter and the time that it
// was reached, in Unix seconds, big endian.
const slotBytes = 5

// ErrNotFound says that there is no such chunk: it was never written, or its retention is over.
var ErrNotFound = errors.New("not in the ledger")

// ErrForeign marks what was not written by Herald, or not as this version reads it: asking again gives the same.
var ErrForeign = errors.New("its data in Redis can't be read")

// Ledger reads and writes records. It is safe for concurrent use.
type Ledger struct {
	rdb       redis.UniversalClient
	retention time.Duration
	replicas  int
	now       func() time.Time
	log       *slog.Logger
	pending   chan *mark
	entries   chan *entry // for the index
	stop      chan struct{}
	done      sync.WaitGroup
	keys      *fingerprint.Keys
	forgets   bool
	watch     atomic.Pointer[func(Batch)]
	memory    memory

	// The writer's own.
	loaded  bool // markScript is on the server
	failing bool // the last pipeline was refused
}

// DefaultRetention is how long records are kept by default.
const DefaultRetention = 30 * 24 * time.Hour

// Options for New.
type Options struct {
	Redis redis.UniversalClient // required; stays the caller's to close
	Log   *slog.Logger          // required
	// Retention is how long records are kept after they were created, or after their messages are due.
	// DefaultRetention when zero.
	Retention time.Duration
	// Replicas is how many replicas of Redis must have a claim or an outcome before it counts. Sending waits meanwhile.
	Replicas int
	Now      func() time.Time // time.Now when nil
	// ForgetContents: Conclude keeps nothing of which a message could be made again.
	ForgetContents bool
}

// New returns a ledger and starts its writer. Close stops it.
func New(o Options) (*Ledger, error) {
	if o.Redis == nil || o.Log == nil {
		return nil, errors.New("ledger: Redis and Log are required")
	}
	if o.Retention <= 0 {
		o.Retention = DefaultRetention
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Ledger{
		rdb: o.Redis, keys: fingerprint.New(o.Redis), forgets: o.ForgetContents, retention: o.Retention, replicas: o.Replicas, now: o.Now, log: o.Log,
		pending: make(chan *mark, 1024), entries: make(chan *entry, maxEntries), stop: make(chan struct{}),
	}
	l.done.Go(l.write)
	l.done.Go(l.writeIndex)
	return l, nil
}

// Fingerprints are the keys of those that are stored beside records.
func (l *Ledger) Fingerprints() *fingerprint.Keys { return l.keys }

// Retention is how long records are kept.
func (l *Ledger) Retention() time.Duration { return l.retention }

// Close stores all waiting marks, then stops the writer. Mark must not be called after it.
func (l *Ledger) Close() error {
	close(l.stop)
	l.done.Wait()
	return nil
}

// Open creates a chunk of n pending records. A chunk that exists stays as it is.
func (l *Ledger) Open(ctx context.Context, c Chunk, n int) error {
	if err := l.rdb.SetNX(ctx, c.statesKey(), make([]byte, n*slotBytes), l.retention).Err(); err != nil {
		return fmt.Errorf("open chunk %d: %w", c.Index, err)
	}
	return nil
}

// OpenIn adds a command to a pipeline that creates a chunk of n pending records, whatever was there, and keeps them
// so much longer than usual. Use it for a chunk from which nobody sends yet.
func (l *Ledger) OpenIn(ctx context.Context, pipe redis.Cmdable, c Chunk, n int, longer time.Duration) {
	pipe.Set(ctx, c.statesKey(), make([]byte, n*slotBytes), l.retention+longer)
}

// Claim claims a record before its message is sent, under "hold". It reports false if the record was not pending:
// another run claimed it, or its outcome is known. If the answer to a claim is lost, the claim counts as that of
// another run, and the message ends as unknown. "Hold" errs on that side.
func (l *Ledger) Claim(ctx context.Context, c Chunk, index int) (bool, error) {
	return l.mark(ctx, c, index, Record{State: Claimed}, letters(Pending))
}

// Release gives back a claim if it is certain that the message was not sent, so that it can be attempted again. It
// does nothing to a record that is not claimed.
func (l *Ledger) Release(ctx context.Context, c Chunk, index int) error {
	_, err := l.mark(ctx, c, index, Record{State: Pending}, letters(Claimed))
	return err
}

// Withdraw skips a pending record, and reports false for any other: a message that is being sent is not stopped. Of a
// claim and a withdrawal at the same time only one succeeds.
func (l *Ledger) Withdraw(ctx context.Context, c Chunk, index int, r Reason) (bool, error) {
	return l.mark(ctx, c, index, Record{State: Skipped, Reason: r}, letters(Pending))
}

// Reopen makes a record pending again that is in state from: failed, suppressed, skipped or unknown. It reports false
// if the record is not in that state.
func (l *Ledger) Reopen(ctx context.Context, c Chunk, index int, from State) (bool, error) {
	if !from.Final() || from == Sent {
		return false, fmt.Errorf("reopen: a recipient that is %s stays so", from)
	}
	return l.mark(ctx, c, index, Record{State: Pending}, letters(from))
}

// Doubt makes a pending message unknown: Redis may have forgotten that it went out. It reports false for any other message.
func (l *Ledger) Doubt(ctx context.Context, c Chunk, index int, r Reason) (bool, error) {
	return l.post(ctx, &mark{chunk: c, index: index, record: Record{State: Unknown, Reason: r}, from: letters(Pending), common: c.counted()}).wait()
}

// Settle records what a person found out about a message in state unknown: s is sent, failed or, to send it again,
// pending. It reports false for any other message.
func (l *Ledger) Settle(ctx context.Context, c Chunk, index int, s State, r Reason) (bool, error) {
	if s != Sent && s != Failed && s != Pending {
		return false, fmt.Errorf("settle: nobody finds out that a message is %s", s)
	}
	return l.mark(ctx, c, index, Record{State: s, Reason: r}, letters(Unknown))
}

// Mark records an outcome and returns when it is stored. A record that is sent stays sent: that is no error.
func (l *Ledger) Mark(ctx context.Context, c Chunk, index int, s State, r Reason) error {
	if !s.Final() {
		return fmt.Errorf("mark: %s is no outcome", s)
	}
	return l.Post(ctx, c, index, s, r).Wait()
}

// Post is Mark without waiting: the caller goes on and asks the commit later. s is an outcome. A crash may forget the
// mark until the commit was waited for.
func (l *Ledger) Post(ctx context.Context, c Chunk, index int, s State, r Reason) *Commit {
	return l.post(ctx, &mark{chunk: c, index: index, record: Record{State: s, Reason: r}, from: notSent})
}

// PostSent is Post for a message that was sent, with what is kept of it to prove its content: see CheckProof.
func (l *Ledger) PostSent(ctx context.Context, c Chunk, index int, p Proof) *Commit {
	return l.post(ctx, &mark{chunk: c, index: index, record: Record{State: Sent}, from: notSent, digest: l.digest(ctx, p)})
}

// PostCommon is Post for an outcome that many slots of the chunk have for the same reason, which is stored once. Another
// such reason for the same state replaces it for all of them. A reason of a slot's own comes first.
func (l *Ledger) PostCommon(ctx context.Context, c Chunk, index int, s State, r Reason) *Commit {
	return l.post(ctx, &mark{chunk: c, index: index, record: Record{State: s, Reason: r}, from: notSent, common: true})
}

// notSent are the states that an outcome may replace.
var notSent = letters(Pending, Claimed, Failed, Suppressed, Skipped, Unknown)

// letters are states in the form of markScript.
func letters(states ...State) string {
	all := make([]byte, len(states))
	for i, s := range states {
		all[i] = byte(s)
	}
	return string(all)
}

// Chunk returns the records of a chunk in the order of its recipients, or ErrNotFound.
func (l *Ledger) Chunk(ctx context.Context, c Chunk) ([]Record, error) {
	pipe := l.rdb.Pipeline()
	states, reasons, common := pipe.Get(ctx, c.statesKey()), pipe.HGetAll(ctx, c.reasonsKey()), pipe.HGetAll(ctx, c.commonKey())
	if _, err := pipe.Exec(ctx); errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("chunk %d of %s: %w", c.Index, c.Owner, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("read chunk %d of %s: %w", c.Index, c.Owner, err)
	}
	raw := states.Val()
	records := make([]Record, len(raw)/slotBytes)
	for i := range records {
		slot := raw[i*slotBytes:]
		records[i].State = State(slot[0])
		if slot[0] != byte(Pending) {
			records[i].At = time.Unix(int64(binary.BigEndian.Uint32([]byte(slot[1:slotBytes]))), 0).UTC()
		}
	}
	for state, text := range common.Val() {
		var shared Reason
		if err := json.Unmarshal([]byte(text), &shared); err != nil || len(state) != 1 {
			return nil, fmt.Errorf("read chunk %d of %s: reason in common of %.20q: %w", c.Index, c.Owner, state, ErrForeign)
		}
		for i := range records {
			if records[i].State == State(state[0]) {
				records[i].Reason = shared
			}
		}
	}
	for field, text := range reasons.Val() {
		i, err := strconv.Atoi(field)
		if err != nil || i < 0 || i >= len(records) {
			return nil, fmt.Errorf("read chunk %d of %s: reason for slot %.20q: %w", c.Index, c.Owner, field, ErrForeign)
		}
		if records[i].State == Sent || !records[i].State.Final() {
			continue // the reason of an earlier attempt
		}
		if err := json.Unmarshal([]byte(text), &records[i].Reason); err != nil {
			return nil, fmt.Errorf("read chunk %d of %s: reason of slot %d: %w: %w", c.Index, c.Owner, i, ErrForeign, err)
		}
	}
	return records, nil
}

// Counts returns the number of messages of a bulk in each state, summed over its shards.
func (l *Ledger) Counts(ctx context.Context, owner Owner) (Counts, error) {
	pipe := l.rdb.Pipeline()
	shards := make([]*redis.MapStringStringCmd, Shards)
	for i := range shards {
		shards[i] = pipe.HGetAll(ctx, owner.Chunk(i).countsKey())
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return Counts{}, fmt.Errorf("read counts of %s: %w", owner, err)
	}
	var counts Counts
	for _, shard := range shards {
		for field, text := range shard.Val() {
			n, err := strconv.Atoi(text)
			if err != nil || len(field) != 1 {
				return Counts{}, fmt.Errorf("read counts of %s: %.20q is %.20q: %w", owner, field, text, ErrForeign)
			}
			if field == issuesField {
				counts.Issues += n
				continue
			}
			if field[0] >= 'A' && field[0] <= 'Z' {
				counts.Feedback.add(field[0], n)
				continue
			}
			counts.add(State(field[0]), n)
		}
	}
	return counts, nil
}
