package ledger

import (
	"fmt"
	"time"
)

// State is what is known of one recipient. Its value is the byte that Redis holds.
type State byte

// The states. Pending is the zero byte, so that a fresh string of zeros is a chunk of pending recipients.
const (
	Pending    State = 0
	Claimed    State = 'c' // taken under "hold": its message may be on its way
	Sent       State = 's' // accepted by the channel
	Done       State = 'd' // there was nothing to send: its actions are all that happens
	Failed     State = 'f' // given up, with a reason
	Suppressed State = 'x' // not sent because the address is on the suppression list
	Skipped    State = 'k' // not sent because the caller asked so, for instance on rendering issues
	Unknown    State = 'u' // nobody can tell whether it was sent; waits for a person
)

var names = map[State]string{
	Pending: "pending", Claimed: "claimed", Sent: "sent", Done: "done", Failed: "failed",
	Suppressed: "suppressed", Skipped: "skipped", Unknown: "unknown",
}

// String returns the state's name as the outside sees it.
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

// Final reports whether nothing more will happen to a recipient in state s without a person's doing.
func (s State) Final() bool { return s != Pending && s != Claimed }

// Happened reports whether what a message brings with it, its actions, happens in state s.
func (s State) Happened() bool { return s == Sent || s == Done }

// Reason says why a recipient is in its state.
type Reason struct {
	// Code is stable and short: smtp_550, attachment_too_large, invalid_address.
	Code string `json:"code"`
	// Text is for people. It holds nothing personal beyond what the recipient's own row holds.
	Text string `json:"text"`
}

// Record is one recipient's line in the books.
type Record struct {
	State  State
	At     time.Time // when the state was reached, to the second; zero while pending
	Reason Reason    // zero for pending, claimed and sent
}

// Counts are the books of one bulk, by state.
type Counts struct {
	Claimed    int `json:"claimed"`
	Sent       int `json:"sent"`
	Failed     int `json:"failed"`
	Suppressed int `json:"suppressed"`
	Skipped    int `json:"skipped"`
	Unknown    int `json:"unknown"`
	Done       int `json:"done"`
	Issues     int `json:"issues"` // messages that were rendered with issues, whatever became of them
}

// Final is the number of recipients to whom nothing more will happen.
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
