package compose

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/store/blob"
)

// LocalBlobs are the files of a catalog and what is put beside them, in memory. They are for views of messages that
// are not sent.
type LocalBlobs struct {
	catalog *catalog.Catalog
	behind  Blobs
	mu      sync.Mutex
	own     map[string][]byte
}

// NewLocalBlobs returns those of a catalog. behind, if not nil, has what they lack.
func NewLocalBlobs(c *catalog.Catalog, behind Blobs) *LocalBlobs {
	return &LocalBlobs{catalog: c, behind: behind, own: map[string][]byte{}}
}

// Put implements Blobs. Everything is forgotten with the LocalBlobs.
func (l *LocalBlobs) Put(_ context.Context, data []byte, _ time.Duration) (string, error) {
	sha := blob.Hash(data)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own[sha] = data
	return sha, nil
}

// Blob implements Blobs.
func (l *LocalBlobs) Blob(ctx context.Context, sha string) ([]byte, error) {
	l.mu.Lock()
	data, ok := l.own[sha]
	l.mu.Unlock()
	if ok {
		return data, nil
	}
	data, err := l.catalog.Attachment(sha)
	switch {
	case err == nil:
		return data, nil
	case l.behind == nil:
		return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	default:
		return l.behind.Blob(ctx, sha)
	}
}

// NewLocal returns a composer over a catalog, for views of messages that are not sent.
func NewLocal(c *catalog.Catalog, r *render.Renderer, rules Rules) (*Composer, error) {
	blobs := NewLocalBlobs(c, nil)
	files, err := attach.New(attach.Options{Blobs: blobs})
	if err != nil {
		return nil, err
	}
	return New(Options{Catalog: func() *catalog.Catalog { return c }, Renderer: r, Attachments: files, Blobs: blobs, Rules: rules})
}
