package bulk

import (
	"cmp"
	"context"
	"time"
)

// State is the progress of a bulk. It is computed from what is stored and never stored itself, so it can't disagree
// with the ledger.
type State string

// The states of a bulk.
const (
	Loading   State = "loading"   // its audience is being stored; nothing is sent yet
	Ready     State = "ready"     // stored, not yet started
	Scheduled State = "scheduled" // stored, and waits for the time when it is to begin
	Running   State = "running"   // someone is pending
	Completed State = "completed" // nobody is pending
	Pausing   State = "paused"    // messages are pending, and an operator has paused it
	Stopped   State = "cancelled" // an operator cancelled it, and no message is pending
)

// Status is the progress of a bulk in messages, one for each recipient and channel. Planned is always the sum of the
// other counts.
type Status struct {
	ID         string `json:"id"`
	State      State  `json:"state"`
	Planned    int    `json:"planned"`
	Pending    int    `json:"pending"` // with those that are claimed at this moment
	Sent       int    `json:"sent"`
	Failed     int    `json:"failed"`
	Suppressed int    `json:"suppressed"`
	Skipped    int    `json:"skipped"`
	Unknown    int    `json:"unknown"`
	Done       int    `json:"done"` // nothing was to be sent: the actions are all that happens
	// Feedback says what came back about those that were sent; nil if nothing did.
	Feedback *Feedback `json:"feedback,omitempty"`
	Issues   int       `json:"issues"` // messages that were rendered with issues, whatever became of them
	// Canary is "out" while only the canary is sent, then its verdict; empty without one.
	Canary string `json:"canary,omitempty"`
	// FailureShare is how many of the last messages failed, such as "500 of 500", if the bulk paused by itself for that.
	FailureShare string `json:"failureShare,omitempty"`
	// Unapproved is how many approvals it lacks, if it paused for that.
	Unapproved int `json:"unapproved,omitempty"`
}

// Feedback is what came back about the sent messages of a bulk. The sum of all is Status.Sent.
type Feedback struct {
	Delivered    int `json:"delivered"`
	BouncedSoft  int `json:"bouncedSoft"`
	BouncedHard  int `json:"bouncedHard"`
	OptedOut     int `json:"optedOut"`
	Unsubscribed int `json:"unsubscribed"`
	Complained   int `json:"complained"`
	Unconfirmed  int `json:"unconfirmed"` // nothing came back, as is usual of mails that arrived
}

// Settled is the number of messages with a final state.
func (s Status) Settled() int { return s.Planned - s.Pending }

// Status reads that of a bulk, or returns ErrNotFound.
func (s *Store) Status(ctx context.Context, id string) (Status, error) {
	b, err := s.Bulk(ctx, id)
	if err != nil {
		return Status{}, err
	}
	return s.StatusOf(ctx, b)
}

// StatusOf is Status for a bulk that was just read: a definition with a context of 1 MB is read once.
func (s *Store) StatusOf(ctx context.Context, b Bulk) (Status, error) {
	counts, err := s.ledger.Counts(ctx, b.Owner())
	if err != nil {
		return Status{}, err
	}
	status := Status{
		ID: b.ID, Planned: b.Planned, Pending: b.Planned - counts.Final(), Sent: counts.Sent, Done: counts.Done, Failed: counts.Failed,
		Suppressed: counts.Suppressed, Skipped: counts.Skipped, Unknown: counts.Unknown, Issues: counts.Issues,
	}
	if came, n := counts.Feedback, counts.Feedback.Sum(); n > 0 {
		status.Feedback = &Feedback{came.Delivered, came.BouncedSoft, came.BouncedHard, came.OptedOut, came.Unsubscribed, came.Complained, max(0, counts.Sent-n)}
	}
	if b.Canary != nil {
		status.Canary = cmp.Or(string(b.Verdict), "out")
	}
	switch {
	case b.Chunks == 0:
		status.State = Loading
	case status.Pending == 0 && b.Control == Cancelled:
		status.State = Stopped
	case status.Pending == 0:
		status.State = Completed
	case b.Control == Paused:
		status.State, status.FailureShare, status.Unapproved = Pausing, b.Share, max(0, b.Needs-len(b.Approvals))
	case b.Started.IsZero() && b.SendAt.After(time.Now()):
		status.State = Scheduled
	case b.Started.IsZero() && status.Settled() == 0: // the first chunks of a large bulk run while its last ones get their tasks
		status.State = Ready
	default:
		status.State = Running
	}
	return status, nil
}

// Over reports whether nothing more will happen to the bulk by itself.
func (s State) Over() bool { return s == Completed || s == Stopped }
