package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/task"
)

// handleBulkStart enqueues the chunks of a bulk. Their ids are fixed, so running it again is harmless. MarkStarted
// comes last: until then this task is what brings the chunks into being, after it the reconciler is.
func (w *Worker) handleBulkStart(ctx context.Context, log *slog.Logger, t task.BulkStart) error {
	b, err := w.bulk(ctx, t.Bulk)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return fmt.Errorf("bulk %s: %w: its audience was never completed", t.Bulk, errGone)
	}
	restored, err := w.restorer().restore(ctx, b, t.Round > 0)
	if err != nil {
		return err
	}
	if err := w.bulks.MarkStarted(ctx, t.Bulk, time.Now()); err != nil {
		return err
	}
	log.Info("bulk started", "bulk", t.Bulk, "round", t.Round, "channel", b.Channel, "planned", b.Planned, "chunks", restored)
	return nil
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
	prepared *prepared
	shared   *sharedFiles // what everyone gets
	policy   attach.Policy
}

// errNoBulk says that the channel must not carry bulks here.
var errNoBulk = errors.New("no bulk goes out this way")

// openBulk reads a bulk, pins its template sources if nobody has, and finds the attachments that everyone gets.
func (w *Worker) openBulk(ctx context.Context, id string) (*openBulk, error) {
	return w.open.get(id, func() (*openBulk, error) {
		b, err := w.bulk(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := w.NoBulk[b.Channel]; err != nil {
			return nil, fmt.Errorf("%w: %w", errNoBulk, err)
		}
		if b.Sources == "" {
			sources, err := PinSources(ctx, w.blobs, w.Catalog(), b.Content)
			if err != nil {
				return nil, err
			}
			if b.Sources, err = w.bulks.Pin(ctx, id, sources); err != nil {
				return nil, err
			}
		}
		o := &openBulk{Bulk: b, policy: attach.Bulk()}
		if o.prepared, err = w.prepare(ctx, b.Content); err != nil {
			return nil, err
		}
		o.shared = w.find(ctx, o.policy, o.prepared.files(b.Channel), b.Attachments)
		var known *attach.Error
		if err := o.shared.err; err != nil && (!errors.As(err, &known) || known.Temporary) {
			return nil, err // not for good: ask again next time
		}
		return o, nil
	})
}
