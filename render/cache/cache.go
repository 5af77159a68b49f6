// Package cache holds results that are read often and change rarely: reading takes no lock. It is for few keys;
// nothing is ever forgotten.
package cache

import (
	"sync"
	"sync/atomic"
)

// maxCached bounds a Map. Results beyond it are made anew each time.
const maxCached = 256

// Map is a small map that is read often and soon stops growing. The zero Map is empty.
type Map[K comparable, V any] struct {
	entries atomic.Pointer[map[K]V]
	write   sync.Mutex
}

// All returns the entries. Don't change them.
func (c *Map[K, V]) All() map[K]V {
	if m := c.entries.Load(); m != nil {
		return *m
	}
	return nil
}

// Put adds an entry and returns the one that is kept: if another goroutine was first, its value.
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
