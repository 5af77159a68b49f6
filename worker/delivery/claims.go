package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// quarantineAfter is how often workers may die with a task before it is quarantined. A quarantined task sends one
// message at a time and claims each first. The next death shows which message it is: that one becomes unknown, and
// the others go on.
const quarantineAfter = 3

// quarantine lets one quarantined task at a time run in this process. With two, a death would make the messages of
// both unknown.
type quarantine struct{ sync.Mutex }

// Quarantined reports whether workers died with this task too often.
func (d *Delivery) Quarantined(run queue.Run) bool {
	if run.Crashes < quarantineAfter {
		return false
	}
	d.Metrics.quarantined.Inc()
	return true
}

// Enter waits until no other quarantined task runs in this process. leave ends the quarantine of this one.
func (d *Delivery) Enter() (leave func()) {
	d.quarantine.Lock()
	return d.quarantine.Unlock
}

// Records reads a chunk's records. A record that an earlier run left claimed becomes unknown: that run died between
// claiming and recording, and nobody can tell how far it got.
func (d *Delivery) Records(ctx context.Context, c ledger.Chunk) ([]ledger.Record, error) {
	return d.settleClaims(ctx, c, false)
}

// RecordsAlone reads the one record of a single message. Under "resend" a message is claimed only so that it can't be
// cancelled while it is sent. So this run takes over the claim of a run that died (see Job.Held), except of a quarantined
// run. The claim is never given back in between: nobody cancels a message that may have arrived.
func (d *Delivery) RecordsAlone(ctx context.Context, run queue.Run, c ledger.Chunk, m task.Message) ([]ledger.Record, error) {
	records, err := d.settleClaims(ctx, c, m.PolicyOrDefault() == task.Resend && run.Crashes <= quarantineAfter)
	if err == nil && len(records) != 1 {
		err = fmt.Errorf("%w: %d records of a message", queue.ErrGone, len(records))
	}
	return records, err
}

// interruptedReason is why a message is unknown whose run died.
var interruptedReason = ledger.Reason{Code: "interrupted", Text: "the worker stopped in the middle of sending; it may have arrived"}

// settleClaims reads a chunk's records. With takeOver claims stay as they are, otherwise they become unknown.
func (d *Delivery) settleClaims(ctx context.Context, c ledger.Chunk, takeOver bool) ([]ledger.Record, error) {
	records, err := d.Ledger.Chunk(ctx, c)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", queue.ErrGone, err)
	}
	if err != nil {
		return nil, err
	}
	for slot, r := range records {
		if r.State != ledger.Claimed || takeOver {
			continue
		}
		records[slot].State = ledger.Unknown
		if err := d.Ledger.Mark(ctx, c, slot, ledger.Unknown, interruptedReason); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// Refuse fails a message whose content can't be opened because of err, unless another attempt may succeed. It returns
// the message's state.
func (d *Delivery) Refuse(ctx context.Context, log *slog.Logger, c ledger.Chunk, held bool, err error) (ledger.State, error) {
	out := unsent(OfTrouble(ctx, err), held)
	if out.Again != nil {
		return ledger.Pending, out.Again
	}
	log.Error("content can't be prepared", "error", err)
	return out.State, d.Ledger.Mark(ctx, c, 0, out.State, out.Reason)
}

// unsent is the outcome of a message that this run does not send. If an earlier run died while it held the message, nobody
// can tell whether it arrived.
func unsent(out *Outcome, held bool) *Outcome {
	if held && out != nil && out.Again == nil {
		return &Outcome{State: ledger.Unknown, Reason: interruptedReason}
	}
	return out
}
