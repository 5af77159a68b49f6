// Package cache keeps what is costly to make, by key.
package cache

import (
	"container/list"
	"errors"
	"sync"
)

// Cache keeps values by key, up to a total cost, and forgets what was not used for longest. Many that ask for one key at
// the same time wait for one load. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	most int64

	mu      sync.Mutex
	used    int64
	entries map[K]*list.Element
	order   *list.List // of *entry[K, V], the last used in front
}

type entry[K comparable, V any] struct {
	key   K
	cost  int64
	ready chan struct{} // closed when value and err are set
	value V
	err   error
}

// errPanicked is what those get who waited for a load that panicked.
var errPanicked = errors.New("the load of a cached value panicked")

// New returns a cache of values whose costs come to at most so much.
func New[K comparable, V any](most int64) *Cache[K, V] {
	return &Cache[K, V]{most: most, entries: map[K]*list.Element{}, order: list.New()}
}

// Get returns what load made for key, now or earlier; it costs 1. An error is given to everyone who waits, and forgotten.
func (c *Cache[K, V]) Get(key K, load func() (V, error)) (V, error) {
	return c.GetAt(1, key, load)
}

// GetAt is Get for a value that costs so much. One that costs more than all the cache may hold is not kept.
func (c *Cache[K, V]) GetAt(cost int64, key K, load func() (V, error)) (V, error) {
	if cost > c.most {
		return load()
	}
	e, known := c.entry(key, cost)
	if known {
		<-e.ready
		return e.value, e.err
	}
	e.err = errPanicked
	defer func() {
		close(e.ready)
		if e.err != nil {
			c.forget(e)
		}
	}()
	e.value, e.err = load()
	return e.value, e.err
}

// entry returns the entry of a key, and whether somebody else has loaded it, or does now.
func (c *Cache[K, V]) entry(key K, cost int64) (e *entry[K, V], known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.entries[key]; found != nil {
		c.order.MoveToFront(found)
		return found.Value.(*entry[K, V]), true
	}
	e = &entry[K, V]{key: key, cost: cost, ready: make(chan struct{})}
	c.entries[key] = c.order.PushFront(e)
	for c.used += cost; c.used > c.most; {
		c.remove(c.order.Back())
	}
	return e, false
}

// forget takes an entry out, if it is still there.
func (c *Cache[K, V]) forget(e *entry[K, V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.entries[e.key]; found != nil && found.Value.(*entry[K, V]) == e {
		c.remove(found)
	}
}

// remove takes an element out. The caller holds the lock.
func (c *Cache[K, V]) remove(element *list.Element) {
	e := c.order.Remove(element).(*entry[K, V])
	delete(c.entries, e.key)
	c.used -= e.cost
}
