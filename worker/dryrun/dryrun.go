// Package dryrun composes a bulk for its whole audience and sends nothing: who could not be reached, which fields would
// print as blanks and for whom, what it would cost, how long it would take, and what some of the messages look like. What
// becomes of a message it asks package compose, as the worker does, and has no rules of its own.
//
// It reads the audience once. Its memory is bounded but for 12 to 32 bytes a recipient, the hashes by which it knows
// addresses that come again.
package dryrun

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// Options for Run. The first three are required.
type Options struct {
	Definition bulk.Definition   // with the Sources of its messages
	Composer   *compose.Composer // which has those sources
	Audience   iter.Seq2[bulk.Recipient, error]

	// Suppressed, if set, returns for each of these addresses the entry that forbids writing to it on a channel, or
	// nil. Several goroutines call it, with some hundreds of addresses at a time.
	Suppressed func(ctx context.Context, c message.Channel, topic string, addresses []string) ([]*suppress.Entry, error)
	// OnVerdict, if set, is called for each message with its verdict, or nil if it would be sent. Several goroutines
	// call it.
	OnVerdict func(row int, c message.Channel, v *compose.Verdict)
	// PerSecond is the rate to estimate the duration by. 0 makes no estimate.
	PerSecond float64
	// SegmentPrice is what a segment of an SMS costs, in any currency. 0 makes no estimate.
	SegmentPrice float64
	// Sample is how many rendered messages to keep, drawn from the whole audience; the rows are the same every time.
	Sample int
	// Examples is how many rows are named for each finding. 5 when zero.
	Examples int
	// Goroutines render. As many as there are processors when zero.
	Goroutines int
	// OnProgress, if set, is called now and then with the number of rows read so far.
	OnProgress func(rows int)
}

// batchSize is how many recipients a goroutine gets at a time.
const batchSize = 100

// batch is a stretch of the audience.
type batch []entry

// entry is one recipient, with what reading the audience found.
type entry struct {
	row       int // in the audience, from 1; rows that can't be read count too
	recipient bulk.Recipient
	first     []int // for each message: the earlier row with its address, or 0
}

// Run renders all messages. It counts rows that can't be read. Any other error of the audience ends it, and so does
// ctx.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Audience == nil || o.Composer == nil {
		return nil, errors.New("dry run: Audience and Composer are required")
	}
	if o.Definition.ID == "" {
		o.Definition.ID = "dry-run"
	}
	if err := o.Definition.Validate(); err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	if o.Examples <= 0 {
		o.Examples = 5
	}
	if o.Goroutines <= 0 {
		o.Goroutines = runtime.GOMAXPROCS(0)
	}
	plan, err := bulk.NewPlan(o.Definition)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	opened, err := o.Composer.OpenBulk(ctx, o.Definition, func(_ message.Channel, sources string) (string, error) { return sources, nil })
	if err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	r := &run{Options: o, bulk: opened}
	total := newTallies(o)

	batches := make(chan batch, o.Goroutines)
	var workers sync.WaitGroup
	var mu sync.Mutex
	for range o.Goroutines {
		workers.Go(func() {
			mine := newTallies(o)
			for b := range batches {
				if err := r.batch(ctx, mine, b); err != nil {
					cancel(err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for i, t := range total {
				t.merge(mine[i])
			}
		})
	}
	result := &Result{PerSecond: o.PerSecond}
	err = r.read(ctx, plan, result, batches)
	close(batches)
	workers.Wait()
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil && result.Rows == 0 {
		err = bulk.ErrNoRecipients
	}
	if err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	for i, t := range total {
		m := t.result(o, o.Definition.Part(i).Channel)
		m.Waits = o.Composer.Waits(m.Channel)
		if o.PerSecond > 0 {
			result.Seconds += float64(m.Sendable) / o.PerSecond
		}
		result.Messages = append(result.Messages, *m)
	}
	result.Plan = plan.Sum()
	result.Took = time.Since(started).Seconds()
	return result, nil
}

// read distributes the audience in batches. What depends on the order it does itself: the plan and duplicates.
func (r *run) read(ctx context.Context, plan *bulk.Plan, result *Result, out chan<- batch) error {
	addresses := phone.Parser(r.Definition.Country)
	seen := make([]bulk.Seen, r.Definition.Slots())
	b := make(batch, 0, batchSize)
	hand := func() bool {
		if len(b) == 0 {
			return true
		}
		if r.OnProgress != nil {
			r.OnProgress(result.Rows)
		}
		select {
		case out <- b:
			b = make(batch, 0, batchSize)
			return true
		case <-ctx.Done():
			return false
		}
	}
	for recipient, err := range r.Audience {
		var bad *bulk.RowError
		switch {
		case errors.As(err, &bad):
			result.Rows++
			result.BadRows.add(bad, r.Examples)
			continue
		case err != nil:
			return fmt.Errorf("audience: %w", err)
		}
		result.Rows++
		if err := plan.Add(recipient); err != nil {
			return err
		}
		e := entry{row: result.Rows, recipient: recipient, first: make([]int, len(seen))}
		for i, p := range r.Definition.Messages {
			e.first[i] = seen[i].PutAddress(p.Channel, addresses, recipient.Address(p.Channel), e.row)
		}
		if b = append(b, e); len(b) == batchSize && !hand() {
			break
		}
	}
	hand()
	return nil
}
