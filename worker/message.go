package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// messages handles single messages.
type messages struct {
	composer *compose.Composer
	delivery *delivery.Delivery
	ledger   *ledger.Ledger
	events   *outbox.Store // nil publishes nothing
	ofTest   ofTest
}

// ofTest is Options.OfTest.
type ofTest func(ctx context.Context, id, to string) error

// record records what comes back about a message that was sent, where it is a test.
func (f ofTest) record(ctx context.Context, id, to string, state ledger.State) error {
	if f == nil || state != ledger.Sent || !task.IsTest(id) {
		return nil
	}
	return f(context.WithoutCancel(ctx), id, to)
}

// handle sends one message, then publishes its outcome.
func (h *messages) handle(ctx context.Context, log *slog.Logger, run queue.Run, m task.Message) error {
	var notes delivery.Notes
	books := recordOf(m)
	state, sources, err := h.send(ctx, log, run, m, &notes)
	if err != nil || !state.Final() {
		return waits(ctx, h.ledger, books, run, &notes, err)
	}
	if err := h.publish(ctx, m, &notes); err != nil {
		return err
	}
	sent, err := kept(m, sources)
	if err != nil {
		return err
	}
	if err := conclude(ctx, h.ledger, ledger.Owner{Kind: ledger.Message, ID: m.ID}, books, m, state, &notes, sent); err != nil {
		return err
	}
	return h.ofTest.record(ctx, m.ID, compose.Travelling(m.Channel, m.Country, m.To), state)
}

// waits records why a message or forward waits after a run that ended with err, and returns err.
func waits(ctx context.Context, l *ledger.Ledger, books ledger.Chunk, run queue.Run, notes *delivery.Notes, err error) error {
	reason := notes.WaitFor(err)
	if reason.Code == "" || reason.Code == notDue {
		return err
	}
	if unwritten := l.PutWait(context.WithoutCancel(ctx), books, reason, run.Attempt+1); unwritten != nil {
		return unwritten
	}
	return err
}

// conclude records what is known of a message or forward once its outcome is published.
func conclude(ctx context.Context, l *ledger.Ledger, o ledger.Owner, books ledger.Chunk, m task.Message, state ledger.State, notes *delivery.Notes, sent *ledger.Request) error {
	var learned *ledger.Details
	if d, known := notes.All()[0]; known {
		d.Channel, d.To, d.Country, d.Labels = string(m.Channel), m.To, enqueue.CountryOf(m), m.Labels
		learned = &d
	}
	return l.Conclude(context.WithoutCancel(ctx), o, books, state, learned, sent)
}

// kept is what is kept of a message that was sent: its task, with the hash of the sources that it was rendered from.
func kept(m task.Message, sources string) (*ledger.Request, error) {
	if sources == "" {
		return nil, nil // an earlier run sent it, or it consists of actions
	}
	m.Sources = sources
	data, err := task.EncodeChecked(m)
	return &ledger.Request{Kind: m.Kind(), Payload: data}, err
}

// send sends one message, or finds that nothing is left to do. It returns the outcome, or none if another run has the
// message, and the hash of the sources of what it sent.
func (h *messages) send(ctx context.Context, log *slog.Logger, run queue.Run, m task.Message, notes *delivery.Notes) (state ledger.State, sources string, err error) {
	chunk := recordOf(m)
	records, err := h.delivery.RecordsAlone(ctx, run, chunk, m)
	if err != nil {
		return ledger.Pending, "", err
	}
	if records[0].State.Final() {
		return records[0].State, "", nil // an earlier run recorded it
	}
	if again := early(m.SendAt); again != nil {
		return ledger.Pending, "", again
	}
	held := records[0].State == ledger.Claimed
	if err := h.composer.CheckTopic(m.Topic); err != nil {
		state, err = h.delivery.Refuse(ctx, log, chunk, held, err)
		return state, "", err
	}
	content, err := h.composer.Open(ctx, m.Content)
	if err != nil {
		// A missing shortcut and a template that doesn't compile: another attempt would not help.
		state, err = h.delivery.Refuse(ctx, log, chunk, held, err)
		return state, "", err
	}
	state, err = sendAlone(ctx, h.delivery, run, delivery.Job{
		Job: compose.Job{Message: m, Content: content, Owner: m.ID, Now: m.Begins()}, Log: log, Chunk: chunk, Held: held, Notes: notes,
	})
	return state, content.Sources(), err
}

// sendAlone delivers a single message, with notes, and waits until its outcome is recorded. It returns the outcome,
// or none if another run has the message.
func sendAlone(ctx context.Context, d *delivery.Delivery, run queue.Run, j delivery.Job) (_ ledger.State, err error) {
	j.Alone, j.Attempt, j.Quarantined = true, run.Attempt, d.Quarantined(run)
	if j.Suppressed, err = d.Suppressions.Check(ctx, j.Message.Channel, j.Topic(), j.Addresses()); err != nil {
		return ledger.Pending, err
	}
	commit, err := d.Deliver(ctx, j)
	return j.Notes.Ended(0), errors.Join(err, commit.Wait())
}

// notDue is the reason of a message that came too early and waits.
const notDue = "not due"

// early postpones a message that is not yet due by this clock. The clock of the client that enqueued it may differ.
func early(due time.Time) error {
	if wait := time.Until(due); wait > 0 {
		return &queue.Again{After: wait, Reason: notDue}
	}
	return nil
}

// recordOf names the record of a single message.
func recordOf(m task.Message) ledger.Chunk {
	return ledger.OwnerIn(m.Layout, ledger.Message, m.ID).Chunk(0)
}

// publish publishes the outcome of a message, as its record says. The task ends only after that.
func (h *messages) publish(ctx context.Context, m task.Message, notes *delivery.Notes) error {
	if h.events == nil {
		return nil
	}
	records, err := h.delivery.Ledger.Chunk(ctx, recordOf(m))
	if err != nil {
		return err
	}
	report := delivery.Report{
		Message: m, Record: records[0], Details: notes.Of(0), Actions: m.Actions, Cause: m.ID, Outcome: true,
	}
	if report.Record.State.Happened() {
		// It was sent, so its content was there. If the shortcut is gone since then, its own actions are lost.
		if content, err := h.composer.Open(ctx, m.Content); err == nil {
			report.Actions = content.Actions(m.Actions)
		} else if out := delivery.OfTrouble(ctx, err); out.Again != nil {
			return out.Again
		}
	}
	if err := h.delivery.BlockSpam(ctx, report); err != nil {
		return err
	}
	return h.events.Append(ctx, append(report.Facts(), report.Update()...)...)
}
