package outbox

import (
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Feedback is what came back about a message after it was sent: message.delivered, bounced, complained, unsubscribed or
// opted_out. It is in the stream of its message or bulk, also where the outcome is in that of a conversation: what was asked
// for is known no longer, and may come days later.
type Feedback struct {
	ID      string          `json:"id"`
	Owner   string          `json:"owner,omitempty"` // set by the store, as of a Message
	Forward bool            `json:"forward,omitempty"`
	Bulk    string          `json:"bulk,omitempty"`
	Channel message.Channel `json:"channel"`
	message.Labels
	Feedback string `json:"feedback"`         // the ledger's: delivered, bounced_soft, bounced_hard, …
	Source   string `json:"source"`           // mail, link, twilio, …
	Status   string `json:"status,omitempty"` // RFC 3463, or the provider's code
	Words    string `json:"words,omitempty"`  // the other side's, without addresses
	// To is the address, of a message of a bulk: the caller knows a single message by its id.
	To string `json:"to,omitempty"`
	// Suppressed is the reason for which the recipient is on the suppression list since then.
	Suppressed string    `json:"suppressed,omitempty"`
	At         time.Time `json:"at"` // when it came

	Group string `json:"-"` // see Message
}

var feedbackTypes = map[string]string{
	ledger.Delivered.String(): TypeDelivered, ledger.BouncedSoft.String(): TypeBounced, ledger.BouncedHard.String(): TypeBounced,
	ledger.Complained.String(): TypeComplained, ledger.Unsubscribed.String(): TypeUnsubscribed, ledger.OptedOut.String(): TypeOptedOut,
}

// Event implements Fact. The same feedback about a message is one event, however often it comes.
func (f Feedback) Event() Event {
	e := Event{ID: ID("feedback", f.ID, f.Feedback), Type: feedbackTypes[f.Feedback], Time: f.At, group: f.Group}
	switch {
	case f.Bulk != "":
		e.Stream, e.Beside = BulkStream(f.Bulk), true
	case f.Forward:
		e.Stream = ForwardStream(f.ID)
	default:
		e.Stream = MessageStream(f.ID)
	}
	return e
}
