package email

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// pool keeps at most size connections, and those that are idle for reuse, the last used first.
type pool struct {
	dial        func(context.Context) (*conn, error)
	slots       chan struct{} // one token for each connection in use
	maxMessages int
	idleTimeout time.Duration
	checkAfter  time.Duration

	closed chan struct{} // closed by close

	mu     sync.Mutex
	idle   []*conn
	reaper *time.Timer // closes idle connections, armed while there are any
}

func newPool(o Options, dial func(context.Context) (*conn, error)) *pool {
	return &pool{
		dial: dial, slots: make(chan struct{}, o.MaxConns), closed: make(chan struct{}),
		maxMessages: o.MaxMessages, idleTimeout: o.IdleTimeout, checkAfter: o.CheckAfter,
	}
}

// get waits for a free slot and returns a connection that works: an idle one, which is checked if it rested for long,
// else a new one. fresh asks for a new one at once.
func (p *pool) get(ctx context.Context, fresh bool) (*conn, error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	for !fresh {
		c := p.take()
		if c == nil {
			break
		}
		rested := time.Since(c.since)
		if rested < p.idleTimeout && (rested < p.checkAfter || c.alive()) {
			return c, nil
		}
		c.quit()
	}
	c, err := p.dial(ctx)
	if err != nil {
		<-p.slots
	}
	return c, err
}

// put gives a connection back after a message.
func (p *pool) put(c *conn) {
	defer func() { <-p.slots }()
	if c.dead || c.sent >= p.maxMessages || !p.keep(c) {
		c.quit()
	}
}

// enter waits for a slot.
func (p *pool) enter(ctx context.Context) error {
	if p.isClosed() {
		return errClosed()
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &send.Error{Code: "canceled", Step: "POOL", Err: ctx.Err()}
	case <-p.closed:
		return errClosed()
	}
}

func errClosed() error {
	return &send.Error{Code: "closed", Step: "POOL", Err: errors.New("the sender is closed")}
}

func (p *pool) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// take gives the connection that was used last, or nil.
func (p *pool) take() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// keep makes a connection idle, unless the pool is closed.
func (p *pool) keep(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed() {
		return false
	}
	c.since = time.Now()
	p.idle = append(p.idle, c)
	if p.reaper == nil {
		p.reaper = time.AfterFunc(p.idleTimeout, p.reap)
	}
	return true
}

// reap closes what was idle too long, and comes back as long as anything is idle.
func (p *pool) reap() {
	p.mu.Lock()
	old := 0
	for old < len(p.idle) && time.Since(p.idle[old].since) >= p.idleTimeout {
		old++
	}
	expired := append([]*conn(nil), p.idle[:old]...)
	p.idle = append(p.idle[:0], p.idle[old:]...)
	if len(p.idle) > 0 {
		p.reaper.Reset(time.Until(p.idle[0].since.Add(p.idleTimeout)))
	} else {
		p.reaper = nil
	}
	p.mu.Unlock()
	for _, c := range expired {
		c.quit()
	}
}

// close refuses new messages, ends idle connections, and waits for those in use.
func (p *pool) close() {
	p.mu.Lock()
	if p.isClosed() {
		p.mu.Unlock()
		return
	}
	close(p.closed)
	idle := p.idle
	p.idle = nil
	if p.reaper != nil {
		p.reaper.Stop()
	}
	p.mu.Unlock()
	var quits sync.WaitGroup
	for _, c := range idle {
		quits.Go(c.quit)
	}
	quits.Wait()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
}
