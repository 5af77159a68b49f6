// Package bulkrun runs bulks: it starts them, works through their chunks slot by slot, obeys the control of
// operators, lets the chunks of many bulks share a worker, and restores chunks that lost their task. Package delivery
// sends each message.
package bulkrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/cache"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// ChunksAtOnce is how many chunks a worker has open; their messages share Concurrency. With two, the last messages of
// one chunk don't delay the next one. With more, the marks of one chunk would no longer be stored together.
const ChunksAtOnce = 2

// Options for New. All but Events and OfTest are required.
type Options struct {
	Bulks    *bulk.Store
	Ledger   *ledger.Ledger
	Queue    *queue.Client
	Composer *compose.Composer
	Delivery *delivery.Delivery
	Waiting  func(lane string) int // how many messages of this process wait for their turn on a lane
	Events   *outbox.Store         // stores events for callers; nil: there are none
	// OfTest records what comes back about a message of a test that was sent to an address; nothing does when nil.
	OfTest      func(ctx context.Context, id, to string) error
	Concurrency int     // how many messages of bulks are sent at the same time
	PauseAbove  float64 // percent of a bulk's last 500 messages that may fail; above it the bulk pauses. Never when 0
	// Approve is how many persons must have approved a bulk of more than ApproveAbove messages before it is sent; 0: nobody.
	Approve, ApproveAbove int
	Log                   *slog.Logger
	Metrics               *Metrics
}

// Runner runs bulks. It is safe for concurrent use.
type Runner struct {
	Options
	restorer restorer
	controls *controls
	fairness *fairness
	opened   *cache.Cache[string, *opened]
}

// New checks the options.
func New(o Options) (*Runner, error) {
	if o.Bulks == nil || o.Ledger == nil || o.Queue == nil || o.Composer == nil || o.Delivery == nil || o.Waiting == nil ||
		o.Concurrency <= 0 || o.Log == nil || o.Metrics == nil {
		return nil, errors.New("bulkrun: Bulks, Ledger, Queue, Composer, Delivery, Waiting, Concurrency, Log and Metrics are required")
	}
	return &Runner{
		Options: o, restorer: restorer{o.Bulks, o.Ledger, o.Queue, func(b bulk.Bulk) int { return b.Lacks(o.Approve, o.ApproveAbove) }},
		controls: newControls(o.Bulks.Controls), fairness: newFairness(o.Waiting, o.Bulks.Running),
		opened: cache.New[string, *opened](64),
	}, nil
}

// Start enqueues the chunks of a bulk. Their ids are fixed, so running it again is harmless. MarkStarted comes last:
// before it this task creates the chunks, after it the reconciler restores them.
func (r *Runner) Start(ctx context.Context, log *slog.Logger, run queue.Run, t task.BulkStart) error {
	b, err := r.bulk(ctx, t.Bulk)
	if err != nil {
		return err
	}
	if b.Chunks == 0 {
		return fmt.Errorf("bulk %s: %w: its audience was never completed", t.Bulk, queue.ErrGone)
	}
	if b.Control == bulk.Paused {
		return nil // resuming starts it
	}
	if lacks := r.restorer.lacks(b); lacks > 0 {
		log.Warn("a bulk lacks approvals: it is paused; approve it, then resume it", "bulk", t.Bulk, "planned", b.Planned, "lacks", lacks)
		return r.Bulks.PauseUnapproved(ctx, t.Bulk, r.Approve)
	}
	restored, err := r.restorer.restore(ctx, b, t.Round > 0 && !b.CanaryOut())
	if err != nil {
		return err
	}
	if err := r.Bulks.MarkStarted(ctx, t.Bulk, time.Now()); err != nil {
		return err
	}
	if restored > 0 {
		log.Info("bulk started", "bulk", t.Bulk, "round", t.Round, "channels", b.Channels(), "planned", b.Planned, "chunks", restored)
	}
	if !b.CanaryOut() {
		return nil
	}
	if err := r.watchCanary(ctx, log, b); err != nil {
		return err
	}
	return r.Start(ctx, log, run, t) // the others, or nothing
}

func (r *Runner) bulk(ctx context.Context, id string) (bulk.Bulk, error) {
	b, err := r.Bulks.Bulk(ctx, id)
	if errors.Is(err, bulk.ErrNotFound) {
		return b, fmt.Errorf("%w: %w", queue.ErrGone, err)
	}
	return b, err
}

// opened is what all chunks of a bulk share in this process.
type opened struct {
	bulk.Bulk
	composed *compose.Bulk
}

// open reads a bulk and prepares its messages. The error is for what another attempt may fix.
func (r *Runner) open(ctx context.Context, log *slog.Logger, id string) (*opened, error) {
	return r.opened.Get(id, func() (*opened, error) {
		b, err := r.bulk(ctx, id)
		if err != nil {
			return nil, err
		}
		composed, err := r.Composer.OpenBulk(ctx, b.Definition, func(c message.Channel, sources string) (string, error) {
			return r.Bulks.Pin(ctx, id, c, sources)
		})
		if err != nil {
			return nil, err
		}
		for i, p := range composed.Parts {
			if p.Refused != nil {
				log.Error("a bulk's message can't be prepared: nobody gets it", "channel", b.Messages[i].Channel, "error", p.Refused)
			}
		}
		return &opened{b, composed}, nil
	})
}
