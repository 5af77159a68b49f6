package worker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/task"
)

// prepared is compiled content, and the files that its shortcut attaches.
type prepared struct {
	*render.Prepared
	bundle  *render.Bundle
	actions *task.Actions // the shortcut's own
}

// files are what the shortcut attaches on a channel.
func (p *prepared) files(c message.Channel) []message.Ref {
	var refs []message.Ref
	for _, file := range p.bundle.AttachmentsFor(render.Channel(c)) {
		refs = append(refs, message.Ref{Name: file.Name, Blob: file.SHA256})
	}
	return refs
}

// errContent marks an error of the content itself, which no retry mends.
var errContent = errors.New("content")

// PinSources gathers everything that content needs (shortcut, snippets, layout, files) from a catalog, stores it, and
// returns the hash that Content.Sources takes: whatever becomes of the catalog, what is sent stays the same.
func PinSources(ctx context.Context, blobs *blob.Store, c *render.Catalog, content task.Content) (string, error) {
	b, err := BundleOf(c, content)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errContent, err)
	}
	for _, file := range b.Attachments {
		data, err := c.Attachment(file.SHA256)
		if err != nil {
			return "", fmt.Errorf("%w: attachment %q: %w", errContent, file.Name, err)
		}
		if _, err := blobs.Put(ctx, data, bulk.SourceRetention); err != nil {
			return "", err
		}
	}
	return blobs.Put(ctx, b.Encode(), bulk.SourceRetention)
}

// preparedKey tells compiled contents apart.
type preparedKey struct {
	task.Content
	catalog string // hash of the catalog that content without sources comes from
}

// prepare compiles content, once for all who ask. Without sources of its own it comes from the worker's catalog as it
// is now.
func (w *Worker) prepare(ctx context.Context, content task.Content) (*prepared, error) {
	key := preparedKey{Content: content}
	var catalog *render.Catalog
	if content.Sources == "" {
		catalog = w.Catalog()
		key.catalog = catalog.Hash()
	}
	return w.prepared.get(key, func() (*prepared, error) {
		if catalog != nil {
			sources, err := PinSources(ctx, w.blobs, catalog, content)
			if err != nil {
				return nil, err
			}
			content.Sources = sources
		}
		b, err := w.pinned(ctx, content.Sources)
		if err != nil {
			return nil, err
		}
		p, err := w.Renderer.Open(b)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errContent, err)
		}
		actions := actionsOf(b.Shortcut)
		if w.Events == nil && !actions.IsZero() {
			w.Log.Warn("this shortcut changes conversations, and nobody is told: HERALD_EVENTS_URL is not set", "shortcut", b.Shortcut.Name)
		}
		return &prepared{p, b, actions}, nil
	})
}

// pinned reads the template sources that PinSources stored.
func (w *Worker) pinned(ctx context.Context, sources string) (*render.Bundle, error) {
	data, err := w.blobs.Blob(ctx, sources)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: the template sources are not stored any more: %w", errContent, err)
	}
	if err != nil {
		return nil, err
	}
	b, err := render.DecodeBundle(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errContent, err)
	}
	return b, nil
}

// BundleOf gathers the sources of content: a shortcut by name, with what the job overrides, or text given with the job.
func BundleOf(c *render.Catalog, content task.Content) (*render.Bundle, error) {
	if content.Shortcut == "" {
		return c.InlineBundle(render.Shortcut{
			Name: "inline", Message: content.Text, Format: render.Format(content.Format),
			Subject: content.Subject, EmailTemplate: content.Template,
		})
	}
	if content.Subject == "" && content.Template == "" {
		return c.Bundle(content.Shortcut)
	}
	s, err := c.Shortcut(content.Shortcut)
	if err != nil {
		return nil, err
	}
	s.Channels = maps.Clone(s.Channels)
	email := s.Channels[render.Email]
	if content.Subject != "" {
		s.Subject, email.Subject = content.Subject, nil
	}
	if content.Template != "" {
		s.EmailTemplate, email.EmailTemplate = content.Template, nil
	}
	if s.Channels != nil {
		s.Channels[render.Email] = email
	}
	return c.InlineBundle(s)
}
