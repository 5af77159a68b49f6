package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
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
	composed *compose.Bulk
}

// openBulk reads a bulk and prepares its messages. The error is for what another try may mend.
func (w *Worker) openBulk(ctx context.Context, log *slog.Logger, id string) (*openBulk, error) {
	return w.open.Get(id, func() (*openBulk, error) {
		b, err := w.bulk(ctx, id)
		if err != nil {
			return nil, err
		}
		composed, err := w.composer.OpenBulk(ctx, b.Definition, func(c message.Channel, sources string) (string, error) {
			return w.bulks.Pin(ctx, id, c, sources)
		})
		if err != nil {
			return nil, err
		}
		for i, p := range composed.Parts {
			if p.Refused != nil {
				log.Error("a bulk's message can't be prepared: nobody gets it", "channel", b.Messages[i].Channel, "error", p.Refused)
			}
		}
		return &openBulk{b, composed}, nil
	})
}
