// Package cache holds answers that are asked for often and soon stop to change.
package cache

import (
	"sync"
	"sync/atomic"
)

// maxCached bounds a Map; past it the answers are made anew each time.
const maxCached = 256

// Map is a small map that is read often and soon stops to grow. The zero
// Map is empty.
type Map[K comparable, V any] struct {
	entries atomic.Pointer[map[K]V]
	write   sync.Mutex
}

// All returns the entries; they are not to be changed.
func (c *Map[K, V]) All() map[K]V {
	if m := c.entries.Load(); m != nil {
		return *m
	}
	return nil
}

// Put adds an entry and returns the one that is kept, which may be another's.
func (c *Map[K, V]) Put(key K, value V) V {
	c.write.Lock()
	defer c.write.Unlock()
	old := c.All()
	if kept, ok := old[key]; ok {
		return kept
	}
	if len(old) >= maxCached {
		return value
	}
	grown := make(map[K]V, len(old)+1)
	for k, v := range old {
		grown[k] = v
	}
	grown[key] = value
	c.entries.Store(&grown)
	return value
}
