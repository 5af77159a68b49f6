package enqueue

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/fleet"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Cause is why something waits or is slow.
type Cause struct {
	Code string `json:"code"` // stable
	Text string `json:"text"` // for people
}

// Progress is the status of a bulk, and what an operator asks next.
type Progress struct {
	bulk.Status
	message.Labels
	Cause     *Cause  `json:"cause,omitempty"`     // why it waits or is slow; nil where nothing holds it up
	PerSecond float64 `json:"perSecond,omitempty"` // messages settled a second, on the average of the last 10 to 20 s
	// RemainingSeconds is how long it takes at this pace; nil where nobody can tell.
	RemainingSeconds *int `json:"remainingSeconds,omitempty"`
	// Troubles are workers that can't send on a channel of the bulk, while it is not over.
	Troubles []fleet.Trouble `json:"troubles,omitempty"`
}

// Fleet are the living workers and what they can send.
func (c *Client) Fleet(ctx context.Context) ([]fleet.Worker, error) { return c.fleet.Workers(ctx) }

// BulkProgress reads the progress of a bulk, or returns bulk.ErrNotFound.
func (c *Client) BulkProgress(ctx context.Context, id string) (Progress, error) {
	b, err := c.bulks.Bulk(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	return c.ProgressOf(ctx, b)
}

// ProgressOf is BulkProgress for a bulk that was just read.
func (c *Client) ProgressOf(ctx context.Context, b bulk.Bulk) (Progress, error) {
	status, err := c.bulks.StatusOf(ctx, b)
	if err != nil || status.State.Over() {
		return Progress{Status: status, Labels: b.Labels}, err
	}
	p := Progress{Status: status, Labels: b.Labels}
	workers, err := c.fleet.Workers(ctx)
	if err != nil {
		return p, err
	}
	p.Troubles = fleet.Troubles(workers, b.Channels())
	if status.State == bulk.Running {
		if p.PerSecond, err = c.bulks.Pace(ctx, b, status.Settled()); err != nil {
			return p, err
		}
		if p.PerSecond > 0 {
			left := int(math.Ceil(float64(status.Pending) / p.PerSecond))
			p.RemainingSeconds = &left
		}
	}
	p.Cause, err = c.cause(ctx, b, p, workers)
	return p, err
}

// cause is why a bulk that is not over waits or is slow.
func (c *Client) cause(ctx context.Context, b bulk.Bulk, p Progress, workers []fleet.Worker) (*Cause, error) {
	switch p.State {
	case bulk.Loading:
		return &Cause{"loading", "its audience is not complete: it is being stored, or its recipients were not sent yet"}, nil
	case bulk.Scheduled:
		return &Cause{ledger.WaitScheduled, "until " + b.SendAt.UTC().Format(time.RFC3339)}, nil
	case bulk.Pausing:
		if b.Verdict == bulk.Failing {
			return &Cause{"canary_failed", "too many of its first recipients failed: resume or cancel it"}, nil
		}
		if p.Unapproved > 0 {
			return &Cause{"unapproved", fmt.Sprintf("it needs %d more approvals, by others than who made it: herald bulk approve, then resume it", p.Unapproved)}, nil
		}
		if b.Share != "" {
			return &Cause{"failure_share", b.Share + " of its last messages failed, so it paused by itself: look at who failed, then resume or cancel it"}, nil
		}
		return &Cause{ledger.WaitPaused, "it was paused: resume or cancel it"}, nil
	}
	if why, err := c.halted(ctx, b.HoldsSome()); err != nil || why.Code != "" {
		return &Cause{why.Code, why.Text}, err
	}
	for _, channel := range b.Channels() {
		if task.IsTest(b.ID) {
			break // it needs no sender
		}
		if nobody := fleet.WhyNobody(workers, channel); nobody != nil {
			return &Cause{nobody.Code, nobody.Text}, nil
		}
	}
	if p.State == bulk.Ready {
		return &Cause{ledger.WaitStart, "it was not started, or no worker has come to it yet"}, nil
	}
	if b.CanaryOut() {
		return &Cause{ledger.WaitCanary, "its canary is out"}, nil
	}
	controls, err := c.bulks.Controls(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	if controls.Rate > 0 && p.PerSecond > 0.7*controls.Rate {
		return &Cause{"rate", fmt.Sprintf("its rate is %g messages a second", controls.Rate)}, nil
	}
	if p.PerSecond > 0 {
		return nil, nil
	}
	return c.stuck(ctx, b)
}

// stuckChunks is how many chunks are looked at for a reason why a bulk makes no progress.
const stuckChunks = 8

// stuck is what one of the chunks of a bulk waits for, if it has met trouble.
func (c *Client) stuck(ctx context.Context, b bulk.Bulk) (*Cause, error) {
	open := b.Open()
	for i := range min(stuckChunks, open) {
		wait, err := c.ledger.Wait(ctx, b.Owner().Chunk(i*open/min(stuckChunks, open)))
		if err != nil {
			return nil, err
		}
		if wait != nil {
			return &Cause{wait.Code, wait.Text}, nil
		}
	}
	return nil, nil
}

// nobody replaces "queued" as the reason of something that waits, if no worker can send on its channel.
func (c *Client) nobody(ctx context.Context, id string, channel message.Channel, w *ledger.Wait) (*ledger.Wait, error) {
	if w == nil || w.Code != ledger.WaitQueued || channel == "" {
		return w, nil
	}
	if why, err := c.halted(ctx, false); err != nil || why.Code != "" {
		return &why, err
	}
	if task.IsTest(id) { // it needs no sender
		return w, nil
	}
	workers, err := c.fleet.Workers(ctx)
	if err != nil {
		return w, err
	}
	if why := fleet.WhyNobody(workers, channel); why != nil {
		return &ledger.Wait{Reason: ledger.Reason{Code: why.Code, Text: why.Text}}, nil
	}
	return w, nil
}

// halted is why nothing is sent, or nothing under "hold"; it has no code if there is no reason.
func (c *Client) halted(ctx context.Context, hold bool) (ledger.Wait, error) {
	since, err := c.fleet.PausedSince(ctx)
	if err != nil || !since.IsZero() {
		text := "everything is paused since " + since.Format(time.RFC3339) + ": herald resume --all"
		return ledger.Wait{Reason: ledger.Reason{Code: fleet.Paused, Text: text}, Since: since}, err
	}
	safe, err := c.fleet.Safe(ctx)
	if err != nil || !safe.On() || safe.OnlyHold && !hold {
		return ledger.Wait{}, err
	}
	return ledger.Wait{Reason: ledger.Reason{Code: fleet.SafeMode, Text: safe.Words()}, Since: safe.Found}, nil
}

// PauseAll stops all sending by all workers within a second, until ResumeAll, and returns since when. What is in flight
// finishes; what is enqueued waits.
func (c *Client) PauseAll(ctx context.Context) (since time.Time, err error) {
	if err := c.fleet.PauseAll(ctx); err != nil {
		return since, err
	}
	return c.fleet.PausedSince(ctx)
}

// ResumeAll lets the workers send again.
func (c *Client) ResumeAll(ctx context.Context) error { return c.fleet.ResumeAll(ctx) }

// PausedSince is since when everything is paused; the zero time if it isn't.
func (c *Client) PausedSince(ctx context.Context) (time.Time, error) { return c.fleet.PausedSince(ctx) }
