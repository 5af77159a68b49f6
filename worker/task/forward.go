package task

import (
	"regexp"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// Limits of a forward.
const (
	MaxForwardRecipients = 100     // an address that is named twice counts once
	MaxIntroduction      = 1 << 16 // bytes
	MaxChosenFiles       = 100
)

// Forward sends the transcript of a conversation to people outside, as one email to all of them, in which each sees
// the others.
type Forward struct {
	// ID identifies the forward, like the id of a message. A message may have the same one.
	ID string `json:"id"`
	// From is the sender. Replies go there unless ReplyTo names another address.
	From    string `json:"from"`
	ReplyTo string `json:"replyTo,omitempty"`
	// To is a list of addresses separated by commas, at most MaxForwardRecipients. If one is bad, the forward is
	// refused.
	To string `json:"to"`
	// Subject and Introduction (Markdown) are templates like those of a message. Their context is the transcript.
	// Values are never read as templates.
	Subject      string `json:"subject,omitempty"`
	Introduction string `json:"introduction,omitempty"`
	// Template names the email layout of the transcript: "transcript" when empty.
	Template string `json:"template,omitempty"`
	// Sources is the SHA-256 of the pinned template sources in the blob store. Empty: the worker's own catalog.
	Sources string `json:"sources,omitempty"`
	// Conversation is the SHA-256 of the packed conversation in the blob store (package conversation): a payload in
	// the queue stays small.
	Conversation string `json:"conversation"`
	// ConversationID is the conversation's own id, if it has one, for the event.
	ConversationID string `json:"conversationId,omitempty"`
	// Attachments are the ids or names of the files of the conversation that are attached.
	Attachments []string `json:"attachments,omitempty"`
	Locale      string   `json:"locale,omitempty"`
	Timezone    string   `json:"timezone,omitempty"`
	// Order of the messages: newest first when empty.
	Order ForwardOrder `json:"order,omitempty"`
	// Overflow says what happens to a transcript that is larger than an email may be: fail when empty.
	Overflow ForwardOverflow `json:"overflow,omitempty"`
	// Quotes says what becomes of text that messages quote: when empty, it is dropped if a message of the conversation is
	// withheld, and kept otherwise.
	Quotes ForwardQuotes `json:"quotes,omitempty"`
	// ForwardedBy is the agent, for templates (currentUser) and the event.
	ForwardedBy *Agent `json:"forwardedBy,omitempty"`
	Policy      Policy `json:"policy,omitempty"`
	// SendAt is when the mail is sent, not before; zero is now. From SendBefore on it is too late: the forward is
	// skipped, as "expired".
	SendAt     time.Time `json:"sendAt,omitzero"`
	SendBefore time.Time `json:"sendBefore,omitzero"`
	// Layout is set by the client; see the constant.
	Layout int `json:"layout,omitempty"`
	// EnqueuedAt is set by the client: templates take it for now, so that another attempt says the same.
	EnqueuedAt time.Time `json:"enqueuedAt,omitzero"`
}

// Begins is the time that the mail is written for: when it may be sent, or else when the forward was enqueued.
func (f Forward) Begins() time.Time { return later(f.SendAt, f.EnqueuedAt) }

// ForwardOrder says which message of a transcript comes first.
type ForwardOrder string

// The orders.
const (
	NewestFirst ForwardOrder = "newest"
	OldestFirst ForwardOrder = "oldest"
)

// ForwardOverflow says what happens to a transcript that is too large.
type ForwardOverflow string

// The ways out.
const (
	FailOverflow    ForwardOverflow = "fail"    // nothing is sent
	ShortenOverflow ForwardOverflow = "shorten" // the newest messages are sent; the mail says how many are left out
)

// ForwardQuotes says what becomes of quoted text.
type ForwardQuotes string

// What becomes of it. Either way, what was redacted is taken out.
const (
	KeepQuotes ForwardQuotes = "keep"
	DropQuotes ForwardQuotes = "drop"
)

// Agent is a member of the team.
type Agent struct {
	ID          string `json:"id,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	Email       string `json:"email,omitempty"`
}

// MessageID is the id of the mail. No single message has it, whatever the id of the forward.
func (f Forward) MessageID() string {
	if f.Layout == 0 {
		return f.ID
	}
	return Derive(f.ID, "forward")
}

// Kind implements Payload.
func (Forward) Kind() string { return "conversation.forward" }

// Validate reports every fault at once.
func (f Forward) Validate() error {
	var l fault.List
	l.Join("/id", CheckID(f.ID))
	checkLayout(&l, f.Layout)
	checkSender(&l, message.Email, f.From, f.ReplyTo)
	_, err := f.Recipients()
	l.Join("/to", err)
	checkText(&l, "/subject", f.Subject, maxSubjectTemplate)
	checkLine(&l, "/template", f.Template, maxName)
	if n := len(f.Introduction); n > MaxIntroduction {
		l.Add("/introduction", fault.TooLong, "%d bytes, at most %d", n, MaxIntroduction)
	}
	if !hashPattern.MatchString(f.Conversation) {
		l.Add("/conversation", fault.Malformed, "want the SHA-256 of the packed conversation")
	}
	if n := len(f.Attachments); n > MaxChosenFiles {
		l.Add("/attachments", fault.TooMany, "%d of them, at most %d", n, MaxChosenFiles)
	}
	if f.ForwardedBy != nil {
		checkLine(&l, "/forwardedBy/id", f.ForwardedBy.ID, maxName)
		checkLine(&l, "/forwardedBy/displayName", f.ForwardedBy.DisplayName, maxName)
		checkLine(&l, "/forwardedBy/email", f.ForwardedBy.Email, maxAddress)
	}
	message.CheckOneOf(&l, "/order", f.Order, []ForwardOrder{NewestFirst, OldestFirst})
	message.CheckOneOf(&l, "/overflow", f.Overflow, []ForwardOverflow{FailOverflow, ShortenOverflow})
	message.CheckOneOf(&l, "/quotes", f.Quotes, []ForwardQuotes{KeepQuotes, DropQuotes})
	checkPlace(&l, f.Locale, f.Timezone)
	message.CheckOneOf(&l, "/policy", f.Policy, Policies)
	checkTimes(&l, f.SendAt, f.SendBefore)
	return l.Err()
}

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Message is the forward as a message, as far as ledger, sender and policy need it. Its recipients are those of
// Recipients.
func (f Forward) Message() Message {
	return Message{ID: f.MessageID(), Channel: message.Email, From: f.From, ReplyTo: f.ReplyTo, To: f.To, Policy: f.Policy, SendBefore: f.SendBefore}
}

// Recipients reads To; the error is a fault of it. An address that stands twice counts once, under its first name.
// Domains are compared without case and in punycode. The part before the @ is compared as it is written, since its
// case may tell two mailboxes apart.
func (f Forward) Recipients() ([]message.Address, error) {
	if strings.TrimSpace(f.To) == "" {
		return nil, fault.At("", fault.Missing, "missing")
	}
	list, err := address.ParseMailboxList(f.To)
	if err != nil {
		return nil, fault.At("", fault.BadAddress, "%v", err)
	}
	seen := make(map[string]bool, len(list))
	out := list[:0]
	for _, a := range list {
		if !seen[a.Addr] {
			seen[a.Addr] = true
			out = append(out, a)
		}
	}
	if len(out) > MaxForwardRecipients {
		return nil, fault.At("", fault.TooMany, "%d addresses; at most %d are taken", len(out), MaxForwardRecipients)
	}
	return out, nil
}
