package worker

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

// handleForward sends the transcript of a conversation, one mail to everyone in To. Its books are those of a single
// message: it is sent to all or to none.
func (w *Worker) handleForward(ctx context.Context, log *slog.Logger, run queue.Run, f task.Forward) error {
	chunk := ledger.Chunk{Owner: f.ID}
	records, err := w.booksAlone(ctx, run, f.Message())
	if err != nil {
		return err
	}
	if len(records) != 1 {
		return nil
	}
	if records[0].State.Final() { // an earlier run got that far, but perhaps not to the event
		return w.tellForward(ctx, log, f, nil)
	}
	if again := early(f.SendAt); again != nil {
		return again
	}
	careful := w.careful(run)
	to, err := f.Recipients()
	if err != nil {
		return err // checked when the payload was decoded
	}
	j := job{Job: compose.Job{Message: f.Message(), To: to, Owner: f.ID}, log: log, chunk: chunk, careful: careful, alone: true}
	if j.Suppressed, err = w.Suppressions.Check(ctx, message.Email, j.Addresses()); err != nil {
		return err
	}
	if verdict := w.composer.Admit(j.Job); verdict != nil {
		j.settled = outcomeOf(verdict)
	} else {
		if err := w.paceOne(ctx, j.Message); err != nil {
			return err
		}
	}
	defer w.oneCareful(careful)()
	j.attempt = run.Attempt
	made, commit, err := w.forward(ctx, j, f)
	if err := errors.Join(err, commit.Wait()); err != nil {
		return err
	}
	return w.tellForward(ctx, log, f, made)
}

// forward carries one transcript to its recipients, as deliver does a message.
func (w *Worker) forward(ctx context.Context, j job, f task.Forward) (made *transcript.Made, commit *ledger.Commit, err error) {
	mine, out, err := w.claim(ctx, j)
	if err != nil || !mine {
		return nil, nil, err
	}
	if out == nil {
		made, out = w.transcribe(ctx, j, f)
	}
	if out == nil {
		out = w.attachChosen(ctx, made)
	}
	if out == nil {
		out = w.send(ctx, j, made.Message)
	}
	commit, err = w.record(ctx, j, out)
	return made, commit, err
}

// tellForward stores the event of a forward whose fate is in the books: conversation.forwarded, or why it was not. The
// task ends only after that. made is what was sent, nil where this run didn't make it.
func (w *Worker) tellForward(ctx context.Context, log *slog.Logger, f task.Forward, made *transcript.Made) error {
	if w.Events == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	records, err := w.Ledger.Chunk(ctx, ledger.Chunk{Owner: f.ID})
	if err != nil {
		return err
	}
	record := records[0]
	switch {
	case !record.State.Final(): // someone else has it
		return nil
	case record.State != ledger.Sent:
		return w.Events.Append(ctx, outbox.Message{
			ID: f.ID, Channel: message.Email, State: record.State.String(), Code: record.Reason.Code, Conversation: f.ConversationID, At: record.At,
		})
	}
	if made == nil {
		var out *outcome
		if made, out = w.transcribe(ctx, job{log: log}, f); out != nil && out.again != nil {
			return out.again
		}
	}
	return w.Events.Append(ctx, forwarded(f, made, record.At))
}

// forwarded is the event of a forward that was sent. made is nil where its text can't be had any more.
func forwarded(f task.Forward, made *transcript.Made, at time.Time) outbox.Forwarded {
	e := outbox.Forwarded{ID: f.ID, Conversation: f.ConversationID, From: f.From, Attachments: f.Attachments, At: at}
	if f.ForwardedBy != nil {
		if e.By = f.ForwardedBy.ID; e.By == "" {
			e.By = f.ForwardedBy.DisplayName
		}
	}
	if made == nil {
		e.To = []string{f.To}
		return e
	}
	m := made.Message
	e.Subject, e.Text = m.Subject, made.Introduction
	e.ProviderID = "<" + m.ID + "@" + m.From.Domain() + ">"
	for _, a := range m.To {
		e.To = append(e.To, a.Addr)
	}
	e.Attachments = nil
	for i, ref := range made.Files {
		e.Attachments = append(e.Attachments, attach.CleanName(ref.Name, i+1))
	}
	return e
}

// transcribe makes the transcript, or says why there is none. One at a time: a long conversation takes memory.
func (w *Worker) transcribe(ctx context.Context, j job, f task.Forward) (made *transcript.Made, out *outcome) {
	defer j.survive(&out, ledger.Failed)
	select {
	case w.transcripts <- struct{}{}:
		defer func() { <-w.transcripts }()
	case <-ctx.Done():
		return nil, interrupted("stopped", 0)
	}
	prepared, err := w.prepareForward(ctx, f)
	if err != nil {
		out := outcomeOfTrouble(ctx, err)
		j.log.Error("a forward's templates can't be prepared", "reason", out.reason.Code) // the error may quote the introduction
		return nil, out
	}
	packed, err := w.blobs.Blob(ctx, f.Conversation)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failed("conversation_missing", "the conversation is not stored any more")
	}
	if err != nil {
		return nil, interrupted("conversation_unreadable", queue.InterruptedPause)
	}
	talk, err := conversation.Unpack(packed)
	if err != nil {
		return nil, failed("conversation_invalid", err.Error())
	}
	if made, err = w.forwarder.Make(ctx, prepared, f, talk); err != nil {
		return nil, outcomeOfTrouble(ctx, err)
	}
	return made, nil
}

// attachChosen adds the files of the conversation that go along.
func (w *Worker) attachChosen(ctx context.Context, made *transcript.Made) *outcome {
	files, err := w.composer.Find(ctx, attach.Forward(), made.Files)
	if err == nil {
		err = w.composer.Finish(ctx, made.Message, files)
	}
	if err != nil {
		return outcomeOfTrouble(ctx, err)
	}
	return nil
}

// forwardKey tells the compiled templates of forwards apart.
type forwardKey struct {
	subject, introduction, template, sources, catalog string
}

// prepareForward compiles a forward's templates, once for all that share them.
func (w *Worker) prepareForward(ctx context.Context, f task.Forward) (*render.Prepared, error) {
	key := forwardKey{sources: f.Sources}
	var catalog *render.Catalog
	if f.Sources == "" {
		catalog = w.Catalog()
		key = forwardKey{subject: f.Subject, introduction: f.Introduction, template: f.Template, catalog: catalog.Hash()}
	}
	return w.forwards.Get(key, func() (*render.Prepared, error) {
		b, err := w.forwardBundle(ctx, catalog, f)
		if err != nil {
			return nil, err
		}
		p, err := w.forwarder.Open(b)
		if err != nil {
			return nil, compose.ContentFault(err)
		}
		return p, nil
	})
}

// forwardBundle gathers a forward's template sources: those that were pinned, or the catalog's.
func (w *Worker) forwardBundle(ctx context.Context, catalog *render.Catalog, f task.Forward) (*render.Bundle, error) {
	if catalog == nil {
		return w.composer.Pinned(ctx, f.Sources)
	}
	b, err := w.forwarder.Bundle(catalog, f)
	if err != nil {
		return nil, compose.ContentFault(err)
	}
	return b, nil
}
