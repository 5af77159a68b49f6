package bulk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/fingerprint"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// MaxAhead is how far ahead anything may be scheduled.
const MaxAhead = 60 * 24 * time.Hour

// SourceRetention is how long template sources and attachments are kept after they were last stored, where what they are
// for is kept for retention after it was to be sent.
func SourceRetention(retention time.Duration) time.Duration { return retention + MaxAhead }

// ErrNotFound says that no bulk of that id is stored, or no longer.
var ErrNotFound = errors.New("bulk not found")

// ErrDamaged says that recipients can't be read: their bytes were changed, or another version wrote them.
var ErrDamaged = errors.New("its recipients can't be read")

// Store reads and writes bulks. It is safe for concurrent use.
type Store struct {
	rdb    redis.UniversalClient
	ledger *ledger.Ledger
	keys   *fingerprint.Keys
}

// NewStore returns a store that keeps bulks as long as the ledger keeps records. Both stay the caller's to close.
func NewStore(rdb redis.UniversalClient, l *ledger.Ledger) *Store {
	return &Store{rdb: rdb, ledger: l, keys: l.Fingerprints()}
}

func metaKey(id string) string { return "herald:bulk:{" + id + "}" }

// recipientsKey has the same hash tag as the chunk's records.
func recipientsKey(books ledger.Chunk) string { return books.Key("recipients") }

// The fields of a bulk's meta hash.
const (
	fieldDefinition = "definition" // JSON
	fieldPlanned    = "planned"    // messages; written when all chunks are stored
	fieldChunks     = "chunks"     // written with it
	fieldCanary     = "canary"     // chunks of the canary; written with it
	fieldPlan       = "plan"       // hash of what was stored; written with it, where somebody asked for it
	fieldStarted    = "started"    // Unix milliseconds; written when the chunks are being enqueued
	fieldSources    = "sources:"   // and a channel: hash of the pinned template sources, where the definition names none
	fieldControl    = "control"    // paused or cancelled
	fieldVerdict    = "verdict"    // of the canary
	fieldRound      = "round"      // starts so far
	fieldRate       = "rate"       // messages a second, where limited
	fieldSendAt     = "sendAt"     // Unix milliseconds; when it begins, where that was changed
)

// ErrExists says that the id of a new bulk is taken.
var ErrExists = errors.New("the id is taken")

// CheckAhead reports whether a definition that is stored now goes out within MaxAhead.
func (d Definition) CheckAhead(now time.Time) error {
	if ahead := d.lastDue().Sub(now); ahead > MaxAhead {
		at := "/sendAt"
		if d.SendAtLocal != "" {
			at = "/sendAtLocal"
		}
		return fault.List{fault.At(at, fault.OutOfRange, "%d days ahead; at most %d are", int(ahead.Hours()/24), int(MaxAhead.Hours()/24))}
	}
	return nil
}

// Create stores a new bulk's definition. It is ErrExists if the id is taken.
func (s *Store) Create(ctx context.Context, d Definition) error {
	if err := fault.Join(d.Validate(), d.CheckAhead(d.CreatedAt)); err != nil {
		return err
	}
	d.Layout = task.Layout
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode bulk: %w", err)
	}
	fresh, err := s.rdb.HSetNX(ctx, metaKey(d.ID), fieldDefinition, seal.Private(data)).Result()
	if err != nil {
		return fmt.Errorf("store bulk %s: %w", d.ID, err)
	}
	if !fresh {
		return fmt.Errorf("bulk %s: %w: choose another", d.ID, ErrExists)
	}
	pipe := s.rdb.Pipeline()
	pipe.Expire(ctx, metaKey(d.ID), s.keep(d))
	if d.Rate != 0 {
		pipe.HSet(ctx, metaKey(d.ID), fieldRate, d.Rate)
	}
	for _, key := range d.listKeys() {
		pipe.ZAdd(ctx, key, redis.Z{Score: float64(d.CreatedAt.UnixMilli()), Member: d.ID})
		pipe.ZRemRangeByScore(ctx, key, "-inf", strconv.FormatInt(d.CreatedAt.Add(-SourceRetention(s.ledger.Retention())).UnixMilli(), 10))
		pipe.Expire(ctx, key, SourceRetention(s.ledger.Retention()))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("store bulk %s: %w", d.ID, err)
	}
	return nil
}

// keep is how long a bulk is kept from its creation on.
func (s *Store) keep(d Definition) time.Duration {
	return s.ledger.Retention() + max(0, d.lastDue().Sub(d.CreatedAt))
}

// listKey holds the ids of an owner's bulks, or of all where it is empty, scored by when they were created.
func listKey(owner string) string {
	if owner == "" {
		return "herald:bulks"
	}
	return "herald:bulks:of:" + owner
}

// List returns the ids of the newest bulks that are still kept, newest first: those of an owner (task.Owned), or all
// where it is empty.
func (s *Store) List(ctx context.Context, owner string, most int) ([]string, error) {
	page, err := s.Page(ctx, Range{Owner: owner, Most: most})
	ids := make([]string, len(page))
	for i, l := range page {
		ids[i] = l.ID
	}
	return ids, err
}

// IsUnreadable reports whether an error is about the data of one bulk alone: others can be read, and asking again gives the
// same.
func IsUnreadable(err error) bool {
	var reply redis.Error
	var sealed *seal.KeyError
	return errors.Is(err, ledger.ErrForeign) || errors.As(err, &sealed) || errors.As(err, &reply) && strings.HasPrefix(reply.Error(), "WRONGTYPE")
}

// runningKey holds the ids of the bulks that were started and not yet seen completed.
const runningKey = "herald:bulks:running"

// Watch puts a bulk on the list of running ones. The reconciler then makes sure that its pending messages have tasks,
// and takes it off when none is pending.
func (s *Store) Watch(ctx context.Context, id string) error {
	if err := s.rdb.SAdd(ctx, runningKey, id).Err(); err != nil {
		return fmt.Errorf("start bulk %s: %w", id, err)
	}
	return nil
}

// MarkStarted records that the bulk's chunks are being enqueued. Called again it changes nothing.
func (s *Store) MarkStarted(ctx context.Context, id string, at time.Time) error {
	if err := s.Watch(ctx, id); err != nil {
		return err
	}
	if err := s.rdb.HSetNX(ctx, metaKey(id), fieldStarted, at.UnixMilli()).Err(); err != nil {
		return fmt.Errorf("start bulk %s: %w", id, err)
	}
	return nil
}

// Running returns the ids of the bulks that were started, or started again, and not yet marked as finished.
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

// Pin records the template sources that the whole bulk uses on a channel, and returns the valid ones: those that were
// pinned first.
func (s *Store) Pin(ctx context.Context, id string, c message.Channel, sources string) (string, error) {
	if err := s.rdb.HSetNX(ctx, metaKey(id), fieldSources+string(c), sources).Err(); err != nil {
		return "", fmt.Errorf("pin the sources of bulk %s: %w", id, err)
	}
	pinned, err := s.rdb.HGet(ctx, metaKey(id), fieldSources+string(c)).Result()
	if err != nil {
		return "", fmt.Errorf("pin the sources of bulk %s: %w", id, err)
	}
	return pinned, nil
}

// Bulk is one bulk as stored.
type Bulk struct {
	Definition
	Planned int // messages; 0 until the audience is complete
	Chunks  int
	Started time.Time // zero until its chunks were enqueued
	Control Control
	Round   int // starts after the first
	// CanaryChunks is how many chunks the canary goes to; 0 without one.
	CanaryChunks int
	Verdict      Verdict
	// Share is how many of the last messages failed, such as "500 of 500", if the bulk paused by itself for that.
	Share string
	// Plan is the hash of what was stored (see type Plan), "" where nobody asked for it.
	Plan string
	// Approvals are those that it has, the first one first; Needs is how many it needs, where it paused for lack of them.
	Approvals []Approval
	Needs     int
	// AskedAt is the SendAt of the definition as it was stored first; SendAt is when the bulk begins now.
	AskedAt time.Time
}

// Bulk reads a bulk, or returns ErrNotFound. Its Sources are the pinned ones.
func (s *Store) Bulk(ctx context.Context, id string) (Bulk, error) { return s.read(ctx, id, false) }

// Head is Bulk without the context that all recipients share, which may have 1 MB: what lists and states need.
func (s *Store) Head(ctx context.Context, id string) (Bulk, error) { return s.read(ctx, id, true) }

func (s *Store) read(ctx context.Context, id string, head bool) (Bulk, error) {
	if task.CheckID(id) != nil { // no bulk can have it, and it must not become part of a key
		return Bulk{}, fmt.Errorf("bulk %.100q: %w", id, ErrNotFound)
	}
	fields, err := s.rdb.HGetAll(ctx, metaKey(id)).Result()
	if err != nil {
		return Bulk{}, fmt.Errorf("read bulk %s: %w", id, err)
	}
	if fields[fieldDefinition] == "" {
		return Bulk{}, fmt.Errorf("bulk %.100s: %w", id, ErrNotFound)
	}
	b := Bulk{Control: Control(fields[fieldControl]), Share: fields[fieldShare], Verdict: Verdict(fields[fieldVerdict]), Plan: fields[fieldPlan]}
	definition := []byte(fields[fieldDefinition])
	if head {
		definition = withoutContext(definition)
	}
	if err := json.Unmarshal(definition, &b.Definition); err != nil {
		return Bulk{}, fmt.Errorf("read bulk %s: %w: %w", id, ledger.ErrForeign, err)
	}
	if err := b.readApprovals(fields); err != nil {
		return Bulk{}, fmt.Errorf("read bulk %s: approvals: %w: %w", id, ledger.ErrForeign, err)
	}
	b.AskedAt = b.SendAt
	if text := fields[fieldSendAt]; text != "" {
		if b.SendAt, err = unixMilli(text); err != nil {
			return Bulk{}, fmt.Errorf("read bulk %s: %s: %w: %w", id, fieldSendAt, ledger.ErrForeign, err)
		}
	}
	for i := range b.Messages {
		if p := &b.Messages[i]; p.Sources == "" {
			p.Sources = fields[fieldSources+string(p.Channel)]
		}
	}
	for name, into := range map[string]*int{fieldPlanned: &b.Planned, fieldChunks: &b.Chunks, fieldCanary: &b.CanaryChunks, fieldRound: &b.Round} {
		if fields[name] == "" {
			continue
		}
		if *into, err = strconv.Atoi(fields[name]); err != nil {
			return Bulk{}, fmt.Errorf("read bulk %s: %s: %w: %w", id, name, ledger.ErrForeign, err)
		}
	}
	if text := fields[fieldStarted]; text != "" {
		if b.Started, err = unixMilli(text); err != nil {
			return Bulk{}, fmt.Errorf("read bulk %s: %s: %w: %w", id, fieldStarted, ledger.ErrForeign, err)
		}
	}
	return b, nil
}

func unixMilli(text string) (time.Time, error) {
	ms, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms).UTC(), err
}

// withoutContext cuts the context out of a definition that Create stored, without reading what it holds.
func withoutContext(definition []byte) []byte {
	const member = `"context":`
	begin, depth, quoted := -1, 0, false
	for i := 0; i < len(definition); i++ {
		switch c := definition[i]; {
		case quoted && c == '\\':
			i++
		case c == '"' && !quoted && depth == 1 && bytes.HasPrefix(definition[i:], []byte(member+"{")):
			begin = i
			i += len(member) - 1
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 1 && begin >= 0 {
				return slices.Concat(definition[:begin], []byte(member+"null"), definition[i+1:])
			}
		}
	}
	return definition // it has none, or is torn
}

// Recipients reads one chunk, in order, or returns ErrNotFound.
func (s *Store) Recipients(ctx context.Context, d Definition, chunk int) ([]Recipient, error) {
	id := d.ID
	data, err := s.rdb.Get(ctx, recipientsKey(d.Owner().Chunk(chunk))).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("chunk %d of bulk %s: %w", chunk, id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of bulk %s: %w", chunk, id, err)
	}
	recipients, err := DecodeChunk(data)
	if err != nil {
		return nil, fmt.Errorf("read chunk %d of bulk %s: %w: %w", chunk, id, ErrDamaged, err)
	}
	return recipients, nil
}
