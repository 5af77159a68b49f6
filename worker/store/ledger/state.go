package ledger

import (
	"fmt"
	"time"
)

// State is the state of one message. Its value is the byte in Redis.
type State byte

// The states. Pending is the zero byte, so that a fresh string of zeros is a chunk of pending recipients.
const (
	Pending    State = 0
	Claimed    State = 'c' // taken under "hold": its message may be on its way
	Sent       State = 's' // accepted by the channel
	Done       State = 'd' // there was nothing to send: its actions are all that happens
	Failed     State = 'f' // given up, with a reason
	Suppressed State = 'x' // not sent because the address is on the suppression list
	Skipped    State = 'k' // not sent because the caller wanted it so, for instance on rendering issues
	Unknown    State = 'u' // it can't be known whether it was sent; a person decides
)

var names = map[State]string{
	Pending: "pending", Claimed: "claimed", Sent: "sent", Done: "done", Failed: "failed",
	Suppressed: "suppressed", Skipped: "skipped", Unknown: "unknown",
}

// String returns the state's public name.
func (s State) String() string {
	if name, ok := names[s]; ok {
		return name
	}
	return fmt.Sprintf("state(%#x)", byte(s))
}

// ParseState is the reverse of String.
func ParseState(name string) (State, error) {
	for s, n := range names {
		if n == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%.100q is not a state: want pending, claimed, sent, done, failed, suppressed, skipped or unknown", name)
}

// Final reports whether a message in state s stays in it, unless a person acts.
func (s State) Final() bool { return s != Pending && s != Claimed }

// Happened reports whether what a message brings with it, its actions, happens in state s.
func (s State) Happened() bool { return s == Sent || s == Done }

// Reason says why a message is in its state.
type Reason struct {
	// Code is stable and short: smtp_550, attachment_too_large, invalid_address.
	Code string `json:"code"`
	// Text is for people. It holds nothing personal beyond what the recipient's own data holds.
	Text string `json:"text"`
}

// Record is the record of one message.
type Record struct {
	State  State
	At     time.Time // when the state was reached, to the second; zero while pending
	Reason Reason    // zero for pending, claimed and sent
}

// Counts are the numbers of messages of a bulk, by state.
type Counts struct {
	Claimed    int `json:"claimed"`
	Sent       int `json:"sent"`
	Failed     int `json:"failed"`
	Suppressed int `json:"suppressed"`
	Skipped    int `json:"skipped"`
	Unknown    int `json:"unknown"`
	Done       int `json:"done"`
	Issues     int `json:"issues"` // messages that were rendered with issues, whatever became of them
	// Feedback is what came back about those that were sent.
	Feedback FeedbackCounts `json:"-"`
}

// Final is the number of messages in a final state.
func (c Counts) Final() int { return c.Sent + c.Done + c.Failed + c.Suppressed + c.Skipped + c.Unknown }

func (c *Counts) add(s State, n int) {
	switch s {
	case Claimed:
		c.Claimed += n
	case Sent:
		c.Sent += n
	case Failed:
		c.Failed += n
	case Done:
		c.Done += n
	case Suppressed:
		c.Suppressed += n
	case Skipped:
		c.Skipped += n
	case Unknown:
		c.Unknown += n
	case Pending:
	}
}
