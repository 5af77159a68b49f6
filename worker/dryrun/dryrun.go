// Package dryrun renders a bulk for its whole audience and sends nothing: who could not be reached, which fields would
// print as blanks and for whom, what it would cost, how long it would take, and what some of the messages look like. It
// asks the same questions in the same order as the worker does, over the same renderer.
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
	"slices"
	"sync"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
)

// Attachments finds the bytes of attachments within a policy. Its errors are *attach.Error.
type Attachments interface {
	Resolve(ctx context.Context, p attach.Policy, refs []message.Ref) ([]message.Attachment, error)
}

// Options for Run. The first three are required.
type Options struct {
	Definition bulk.Definition    // with the Sources of its messages
	Prepared   []*render.Prepared // what the content of each of its messages compiled to
	Audience   iter.Seq2[bulk.Recipient, error]

	// Attachments finds files, in order to know their sizes and faults. When nil, files are not looked at.
	Attachments Attachments
	// Suppressed, where set, reports which of these addresses may not be written to on a channel. It is called for some
	// hundreds at a time, by several goroutines.
	Suppressed func(ctx context.Context, c message.Channel, addresses []string) ([]bool, error)
	// PerSecond is the rate to estimate the duration by. 0 makes no estimate.
	PerSecond float64
	// SegmentPrice is what a segment of an SMS costs, in any currency. 0 makes no estimate.
	SegmentPrice float64
	// Sample is how many rendered messages to keep, drawn from the whole audience; the same rows every time.
	Sample int
	// Examples is how many rows are named for each finding. 5 when zero.
	Examples int
	// Goroutines render. As many as there are processors when zero.
	Goroutines int
	// OnProgress, where set, is called now and then with the number of rows read so far.
	OnProgress func(rows int)
}

// batchSize is how many recipients a goroutine gets at a time.
const batchSize = 100

// batch is a stretch of the audience.
type batch []entry

// entry is one recipient and what reading the audience told about it.
type entry struct {
	row       int // in the audience, from 1; rows that can't be read count too
	recipient bulk.Recipient
	to        []target // for each of the messages
}

// target is where a message would go.
type target struct {
	address string // in the form that travels
	fault   error  // of the address
	first   int    // the row that has this address already, or 0
}

// Run renders everyone. A row that can't be read is counted; any other error of the audience ends the run, as does ctx.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Audience == nil {
		return nil, errors.New("dry run: Audience is required")
	}
	if o.Definition.ID == "" {
		o.Definition.ID = "dry-run"
	}
	if err := o.Definition.Validate(); err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	if len(o.Prepared) != len(o.Definition.Messages) || slices.Contains(o.Prepared, nil) {
		return nil, errors.New("dry run: Prepared is required for each message")
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
	r := newRun(ctx, o)
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
	if err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	for i, t := range total {
		m := t.result(o, o.Definition.Messages[i].Channel)
		if o.PerSecond > 0 {
			result.Seconds += float64(m.Sendable) / o.PerSecond
		}
		result.Messages = append(result.Messages, *m)
	}
	result.Plan = plan.Sum()
	result.Took = time.Since(started).Seconds()
	return result, nil
}

// read hands the audience out in batches. What depends on the order, it does itself: the plan and who comes again.
func (r *run) read(ctx context.Context, plan *bulk.Plan, result *Result, out chan<- batch) error {
	addresses := phone.Parser(r.Definition.Country)
	seen := make([]bulk.Seen, len(r.Definition.Messages))
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
		e := entry{row: result.Rows, recipient: recipient, to: make([]target, len(seen))}
		for i, p := range r.Definition.Messages {
			to := recipient.Address(p.Channel)
			if to == "" {
				continue
			}
			a, err := addresses.Parse(p.Channel.Address(), to)
			if e.to[i].address, e.to[i].fault = a.Addr, err; err == nil {
				e.to[i].first = seen[i].Put(p.Channel.Address().Key(a.Addr), e.row)
			}
		}
		if b = append(b, e); len(b) == batchSize && !hand() {
			break
		}
	}
	hand()
	return nil
}
