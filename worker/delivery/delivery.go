// Package delivery sends a message to its recipient. Single messages, slots of bulks and forwards all go through
// Deliver. Only outcome.go decides what an error means: another attempt, or the end.
//
// A worker may be killed at any time. Another one takes up what it had not recorded, by the rules of package ledger:
// see Records and Quarantined.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/testmode"
)

// Sender sends the messages of one channel. Its errors are *send.Error.
type Sender interface {
	Send(ctx context.Context, m *message.Message) (send.Receipt, error)
}

// Ledger holds the state of every message: *ledger.Ledger.
type Ledger interface {
	Chunk(ctx context.Context, c ledger.Chunk) ([]ledger.Record, error)
	Claim(ctx context.Context, c ledger.Chunk, slot int) (bool, error)
	Release(ctx context.Context, c ledger.Chunk, slot int) error
	Mark(ctx context.Context, c ledger.Chunk, slot int, s ledger.State, r ledger.Reason) error
	Post(ctx context.Context, c ledger.Chunk, slot int, s ledger.State, r ledger.Reason) *ledger.Commit
	PostSent(ctx context.Context, c ledger.Chunk, slot int, p ledger.Proof) *ledger.Commit
}

// Composer makes messages, or says why there is none: *compose.Composer.
type Composer interface {
	Admit(j compose.Job) *compose.Verdict
	Compose(ctx context.Context, j compose.Job) (compose.Composed, error)
}

// Limiter keeps the rates that all workers share: *rate.Limiter.
type Limiter interface {
	Wait(ctx context.Context, lane string, perSecond float64) error
	Slow(ctx context.Context, lane string)
	Lanes() []rate.Lane
}

// Suppressions are the addresses that must not be written to: *suppress.Store.
type Suppressions interface {
	// Check returns for each address the entry that forbids it for messages of a topic, or nil.
	Check(ctx context.Context, c message.Channel, topic string, addresses []string) ([]*suppress.Entry, error)
	// Suppress forbids an address for all topics from now on.
	Suppress(ctx context.Context, c message.Channel, address, reason, source string) error
}

// Tests stands in for all channels where a message is a test: *testmode.Sender. Its errors are *send.Error.
type Tests interface {
	// Send reaches nobody. attempt counts the tries before this one.
	Send(ctx context.Context, m *message.Message, attempt int) (send.Receipt, error)
}

// Options for New. All but Rates, Tests, Answered, Halted and Era are required.
type Options struct {
	Ledger       Ledger
	Composer     Composer
	Senders      map[message.Channel]Sender
	Tests        Tests // nil: tests wait for a worker that has it
	Limiter      Limiter
	Suppressions Suppressions       // takes those who must not be written to again
	Rates        map[string]float64 // messages a second by channel ("sms") or sender ("sms:+15550100"), all workers together; 0 is no limit
	Metrics      *Metrics
	Draining     context.Context // ends when no further message may be started
	// Answered is told what the senders say of messages, nil if one was sent; it may be nil itself.
	Answered func(c message.Channel, e *send.Error)
	// Halted says why nothing may be sent under a policy for now: a code and words; "" if it may. nil: it always may.
	Halted func(task.Policy) (code, words string)
	// Era changes when others may have taken this worker's tasks, since Redis forgot who works on what, or this process stood
	// still: runs that began before start no further message. nil: it never does.
	Era func() int64
}

// Delivery carries messages. It is safe for concurrent use.
type Delivery struct {
	Options
	rates      atomic.Pointer[map[string]float64]
	quarantine quarantine
	troubles   troubles
}

// New checks the options.
func New(o Options) (*Delivery, error) {
	if o.Ledger == nil || o.Composer == nil || len(o.Senders) == 0 || o.Limiter == nil || o.Suppressions == nil || o.Metrics == nil || o.Draining == nil {
		return nil, errors.New("delivery: Ledger, Composer, Senders, Limiter, Suppressions, Metrics and Draining are required")
	}
	d := &Delivery{Options: o}
	d.SetRates(o.Rates)
	return d, nil
}

// SetRates replaces Options.Rates, for messages that have not got their turn.
func (d *Delivery) SetRates(rates map[string]float64) { d.rates.Store(&rates) }

// Job is one message for its recipient, and what is known about it.
type Job struct {
	compose.Job
	Log     *slog.Logger
	Chunk   ledger.Chunk // where its record is
	Slot    int
	Attempt int // attempts before this one
	// Alone: it is a single message. It is claimed under any policy, so that nobody can cancel it while it is sent.
	Alone bool
	// Quarantined: workers died with this task. Its messages are claimed under any policy, to find out which one it
	// is.
	Quarantined bool
	// Held: an earlier run died while it held the claim, and this run has it now. The message may have arrived, so the claim
	// stays until there is an outcome.
	Held bool
	// Make makes the message if its content is not Job.Content; nil otherwise. Its errors are those of
	// Composer.Compose.
	Make func(ctx context.Context) (*message.Message, error)
	// Notes takes what is learned about the message; nil if nobody needs it.
	Notes *Notes
	// Waiting ends when the job must no longer wait for its turn. UntilDrain makes one; nil: Deliver makes its own.
	Waiting context.Context
	// BulkRate is how many messages a second the bulk may start; 0 is no limit.
	BulkRate float64
}

// claims reports whether the message is claimed before it is sent.
func (j Job) claims() bool {
	return j.Quarantined || j.Alone || j.Message.PolicyOrDefault() == task.Hold
}

// Deliver sends one message to its recipient. It returns the commit of its outcome, for which the caller waits. A
// *queue.Again as error means: the message is still pending and may be attempted again. Any other error is trouble of
// the worker itself.
func (d *Delivery) Deliver(ctx context.Context, j Job) (*ledger.Commit, error) {
	out, err := d.admit(ctx, j)
	if err != nil {
		return nil, err
	}
	if j.Alone && j.Quarantined {
		defer d.Enter()()
	}
	if out == nil {
		var mine bool
		if mine, out, err = d.claim(ctx, j); err != nil || !mine {
			return nil, err
		}
	}
	var msg *message.Message
	if out == nil {
		msg, out = d.compose(ctx, j) // with its files
	}
	if out == nil {
		out = d.send(ctx, j, msg)
	} else {
		out = unsent(out, j.Held)
	}
	return d.record(ctx, j, out)
}

// admit asks the questions that need no content, then waits for the turn of the message.
func (d *Delivery) admit(ctx context.Context, j Job) (*Outcome, error) {
	if v := d.Composer.Admit(j.Job); v != nil {
		return OfVerdict(v), nil
	}
	if j.test() {
		if reason := testmode.Suppressed(j.Addresses()); reason != "" {
			return &Outcome{State: ledger.Suppressed, Reason: ledger.Reason{Code: reason, Text: "a magic address of tests"}}, nil
		}
	}
	if j.Message.Channel == "" {
		return &Outcome{State: ledger.Done}, nil // it consists of actions only
	}
	if err := d.awaitTurn(ctx, j); err != nil {
		return nil, err
	}
	if d.Resting() {
		return nil, &queue.Again{Reason: "everything is paused", Quiet: true}
	}
	if code, words := d.halted(j.Message.PolicyOrDefault()); code != "" {
		out := interrupted(code, AccountPause)
		out.Reason.Text, out.Again.Detail, out.Again.Channel = words, words, j.Message.Channel
		j.Notes.waits(out.Reason, out.Again)
		return nil, out.Again
	}
	return nil, nil
}

func (d *Delivery) halted(p task.Policy) (code, words string) {
	if d.Halted == nil {
		return "", ""
	}
	return d.Halted(p)
}

// Resting reports whether nothing at all may be sent for now.
func (d *Delivery) Resting() bool {
	code, _ := d.halted(task.Resend) // what holds for it holds for all
	return code != ""
}

// Began is the era of a run that begins now; Outdated reports whether another one has begun since.
func (d *Delivery) Began() int64 {
	if d.Era == nil {
		return 0
	}
	return d.Era()
}

// Outdated is explained at Began.
func (d *Delivery) Outdated(began int64) bool { return d.Began() != began }

// claim claims the message under "hold". Under "resend" it does nothing: the message is marked after sending. It
// reports false if another run has the message. It checks again whether the message is too late, since it may have
// waited for its turn.
func (d *Delivery) claim(ctx context.Context, j Job) (mine bool, out *Outcome, err error) {
	if v := compose.Expired(j.Message, time.Now()); v != nil {
		return true, OfVerdict(v), nil
	}
	if !j.claims() || j.Held {
		return true, nil, nil
	}
	mine, err = d.Ledger.Claim(ctx, j.Chunk, j.Slot)
	return mine, nil, err
}

// compose makes the message that is sent, or says why there is none.
func (d *Delivery) compose(ctx context.Context, j Job) (*message.Message, *Outcome) {
	if j.Make != nil {
		msg, err := j.Make(ctx)
		if err != nil {
			return nil, OfTrouble(ctx, err)
		}
		j.Notes.note(j.Slot, func(d *ledger.Details) { d.Subject = msg.Subject })
		return msg, nil
	}
	composed, err := d.Composer.Compose(ctx, j.Job)
	j.Notes.noteContent(j.Slot, composed.Content)
	switch {
	case err != nil:
		return nil, OfTrouble(ctx, err)
	case composed.Verdict != nil:
		if composed.Verdict.Code == compose.LoggedOnly {
			j.Log.Info("message logged, not sent", "message_id", j.Message.ID, "channel", string(j.Message.Channel))
		}
		return nil, OfVerdict(composed.Verdict)
	}
	return composed.Message, nil
}

// test reports whether the message is a test: see task.IsTest. Its record says so, and so do the ids that follow from it.
func (j Job) test() bool { return task.IsTest(j.Chunk.ID) || task.IsTest(j.Message.ID) }

// senderOf is who sends a message; false if nobody does. There is no other way to a sender, so whatever brought a test
// here, no channel gets it.
func (d *Delivery) senderOf(j Job, msg *message.Message) (Sender, bool) {
	if j.test() || task.IsTest(msg.ID) {
		return stand{d.Tests, j.Attempt}, d.Tests != nil
	}
	sender, ok := d.Senders[msg.Channel]
	return sender, ok
}

// stand sends one try of a test.
type stand struct {
	tests   Tests
	attempt int
}

// Send implements Sender.
func (s stand) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	return s.tests.Send(ctx, m, s.attempt)
}

// send hands the message to its channel. A panic there makes this message alone unknown: nobody can tell how far it
// got.
func (d *Delivery) send(ctx context.Context, j Job, msg *message.Message) (out *Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = &Outcome{State: ledger.Unknown, Reason: brokeDown(j.Log, p)}
		}
	}()
	sender, ok := d.senderOf(j, msg)
	if !ok {
		out = interrupted("no_sender", AccountPause)
		out.Reason.Text = fmt.Sprintf("no sender is configured for %s: set HERALD_%s_URL", msg.Channel, strings.ToUpper(string(msg.Channel)))
		out.Again.Detail, out.Again.Channel = out.Reason.Text, msg.Channel
		d.troubles.meet(msg.Channel, "no_sender", "no_sender: "+out.Reason.Text, "")
		return out
	}
	started := time.Now()
	receipt, err := sender.Send(ctx, msg)
	e := send.AsError(err)
	if !j.test() { // which says nothing of the channel
		d.Metrics.sendTook(msg.Channel, time.Since(started))
		d.troubles.answered(msg.Channel, e)
		if d.Answered != nil {
			d.Answered(msg.Channel, e)
		}
	}
	j.Notes.note(j.Slot, func(d *ledger.Details) {
		d.Attempts, d.ProviderID, d.Words = j.Attempt+1, receipt.ID, hideRecipients(receipt.Detail, msg)
		if e != nil {
			d.ProviderID, d.Words = "", hideRecipients(e.Reply, msg)
		}
	})
	if e == nil {
		return &Outcome{State: ledger.Sent, Proof: ledger.Proof{Sum: receipt.Sum, Date: receipt.Date}}
	}
	if pushesBack(e) && !j.test() {
		d.Limiter.Slow(ctx, ChannelLane(msg.Channel))
	}
	out = outcomeOfSend(e, msg.Channel, j.Message.PolicyOrDefault(), j.Attempt)
	out.Reason.Text = hideRecipients(out.Reason.Text, msg)
	if out.Again != nil {
		out.Again.Detail = hideRecipients(out.Again.Detail, msg)
	}
	if out.Again != nil && !out.Again.Counts {
		out.Again.Channel = msg.Channel
	}
	if len(msg.To)+len(msg.Cc)+len(msg.Bcc) > 1 {
		out.Suppress = "" // the other side doesn't say which of them it means
	}
	return out
}

// pushesBack reports whether the other side says that we are too fast. A server that is down says no such thing.
func pushesBack(e *send.Error) bool {
	return e.Temporary() && (e.Status == http.StatusTooManyRequests || strings.HasPrefix(e.Enhanced, "4.7.") || e.RetryAfter > 0 && !e.Account)
}

// Survive turns a panic into a verdict over one message. Defer it where a message is made.
func Survive(log *slog.Logger, err *error) {
	if p := recover(); p != nil {
		reason := brokeDown(log, p)
		*err = &compose.Verdict{State: ledger.Failed, Code: reason.Code, Text: reason.Text}
	}
}

// brokeDown logs a panic and returns the reason for the ledger.
func brokeDown(log *slog.Logger, p any) ledger.Reason {
	log.Error("panic", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	return ledger.Reason{Code: "internal_error", Text: "Herald broke down over this message; please report it with the worker's log"}
}

// record writes the outcome into the ledger, and puts the recipient on the suppression list where the outcome asks
// for that. A worker that was told to stop does this too.
func (d *Delivery) record(ctx context.Context, j Job, out *Outcome) (*ledger.Commit, error) {
	ctx = context.WithoutCancel(ctx)
	if !j.test() {
		d.Metrics.outcome(j.Message.Channel, out)
	}
	if out.Again != nil {
		j.Notes.waits(out.Reason, out.Again)
		if j.claims() && !j.Held {
			if err := d.Ledger.Release(ctx, j.Chunk, j.Slot); err != nil {
				return nil, err
			}
		}
		return nil, out.Again
	}
	if out.Suppress != "" && !j.test() {
		// This comes first, and waits: if the worker dies here, the next attempt finds the recipient suppressed.
		m := j.Message
		if err := d.Suppressions.Suppress(ctx, m.Channel, compose.Travelling(m.Channel, m.Country, m.To), out.Suppress, j.Chunk.ID); err != nil {
			return nil, err
		}
	}
	j.Notes.ended(j.Slot, out.State)
	if out.State == ledger.Sent {
		return d.Ledger.PostSent(ctx, j.Chunk, j.Slot, out.Proof), nil
	}
	return d.Ledger.Post(ctx, j.Chunk, j.Slot, out.State, out.Reason), nil
}
