package helpers

import (
	"sync"

	"github.com/heraldsend/herald/helpers/moment"
)

// formatCache keeps compiled date formats. Formats may come from data, so it is bounded in number and in the length
// of what it keeps: when a generation is full it becomes the old one, and what nobody asks for any more goes with it.
type formatCache struct {
	mu        sync.RWMutex
	most      int
	young     map[formatKey]*moment.Format
	old       map[formatKey]*moment.Format
	keepBytes int
}

type formatKey struct {
	locale *moment.Locale
	format string
}

func newFormatCache(most int) *formatCache {
	return &formatCache{most: most, keepBytes: 256, young: map[formatKey]*moment.Format{}}
}

// get returns the compiled format; the error is moment.ErrFormatTooLong.
func (c *formatCache) get(l *moment.Locale, format string) (*moment.Format, error) {
	if len(format) > c.keepBytes {
		return l.Compile(format)
	}
	key := formatKey{l, format}
	c.mu.RLock()
	f := c.young[key]
	c.mu.RUnlock()
	if f != nil {
		return f, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f = c.old[key]; f == nil {
		var err error
		if f, err = l.Compile(format); err != nil {
			return nil, err
		}
	}
	if len(c.young) >= c.most {
		c.old, c.young = c.young, make(map[formatKey]*moment.Format, c.most)
	}
	c.young[key] = f
	return f, nil
}
