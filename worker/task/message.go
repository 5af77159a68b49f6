package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

// Message asks for one message to one recipient.
type Message struct {
	// ID identifies the message for ever: its ledger entry, its Message-ID, the key that makes enqueueing it
	// twice harmless.
	ID      string          `json:"id"`
	Channel message.Channel `json:"channel"`
	// From is the sender: an address for email, a number for SMS, empty where the channel's own is used.
	From string `json:"from,omitempty"`
	// To is the recipient: an email address, a phone number, or a conversation's id for chat and note.
	To      string `json:"to"`
	ReplyTo string `json:"replyTo,omitempty"`
	// Cc and Bcc are further recipients of an email. All of them get one mail, which succeeds or fails as one.
	Cc  []string `json:"cc,omitempty"`
	Bcc []string `json:"bcc,omitempty"`
	Content
	// Context is a JSON object: customer, conversation, currentUser, ….
	Context     json.RawMessage `json:"context,omitempty"`
	Locale      string          `json:"locale,omitempty"`
	Timezone    string          `json:"timezone,omitempty"`
	Attachments []message.Ref   `json:"attachments,omitempty"`
	Policy      Policy          `json:"policy,omitempty"`
	OnIssue     IssuePolicy     `json:"onIssue,omitempty"`
	// Unsubscribe adds a link of the recipient's own to an email: the List-Unsubscribe headers, one click (RFC 8058),
	// and unsubscribe.url in the context.
	Unsubscribe bool               `json:"unsubscribe,omitempty"`
	Headers     []message.Header   `json:"headers,omitempty"` // further header fields of an email
	Chat        message.ChatFields `json:"chat,omitzero"`     // of a chat
	Note        message.NoteFields `json:"note,omitzero"`     // of a note
	// SendAt is when the message is sent, not before; zero is now.
	SendAt time.Time `json:"sendAt,omitzero"`
	// SendBefore is when the message has lost its point: it is skipped from then on, as "expired".
	SendBefore time.Time `json:"sendBefore,omitzero"`
	// Actions change the conversation of the context (conversation.id) after the message went, besides the shortcut's own.
	Actions *Actions `json:"actions,omitempty"`
}

// Kind implements Payload.
func (Message) Kind() string { return "message.send" }

// Validate reports every fault at once. The recipient's address is checked when it is used, so that a bad one is a
// failed message that everyone can see; the sender's is the caller's own fault and is checked here.
func (m Message) Validate() error {
	errs := []error{CheckID(m.ID)}
	if _, err := message.ParseChannel(string(m.Channel)); err != nil {
		errs = append(errs, fmt.Errorf("channel: %w", err))
	}
	errs = append(errs, checkSender(m.Channel, m.From, m.ReplyTo))
	if m.To == "" {
		errs = append(errs, errors.New("to: missing"))
	}
	errs = append(errs, m.checkEmailFields(), m.Content.Validate(), CheckContext(m.Context), checkPolicies(m.Policy, m.OnIssue), m.Actions.Validate(), checkTimes(m.SendAt, m.SendBefore))
	return errors.Join(errs...)
}

// checkEmailFields looks at what only an email can have.
func (m Message) checkEmailFields() error {
	var errs []error
	for name, list := range map[string][]string{"cc": m.Cc, "bcc": m.Bcc} {
		for i, text := range list {
			if _, err := address.ParseMailbox(text); err != nil {
				errs = append(errs, fmt.Errorf("%s[%d]: %w", name, i, err))
			}
		}
	}
	if m.Channel != message.Email && (len(m.Cc) > 0 || len(m.Bcc) > 0 || len(m.Headers) > 0 || m.Unsubscribe) {
		errs = append(errs, fmt.Errorf("cc, bcc, headers and unsubscribe are for email, not for %s", m.Channel))
	}
	return errors.Join(errs...)
}

func checkTimes(at, before time.Time) error {
	if !before.IsZero() && !before.After(at) {
		return errors.New("sendBefore: not after sendAt, so it would never be sent")
	}
	return nil
}

func checkSender(c message.Channel, from, replyTo string) error {
	if c != message.Email {
		return nil
	}
	var errs []error
	if from == "" {
		errs = append(errs, errors.New("from: an email needs a sender"))
	} else if _, err := address.ParseMailbox(from); err != nil {
		errs = append(errs, fmt.Errorf("from: %w", err))
	}
	if replyTo != "" {
		if _, err := address.ParseMailbox(replyTo); err != nil {
			errs = append(errs, fmt.Errorf("replyTo: %w", err))
		}
	}
	return errors.Join(errs...)
}
