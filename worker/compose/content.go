package compose

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Content is compiled content. It is immutable and may be shared.
type Content struct {
	prepared *render.Prepared
	actions  *task.Actions // those of the shortcut; nil if it has none
	invalid  *Verdict      // set by Checked: it must not be sent
	sources  string        // the hash under which Open found its bundle
}

// NewContent makes a Content of a prepared bundle.
func NewContent(p *render.Prepared) *Content {
	return &Content{prepared: p, actions: actionsOf(p.Bundle().Shortcut)}
}

// Checked is the content with the verdict of Pin: if lint finds an error in it, it is sent to nobody. cat is the
// catalog of its bundle.
func (c *Content) Checked(cat *catalog.Catalog) *Content {
	checked := *c
	checked.invalid = checkBundle(cat, c.prepared.Bundle())
	return &checked
}

// checkBundle is the verdict over content in which lint finds errors; nil if it finds none.
func checkBundle(cat *catalog.Catalog, b *catalog.Bundle) *Verdict {
	if found := catalog.ErrorsOf(lint.Bundle(cat, b)); len(found) > 0 {
		return Failed("template_invalid", &InvalidError{found})
	}
	return nil
}

// InvalidError is content with mistakes that a customer would see.
type InvalidError struct {
	Findings []catalog.Finding // all of them errors
}

// Error has a line for each finding.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		if f.File == "" {
			f.File = f.Subject
		}
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Sources is the hash of the pinned sources that it was opened from.
func (c *Content) Sources() string { return c.sources }

// Prepared is the prepared bundle.
func (c *Content) Prepared() *render.Prepared { return c.prepared }

// Actions are those of the shortcut, overridden by those of the message.
func (c *Content) Actions(own *task.Actions) *task.Actions { return c.actions.With(own) }

// files are those that the shortcut attaches on a channel.
func (c *Content) files(channel message.Channel) []message.Ref {
	return Refs(c.prepared.Bundle().AttachmentsFor(catalog.Channel(channel)))
}

// Refs are references to files of a catalog, once they are stored.
func Refs(files []catalog.Attachment) []message.Ref {
	refs := make([]message.Ref, len(files))
	for i, file := range files {
		refs[i] = message.Ref{Name: file.Name, Blob: file.SHA256, ContentID: file.ContentID}
	}
	return refs
}

// actionsOf are the actions of a shortcut; nil if it has none.
func actionsOf(s catalog.Shortcut) *task.Actions {
	a := &task.Actions{
		Subject: s.ConversationSubject, Tags: s.Tags, AssignedUsers: s.AssignedUsers, AssignedTeams: s.AssignedTeams, Queue: s.Queue,
		Priority: s.Priority, Status: s.Status, SubStatus: s.SubStatus, SnoozeUntil: s.SnoozeUntil,
	}
	for name, value := range s.CustomFields {
		data, err := json.Marshal(value)
		if err != nil {
			continue // the catalog lets only texts, booleans and finite numbers pass
		}
		if a.CustomFields == nil {
			a.CustomFields = map[string]json.RawMessage{}
		}
		a.CustomFields[name] = data
	}
	if a.IsZero() {
		return nil
	}
	return a
}

// contentKey is the key of compiled content.
type contentKey struct {
	task.Content
	catalog string // hash of the catalog that content without sources comes from
}

// Open compiles content, once for all who ask. Content without sources comes from the current catalog and is pinned.
// The errors are a *Verdict, over all messages with this content, and temporary ones.
func (c *Composer) Open(ctx context.Context, content task.Content) (*Content, error) {
	key := contentKey{Content: content}
	var catalog *catalog.Catalog
	if content.Sources == "" {
		catalog = c.Catalog()
		key.catalog = catalog.Hash()
	}
	return c.contents.Get(key, func() (*Content, error) {
		if catalog != nil {
			sources, err := Pin(ctx, c.Blobs, c.Keep, catalog, content)
			if err != nil {
				return nil, err
			}
			content.Sources = sources
		}
		b, err := c.Pinned(ctx, content.Sources)
		if err != nil {
			return nil, err
		}
		p, err := c.Renderer.Open(b)
		if err != nil {
			return nil, ContentFault(err)
		}
		opened := NewContent(p)
		opened.sources = content.Sources
		if !c.Events && opened.actions != nil {
			c.Log.Warn("this shortcut changes conversations, but no event says so: HERALD_EVENTS_URL is not set", "shortcut", b.Shortcut.Name)
		}
		return opened, nil
	})
}

// Pinned reads the template sources that Pin stored. The errors are those of Open.
func (c *Composer) Pinned(ctx context.Context, sources string) (*catalog.Bundle, error) {
	data, err := c.Blobs.Blob(ctx, sources)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ContentFault(fmt.Errorf("the template sources are not stored any more: %w", err))
	}
	if err != nil {
		return nil, err
	}
	b, err := catalog.DecodeBundle(data)
	if err != nil {
		return nil, ContentFault(err)
	}
	return b, nil
}

// Pin collects everything that content needs from a catalog (shortcut, snippets, layout, files), stores it for
// so long, and returns the hash for Content.Sources. From then on the catalog may change: what is sent stays the same. The errors
// are those of Open. What lint calls an error is one of them (template_invalid, an *InvalidError), unless
// Content.Lint is off.
func Pin(ctx context.Context, blobs Blobs, keep time.Duration, c *catalog.Catalog, content task.Content) (string, error) {
	b, err := BundleOf(c, content)
	if err != nil {
		return "", ContentFault(err)
	}
	if content.Lint != task.LintOff {
		if v := checkBundle(c, b); v != nil {
			return "", v
		}
	}
	for _, file := range b.Attachments {
		data, err := c.Attachment(file.SHA256)
		if err != nil {
			return "", ContentFault(fmt.Errorf("attachment %q: %w", file.Name, err))
		}
		if _, err := blobs.Put(ctx, data, keep); err != nil {
			return "", err
		}
	}
	return blobs.Put(ctx, b.Encode(), keep)
}

// BundleOf collects the sources of content: a shortcut by name, with what the message overrides, or a text that came
// with the message. A shortcut that Content.As may not use is a *catalog.HiddenError.
func BundleOf(c *catalog.Catalog, job task.Content) (*catalog.Bundle, error) {
	if job.Shortcut == "" {
		return c.InlineBundle(catalog.Shortcut{
			Name: "inline", Message: job.Text, Format: content.Format(job.Format),
			Subject: job.Subject, EmailTemplate: job.Template,
		})
	}
	s, err := c.Shortcut(job.Shortcut)
	if err != nil {
		return nil, err
	}
	if err := s.Allow(catalog.ActorOf(job.As)); err != nil {
		return nil, err
	}
	if job.Subject == "" && job.Template == "" {
		return c.Bundle(job.Shortcut)
	}
	s.Channels = maps.Clone(s.Channels)
	email := s.Channels[catalog.Email]
	if job.Subject != "" {
		s.Subject, email.Subject = job.Subject, nil
	}
	if job.Template != "" {
		s.EmailTemplate, email.EmailTemplate = job.Template, nil
	}
	if s.Channels != nil {
		s.Channels[catalog.Email] = email
	}
	return c.InlineBundle(s)
}
