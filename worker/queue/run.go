package queue

import (
	"context"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// Run is one run of a task, with the counts of the queue.
type Run struct {
	ID      string // the task's
	Kind    string
	Attempt int // how many earlier runs counted, see Again
	Crashes int // how often a worker died with this task
}

// Handler works on one run of a task. If it returns nil, the task is over; after an *Again it runs again.
type Handler func(ctx context.Context, run Run, payload []byte) error

// Again is an error after which a task runs again.
type Again struct {
	After  time.Duration
	Counts bool   // whether this run counts as an attempt
	Reason string // for the log and Asynq's record; nothing personal
	Detail string // more about it, for the log; nothing personal
	// Channel is the only channel that it concerns, if Counts is false: messages of others needn't wait. "" is all
	// channels.
	Channel message.Channel
	Quiet   bool // it is nothing unusual
}

// Error implements error.
func (a *Again) Error() string { return a.Reason }

// InterruptedPause is the pause of a task that could not be worked on, through no fault of its own.
const InterruptedPause = 5 * time.Second

// ErrGone is wrapped by the error of a handler where the data of the task is not stored any more: the task can never be
// worked on.
var ErrGone = errors.New("gone")
