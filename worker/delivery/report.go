package delivery

import (
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Report makes the events of a message out of its record. The same record always gives the same events: if a worker
// was killed, the next one publishes them again without a change.
type Report struct {
	Message    task.Message
	Record     ledger.Record
	Details    ledger.Details
	Actions    *task.Actions // those of the shortcut and of the message
	Bulk       string        // "" for a single message
	Cause      string        // the message, or the recipient of a bulk: actions happen once for each
	Group      string        // see outbox.Message
	Outcome    bool          // whether the outcome is published; actions always are
	OnlyAction bool          // there are only actions, and no message
	// Conversation is the recipient's, if the message's context names none.
	Conversation string
	Email, Phone string // of a bulk's recipient
}

// Facts are the events of the message. What it changes in its conversation follows: see Update.
func (r Report) Facts() []outbox.Fact {
	if !r.Record.State.Final() {
		return nil
	}
	m, at := r.Message, r.Record.At
	conversation, customer := compose.AboutWhom(m, r.Conversation)
	var facts []outbox.Fact
	if r.Outcome && !r.OnlyAction {
		fact := outbox.Message{
			ID: m.ID, Bulk: r.Bulk, Channel: m.Channel, State: r.Record.State.String(), Code: r.Record.Reason.Code, Labels: m.Labels,
			Conversation: conversation, Customer: customer, ProviderID: r.Details.ProviderID, At: at, Group: r.Group,
		}
		for _, i := range r.Details.Issues {
			i.Text = ""
			fact.Issues = append(fact.Issues, i)
		}
		if r.Bulk != "" && conversation == "" && customer == "" {
			fact.To = m.To
		}
		facts = append(facts, fact)
	}
	if !r.Record.State.Happened() || outbox.ConversationStream(conversation) == "" {
		return facts
	}
	if r.Outcome && r.Record.State == ledger.Sent && m.Channel.Spec().Note {
		facts = append(facts, outbox.Note{ID: m.ID, Bulk: r.Bulk, Conversation: conversation, ProviderID: r.Details.ProviderID, At: at, Group: r.Group})
	}
	return facts
}

// Update is the event of the changes in the conversation; none if the message was not sent or changes nothing.
func (r Report) Update() []outbox.Fact {
	conversation, customer := compose.AboutWhom(r.Message, r.Conversation)
	if !r.Record.State.Happened() || outbox.ConversationStream(conversation) == "" || r.Actions.IsZero() {
		return nil
	}
	fact := outbox.Updated{
		Conversation: conversation, Customer: customer, Message: r.Message.ID, Bulk: r.Bulk, Changes: r.Actions.Changes(r.Record.At), At: r.Record.At,
		Cause: r.Cause, Group: r.Group,
	}
	if r.OnlyAction {
		fact.Message = ""
	}
	return []outbox.Fact{fact}
}
