package worker

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// job is one message for one recipient, and what is known of it before it starts.
type job struct {
	log   *slog.Logger
	chunk ledger.Chunk // where its books are
	slot  int
	compose.Job
	attempt int  // tries before this one
	careful bool // workers died with this task: claim first, whatever the policy, to find out over whom
	// alone is a message of its own: claimed whatever the policy, so that nobody can cancel it while it goes out.
	alone    bool
	receipts *receipts // told what the other side calls the message; may be nil
	// settled is what is known to become of the message before anything is done for it: nothing is sent. nil otherwise.
	settled *outcome
}

// deliver carries one message to its recipient. It returns the commit of its outcome, which the caller waits for, or a
// *queue.Again when the recipient is still pending and may be tried again, or any other error when the worker itself is in
// trouble.
func (w *Worker) deliver(ctx context.Context, j job) (*ledger.Commit, error) {
	mine, out, err := w.claim(ctx, j)
	if err != nil || !mine {
		return nil, err
	}
	var msg *message.Message
	if out == nil {
		msg, out = w.compose(ctx, j)
	}
	if out == nil {
		out = w.send(ctx, j, msg)
	}
	return w.record(ctx, j, out)
}

// claims reports whether the recipient is claimed before sending.
func (j job) claims() bool { return j.careful || j.alone || policyOf(j.Message) == task.Hold }

// claim takes the recipient under "hold", and does nothing under "resend", which marks after sending. A message that
// is settled, or came too late, is not taken: that outcome stands.
func (w *Worker) claim(ctx context.Context, j job) (mine bool, out *outcome, err error) {
	if j.settled != nil {
		return true, j.settled, nil
	}
	// Asked again: it may have waited for its turn.
	if v := compose.Expired(j.Message, time.Now()); v != nil {
		return true, outcomeOf(v), nil
	}
	if !j.claims() {
		return true, nil, nil
	}
	mine, err = w.Ledger.Claim(ctx, j.chunk, j.slot)
	return mine, nil, err
}

// compose makes the message out of its content, or says why there is none.
func (w *Worker) compose(ctx context.Context, j job) (*message.Message, *outcome) {
	composed, err := w.composer.Compose(ctx, j.Job)
	switch {
	case err != nil:
		return nil, outcomeOfTrouble(ctx, err)
	case composed.Verdict != nil:
		return nil, outcomeOf(composed.Verdict)
	}
	return composed.Message, nil
}

// send hands the message to its channel.
func (w *Worker) send(ctx context.Context, j job, msg *message.Message) (out *outcome) {
	defer j.survive(&out, ledger.Unknown)
	sender, ok := w.Senders[msg.Channel]
	if !ok {
		j.log.Error("no sender is configured for this channel; its messages wait", "channel", msg.Channel)
		return interrupted("no_sender", accountPause)
	}
	started := time.Now()
	receipt, err := sender.Send(ctx, msg)
	w.metrics.sendTook(msg.Channel, time.Since(started))
	if err == nil {
		j.receipts.put(j.slot, receipt.ID)
		return &outcome{state: ledger.Sent}
	}
	e := send.AsError(err)
	if pushesBack(e) {
		w.Limiter.Slow(ctx, lane(msg.Channel))
	}
	out = outcomeOfSend(e, msg.Channel, policyOf(j.Message), j.attempt)
	if len(msg.To)+len(msg.Cc)+len(msg.Bcc) > 1 {
		out.suppress = "" // the words of the other side don't tell which of them is meant
	}
	return out
}

// pushesBack reports whether the other side finds us too fast. That it can't be reached is no such thing.
func pushesBack(e *send.Error) bool {
	return e.Temporary() && (e.Status == http.StatusTooManyRequests || strings.HasPrefix(e.Enhanced, "4.7.") || e.RetryAfter > 0 && !e.Account)
}

// survive turns a panic into an outcome of this recipient alone: the others of its chunk go on.
func (j job) survive(out **outcome, state ledger.State) {
	if p := recover(); p != nil {
		j.log.Error("panic", "type", fmt.Sprintf("%T", p), "slot", j.slot, "stack", string(debug.Stack()))
		*out = &outcome{state: state, reason: ledger.Reason{
			Code: "internal_error", Text: "Herald broke down over this message; please report it with the worker's log",
		}}
	}
}

// record writes the outcome into the books, and whoever must not be written to again onto the suppression list. Even a
// worker that was told to stop does that.
func (w *Worker) record(ctx context.Context, j job, out *outcome) (*ledger.Commit, error) {
	ctx = context.WithoutCancel(ctx)
	w.metrics.sent(j.Message.Channel, out)
	if out.again != nil {
		if j.claims() {
			if err := w.Ledger.Release(ctx, j.chunk, j.slot); err != nil {
				return nil, err
			}
		}
		return nil, out.again
	}
	if out.suppress != "" {
		// First, and waited for: a worker that dies here tries the recipient again and finds it suppressed.
		if err := w.Suppressions.Suppress(ctx, j.Message.Channel, j.Message.To, out.suppress, j.chunk.Owner); err != nil {
			return nil, err
		}
	}
	return w.Ledger.Post(ctx, j.chunk, j.slot, out.state, out.reason), nil
}

// policyOf is the message's policy, or its channel's: a second SMS costs money and trust, a second email with the
// same Message-ID hardly anything.
func policyOf(m task.Message) task.Policy {
	switch {
	case m.Policy != "":
		return m.Policy
	case m.Channel == message.SMS:
		return task.Hold
	default:
		return task.Resend
	}
}
