package delivery

import (
	"errors"
	"maps"
	"sync"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Notes are what one run learned about its messages besides their outcomes, by slot, and why the pending ones wait.
// The zero value is ready. It is safe for concurrent use.
type Notes struct {
	mu      sync.Mutex
	details map[int]ledger.Details
	states  map[int]ledger.State // outcomes
	wait    ledger.Reason
	again   *queue.Again // that wait belongs to
}

// note changes what is known of a slot.
func (n *Notes) note(slot int, change func(*ledger.Details)) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.details == nil {
		n.details = map[int]ledger.Details{}
	}
	d := n.details[slot]
	change(&d)
	n.details[slot] = d
}

// ended notes a slot's outcome.
func (n *Notes) ended(slot int, s ledger.State) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.states == nil {
		n.states = map[int]ledger.State{}
	}
	n.states[slot] = s
}

// Ended is a slot's outcome in this run; Pending where it has none.
func (n *Notes) Ended(slot int) ledger.State {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.states[slot]
}

// Tally is how many messages ended well in this run, and how many failed or are unknown.
func (n *Notes) Tally() (good, bad int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.states {
		switch s {
		case ledger.Sent, ledger.Done:
			good++
		case ledger.Failed, ledger.Unknown:
			bad++
		default: // suppressed and skipped: nothing went wrong
		}
	}
	return good, bad
}

// waits notes why a slot stays pending. Of several reasons it keeps the one whose pause Merge would choose.
func (n *Notes) waits(r ledger.Reason, again *queue.Again) {
	if n == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.again = Merge(n.again, again); n.again == again {
		n.wait = r
	}
}

// Of is what is known of a slot.
func (n *Notes) Of(slot int) ledger.Details {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.details[slot]
}

// All is what is known, by slot.
func (n *Notes) All() map[int]ledger.Details {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.details)
}

// WaitFor is why the messages wait that are pending after a run that ended with err. It has no code if they only wait
// in the queue.
func (n *Notes) WaitFor(err error) ledger.Reason {
	var again *queue.Again
	if !errors.As(err, &again) || again.After == 0 {
		return ledger.Reason{} // nobody is pending, or the worker stops
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case !again.Quiet && n.wait.Code != "":
		return n.wait
	}
	return ledger.Reason{Code: again.Reason, Text: again.Detail}
}

// issuesKept is how many issues of one message are kept: the first ones suffice to find the fault.
const issuesKept = 10

// noteContent notes what was rendered.
func (n *Notes) noteContent(slot int, c *render.Content) {
	if c == nil {
		return
	}
	n.note(slot, func(d *ledger.Details) {
		d.Subject, d.Issues = c.Subject, nil
		for _, i := range c.Issues[:min(len(c.Issues), issuesKept)] {
			d.Issues = append(d.Issues, ledger.Issue{Code: i.Code, Text: i.Message, Field: i.Field, Part: i.Part})
		}
	})
}
