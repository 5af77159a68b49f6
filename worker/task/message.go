package task

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// Message sends one message to one recipient.
type Message struct {
	// ID identifies the message. Its ledger record and its Message-ID follow from it, and enqueueing the same id twice is
	// harmless, as long as the message is known (HERALD_RETENTION, 30 days unless set). After that the id is free.
	ID      string          `json:"id"`
	Channel message.Channel `json:"channel"`
	// From is the sender: an address for email, a number for SMS. Empty: the channel's own.
	From string `json:"from,omitempty"`
	// To is the recipient: an email address, a phone number, or a conversation's id for chat and note.
	To      string `json:"to"`
	ReplyTo string `json:"replyTo,omitempty"`
	// Country is the ISO 3166 code for phone numbers without a country's code; without Country these are errors.
	Country string `json:"country,omitempty"`
	// Cc and Bcc are further recipients of an email. It is one mail to all of them, which succeeds or fails as one.
	Cc  []string `json:"cc,omitempty"`
	Bcc []string `json:"bcc,omitempty"`
	Content
	message.Labels
	// Context is a JSON object: customer, conversation, currentUser, ….
	Context     json.RawMessage `json:"context,omitempty"`
	Locale      string          `json:"locale,omitempty"`
	Timezone    string          `json:"timezone,omitempty"`
	Attachments []message.Ref   `json:"attachments,omitempty"`
	Policy      Policy          `json:"policy,omitempty"`
	OnIssue     IssuePolicy     `json:"onIssue,omitempty"`
	// Unsubscribe adds the recipient's own unsubscribe link to an email: the List-Unsubscribe headers, for one click
	// (RFC 8058), and unsubscribe.url in the context.
	Unsubscribe bool               `json:"unsubscribe,omitempty"`
	InReplyTo   string             `json:"inReplyTo,omitempty"`  // Message-ID of the mail that an email answers
	References  []string           `json:"references,omitempty"` // Message-IDs of those before it, the oldest first
	Headers     []message.Header   `json:"headers,omitempty"`    // further header fields of an email
	Chat        message.ChatFields `json:"chat,omitzero"`        // of a chat
	Note        message.NoteFields `json:"note,omitzero"`        // of a note
	// SendAt is when the message is sent, not before; zero is now.
	SendAt time.Time `json:"sendAt,omitzero"`
	// SendBefore is when the message is too late: from then on it is skipped, as "expired".
	SendBefore time.Time `json:"sendBefore,omitzero"`
	// Actions change the conversation of the context (conversation.id) after the message was sent, besides the
	// shortcut's own.
	Actions *Actions `json:"actions,omitempty"`
	// Layout is set by the client; see the constant.
	Layout int `json:"layout,omitempty"`
	// EnqueuedAt is set by whoever enqueues: templates take it for now, so that another attempt says the same.
	EnqueuedAt time.Time `json:"enqueuedAt,omitzero"`
}

// Begins is the time that the message is written for: when it may be sent, or else when it was enqueued.
func (m Message) Begins() time.Time { return later(m.SendAt, m.EnqueuedAt) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Thread is what an email answers.
func (m Message) Thread() message.Thread {
	return message.Thread{InReplyTo: m.InReplyTo, References: m.References}
}

// Kind implements Payload.
func (Message) Kind() string { return "message.send" }

// Limits of a message.
const (
	maxSubjectTemplate = 10_000
	maxText            = 256 << 10 // bytes of an inline template
	maxAddress         = 1000      // characters, with a name
	maxCopies          = 50        // of Cc, and of Bcc
	maxName            = 200       // characters of a shortcut's, a layout's, a person's name
	maxActor           = 2000      // characters of who acts: a user and teams
	maxFiles           = 50        // attachments
)

// Validate reports every fault at once, as a fault.List, as far as the message alone shows it.
func (m Message) Validate() error {
	f := m.check()
	f.Join("/id", CheckID(m.ID))
	checkLayout(&f, m.Layout)
	f.Join("/to", checkRecipient(m.Channel, m.To))
	f.Join("/context", CheckContext(m.Context))
	f.Join("/actions", m.Actions.Validate())
	f.Join("/country", address.CheckCountry(m.Country))
	checkPlace(&f, m.Locale, m.Timezone)
	message.CheckOneOf(&f, "/onIssue", m.OnIssue, IssuePolicies)
	checkTimes(&f, m.SendAt, m.SendBefore)
	return f.Err()
}

// PolicyOrDefault is the message's policy, or its channel's default.
func (m Message) PolicyOrDefault() Policy {
	switch {
	case m.Policy != "":
		return m.Policy
	case m.Channel.Spec().Hold:
		return Hold
	default:
		return Resend
	}
}

// ValidatePart is Validate for a message of a bulk. It has no recipient, and none of the fields that all messages of
// the bulk share.
func (m Message) ValidatePart() error { return m.check().Err() }

// check checks the fields that each message of a bulk may have for itself.
func (m Message) check() fault.List {
	var f fault.List
	if m.Channel == "" {
		f.Add("/channel", fault.Missing, "missing")
	} else {
		message.CheckOneOf(&f, "/channel", m.Channel, message.Channels)
	}
	checkSender(&f, m.Channel, m.From, m.ReplyTo)
	m.checkMailFields(&f)
	f.Join("", m.Content.Validate())
	f.Join("", m.Labels.Validate())
	if n := len(m.Attachments); n > maxFiles {
		f.Add("/attachments", fault.TooMany, "%d files, at most %d", n, maxFiles)
	} else {
		for i, ref := range m.Attachments {
			f.Join(fault.Pointer("attachments", i), ref.Validate())
		}
	}
	message.CheckOneOf(&f, "/policy", m.Policy, Policies)
	f.Join("/chat", m.Chat.Validate())
	f.Join("/note", m.Note.Validate())
	return f
}

// checkMailFields checks the fields that only a mail may have.
func (m Message) checkMailFields(f *fault.List) {
	checkCopies(f, "cc", m.Cc)
	checkCopies(f, "bcc", m.Bcc)
	f.Join("/headers", message.CheckHeaders(m.Headers))
	f.Join("", m.Thread().Validate())
	for i, h := range m.Headers {
		switch name := strings.ToLower(h.Name); {
		case (name == "in-reply-to" || name == "references") && !m.Thread().IsZero():
			f.Add(fault.Pointer("headers", i), fault.NotAllowed, "inReplyTo and references say it")
		case strings.HasPrefix(name, "list-unsubscribe") && m.Unsubscribe:
			f.Add(fault.Pointer("headers", i), fault.NotAllowed, "unsubscribe adds it")
		}
	}
	if m.Channel.Spec().Mail || !m.Channel.Known() {
		return
	}
	only := func(pointer string, given bool) {
		if given {
			f.Add(pointer, fault.NotAllowed, "only an email has it")
		}
	}
	only("/cc", len(m.Cc) > 0)
	only("/bcc", len(m.Bcc) > 0)
	only("/headers", len(m.Headers) > 0)
	only("/inReplyTo", m.InReplyTo != "")
	only("/references", len(m.References) > 0)
	only("/unsubscribe", m.Unsubscribe)
}

func checkCopies(f *fault.List, name string, list []string) {
	if n := len(list); n > maxCopies {
		f.Add(fault.Pointer(name), fault.TooMany, "%d addresses, at most %d", n, maxCopies)
		return
	}
	for i, text := range list {
		f.Join(fault.Pointer(name, i), checkMailbox(text))
	}
}

// checkRecipient finds addresses that no channel could write to. Only programs with the numbering plans of all
// countries, such as a worker, can check a phone number; here it must hold digits.
func checkRecipient(c message.Channel, to string) error {
	switch {
	case to == "":
		return fault.At("", fault.Missing, "missing")
	case c.Address() == address.Mailbox:
		return checkMailbox(to)
	case utf8.RuneCountInString(to) > maxAddress:
		return fault.At("", fault.TooLong, "over %d characters", maxAddress)
	case c.Address() == address.Phone && strings.IndexFunc(to, unicode.IsDigit) < 0:
		return fault.At("", fault.BadAddress, "%s is not a phone number: give one such as +447912345678", fault.Quote(to))
	}
	if c.Address() == address.Conversation {
		if _, err := (address.Parser{}).Parse(address.Conversation, to); err != nil {
			return fault.At("", fault.BadAddress, "%v", err)
		}
	}
	return nil
}

func checkMailbox(text string) error {
	if utf8.RuneCountInString(text) > maxAddress {
		return fault.At("", fault.TooLong, "over %d characters", maxAddress)
	}
	if _, err := address.ParseMailbox(text); err != nil {
		return fault.At("", fault.BadAddress, "%v", err)
	}
	return nil
}

func checkTimes(f *fault.List, at, before time.Time) {
	if !before.IsZero() && !before.After(at) {
		f.Add("/sendBefore", fault.OutOfRange, "not after sendAt, so it would never be sent")
	}
}

// checkSender checks the sender. A mail needs one; the other channels have their own.
func checkSender(f *fault.List, c message.Channel, from, replyTo string) {
	switch {
	case !c.Spec().Mail:
		checkLine(f, "/from", from, maxAddress)
		checkLine(f, "/replyTo", replyTo, maxAddress)
		return
	case from == "":
		f.Add("/from", fault.Missing, "an email needs a sender")
	default:
		f.Join("/from", checkMailbox(from))
	}
	if replyTo != "" {
		f.Join("/replyTo", checkMailbox(replyTo))
	}
}

// checkPlace checks locale and time zone.
func checkPlace(f *fault.List, locale, timezone string) {
	f.Join("/locale", CheckLocale(locale))
	f.Join("/timezone", CheckTimezone(timezone))
}
