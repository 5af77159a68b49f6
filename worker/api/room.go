package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// room is the memory for all bodies that are held at the same time, of JSON and of files alike. A request takes of it what
// has arrived, not what it announces, and keeps it until it is answered. One for which there is none waits a little.
type room struct {
	bytes *semaphore.Weighted
	all   int64
	wait  time.Duration // how long a request waits for more
}

// DefaultBodies is how many bytes the bodies of all requests may have together.
const DefaultBodies = 64 << 20

// LeastBodies is the least that Options.Bodies may be: the largest body must pass.
const LeastBodies = maxForward

// roomWait is room.wait, but for tests.
const roomWait = 5 * time.Second

func newRoom(bytes int64) *room {
	return &room{bytes: semaphore.NewWeighted(bytes), all: bytes, wait: roomWait}
}

// share is what one request holds of the room.
type share struct {
	room  *room
	ctx   context.Context
	taken int64
	free  int64 // of that, not yet used
}

func (r *room) enter(ctx context.Context) *share { return &share{room: r, ctx: ctx} }

// leave gives all of it back.
func (s *share) leave() {
	s.room.bytes.Release(s.taken)
	s.taken, s.free = 0, 0
}

// roomStep is how much is taken at once.
const roomStep = 64 << 10

// take takes n bytes more. The error is a *Problem if there is no room in time, or that of the request's context.
func (s *share) take(n int64) error {
	for s.free < n {
		step := min(roomStep, s.room.all)
		if !s.room.bytes.TryAcquire(step) {
			ctx, cancel := context.WithTimeout(s.ctx, s.room.wait)
			err := s.room.bytes.Acquire(ctx, step)
			cancel()
			if err != nil && s.ctx.Err() != nil {
				return context.Cause(s.ctx)
			}
			if err != nil {
				return busy(context.DeadlineExceeded)
			}
		}
		s.taken += step
		s.free += step
	}
	s.free -= n
	return nil
}

// reader returns a body whose bytes take room.
func (s *share) reader(body io.Reader) io.Reader { return &roomReader{s, body} }

type roomReader struct {
	share *share
	body  io.Reader
}

func (r *roomReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if full := r.share.take(int64(n)); full != nil {
		return 0, full
	}
	return n, err
}

// refused gives the problem that ended the reading of a body, if one did.
func refused(err error) (*Problem, bool) {
	var p *Problem
	return p, errors.As(err, &p) && p.Status == http.StatusServiceUnavailable
}
