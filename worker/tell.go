package worker

import (
	"cmp"
	"context"
	"encoding/json"
	"sync"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Callers are told what the books say, after they say it: a task ends only when that is stored. A run after one that was
// killed reads the same books and appends the same events, and those that are there already stay as they are.

// receipts are the names under which the other side knows the messages of one run, by slot. They are told and not kept.
type receipts struct {
	mu  sync.Mutex
	ids map[int]string
}

func (r *receipts) put(slot int, id string) {
	if r == nil || id == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids == nil {
		r.ids = map[int]string{}
	}
	r.ids[slot] = id
}

func (r *receipts) get(slot int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[slot]
}

// story is what facts are made of.
type story struct {
	message  task.Message
	record   ledger.Record
	receipt  string
	actions  *task.Actions // the shortcut's and the job's
	bulk     string        // "" for a single message
	cause    string        // for whom actions happen once: the message, or a bulk's recipient
	group    string        // see outbox.Message
	outcome  bool          // whether the outcome is told; actions always are
	isAction bool          // there is no message: its actions are all that happens
	// conversation is the recipient's, where the message's context names none.
	conversation string
}

// facts are what happened: the message's outcome, then what it brings for its conversation.
func (s story) facts() []outbox.Fact {
	if !s.record.State.Final() {
		return nil
	}
	m, at := s.message, s.record.At
	conversation, customer := aboutWhom(m, s.conversation)
	var facts []outbox.Fact
	if s.outcome && !s.isAction {
		fact := outbox.Message{
			ID: m.ID, Bulk: s.bulk, Channel: m.Channel, State: s.record.State.String(), Code: s.record.Reason.Code,
			Conversation: conversation, Customer: customer, ProviderID: s.receipt, At: at, Group: s.group,
		}
		if s.bulk != "" && conversation == "" && customer == "" {
			fact.To = m.To
		}
		facts = append(facts, fact)
	}
	if s.record.State != ledger.Sent || outbox.ConversationStream(conversation) == "" {
		return facts
	}
	if s.outcome && m.Channel == message.Note {
		facts = append(facts, outbox.Note{ID: m.ID, Bulk: s.bulk, Conversation: conversation, ProviderID: s.receipt, At: at, Group: s.group})
	}
	if !s.actions.IsZero() {
		fact := outbox.Updated{
			Conversation: conversation, Customer: customer, Message: m.ID, Bulk: s.bulk, Changes: s.actions.Changes(), At: at,
			Cause: s.cause, Group: s.group,
		}
		if s.isAction {
			fact.Message = ""
		}
		facts = append(facts, fact)
	}
	return facts
}

// aboutWhom reads conversation.id and customer.id of a message's context. Where it names no conversation, it is the
// recipient's, and a chat or note goes to one anyway.
func aboutWhom(m task.Message, recipients string) (conversation, customer string) {
	type named struct {
		ID json.RawMessage `json:"id"`
	}
	var c struct {
		Conversation named `json:"conversation"`
		Customer     named `json:"customer"`
	}
	_ = json.Unmarshal(m.Context, &c) // whatever else it holds, or lacks, is no matter here
	conversation, customer = cmp.Or(idText(c.Conversation.ID), recipients), idText(c.Customer.ID)
	if conversation == "" && (m.Channel == message.Chat || m.Channel == message.Note) {
		conversation = m.To
	}
	return conversation, customer
}

// idText is an id that is a text or a number.
func idText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

// tellMessage tells what became of a single message.
func (w *Worker) tellMessage(ctx context.Context, m task.Message, got *receipts) error {
	if w.Events == nil {
		return nil
	}
	records, err := w.Ledger.Chunk(ctx, ledger.Chunk{Owner: m.ID})
	if err != nil || len(records) != 1 {
		return err
	}
	s := story{message: m, record: records[0], receipt: got.get(0), actions: m.Actions, cause: m.ID, outcome: true}
	if s.record.State == ledger.Sent {
		// It went, so it could be prepared. A shortcut that is gone since then takes its own actions with it.
		if p, err := w.prepare(ctx, m.Content); err == nil {
			s.actions = p.actions.With(m.Actions)
		} else if out := outcomeOfPrepare(err); out.again != nil {
			return out.again
		}
	}
	return w.Events.Append(ctx, s.facts()...)
}

// actionsOf are what a shortcut does to a conversation, nil where it does nothing.
func actionsOf(s render.Shortcut) *task.Actions {
	a := &task.Actions{Tags: s.Tags, AssignedUsers: s.AssignedUsers, AssignedTeams: s.AssignedTeams, Queue: s.Queue, Status: s.Status}
	for name, value := range s.CustomFields {
		data, err := json.Marshal(value)
		if err != nil {
			continue // the catalog takes texts, booleans and finite numbers alone
		}
		if a.CustomFields == nil {
			a.CustomFields = map[string]json.RawMessage{}
		}
		a.CustomFields[name] = data
	}
	if a.IsZero() {
		return nil
	}
	return a
}

// checkActions says why a message must not go out whose actions could not follow it: nil where they can.
func (w *Worker) checkActions(j job) *outcome {
	if j.message.Actions.IsZero() {
		return nil
	}
	if w.Events == nil {
		return failed("no_events_url", "it changes a conversation, but no HERALD_EVENTS_URL is set that could be told")
	}
	if conversation, _ := aboutWhom(j.message, j.conversation); outbox.ConversationStream(conversation) == "" {
		return failed("no_conversation", "it changes a conversation, but its context has no conversation.id of 1 to 200 bytes")
	}
	if j.prepared != nil {
		if err := j.prepared.actions.With(j.message.Actions).Validate(); err != nil {
			return failed("invalid_actions", "with those of the shortcut: "+err.Error())
		}
	}
	return nil
}
