package dryrun

import (
	"context"
	"errors"
	"fmt"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// run is what the goroutines of one dry run share. It doesn't change.
type run struct {
	Options
	bulk *compose.Bulk
}

// batch composes the messages of a part of the audience. Its error ends the run.
func (r *run) batch(ctx context.Context, tallies []*tally, b batch) error {
	for part, t := range tallies {
		suppressed, err := r.suppressed(ctx, part, b)
		if err != nil {
			return err
		}
		for n, e := range b {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := r.one(ctx, t, e, part, suppressed[n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// suppressed asks for all addresses of a batch at once.
func (r *run) suppressed(ctx context.Context, part int, b batch) ([]*suppress.Entry, error) {
	if r.Suppressed == nil || len(r.bulk.Messages) == 0 {
		return make([]*suppress.Entry, len(b)), nil
	}
	channel := r.bulk.Messages[part].Channel
	addresses := make([]string, len(b))
	for i, e := range b {
		addresses[i] = compose.Travelling(channel, r.bulk.Country, e.recipient.Address(channel))
	}
	out, err := r.Suppressed(ctx, channel, r.Definition.Topic, addresses)
	if err != nil {
		return nil, fmt.Errorf("suppressed addresses: %w", err)
	}
	if len(out) != len(b) {
		return nil, fmt.Errorf("suppressed addresses: %d answers to %d questions", len(out), len(b))
	}
	return out, nil
}

// one composes the message of one recipient and counts the result. Its error ends the run.
func (r *run) one(ctx context.Context, t *tally, e entry, part int, entry *suppress.Entry) error {
	j := r.bulk.Job(0, part, e.recipient, entry)
	if first := e.first[part]; first > 0 {
		t.duplicate(e.row, first)
		j.Duplicate = r.Definition.Deduplicate
	}
	out, err := r.Composer.Try(ctx, j)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var trouble *compose.Trouble
		if errors.As(err, &trouble) && trouble.Err != nil {
			return fmt.Errorf("row %d: %w", e.row, trouble.Err)
		}
		return fmt.Errorf("row %d: %w", e.row, err)
	}
	t.count(e.row, j, out)
	if r.OnVerdict != nil {
		r.OnVerdict(e.row, j.Message.Channel, out.Verdict)
	}
	return nil
}
