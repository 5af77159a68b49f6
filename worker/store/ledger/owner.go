package ledger

import "strconv"

// Kind is what an owner of books is. A message, a forward and a bulk of one id are three, and share nothing.
type Kind string

// The kinds of owners.
const (
	Message Kind = "message" // a single message
	Forward Kind = "forward"
	Bulk    Kind = "bulk"
	// Shared are books of layout 0, in which kinds that had one id shared their keys. They are worked off, never opened.
	Shared Kind = "shared"
)

// Owner is whose books they are.
type Owner struct {
	Kind Kind
	ID   string
}

// OwnerIn names an owner by the layout (task.Layout) in which it was stored: in 0, keys had no kinds.
func OwnerIn(layout int, k Kind, id string) Owner {
	if layout == 0 {
		k = Shared
	}
	return Owner{k, id}
}

// Layout is the reverse of OwnerIn: that in which the owner's tasks stand, where now is today's.
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

// Key is a key that belongs to the chunk, in the hash tag of its books. No id holds a brace or a colon (task.CheckID), so
// no two owners have one key, and none has a key of something else.
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
func (c Chunk) countsKey() string  { return c.tag() + "counts" }

// counted reports whether the owner's states are counted: a single recipient is its own count.
func (o Owner) counted() bool { return o.Kind != Message && o.Kind != Forward }
