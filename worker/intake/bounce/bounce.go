// Package bounce reads mails that came back and says what they mean for the message that was sent: delivery reports
// (RFC 3464), refusals in the servers' own forms, complaints (RFC 5965), answers of machines (RFC 3834) and requests to be
// unsubscribed.
//
// Anybody can send such a mail. So what it says counts only for a message that was sent to its recipient: whoever calls
// Read finds that message by the sealed address that the mail was sent to, and never takes an address from the mail to
// block it.
//
// A class errs on the side that blocks nobody: Hard needs a statement that the mailbox or its domain does not exist.
// A refusal for any other reason, or for none that is understood, is Soft.
//
// Read it in this order: bounce.go, read.go, dsn.go and arf.go and own.go (the forms), judge.go (the class), entity.go and
// text.go (MIME).
package bounce

// Class is what a mail says of a message.
type Class string

// The classes.
const (
	Nothing     Class = "nothing"     // a mail that says nothing of a message: an answer of a person, or unknown
	Delivered   Class = "delivered"   // it is in the mailbox
	Delayed     Class = "delayed"     // a server still tries
	Soft        Class = "soft"        // it was not delivered; another one may be
	Hard        Class = "hard"        // there is no such mailbox, or no such domain
	Complaint   Class = "complaint"   // the recipient calls it spam
	Unsubscribe Class = "unsubscribe" // the recipient wants no more
	AutoReply   Class = "auto_reply"  // a machine answered: out of office, receipts, tickets
)

// The forms of a report.
const (
	FormDSN  = "dsn"  // RFC 3464
	FormOwn  = "own"  // a server's own form
	FormARF  = "arf"  // RFC 5965
	FormMail = "mail" // an ordinary mail
)

// Report is what a mail says of one recipient.
type Report struct {
	Class     Class
	Recipient string // the mailbox as the mail names it, original before final; "" where it names none
	Status    string // RFC 3463, such as 5.1.1; "" where there is none
	Words     string // the server's, cleaned and cut to 200 characters; they may hold an address
	Form      string
}

// Result is what a mail says.
type Result struct {
	Reports []Report // at least one; in the order of the mail
	// MessageID is that of the message that came back, without angle brackets; "" where it can't be told.
	MessageID string
	// Sender is the envelope sender of the message that came back, by its Return-Path; "" where it can't be told.
	Sender string
}

// Worst is the report that weighs most: a complaint, a hard bounce, a soft one, and so on.
func (r Result) Worst() Report {
	worst := r.Reports[0]
	for _, one := range r.Reports[1:] {
		if weight[one.Class] > weight[worst.Class] {
			worst = one
		}
	}
	return worst
}

var weight = map[Class]int{Nothing: 0, AutoReply: 1, Delayed: 2, Delivered: 3, Soft: 4, Hard: 5, Unsubscribe: 6, Complaint: 7}

// Bounds of what is read. A mail has at most MaxBytes; the rest is not looked at.
const (
	MaxBytes    = 1 << 20
	maxParts    = 40
	maxDepth    = 6
	maxFields   = 400      // of a header
	maxText     = 64 << 10 // of a text part
	maxReported = 100      // recipients
)
