package worker

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// abandoned ends messages and forwards whose task is given up before a handler could work on it.
type abandoned struct {
	ledger *ledger.Ledger
	events *outbox.Store // nil publishes nothing
}

// close fails a pending message and publishes that. A message that an earlier run had claimed becomes unknown. The
// request stays stored, so that the dead letter can be put back.
func (a *abandoned) close(ctx context.Context, run queue.Run, payload []byte, why ledger.Reason) error {
	kind := ledger.Message
	switch run.Kind {
	case task.Message{}.Kind():
	case task.Forward{}.Kind():
		kind = ledger.Forward
	default:
		return nil // no message depends on it alone
	}
	id, own := strings.CutPrefix(run.ID, string(kind)+":")
	books := ledger.OwnerIn(0, kind, id).Chunk(0)
	if own {
		books = ledger.Owner{Kind: kind, ID: id}.Chunk(0)
	}
	return a.fail(ctx, ledger.Owner{Kind: kind, ID: id}, books, payload, why)
}

func (a *abandoned) fail(ctx context.Context, o ledger.Owner, books ledger.Chunk, payload []byte, why ledger.Reason) error {
	records, err := a.ledger.Chunk(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && len(records) != 1 {
		return nil
	}
	if err != nil {
		return err
	}
	switch records[0].State {
	case ledger.Pending:
		err = a.ledger.Mark(ctx, books, 0, ledger.Failed, why)
	case ledger.Claimed:
		err = a.ledger.Mark(ctx, books, 0, ledger.Unknown, ledger.Reason{Code: "interrupted", Text: "the worker stopped in the middle of sending; it may have arrived"})
	default: // an earlier run got that far
	}
	if err != nil {
		return err
	}
	if records, err = a.ledger.Chunk(ctx, books); err != nil {
		return err
	}
	if err := a.events.Append(ctx, a.fact(o, records[0], payload)); err != nil {
		return err
	}
	return a.ledger.RemoveUnsettled(ctx, o)
}

// fact is the event of the message's outcome, with whatever fields of its payload can be read.
func (a *abandoned) fact(o ledger.Owner, r ledger.Record, payload []byte) outbox.Message {
	fact := outbox.Message{ID: o.ID, State: r.State.String(), Code: r.Reason.Code, At: r.At}
	if o.Kind == ledger.Forward {
		var f task.Forward
		_ = json.Unmarshal(payload, &f) // any other content is ignored
		f.ID = o.ID
		fact.Forward, fact.Name, fact.Channel, fact.Conversation = true, f.MessageID(), message.Email, f.ConversationID
		return fact
	}
	var m task.Message
	_ = json.Unmarshal(payload, &m)
	fact.Channel = m.Channel
	fact.Conversation, fact.Customer = compose.AboutWhom(m, "")
	return fact
}
