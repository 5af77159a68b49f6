package worker

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/cache"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

// forwards sends transcripts of conversations to people outside.
type forwards struct {
	catalog   func() *catalog.Catalog
	composer  *compose.Composer
	delivery  *delivery.Delivery
	ledger    *ledger.Ledger
	blobs     *blob.Store
	events    *outbox.Store // nil publishes nothing
	ofTest    ofTest
	forwarder *transcript.Forwarder
	opened    *cache.Cache[forwardKey, *render.Prepared]
	// one allows one transcript at a time: a long conversation takes much memory.
	one chan struct{}
}

func newForwards(o Options, composer *compose.Composer, d *delivery.Delivery, blobs *blob.Store) (*forwards, error) {
	forwarder, err := transcript.New(o.Renderer)
	return &forwards{
		catalog: o.Catalog, composer: composer, delivery: d, ledger: o.Ledger, blobs: blobs, events: o.Events, ofTest: o.OfTest, forwarder: forwarder,
		opened: cache.New[forwardKey, *render.Prepared](16), one: make(chan struct{}, 1),
	}, err
}

// handle sends the transcript of a conversation, as one mail to all addresses of To. Its record is like that of a
// single message: the mail is sent to all of them or to none.
func (h *forwards) handle(ctx context.Context, log *slog.Logger, run queue.Run, f task.Forward) error {
	chunk := recordOfForward(f)
	records, err := h.delivery.RecordsAlone(ctx, run, chunk, f.Message())
	if err != nil {
		return err
	}
	if state := records[0].State; state.Final() { // an earlier run recorded it, but perhaps died before its event
		return h.end(ctx, log, f, nil, state, &delivery.Notes{})
	}
	if again := early(f.SendAt); again != nil {
		return again
	}
	to, err := f.Recipients()
	if err != nil {
		return err // checked when the payload was decoded
	}
	var made *transcript.Made
	var notes delivery.Notes
	state, err := sendAlone(ctx, h.delivery, run, delivery.Job{
		Job: compose.Job{Message: f.Message(), To: to, Owner: f.ID}, Log: log, Chunk: chunk, Held: records[0].State == ledger.Claimed, Notes: &notes,
		Make: func(ctx context.Context) (*message.Message, error) {
			var err error
			if made, err = h.transcribe(ctx, log, f); err != nil {
				return nil, err
			}
			return made.Message, h.attach(ctx, made)
		},
	})
	if err != nil || !state.Final() {
		return waits(ctx, h.ledger, chunk, run, &notes, err)
	}
	return h.end(ctx, log, f, made, state, &notes)
}

// end publishes the outcome of a forward. Nothing is left to do after that.
func (h *forwards) end(ctx context.Context, log *slog.Logger, f task.Forward, made *transcript.Made, state ledger.State, notes *delivery.Notes) error {
	if err := h.publish(ctx, log, f, made); err != nil {
		return err
	}
	if err := conclude(ctx, h.ledger, ledger.Owner{Kind: ledger.Forward, ID: f.ID}, recordOfForward(f), f.Message(), state, notes, nil); err != nil {
		return err
	}
	to, err := f.Recipients()
	if err != nil || len(to) > 1 { // nobody says which of them a bounce would be about
		return err
	}
	return h.ofTest.record(ctx, f.MessageID(), to[0].Addr, state)
}

// recordOfForward names the record of a forward.
func recordOfForward(f task.Forward) ledger.Chunk {
	return ledger.OwnerIn(f.Layout, ledger.Forward, f.ID).Chunk(0)
}

// publish publishes the outcome of a forward, as its record says: conversation.forwarded, or why it was not sent. The
// task ends only after that. made is what was sent; it is nil if another run made it.
func (h *forwards) publish(ctx context.Context, log *slog.Logger, f task.Forward, made *transcript.Made) error {
	if h.events == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	records, err := h.delivery.Ledger.Chunk(ctx, recordOfForward(f))
	if err != nil {
		return err
	}
	record := records[0]
	switch {
	case !record.State.Final(): // someone else has it
		return nil
	case record.State != ledger.Sent:
		return h.events.Append(ctx, outbox.Message{
			ID: f.ID, Forward: true, Name: f.MessageID(), Channel: message.Email, State: record.State.String(), Code: record.Reason.Code, Conversation: f.ConversationID, At: record.At,
		})
	}
	if made == nil {
		if made, err = h.transcribe(ctx, log, f); err != nil {
			made = nil
			if out := delivery.OfTrouble(ctx, err); out.Again != nil {
				return out.Again
			}
		}
	}
	return h.events.Append(ctx, forwarded(f, made, record.At))
}

// forwarded is the event of a forward that was sent. made is nil if its text is not known any more.
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

// transcribe makes the transcript. The errors are those of compose. It makes one at a time: a long conversation takes
// much memory.
func (h *forwards) transcribe(ctx context.Context, log *slog.Logger, f task.Forward) (made *transcript.Made, err error) {
	defer delivery.Survive(log, &err)
	select {
	case h.one <- struct{}{}:
		defer func() { <-h.one }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	prepared, err := h.open(ctx, f)
	if err != nil {
		// The error itself may quote the introduction.
		log.Error("a forward's templates can't be prepared", "reason", delivery.OfTrouble(ctx, err).Reason.Code)
		return nil, err
	}
	packed, err := h.blobs.Blob(ctx, f.Conversation)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, compose.Failed("conversation_missing", errors.New("the conversation is not stored any more"))
	}
	if err != nil {
		return nil, &compose.Trouble{Code: "conversation_unreadable", Err: err}
	}
	talk, err := conversation.Unpack(packed)
	if err != nil {
		return nil, compose.Failed("conversation_invalid", err)
	}
	return h.forwarder.Make(ctx, prepared, f, talk)
}

// attach adds the files of the conversation that were chosen.
func (h *forwards) attach(ctx context.Context, made *transcript.Made) error {
	files, err := h.composer.Find(ctx, attach.Forward(), made.Files)
	if err != nil {
		return err
	}
	return h.composer.Finish(ctx, made.Message, files)
}

// forwardKey is the key of compiled templates of forwards.
type forwardKey struct {
	subject, introduction, template, sources, catalog string
}

// open compiles a forward's templates, once for all forwards that use the same.
func (h *forwards) open(ctx context.Context, f task.Forward) (*render.Prepared, error) {
	key := forwardKey{sources: f.Sources}
	var catalog *catalog.Catalog
	if f.Sources == "" {
		catalog = h.catalog()
		key = forwardKey{subject: f.Subject, introduction: f.Introduction, template: f.Template, catalog: catalog.Hash()}
	}
	return h.opened.Get(key, func() (*render.Prepared, error) {
		b, err := h.bundle(ctx, catalog, f)
		if err != nil {
			return nil, err
		}
		p, err := h.forwarder.Open(b)
		if err != nil {
			return nil, compose.ContentFault(err)
		}
		return p, nil
	})
}

// bundle collects the template sources of a forward: those that were pinned, or the catalog's.
func (h *forwards) bundle(ctx context.Context, catalog *catalog.Catalog, f task.Forward) (*catalog.Bundle, error) {
	if catalog == nil {
		return h.composer.Pinned(ctx, f.Sources)
	}
	b, err := h.forwarder.Bundle(catalog, f)
	if err != nil {
		return nil, compose.ContentFault(err)
	}
	return b, nil
}
