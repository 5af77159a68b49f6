package preview

import (
	"container/list"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
)

// openedCache keeps the last shortcuts that were compiled, by catalog and content: only a change of a text compiles
// again, not one of the recipient.
type openedCache struct {
	most  int
	mutex sync.Mutex
	order *list.List // of *openedEntry, the last used first
	byKey map[[sha256.Size]byte]*list.Element
}

type openedEntry struct {
	key      [sha256.Size]byte
	prepared *render.Prepared
}

func newOpenedCache(most int) *openedCache {
	return &openedCache{most: most, order: list.New(), byKey: make(map[[sha256.Size]byte]*list.Element)}
}

func (c *openedCache) get(catalog *catalog.Catalog, s *catalog.Shortcut, r *render.Renderer) (*render.Prepared, error) {
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("shortcut: %w", err)
	}
	key := sha256.Sum256(append([]byte(catalog.Hash()), encoded...))
	if p := c.find(key); p != nil {
		return p, nil
	}
	bundle, err := catalog.InlineBundle(*s)
	if err != nil {
		return nil, err
	}
	p, err := r.Open(bundle)
	if err != nil {
		return nil, err
	}
	c.put(key, p)
	return p, nil
}

func (c *openedCache) find(key [sha256.Size]byte) *render.Prepared {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	e := c.byKey[key]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*openedEntry).prepared
}

func (c *openedCache) put(key [sha256.Size]byte, p *render.Prepared) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.byKey[key] != nil {
		return
	}
	c.byKey[key] = c.order.PushFront(&openedEntry{key, p})
	for c.order.Len() > c.most {
		last := c.order.Back()
		delete(c.byKey, c.order.Remove(last).(*openedEntry).key)
	}
}
