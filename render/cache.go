package render

import (
	"sync"
	"sync/atomic"
)

// maxCached bounds a cache; past it the answers are made anew each time.
const maxCached = 256

// cache is a small map that is read often and soon stops to grow. The zero
// cache is empty.
type cache[K comparable, V any] struct {
	entries atomic.Pointer[map[K]V]
	write   sync.Mutex
}

func (c *cache[K, V]) all() map[K]V {
	if m := c.entries.Load(); m != nil {
		return *m
	}
	return nil
}

// put adds an entry and returns the one that is kept, which may be another's.
func (c *cache[K, V]) put(key K, value V) V {
	c.write.Lock()
	defer c.write.Unlock()
	old := c.all()
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

// maxCachedSkeleton bounds, in bytes, the skeletons that are kept. Larger ones are mostly of one recipient alone: a
// transcript's has a mark for every message.
const maxCachedSkeleton = 64 << 10

// putLayout is put for what was laid out of a skeleton.
func putLayout[V any](c *cache[string, V], skeleton []byte, value V) V {
	if len(skeleton) > maxCachedSkeleton {
		return value
	}
	return c.put(string(skeleton), value)
}
