package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/task"
)

// handleBulkStart enqueues the chunks of a bulk. Their ids are fixed, so running it again is harmless. MarkStarted
// comes last: until then this task is what brings the chunks into being, after it the reconciler is.
func (w *Worker) handleBulkStart(ctx context.Context, log *slog.Logger, run queue.Run, t task.BulkStart) error {
	b, err := w.bulk(ctx, t.Bulk)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return fmt.Errorf("bulk %s: %w: its audience was never completed", t.Bulk, errGone)
	}
	if b.Control == bulk.Paused {
		return nil // it starts when it is resumed
	}
	restored, err := w.restorer().restore(ctx, b, t.Round > 0 && !b.CanaryOut())
	if err != nil {
		return err
	}
	if err := w.bulks.MarkStarted(ctx, t.Bulk, time.Now()); err != nil {
		return err
	}
	if restored > 0 {
		log.Info("bulk started", "bulk", t.Bulk, "round", t.Round, "channels", b.Channels(), "planned", b.Planned, "chunks", restored)
	}
	if !b.CanaryOut() {
		return nil
	}
	if err := w.watchCanary(ctx, log, b); err != nil {
		return err
	}
	return w.handleBulkStart(ctx, log, run, t) // the others, or nothing
}

func (w *Worker) bulk(ctx context.Context, id string) (bulk.Bulk, error) {
	b, err := w.bulks.Bulk(ctx, id)
	if errors.Is(err, bulk.ErrNotFound) {
		return b, fmt.Errorf("%w: %w", errGone, err)
	}
	return b, err
}

// openBulk is what all chunks of a bulk share in this process.
type openBulk struct {
	bulk.Bulk
	parts []openPart // one for each of Messages
}

// openPart is the message of a bulk on one channel.
type openPart struct {
	prepared *prepared
	shared   *sharedFiles // what everyone gets
	policy   attach.Policy
	broken   *outcome // why nobody gets it, nil when they do
}

// errNoBulk says that the channel must not carry bulks here.
var errNoBulk = errors.New("no bulk goes out this way")

// openBulk reads a bulk and prepares its messages. The error is for what another try may mend.
func (w *Worker) openBulk(ctx context.Context, log *slog.Logger, id string) (*openBulk, error) {
	return w.open.get(id, func() (*openBulk, error) {
		b, err := w.bulk(ctx, id)
		if err != nil {
			return nil, err
		}
		o := &openBulk{Bulk: b, parts: make([]openPart, len(b.Messages))}
		for i := range b.Messages {
			err := w.openPart(ctx, id, &b.Messages[i], &o.parts[i])
			if err == nil {
				continue
			}
			out := outcomeOfPrepare(err)
			if out.again != nil {
				return nil, err
			}
			log.Error("a bulk's message can't be prepared: nobody gets it", "channel", b.Messages[i].Channel, "error", err)
			o.parts[i].broken = out
		}
		return o, nil
	})
}

// openPart pins a message's template sources, if nobody has, and finds the attachments that everyone gets.
func (w *Worker) openPart(ctx context.Context, id string, p *bulk.Part, o *openPart) error {
	if err := w.NoBulk[p.Channel]; err != nil {
		return fmt.Errorf("%w: %w", errNoBulk, err)
	}
	if p.Sources == "" {
		sources, err := PinSources(ctx, w.blobs, w.Catalog(), p.Content)
		if err != nil {
			return err
		}
		if p.Sources, err = w.bulks.Pin(ctx, id, p.Channel, sources); err != nil {
			return err
		}
	}
	var err error
	if o.prepared, err = w.prepare(ctx, p.Content); err != nil {
		return err
	}
	o.policy = attach.Bulk()
	o.shared = w.find(ctx, o.policy, o.prepared.files(p.Channel), p.Attachments)
	var known *attach.Error
	if err := o.shared.err; err != nil && (!errors.As(err, &known) || known.Temporary) {
		return err // not for good: ask again next time
	}
	return nil
}
