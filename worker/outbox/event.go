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

// Event is one thing that happened, as it is stored and sent.
type Event struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"` // such as message.sent
	Stream   string          `json:"-"`    // such as conversation:c1
	Sequence int64           `json:"-"`    // its place in the stream; it grows by one
	Time     time.Time       `json:"time"` // when it happened
	Data     json.RawMessage `json:"data"`
	// Beside marks events of a stream that may be sent at the same time as neighbours with the same mark.
	Beside bool   `json:"beside,omitempty"`
	Owner  string `json:"owner,omitempty"` // whose it is; "" for nobody's
	Test   bool   `json:"test,omitempty"`  // it is about a test
	// Kept is when it was appended, or put back for another day of tries.
	Kept time.Time `json:"-"`

	group string // the ids of a group are kept in one set
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
	TypeDelivered         = "message.delivered"
	TypeBounced           = "message.bounced"
	TypeComplained        = "message.complained"
	TypeUnsubscribed      = "message.unsubscribed"
	TypeOptedOut          = "message.opted_out"
	TypeUpdated           = "conversation.updated"
	TypeForwarded         = "conversation.forwarded"
	TypeNote              = "note.created"
	TypeProgress          = "bulk.progress"
	TypePaused            = "bulk.paused"
	TypeCompleted         = "bulk.completed"
)

// Types lists them all.
var Types = []string{
	TypeMessageSent, TypeMessageDone, TypeMessageFailed, TypeMessageSuppressed, TypeMessageSkipped, TypeMessageExpired, TypeMessageHeld,
	TypeDelivered, TypeBounced, TypeComplained, TypeUnsubscribed, TypeOptedOut,
	TypeUpdated, TypeForwarded, TypeNote, TypeProgress, TypePaused, TypeCompleted,
}

// ID is the id of an event. The same facts give the same id, which doesn't show them. It holds letters, digits and
// "_" only, since Standard Webhooks signs it together with other fields, joined by full stops.
func ID(facts ...string) string {
	h := sha256.New()
	for _, f := range facts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(f), f)
	}
	return "evt_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// fingerprint is an id as a number: Redis keeps sets of up to 512 numbers in eight bytes each.
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

// ConversationStream is the stream of a conversation; "" for an empty id, or one of over 200 bytes.
func ConversationStream(id string) string {
	if !conversation.ValidID(id) {
		return ""
	}
	return conversationPrefix + id
}

// testPrefix begins the streams of conversations in tests: what is really told of a conversation doesn't wait for them.
const testPrefix = "test:"

// BulkStream is the stream of a bulk.
func BulkStream(id string) string { return "bulk:" + id }

// MessageStream is the stream of a single message.
func MessageStream(id string) string { return messagePrefix + id }

// ForwardStream is the stream of a forward.
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
	e.Stream, e.Sequence, e.Kept = stream, sequence, time.UnixMilli(ms).UTC()
	return e, nil
}
