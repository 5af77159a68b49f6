package ledger

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Kind is the kind of an owner of records. A message, a forward and a bulk with the same id are three owners and
// share nothing.
type Kind string

// The kinds of owners.
const (
	Message Kind = "message" // a single message
	Forward Kind = "forward"
	Bulk    Kind = "bulk"
	// Shared are records of layout 0, in which all kinds with one id shared their keys. They are finished, and never
	// created.
	Shared Kind = "shared"
)

// Owner is the message, forward or bulk that records belong to.
type Owner struct {
	Kind Kind
	ID   string
}

// OwnerIn is the owner in the layout (task.Layout) in which it was stored: in layout 0, keys had no kinds.
func OwnerIn(layout int, k Kind, id string) Owner {
	if layout == 0 {
		k = Shared
	}
	return Owner{k, id}
}

// Layout is the reverse of OwnerIn: the layout of the owner's tasks; now is the current one.
func (o Owner) Layout(now int) int {
	if o.Kind == Shared {
		return 0
	}
	return now
}

// Chunk is one of the owner's groups of recipients. A message and a forward have one: 0.
func (o Owner) Chunk(index int) Chunk { return Chunk{o, index} }

func (o Owner) String() string { return string(o.Kind) + " " + o.ID }

// Chunk names a group of recipients whose states are kept together.
type Chunk struct {
	Owner
	Index int
}

// Key is a key that belongs to the chunk, with the hash tag of its records. No id holds a brace or a colon
// (task.CheckID), so no two owners have the same key, and none has a key of something else.
func (c Chunk) Key(name string) string { return c.tag() + name + ":" + strconv.Itoa(c.Index) }

func (c Chunk) tag() string {
	shard := c.ID + ":" + strconv.Itoa(c.Index%Shards)
	switch c.Kind {
	case Shared:
		return "herald:{" + shard + "}:"
	case Bulk:
		return "herald:bulk:{" + shard + "}:"
	default:
		return "herald:" + string(c.Kind) + ":{" + c.ID + "}:"
	}
}

func (c Chunk) statesKey() string  { return c.Key("states") }
func (c Chunk) reasonsKey() string { return c.Key("reasons") }
func (c Chunk) commonKey() string  { return c.Key("common") }
func (c Chunk) digestsKey() string { return c.Key("digests") }
func (c Chunk) countsKey() string  { return c.tag() + "counts" }

// DeleteIn forgets a chunk of a bulk.
func (l *Ledger) DeleteIn(ctx context.Context, pipe redis.Pipeliner, c Chunk) {
	pipe.Del(ctx, c.statesKey(), c.reasonsKey(), c.commonKey(), c.waitKey(), c.detailsKey(), c.feedbackKey(), c.feedbackWordsKey(), c.digestsKey(), c.countsKey())
}

// ExtendIn keeps the records of a chunk of a bulk for so much longer than usual.
func (l *Ledger) ExtendIn(ctx context.Context, pipe redis.Pipeliner, c Chunk, longer time.Duration) {
	for _, key := range []string{c.statesKey(), c.countsKey()} {
		pipe.Expire(ctx, key, l.retention+max(0, longer))
	}
}

// counted reports whether the owner's states are counted: a single record is its own count.
func (o Owner) counted() bool { return o.Kind != Message && o.Kind != Forward }
