package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
)

// prober is a sender that can find out whether its account is there, without a message.
type prober interface {
	// Probe returns nil if a message could be sent now; else a *send.Error.
	Probe(ctx context.Context) error
}

// Pauses before a line is tried again: they double, and begin anew after a message that was sent.
const (
	firstLinePause = time.Second
	lastLinePause  = 15 * time.Second
	lastTryPause   = 5 * time.Second // of an account that can't be reached: trying it needs no message
	probeTime      = 30 * time.Second
)

// lines keep this process from taking work that it can't do. The line of a channel is this worker's way to its account.
// When a message meets trouble of the account, the line closes: no more tasks of that channel are taken, and other
// workers send them. It opens again when the account can be reached.
type lines struct {
	gate    *queue.Gate
	senders map[message.Channel]delivery.Sender
	log     *slog.Logger
	stop    context.Context // ends the probes
	told    func(c message.Channel, e *send.Error)

	changed chan struct{} // has one when a line closed or opened

	mu    sync.Mutex
	lines map[message.Channel]*line
}

func newLines(gate *queue.Gate, senders map[message.Channel]delivery.Sender, log *slog.Logger, stop context.Context) *lines {
	return &lines{gate: gate, senders: senders, log: log, stop: stop, changed: make(chan struct{}, 1), lines: map[message.Channel]*line{}}
}

// shut are the channels whose line is closed.
func (l *lines) shut() map[message.Channel]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	closed := map[message.Channel]bool{}
	for c, line := range l.lines {
		closed[c] = line.closed
	}
	return closed
}

// set closes or opens a line. The caller holds the lock.
func (l *lines) set(c message.Channel, line *line, open bool) {
	line.closed = !open
	l.gate.Set(shutLine, open, queuesOf(c)...)
	select {
	case l.changed <- struct{}{}:
	default: // it is known already that something changed
	}
}

// line is one that is closed, or was lately.
type line struct {
	closed bool
	tries  int // how often it closed, or could not be opened, since a message was sent
}

// Reasons for which this process takes nothing from a queue.
const (
	shutLine     = "line"      // its account can't be reached
	shutNoSender = "no sender" // it has none for the channel
	shutMixed    = "mixed"     // another worker can send on more of the channels
	shutPaused   = "paused"    // everything is
	shutSafe     = "safe mode" // Redis may have forgotten what was sent
)

// queuesOf are the queues of a channel's messages.
func queuesOf(c message.Channel) []string { return append(queue.BulksOf(c), queue.Line(c)) }

// answered notes what a sender said of one message: nil if it was sent.
func (l *lines) answered(c message.Channel, e *send.Error) {
	trouble := e != nil && e.Account && e.Temporary() && !e.Sender
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.lines[c]
	switch {
	case !trouble && known != nil && !known.closed:
		delete(l.lines, c)
	case !trouble, known != nil && known.closed: // those in flight meet it too
	default:
		if known == nil {
			known = &line{}
			l.lines[c] = known
		}
		l.set(c, known, false)
		l.log.Warn("can't send on a channel: this worker takes no more of its messages until it can", "channel", string(c), "account", e.Where, "error", e.Error())
		go l.reopen(c, known, e)
	}
}

// reopen opens a line when its account can be reached.
func (l *lines) reopen(c message.Channel, closed *line, e *send.Error) {
	for {
		pause := min(firstLinePause<<min(closed.tries, 10), lastLinePause)
		if e.Unreached {
			pause = min(pause, lastTryPause)
		}
		if e.RetryAfter > 0 && !e.Unreached {
			pause = min(e.RetryAfter, delivery.LongestPause)
		}
		closed.tries++
		select {
		case <-time.After(pause):
		case <-l.stop.Done():
			return
		}
		p, ok := l.senders[c].(prober)
		if !ok {
			break
		}
		ctx, cancel := context.WithTimeout(l.stop, probeTime)
		failed := send.AsError(p.Probe(ctx))
		cancel()
		if failed == nil {
			break
		}
		if l.stop.Err() == nil {
			e = failed
			l.told(c, e)
		}
	}
	l.mu.Lock()
	l.set(c, closed, true)
	l.mu.Unlock()
	l.log.Info("the account of a channel can be reached: this worker takes its messages again", "channel", string(c))
}
