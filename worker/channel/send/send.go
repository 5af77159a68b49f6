// Package send holds the result of a send: a Receipt, or an Error that says what to do next. The channels are the
// packages beside this one; each has a Sender with Send(ctx, *message.Message) and Close.
//
// It also holds what the channels over HTTP share: one HTTP client (client.go), the reading of answers (response.go),
// signatures (signature.go), and endpoints that take signed JSON (endpoint.go).
package send

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Receipt is what the other side answered when it took a message.
type Receipt struct {
	ID     string // the other side's id of the message: a Message-ID, a provider's sid; may be empty
	Detail string // the other side's own words, cleaned and cut to 200 characters; may hold an address
	// Sum is the SHA-256 of what left, but for its Date; zero where that is not known.
	Sum [sha256.Size]byte
	// Date is that of a mail, to the second; zero elsewhere.
	Date time.Time
}

// Written is a message as a sender writes it: the bytes that leave, their media type, and the Sum of a Receipt. Senders whose
// accounts write differently return one for each account.
type Written struct {
	Type  string
	Bytes []byte
	Sum   [sha256.Size]byte
}

// Error says that a message was not sent, or perhaps not. If it is neither Permanent nor Ambiguous, it is temporary:
// nothing was sent, and a later try may succeed. Its text holds no address, body or credential, so it may be logged.
type Error struct {
	// Permanent: nothing was sent and no retry of this message can succeed.
	Permanent bool
	// Ambiguous: the message left, and no answer came. It may have arrived; the caller's policy decides.
	Ambiguous bool
	// Suppress: this recipient must not be written to again (unknown user, unsubscribed). Only with Permanent.
	Suppress bool
	// Account: the trouble is that of the account or the server (connection, login, quota): every other message by
	// the same way meets it too. Only with temporary errors.
	Account bool
	// Unreached: connecting or the login failed, so no message was involved. Only with Account.
	Unreached bool
	// Sender: the account must not use the sender address of this message; it may use others. Only with Account.
	Sender bool

	Where      string        // the account: user and host, "" where there is none; never a secret
	Code       string        // stable, for machines: "smtp_550", "smtp_timeout", "invalid_message"
	Status     int           // the protocol's reply code, 0 where there was none
	Enhanced   string        // RFC 3463 status such as "5.1.1", where there was one
	Step       string        // what was under way, such as "RCPT" or "POST"
	RetryAfter time.Duration // what the other side asks to wait; 0 where it didn't say

	// Reply is the other side's own words, cleaned and cut to 200 characters. It may hold an address: it belongs in a
	// recipient's record and never in a log.
	Reply string
	Err   error // what lies beneath, may be nil
}

// Error is one line: the code, the step, and what lies beneath.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Code)
	if e.Enhanced != "" {
		b.WriteString(" " + e.Enhanced)
	}
	if e.Step != "" {
		b.WriteString(" at " + e.Step)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives what lies beneath.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports that nothing was sent and a later try may succeed.
func (e *Error) Temporary() bool { return !e.Permanent && !e.Ambiguous }

// AsError finds the Error in err. Any other error counts as ambiguous, since nobody can tell whether something was
// sent.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Ambiguous: true, Code: "unknown", Err: err}
}

// Invalid is the permanent error of a message that breaks message.Validate's rules or a channel's own.
func Invalid(err error) *Error {
	return &Error{Permanent: true, Code: "invalid_message", Err: err}
}

// Words cleans the other side's words for Receipt.Detail and Error.Reply: it turns control characters into spaces and
// keeps 200 characters.
func Words(s string) string {
	const most = 200
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == most {
			b.WriteRune('…')
			break
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			r = ' '
		}
		b.WriteRune(r)
		n++
	}
	return strings.TrimSpace(b.String())
}
