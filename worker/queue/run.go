package queue

import (
	"context"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

// Run is one run of a task, as the queue counts it.
type Run struct {
	ID      string // the task's
	Kind    string
	Attempt int // how many runs before this one counted, see Again
	Crashes int // how often a worker died with this task
}

// Handler works on one run of a task. The task is over when it returns nil; it runs again after an *Again.
type Handler func(ctx context.Context, run Run, payload []byte) error

// Again is an error that has a task run again.
type Again struct {
	After  time.Duration
	Counts bool   // whether this run counts as an attempt
	Reason string // for the log and Asynq's record; nothing personal
	Detail string // more about it, for the log; nothing personal
	// Channel is the one channel that it is about, where Counts is false: messages of others needn't wait. "" is all.
	Channel message.Channel
	Quiet   bool // it is in the ordinary course of things
}

// Error implements error.
func (a *Again) Error() string { return a.Reason }

// InterruptedPause is how long a task waits that could not be worked on, for no fault of its own.
const InterruptedPause = 5 * time.Second

// ErrGone says, beneath what a handler returns, that what its task names is not stored any more: the task can't be worked
// on, now or later.
var ErrGone = errors.New("gone")
