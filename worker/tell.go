package worker

import (
	"context"
	"sync"

	"github.com/heraldsend/herald/worker/compose"
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
	conversation, customer := compose.AboutWhom(m, s.conversation)
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
		if content, err := w.composer.Open(ctx, m.Content); err == nil {
			s.actions = content.Actions(m.Actions)
		} else if out := outcomeOfTrouble(ctx, err); out.again != nil {
			return out.again
		}
	}
	return w.Events.Append(ctx, s.facts()...)
}
