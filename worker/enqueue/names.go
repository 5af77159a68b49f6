package enqueue

import (
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Message and the others are what callers name, so that this package is the only one that they import. Each is what stands
// behind it: values of both names go together.
type ( //nolint:revive // each line says what it names
	Message   = task.Message    // one message to one recipient
	Content   = task.Content    // what is sent: a shortcut by name, or a text
	Forward   = task.Forward    // a transcript of a conversation
	Actions   = task.Actions    // what changes in a conversation after sending
	Policy    = task.Policy     // what a crash in the middle of sending means: Resend or Hold
	Channel   = message.Channel // Email, SMS, Chat or Note
	File      = message.Ref     // an attachment: where its bytes are
	Header    = message.Header  // a further header field of an email
	Bulk      = bulk.Definition // what a bulk sends, the same for all
	Part      = bulk.Part       // a bulk's message on one channel
	Canary    = bulk.Canary     // a bulk's first part, which stops the others if it fails
	Recipient = bulk.Recipient  // one of a bulk's audience
	RowError  = bulk.RowError   // what is wrong with one of an audience
	Plan      = bulk.Plan       // the hash of what a bulk sends
	State     = ledger.State    // of a message; its String is pending, sent, failed, …
	Reason    = ledger.Reason   // why a message is in its state

	// Faults are all that is wrong with what was given. Use errors.As to find them in an error: each has a JSON pointer to
	// the value, a stable code, and words.
	Faults = fault.List
	Fault  = fault.Fault
)

// The channels.
const (
	Email = message.Email
	SMS   = message.SMS
	Chat  = message.Chat
	Note  = message.Note
)

// The policies.
const (
	Resend = task.Resend // sent again: at least once
	Hold   = task.Hold   // not sent again before a person says so: at most once
)

// The states of a message.
const (
	Pending    = ledger.Pending
	Claimed    = ledger.Claimed // pending, and in a worker's hand
	Sent       = ledger.Sent
	Done       = ledger.Done
	Failed     = ledger.Failed
	Suppressed = ledger.Suppressed
	Skipped    = ledger.Skipped
	Unknown    = ledger.Unknown
)

// The errors of the packages behind this one, for errors.Is.
var (
	ErrNotFound      = ledger.ErrNotFound // no such message or forward, or no longer
	ErrBulkNotFound  = bulk.ErrNotFound
	ErrBulkLoading   = bulk.ErrLoading // another process stores its audience
	ErrBulkSealed    = bulk.ErrSealed  // its audience is complete
	ErrBulkCancelled = bulk.ErrCancelled
	ErrBulkCompleted = bulk.ErrCompleted
	ErrBulkBusy      = bulk.ErrBusy
	ErrPlan          = bulk.ErrPlan
	ErrLocalTimes    = bulk.ErrLocalTimes
)
