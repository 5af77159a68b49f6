// Package meter bounds what work costs. A Meter stands behind one content, transcript or conversion, whatever its texts and
// values are: all that works on it charges the same meter, before it begins and while it goes on. The meter ends the work
// when its steps are spent or when its context is done.
//
// A step is about a microsecond at most: an operation of a template, a node of a document, or BytesPerStep bytes that are
// read or written. What takes more time than in proportion to its bytes charges what it takes.
package meter

import (
	"context"
	"errors"
	"io"
)

// ErrSpent is the error of work that takes more steps than it may.
var ErrSpent = errors.New("it takes too much work")

// BytesPerStep is how many bytes of a conversion are one step.
const BytesPerStep = 16

// Patience is how many steps may pass between two looks at the context.
const Patience = 1024

// Meter counts the steps of one piece of work. The zero Meter has none. It is for one goroutine at a time. A nil Meter
// bounds nothing: it is for what the program itself wrote.
type Meter struct {
	ctx   context.Context
	steps int // in all
	left  int
	quiet int // steps until the next look at the context
	bytes int // that are no whole step yet
}

// New returns a Meter of so many steps. Its work ends when ctx is done.
func New(ctx context.Context, steps int) *Meter {
	m := new(Meter)
	m.Reset(ctx, steps)
	return m
}

// Reset makes m the meter of other work.
func (m *Meter) Reset(ctx context.Context, steps int) {
	*m = Meter{ctx: ctx, steps: steps, left: steps}
}

// Steps is how many steps the work may take in all.
func (m *Meter) Steps() int { return m.steps }

// Spent is how many steps were charged.
func (m *Meter) Spent() int {
	if m == nil {
		return 0
	}
	return m.steps - m.left
}

// Err says why the work must end: the cause of its context, or nil. It looks at the context each time.
func (m *Meter) Err() error {
	if m != nil && m.ctx != nil && m.ctx.Err() != nil {
		return context.Cause(m.ctx)
	}
	return nil
}

// Charge takes n steps. The error is ErrSpent or that of the context, which is looked at now and then; after it, the work
// must end.
func (m *Meter) Charge(n int) error {
	if m == nil {
		return nil
	}
	if n > m.left {
		m.left = 0
		return ErrSpent
	}
	m.left -= n
	if m.quiet -= n; m.quiet < 0 {
		m.quiet = Patience
		return m.Err()
	}
	return nil
}

// Bytes takes the steps of n bytes that are read or written.
func (m *Meter) Bytes(n int) error {
	if m == nil {
		return nil
	}
	m.bytes += n
	whole := m.bytes / BytesPerStep
	m.bytes %= BytesPerStep
	return m.Charge(whole)
}

// Grant takes steps in advance, for a loop that counts for itself: at most `most` of them, or those that are left, which
// are at least one. It looks at the context.
func (m *Meter) Grant(most int) (int, error) {
	if err := m.Err(); err != nil {
		return 0, err
	}
	n := min(most, m.left)
	if n <= 0 {
		return 0, ErrSpent
	}
	m.left -= n
	return n, nil
}

// Return gives back what of a Grant was not used.
func (m *Meter) Return(n int) { m.left = min(m.left+n, m.steps) }

// Reader returns r, whose bytes are charged while they are read. Its errors are also those of Bytes.
func (m *Meter) Reader(r io.Reader) io.Reader { return &reader{m, r} }

type reader struct {
	meter *Meter
	from  io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if spent := r.meter.Bytes(n); spent != nil {
		return 0, spent
	}
	if done := r.meter.Err(); done != nil {
		return 0, done
	}
	return n, err
}
