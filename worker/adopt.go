package worker

import (
	"context"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Older versions stored nothing with the records of messages and forwards, and left some pending without a task. Once
// for each Redis, all of them are looked through: those that are still in the queue get their request stored, those
// that are lost fail.

const (
	// adoptAge is how old a message must be to be lost: a client of an older version may be about to enqueue it.
	adoptAge = 10 * time.Minute
	// adoptTerm is how long one worker may take before another one tries.
	adoptTerm = 30 * time.Minute
)

// lost is why a message fails that an older version left without a task.
var lost = ledger.Reason{Code: "task_lost", Text: "an older version left it without a task and did not keep its content: send it again under a new id"}

// adoptAll adopts, again and again until that is done, or ctx ends.
func (s *singles) adoptAll(ctx context.Context) {
	tick := time.NewTicker(adoptTerm + time.Minute)
	defer tick.Stop()
	for {
		if err := s.adopt(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("can't look through the messages of older versions", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// adopt looks through the messages and forwards of older versions. It does nothing where that was done.
func (s *singles) adopt(ctx context.Context) error {
	mine, err := s.ledger.BeginAdoption(ctx, adoptTerm)
	if err != nil || !mine {
		return err
	}
	undecided, failed := false, 0
	err = s.ledger.EachSingle(ctx, func(o ledger.Owner) error {
		what, err := s.adoptOne(ctx, o)
		undecided = undecided || what == tooYoung
		if what == wasLost {
			failed++
		}
		return err
	})
	if failed > 0 {
		s.log.Error("messages of an older version were pending without a task, and have failed now", "messages", failed, "code", lost.Code)
	}
	if err != nil || undecided {
		return err // when the term is over, somebody tries again
	}
	return s.ledger.EndAdoption(ctx)
}

// adoption is what became of one.
type adoption int

const (
	nothingToDo adoption = iota
	wasAdopted
	wasLost
	tooYoung // it may be enqueued in a moment
)

func (s *singles) adoptOne(ctx context.Context, o ledger.Owner) (adoption, error) {
	books, err := s.ledger.Single(ctx, o)
	if errors.Is(err, ledger.ErrNotFound) {
		return nothingToDo, nil
	}
	if err != nil {
		return nothingToDo, err
	}
	records, err := s.ledger.Chunk(ctx, books)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (len(records) != 1 || records[0].State.Final()) {
		return nothingToDo, nil
	}
	if err != nil {
		return nothingToDo, err
	}
	if _, err := s.ledger.Request(ctx, books); !errors.Is(err, ledger.ErrNotFound) {
		return nothingToDo, err
	}
	p, err := s.queued(o, books)
	if errors.Is(err, queue.ErrNoTask) {
		if age, err := s.ledger.Age(ctx, books); err != nil || age < adoptAge {
			return tooYoung, err
		}
		return wasLost, s.abandoned.fail(ctx, o, books, nil, lost)
	}
	if err != nil {
		return nothingToDo, err
	}
	request, err := enqueue.RequestOf(p)
	if err != nil {
		return nothingToDo, nil //nolint:nilerr // what this version refuses is given up on when its task runs
	}
	var due time.Time
	switch p := p.(type) {
	case task.Message:
		due = p.SendAt
	case task.Forward:
		due, o.Kind = p.SendAt, ledger.Forward
	}
	return wasAdopted, s.ledger.Adopt(ctx, o, books, request, due)
}

// queued is a message or forward as its task in the queue says it, or queue.ErrNoTask.
func (s *singles) queued(o ledger.Owner, books ledger.Chunk) (task.Payload, error) {
	var bare task.Payload = task.Message{ID: o.ID, Layout: books.Layout(task.Layout)}
	if o.Kind == ledger.Forward {
		bare = task.Forward{ID: o.ID, Layout: books.Layout(task.Layout)}
	}
	kind, payload, err := s.queue.Payload(bare)
	if err != nil {
		return nil, err
	}
	p, err := task.Parse(kind, payload)
	if err != nil {
		return bare, nil //nolint:nilerr // no worker of this version reads it: the queue decides about it
	}
	return p, nil
}
