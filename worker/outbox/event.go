package outbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/conversation"
)

// Event is one thing that happened, as it is stored and told.
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"` // such as message.sent
	Stream   string          `json:"-"`    // such as conversation:c1
	Sequence int64           `json:"-"`    // its place in the stream: each is one more than the one before
	Time     time.Time       `json:"time"` // when it happened
	Data     json.RawMessage `json:"data"`
	// Beside says that neighbours of the stream which say so too may be told at the same time.
	Beside bool `json:"beside,omitempty"`
	// Kept is when it was appended, or put back for another day of tries.
	Kept time.Time `json:"-"`

	group string // events of one group are remembered together
	entry string // as it stands in the list
}

// The types of events.
const (
	TypeMessageSent       = "message.sent"
	TypeMessageDone       = "message.done"
	TypeMessageFailed     = "message.failed"
	TypeMessageSuppressed = "message.suppressed"
	TypeMessageSkipped    = "message.skipped"
	TypeMessageExpired    = "message.expired"
	TypeMessageHeld       = "message.held"
	TypeUpdated           = "conversation.updated"
	TypeForwarded         = "conversation.forwarded"
	TypeNote              = "note.created"
	TypeProgress          = "bulk.progress"
	TypeCompleted         = "bulk.completed"
)

// ID names an event for what happened: the same facts give the same id, which shows none of them. It holds letters,
// digits and "_" only, since Standard Webhooks joins it to what is signed with full stops.
func ID(facts ...string) string {
	h := sha256.New()
	for _, f := range facts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(f), f)
	}
	return "evt_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// fingerprint is an id as a number: Redis keeps sets of up to 512 numbers at eight bytes each.
func fingerprint(id string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return strconv.FormatInt(int64(h.Sum64()), 10)
}

const (
	conversationPrefix = "conversation:"
	messagePrefix      = "message:"
	forwardPrefix      = "forward:"
)

// ConversationStream names a conversation's stream, "" for an id that can't be one: none, or over 200 bytes.
func ConversationStream(id string) string {
	if !conversation.ValidID(id) {
		return ""
	}
	return conversationPrefix + id
}

// BulkStream names a bulk's stream.
func BulkStream(id string) string { return "bulk:" + id }

// MessageStream names a single message's stream.
func MessageStream(id string) string { return messagePrefix + id }

// ForwardStream names a forward's stream.
func ForwardStream(id string) string { return forwardPrefix + id }

// An entry of a list is the sequence number, the time it was kept in Unix milliseconds, and the event as JSON, with
// blanks between.

var errEntry = errors.New("an entry of the event list can't be read")

func parse(stream, entry string) (Event, error) {
	number, rest, _ := strings.Cut(entry, " ")
	kept, data, ok := strings.Cut(rest, " ")
	sequence, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return Event{}, errEntry
	}
	ms, err := strconv.ParseInt(kept, 10, 64)
	if err != nil {
		return Event{}, errEntry
	}
	var e Event
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		return Event{}, fmt.Errorf("%w: %w", errEntry, err)
	}
	e.Stream, e.Sequence, e.Kept, e.entry = stream, sequence, time.UnixMilli(ms).UTC(), entry
	return e, nil
}
