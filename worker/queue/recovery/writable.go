package recovery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// checkAge is how long an answer of Writable is trusted.
const checkAge = time.Second

// spread is how many keys of a cluster are written to, besides those of the queues: enough to meet every node.
const spread = 64

// Writable finds out whether Redis takes writes. A Redis that answers reads may refuse them: its disk is full, it lost its
// replicas, it became a replica itself, or one node of the cluster is away. It is safe for concurrent use.
type Writable struct {
	rdb  redis.UniversalClient
	keys []string

	mu  sync.Mutex
	at  time.Time
	err error
}

// NewWritable looks after the nodes that hold these queues and, on a cluster, the records of messages.
func NewWritable(rdb redis.UniversalClient, queues []string) *Writable {
	w := &Writable{rdb: rdb}
	for _, queue := range queues {
		w.keys = append(w.keys, proofKey(queue))
	}
	if _, cluster := rdb.(*redis.ClusterClient); cluster {
		for i := range spread {
			w.keys = append(w.keys, proofKey(strconv.Itoa(i)))
		}
	} else if len(queues) > 0 {
		w.keys = w.keys[:1] // all are in one place
	}
	return w
}

// Check writes, or trusts a check that is less than a second old. The error is that of the first node that refuses.
func (w *Writable) Check(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) < checkAge {
		return w.err
	}
	_, err := w.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, key := range w.keys {
			p.Set(ctx, key, 1, time.Minute)
		}
		return nil
	})
	if errors.Is(err, context.Canceled) {
		return err // whoever asked has gone: that says nothing
	}
	if err != nil {
		err = fmt.Errorf("write to Redis: %w", err)
	}
	w.at, w.err = time.Now(), err
	return err
}
