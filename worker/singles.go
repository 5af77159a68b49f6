package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

const (
	// singlesEvery is how often it looks for messages and forwards that are unsettled for long.
	singlesEvery = 10 * time.Second
	// singlesPause is how long it leaves a message alone after a look at it. A worker that dies within a look delays a message for so long.
	singlesPause = time.Minute
	// singlesAtOnce bounds how many of each list it looks at in one round.
	singlesAtOnce = 500
)

// singles makes sure that every pending message and forward has a task: the ledger says what is to be done, not the
// queue. Any number of workers may run it at once.
type singles struct {
	ledger    *ledger.Ledger
	queue     *queue.Client
	abandoned *abandoned
	log       *slog.Logger
	recovered func(cause string, n int) // counts tasks that were brought back
}

// watch looks until ctx ends.
func (s *singles) watch(ctx context.Context) {
	tick := time.NewTicker(singlesEvery)
	defer tick.Stop()
	for {
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("can't look for messages without a task", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *singles) round(ctx context.Context) error {
	owners, err := s.ledger.Overdue(ctx, singlesPause, singlesAtOnce)
	for _, o := range owners {
		err = errors.Join(err, s.look(ctx, o)) // one that can't be read doesn't stop the others
	}
	return err
}

// look enqueues the task of a message or forward again, if it is pending without a task, or if its outcome may not be
// published yet.
func (s *singles) look(ctx context.Context, o ledger.Owner) error {
	books, err := s.ledger.Single(ctx, o)
	if errors.Is(err, ledger.ErrNotFound) {
		return s.ledger.RemoveUnsettled(ctx, o)
	}
	if err != nil {
		return err
	}
	records, err := s.ledger.Chunk(ctx, books)
	switch {
	case errors.Is(err, ledger.ErrNotFound), err == nil && (len(records) != 1 || records[0].State == ledger.Unknown):
		return s.ledger.RemoveUnsettled(ctx, o)
	case err != nil:
		return err
	}
	p, due, err := stored(ctx, s.ledger, books)
	if errors.Is(err, ledger.ErrNotFound) {
		if records[0].State.Final() { // its outcome is published; the request is forgotten after that
			return s.ledger.RemoveUnsettled(ctx, o)
		}
		return nil // an older version did not keep it
	}
	if errors.Is(err, task.ErrRefused) { // its task could never run
		why := ledger.Reason{Code: enqueue.CodeRefused, Text: fault.In(err).Error()}
		r, err := s.ledger.Request(ctx, books)
		if err != nil {
			return err
		}
		return s.abandoned.fail(ctx, o, books, r.Payload, why)
	}
	if err != nil {
		return err
	}
	added, err := s.queue.Restore(ctx, p, due)
	if added {
		s.log.Warn("a message was not settled and had no task; it was enqueued again", "kind", o.Kind, "id", o.ID)
		s.recovered("message", 1)
	}
	return err
}

// stored reads the task of a message or forward from the ledger, and when it is due.
func stored(ctx context.Context, l *ledger.Ledger, books ledger.Chunk) (p task.Payload, due time.Time, err error) {
	r, err := l.Request(ctx, books)
	if err != nil {
		return nil, due, err
	}
	if p, err = task.Parse(r.Kind, r.Payload); errors.Is(err, task.ErrRefused) {
		return nil, due, err
	} else if err != nil { // its words may quote an address, and this one is logged
		return nil, due, fmt.Errorf("%s: this version can't read its stored task", books.Owner)
	}
	switch p := p.(type) {
	case task.Message:
		due = p.SendAt
	case task.Forward:
		due = p.SendAt
	}
	return task.InLayout(p, books.Layout(task.Layout)), due, nil
}
