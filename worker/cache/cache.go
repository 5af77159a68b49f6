// Package cache keeps what is costly to make, by key.
package cache

import "sync"

// Cache keeps values by key. Many that ask for one key at the same time wait for one load. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	mu      sync.Mutex
	most    int
	entries map[K]*entry[V]
}

type entry[V any] struct {
	ready chan struct{} // closed when value and err are set
	value V
	err   error
}

// New returns a cache of at most so many entries. A full one starts over: what is in use comes back at once.
func New[K comparable, V any](most int) *Cache[K, V] {
	return &Cache[K, V]{most: most, entries: map[K]*entry[V]{}}
}

// Get returns what load made for key, now or earlier. An error is given to everyone who waits, and forgotten.
func (c *Cache[K, V]) Get(key K, load func() (V, error)) (V, error) {
	c.mu.Lock()
	if e, ok := c.entries[key]; ok {
		c.mu.Unlock()
		<-e.ready
		return e.value, e.err
	}
	if len(c.entries) >= c.most {
		clear(c.entries)
	}
	e := &entry[V]{ready: make(chan struct{})}
	c.entries[key] = e
	c.mu.Unlock()

	defer close(e.ready)
	e.value, e.err = load()
	if e.err != nil {
		c.mu.Lock()
		if c.entries[key] == e {
			delete(c.entries, key)
		}
		c.mu.Unlock()
	}
	return e.value, e.err
}
