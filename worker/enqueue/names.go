package enqueue

import (
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Callers name these, so that they import this package alone; values of both names go together.

type (
	// Message is one message to one recipient.
	Message = task.Message
	// Content is what is sent: a shortcut by name, or a text.
	Content = task.Content
	// Forward is a transcript of a conversation.
	Forward = task.Forward
	// Actions is what changes in a conversation after sending.
	Actions = task.Actions
	// Policy is what a crash in the middle of sending means: Resend or Hold.
	Policy = task.Policy
	// Channel is Email, SMS, Chat or Note.
	Channel = message.Channel
	// File is an attachment: where its bytes are.
	File = message.Ref
	// Header is a further header field of an email.
	Header = message.Header
	// Bulk is what a bulk sends, the same for all.
	Bulk = bulk.Definition
	// Part is a bulk's message on one channel.
	Part = bulk.Part
	// Canary is a bulk's first part, which stops the others if it fails.
	Canary = bulk.Canary
	// Recipient is one of a bulk's audience.
	Recipient = bulk.Recipient
	// RowError is what is wrong with one of an audience.
	RowError = bulk.RowError
	// Plan is the hash of what a bulk sends.
	Plan = bulk.Plan
	// State is the state of a message; its String is pending, sent, failed, ….
	State = ledger.State
	// Reason is why a message is in its state.
	Reason = ledger.Reason

	// Faults are all that is wrong with what was given. Use errors.As to find them in an error: each has a JSON pointer to
	// the value, a stable code, and words.
	Faults = fault.List
	// Fault is one of them.
	Fault = fault.Fault
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
