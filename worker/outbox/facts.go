package outbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Fact is something that happened and has an event. Its JSON is the data of the event.
type Fact interface {
	// Event is the event without its data.
	Event() Event
}

// Message is the outcome of one message: message.sent, done, failed, suppressed, skipped, expired or held.
type Message struct {
	ID      string          `json:"id"`
	Owner   string          `json:"owner,omitempty"`   // set by the store: the owner of the token that asked for it; the ids are its own
	Forward bool            `json:"forward,omitempty"` // the id is a forward's
	Bulk    string          `json:"bulk,omitempty"`
	Channel message.Channel `json:"channel"`
	State   string          `json:"state"`          // the ledger's: sent, failed, suppressed, skipped, unknown
	Code    string          `json:"code,omitempty"` // why, where it was not sent
	message.Labels
	// Conversation and Customer are conversation.id and customer.id of the message's context.
	Conversation string `json:"conversation,omitempty"`
	Customer     string `json:"customer,omitempty"`
	// To is the address. Only messages of bulks have it, and only if neither Conversation nor Customer says whom they
	// were for: the caller knows a single message by its id.
	To         string    `json:"to,omitempty"`
	ProviderID string    `json:"providerId,omitempty"` // Message-ID, Twilio's sid, …; missing where a worker was killed after sending
	At         time.Time `json:"at"`                   // when the state was reached
	// Issues are the first ten issues of rendering, without their text, which may quote a value.
	Issues []ledger.Issue `json:"issues,omitempty"`

	// Name tells the message from all others if ID does not: a forward has one.
	Name string `json:"-"`
	// Group is the set of the event's fingerprint: one for each chunk of a bulk, so that an event costs eight bytes
	// in a bulk of any size.
	Group string `json:"-"`
}

var messageTypes = map[string]string{
	ledger.Sent.String(): TypeMessageSent, ledger.Done.String(): TypeMessageDone, ledger.Failed.String(): TypeMessageFailed, ledger.Suppressed.String(): TypeMessageSuppressed,
	ledger.Skipped.String(): TypeMessageSkipped, ledger.Unknown.String(): TypeMessageHeld,
}

// CodeExpired is the reason of a message that was too late.
const CodeExpired = "expired"

// Event implements Fact. The id contains the time: a message that fails, is sent again by a person and fails again,
// has failed twice.
func (m Message) Event() Event {
	e := Event{
		ID: ID("message", cmp.Or(m.Name, m.ID), m.State, strconv.FormatInt(m.At.Unix(), 10)), Type: messageTypes[m.State],
		Stream: ConversationStream(m.Conversation), Time: m.At, group: m.Group,
	}
	if e.Type == TypeMessageSkipped && m.Code == CodeExpired {
		e.Type = TypeMessageExpired
	}
	switch {
	case e.Stream != "":
	case m.Bulk != "":
		e.Stream, e.Beside = BulkStream(m.Bulk), true
	case m.Forward:
		e.Stream = ForwardStream(m.ID)
	default:
		e.Stream = MessageStream(m.ID)
	}
	return e
}

// Note is note.created: a note was added to a conversation.
type Note struct {
	ID           string    `json:"id"` // the message's
	Owner        string    `json:"owner,omitempty"`
	Bulk         string    `json:"bulk,omitempty"`
	Conversation string    `json:"conversation"`
	ProviderID   string    `json:"providerId,omitempty"` // the note's id where it was stored
	At           time.Time `json:"at"`

	Group string `json:"-"`
}

// Event implements Fact.
func (n Note) Event() Event {
	e := Event{ID: ID("note", n.ID), Type: TypeNote, Stream: ConversationStream(n.Conversation), Time: n.At, group: n.Group}
	if e.Stream == "" {
		e.Stream = MessageStream(n.ID)
	}
	return e
}

// Updated is conversation.updated: the changes of a conversation, in this order.
type Updated struct {
	Conversation string        `json:"conversation"`
	Customer     string        `json:"customer,omitempty"`
	Message      string        `json:"message,omitempty"` // the message that it follows, if there is one
	Owner        string        `json:"owner,omitempty"`
	Bulk         string        `json:"bulk,omitempty"`
	Changes      []task.Change `json:"changes"`
	At           time.Time     `json:"at"`

	// Cause is what the update belongs to: a message, or a recipient of a bulk. It happens once for each, on however
	// many channels.
	Cause string `json:"-"`
	Group string `json:"-"`
}

// Event implements Fact.
func (u Updated) Event() Event {
	return Event{ID: ID("updated", u.Cause), Type: TypeUpdated, Stream: ConversationStream(u.Conversation), Time: u.At, group: u.Group}
}

// Forwarded is conversation.forwarded: who forwarded a conversation, to whom, and with what text.
type Forwarded struct {
	ID           string    `json:"id"` // the forward's
	Owner        string    `json:"owner,omitempty"`
	Conversation string    `json:"conversation"`
	By           string    `json:"by,omitempty"` // id of the user who asked for it
	From         string    `json:"from"`
	To           []string  `json:"to"`
	Subject      string    `json:"subject"`
	Text         string    `json:"text,omitempty"` // the introductory message, without the transcript
	Attachments  []string  `json:"attachments,omitempty"`
	ProviderID   string    `json:"providerId,omitempty"`
	At           time.Time `json:"at"`
}

// Event implements Fact.
func (f Forwarded) Event() Event {
	e := Event{ID: ID("forwarded", f.ID), Type: TypeForwarded, Stream: ConversationStream(f.Conversation), Time: f.At}
	if e.Stream == "" {
		e.Stream = ForwardStream(f.ID)
	}
	return e
}

// Bulk is the progress of a bulk: bulk.progress at every tenth of its recipients, bulk.paused when it paused by
// itself, bulk.completed when no message is pending.
type Bulk struct {
	ID    string `json:"id"`
	Owner string `json:"owner,omitempty"`
	message.Labels
	State      string    `json:"state"` // running; completed or cancelled when it is over
	Round      int       `json:"round"` // starts so far after the first: resumed, sent again, cancelled
	Percent    int       `json:"percent"`
	Planned    int       `json:"planned"`
	Pending    int       `json:"pending"`
	Sent       int       `json:"sent"`
	Failed     int       `json:"failed"`
	Suppressed int       `json:"suppressed"`
	Skipped    int       `json:"skipped"`
	Unknown    int       `json:"unknown"`
	Done       int       `json:"done"`
	At         time.Time `json:"at"`
	Over       bool      `json:"-"`
	Paused     bool      `json:"-"` // by itself: too many of its messages failed
}

// Event implements Fact.
func (b Bulk) Event() Event {
	e := Event{ID: ID("progress", b.ID, strconv.Itoa(b.Round), strconv.Itoa(b.Percent)), Type: TypeProgress, Stream: BulkStream(b.ID), Time: b.At}
	if b.Paused {
		e.ID, e.Type = ID("paused", b.ID, strconv.Itoa(b.Round)), TypePaused
	}
	if b.Over {
		e.ID, e.Type = ID("completed", b.ID, strconv.Itoa(b.Round)), TypeCompleted
	}
	return e
}

// of makes the whole event of a fact.
func of(f Fact) (Event, error) {
	e := f.Event()
	if e.ID == "" || e.Type == "" || e.Stream == "" || len(e.Stream) > conversation.MaxID+20 {
		return e, fmt.Errorf("outbox: %T is incomplete", f)
	}
	var as Fact
	as, e.Owner, e.Test = told(f)
	if e.Test && strings.HasPrefix(e.Stream, conversationPrefix) {
		e.Stream = testPrefix + e.Stream
	}
	data, err := json.Marshal(as)
	if err != nil {
		return e, fmt.Errorf("event %s: %w", e.Type, err)
	}
	e.Data, e.Time = data, e.Time.UTC()
	return e, nil
}
