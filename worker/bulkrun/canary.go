package bulkrun

import (
	"context"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// canaryLook is the pause between two looks at a canary.
const canaryLook = time.Second

// watchCanary looks at the first recipients of a bulk. It returns nil once the verdict over the canary is recorded,
// and a *queue.Again before.
func (r *Runner) watchCanary(ctx context.Context, log *slog.Logger, b bulk.Bulk) error {
	var open, good, bad int
	for chunk := range b.CanaryChunks {
		records, err := r.Ledger.Chunk(ctx, b.Owner().Chunk(chunk))
		if err != nil {
			return err
		}
		for _, record := range records {
			switch record.State {
			case ledger.Pending, ledger.Claimed:
				open++
			case ledger.Sent, ledger.Done:
				good++
			case ledger.Failed, ledger.Unknown:
				bad++
			case ledger.Suppressed, ledger.Skipped: // they don't count: the bulk may be fine
			}
		}
	}
	// Even if all open ones succeed, too many have failed already.
	if float64(bad)*100 > b.Canary.MaxFailurePercent*float64(open+good+bad) {
		log.Error("the canary failed: the bulk is paused; look at who failed, then resume it to send to the others all the same, or cancel it",
			"bulk", b.ID, "failed", bad, "sent", good, "pending", open, "allowed_percent", b.Canary.MaxFailurePercent)
		return r.Bulks.Decide(ctx, b.ID, bulk.Failing)
	}
	if open > 0 {
		return &queue.Again{After: canaryLook, Reason: "the canary is out", Quiet: true}
	}
	log.Info("the canary came back: the others follow", "bulk", b.ID, "failed", bad, "sent", good)
	return r.Bulks.Decide(ctx, b.ID, bulk.Passed)
}
