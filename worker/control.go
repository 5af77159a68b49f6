package worker

import (
	"context"
	"sync"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
)

// controlAge is how long a worker may go on after an operator asked it to pause or cancel a bulk.
const controlAge = 500 * time.Millisecond

// control is what an operator asked of a bulk, at most controlAge ago.
func (w *Worker) control(ctx context.Context, id string) (bulk.Control, error) {
	w.controls.mu.Lock()
	defer w.controls.mu.Unlock()
	known, ok := w.controls.known[id]
	if ok && time.Since(known.at) < controlAge {
		return known.control, nil
	}
	control, err := w.bulks.Control(ctx, id)
	if err != nil {
		return "", err
	}
	if len(w.controls.known) > 1000 {
		clear(w.controls.known)
	}
	w.controls.known[id] = askedControl{control, time.Now()}
	return control, nil
}

// controls remembers what was asked of bulks.
type controls struct {
	mu    sync.Mutex
	known map[string]askedControl
}

type askedControl struct {
	control bulk.Control
	at      time.Time
}
