package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// job is one message for one recipient, and what is known of it before it starts.
type job struct {
	log      *slog.Logger
	chunk    ledger.Chunk // where its books are
	slot     int
	message  task.Message
	prepared *prepared
	shared   *sharedFiles // set when the message has no files but these
	policy   attach.Policy
	attempt  int  // tries before this one
	careful  bool // workers died with this task: claim first, whatever the policy, to find out over whom
	// alone is a message of its own: claimed whatever the policy, so that nobody can cancel it while it goes out.
	alone bool
	// conversation is the recipient's, where the message's context names none.
	conversation string
	receipts     *receipts // told what the other side calls the message; may be nil
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
		msg, out = w.render(ctx, j)
	}
	if out == nil {
		out = w.attach(ctx, j, msg)
	}
	if out == nil {
		out = w.send(ctx, j, msg)
	}
	return w.record(ctx, j, out)
}

// claims reports whether the recipient is claimed before sending.
func (j job) claims() bool { return j.careful || j.alone || policyOf(j.message) == task.Hold }

// claim takes the recipient under "hold", and does nothing under "resend", which marks after sending. A message that
// is settled, or came too late, is not taken: that outcome stands.
func (w *Worker) claim(ctx context.Context, j job) (mine bool, out *outcome, err error) {
	switch {
	case j.settled != nil:
		return true, j.settled, nil
	case !j.message.SendBefore.IsZero() && !time.Now().Before(j.message.SendBefore):
		return true, skipped("expired", "its time had passed before it could be sent"), nil
	}
	if out := w.checkActions(j); out != nil || !j.claims() {
		return true, out, nil
	}
	mine, err = w.Ledger.Claim(ctx, j.chunk, j.slot)
	return mine, nil, err
}

// render makes the message out of its content, or says why there is none.
func (w *Worker) render(ctx context.Context, j job) (msg *message.Message, out *outcome) {
	defer j.survive(&out, ledger.Failed)
	m := j.message
	to, err := recipients(m)
	if err != nil {
		return nil, failed("invalid_address", err.Error())
	}
	request := render.Request{Channel: render.Channel(m.Channel), Context: m.Context, Locale: m.Locale, Timezone: m.Timezone}
	if len(request.Context) == 0 {
		request.Context = []byte("{}")
	}
	unsubscribe := ""
	if m.Unsubscribe {
		if w.Links == nil {
			j.log.Error("the message is to have an unsubscribe link, and this worker has no public URL to make one with; it waits")
			return nil, interrupted("no_public_url", accountPause)
		}
		unsubscribe = w.Links.Unsubscribe(m.Channel, to[0].Addr, j.chunk.Owner)
		request.Context = withUnsubscribe(request.Context, unsubscribe)
	}
	content, err := j.prepared.Render(ctx, request)
	if err != nil {
		return nil, outcomeOfRender(ctx, err)
	}
	if m.OnIssue == task.SkipOnIssue && len(content.Issues) > 0 {
		issue := content.Issues[0]
		return nil, skipped(issue.Code, issue.Message)
	}
	msg = &message.Message{
		ID: m.ID, Channel: m.Channel, From: message.Address{Addr: m.From}, To: to,
		Subject: content.Subject, HTML: content.HTML, Text: content.Text, Headers: m.Headers, Chat: m.Chat, Note: m.Note,
		Unsubscribe: unsubscribe,
	}
	if m.Channel == message.Email {
		if err := addressEmail(msg, m); err != nil {
			return nil, failed("invalid_sender", err.Error())
		}
	}
	return msg, nil
}

// withUnsubscribe adds unsubscribe.url to a context. It comes last, so that it wins over one of that name.
func withUnsubscribe(object []byte, url string) []byte {
	link, _ := json.Marshal(url) // a text can be written
	end := bytes.LastIndexByte(object, '}')
	out := append(make([]byte, 0, len(object)+len(link)+32), object[:end]...)
	if len(bytes.TrimSpace(object[:end])) > 1 {
		out = append(out, ',')
	}
	out = append(out, `"unsubscribe":{"url":`...)
	return append(append(out, link...), "}}"...)
}

// addressEmail sets who an email is from and who else gets it. All of it was checked when the message was enqueued.
func addressEmail(msg *message.Message, m task.Message) (err error) {
	if msg.From, err = address.ParseMailbox(m.From); err != nil {
		return err
	}
	if m.ReplyTo != "" {
		reply, err := address.ParseMailbox(m.ReplyTo)
		if err != nil {
			return err
		}
		msg.ReplyTo = &reply
	}
	for _, copies := range []struct {
		from []string
		to   *[]message.Address
	}{{m.Cc, &msg.Cc}, {m.Bcc, &msg.Bcc}} {
		for _, text := range copies.from {
			a, err := address.ParseMailbox(text)
			if err != nil {
				return err
			}
			*copies.to = append(*copies.to, a)
		}
	}
	return nil
}

// recipients reads the recipient's address as its channel wants it.
func recipients(m task.Message) ([]message.Address, error) {
	if m.Channel != message.Email {
		return []message.Address{{Addr: m.To}}, nil
	}
	to, err := address.ParseMailbox(m.To)
	if err != nil {
		return nil, err
	}
	return []message.Address{to}, nil
}

// attach adds the files.
func (w *Worker) attach(ctx context.Context, j job, msg *message.Message) *outcome {
	shared := j.shared
	if shared == nil {
		shared = w.find(ctx, j.policy, j.prepared.files(msg.Channel), j.message.Attachments)
	}
	if shared.err != nil {
		return outcomeOfAttach(ctx, shared.err)
	}
	msg.Attachments = shared.files
	if msg.Channel == message.SMS && w.Links != nil {
		return w.linkMedia(ctx, msg)
	}
	return nil
}

// sharedFiles are attachments found within policy, or why they were not. They may be shared by many messages.
type sharedFiles struct {
	files []message.Attachment
	err   error
}

// find looks up the shortcut's files and the message's own, in this order.
func (w *Worker) find(ctx context.Context, p attach.Policy, shortcut, own []message.Ref) *sharedFiles {
	refs := slices.Concat(shortcut, own)
	if len(refs) == 0 {
		return &sharedFiles{}
	}
	files, err := w.Attachments.Resolve(ctx, p, refs)
	return &sharedFiles{files, err}
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
	out = outcomeOfSend(e, msg.Channel, policyOf(j.message), j.attempt)
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
	w.metrics.sent(j.message.Channel, out)
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
		if err := w.Suppressions.Suppress(ctx, j.message.Channel, j.message.To, out.suppress, j.chunk.Owner); err != nil {
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
