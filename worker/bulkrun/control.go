package bulkrun

import (
	"context"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
)

// ControlAge is how long a worker may go on after an operator paused or cancelled a bulk, or changed its rate.
const ControlAge = 500 * time.Millisecond

// controls remember the control of bulks, for ControlAge.
type controls struct {
	read  func(ctx context.Context, id string) (bulk.Controls, error)
	mu    sync.Mutex
	known map[string]knownControls
}

type knownControls struct {
	bulk.Controls
	at time.Time
}

// mostControls bounds how many bulks are remembered. Beyond it all are read again.
const mostControls = 1000

func newControls(read func(ctx context.Context, id string) (bulk.Controls, error)) *controls {
	return &controls{read: read, known: map[string]knownControls{}}
}

// of is the control of a bulk, at most ControlAge old.
func (c *controls) of(ctx context.Context, id string) (bulk.Controls, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.known[id]; ok && time.Since(known.at) < ControlAge {
		return known.Controls, nil
	}
	return c.ask(ctx, id)
}

// now is the control of a bulk at this moment.
func (c *controls) now(ctx context.Context, id string) (bulk.Controls, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ask(ctx, id)
}

// ask reads it. The caller holds the lock.
func (c *controls) ask(ctx context.Context, id string) (bulk.Controls, error) {
	asked, err := c.read(ctx, id)
	if err != nil {
		return asked, err
	}
	if len(c.known) > mostControls {
		clear(c.known)
	}
	c.known[id] = knownControls{asked, time.Now()}
	return asked, nil
}
