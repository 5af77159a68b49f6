package preview

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/cache"
)

// openedCache keeps the last compiled shortcuts, by catalog and content: a change of a text compiles again, a change
// of the recipient does not.
type openedCache struct {
	shortcuts *cache.Cache[[sha256.Size]byte, *render.Prepared]
}

func newOpenedCache(most int64) *openedCache {
	return &openedCache{cache.New[[sha256.Size]byte, *render.Prepared](most)}
}

func (c *openedCache) get(catalog *catalog.Catalog, s *catalog.Shortcut, r *render.Renderer) (*render.Prepared, error) {
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("shortcut: %w", err)
	}
	key := sha256.Sum256(append([]byte(catalog.Hash()), encoded...))
	return c.shortcuts.Get(key, func() (*render.Prepared, error) {
		bundle, err := catalog.InlineBundle(*s)
		if err != nil {
			return nil, err
		}
		return r.Open(bundle)
	})
}
