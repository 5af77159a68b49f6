// Package transcript turns a conversation into a transcript for people outside: every message between customer and
// team, on all channels, with author and time. It never shows private notes or redacted text, not even where that is
// quoted. It renders, and sends nothing.
package transcript

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/plain"
	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// MaxOutput is how many bytes the HTML of a transcript may have, and also its text.
const MaxOutput = 5 << 20

// maxSteps bounds the work of a transcript's templates: enough for the largest conversation, with thousands of
// messages.
const maxSteps = 50_000_000

// The names of what a forward uses by default. The built-in ones serve if a catalog has none of its own.
const (
	DefaultTemplate = "transcript"
	defaultSubject  = "[[sn.transcript.subject]]"
	subjectSnippet  = "sn.transcript.subject"
)

// Forwarder renders transcripts. It is safe for concurrent use.
type Forwarder struct {
	renderer  *render.Renderer
	sanitizer *content.Sanitizer
	builtIn   func() (*catalog.Catalog, error)
}

// New returns a Forwarder with r's default locale and time zone.
func New(r *render.Renderer) (*Forwarder, error) {
	own, err := r.WithLimits(render.Limits{Output: MaxOutput, Steps: maxSteps})
	if err != nil {
		return nil, err
	}
	return &Forwarder{
		renderer: own, sanitizer: content.NewSanitizer(),
		builtIn: sync.OnceValues(func() (*catalog.Catalog, error) { return catalog.Load(templates.Catalog()) }),
	}, nil
}

// Bundle collects the template sources of a forward from a catalog. A template that is missing or doesn't compile is
// an error.
func (w *Forwarder) Bundle(c *catalog.Catalog, f task.Forward) (*catalog.Bundle, error) {
	s := catalog.Shortcut{Name: "forward", Message: f.Introduction, Subject: f.Subject, EmailTemplate: f.Template}
	standIn := catalog.Shortcut{Name: "forward"}
	if s.Subject == "" {
		s.Subject = defaultSubject
		if !slices.Contains(c.Snippets(), subjectSnippet) {
			standIn.Subject = defaultSubject
		}
	}
	if s.EmailTemplate == "" {
		s.EmailTemplate = DefaultTemplate
		if !slices.Contains(c.EmailTemplates(), DefaultTemplate) {
			standIn.EmailTemplate = DefaultTemplate
		}
	}
	if standIn.Subject == "" && standIn.EmailTemplate == "" {
		return c.InlineBundle(s)
	}
	return w.withBuiltIn(c, s, standIn)
}

// withBuiltIn is a bundle of s; what standIn names comes from the built-in catalog.
func (w *Forwarder) withBuiltIn(c *catalog.Catalog, s, standIn catalog.Shortcut) (*catalog.Bundle, error) {
	own := s
	if standIn.Subject != "" {
		own.Subject = ""
	}
	if standIn.EmailTemplate != "" {
		own.EmailTemplate = catalog.NoTemplate
	} else {
		standIn.EmailTemplate = catalog.NoTemplate
	}
	b, err := c.InlineBundle(own)
	if err != nil {
		return nil, err
	}
	builtIn, err := w.builtIn()
	if err != nil {
		return nil, err
	}
	more, err := builtIn.InlineBundle(standIn)
	if err != nil {
		return nil, err
	}
	for name, snippet := range more.Snippets {
		if _, ok := b.Snippets[name]; !ok {
			b.Snippets[name] = snippet
		}
	}
	for name, template := range more.Emails {
		b.Emails[name] = template
	}
	b.Shortcut.Subject, b.Shortcut.EmailTemplate = s.Subject, s.EmailTemplate
	return b, nil
}

// Open compiles the sources of forwards.
func (w *Forwarder) Open(b *catalog.Bundle) (*render.Prepared, error) { return w.renderer.Open(b) }

// Made is a transcript that is ready to be sent, without the bytes of its files.
type Made struct {
	Message *message.Message
	// Introduction is the text above the transcript, without markup.
	Introduction string
	Files        []message.Ref
	Issues       []render.Issue
}

// Make renders the transcript of a conversation, given as JSON. The errors are a *compose.Verdict, with codes such as
// transcript_too_large, conversation_invalid, attachment_choice and invalid_timezone, and that of the context.
func (w *Forwarder) Make(ctx context.Context, p *render.Prepared, f task.Forward, talk []byte) (*Made, error) {
	to, err := f.Recipients()
	if err != nil {
		return nil, compose.Failed("invalid_address", err)
	}
	if _, ok := moment.FindZone(f.Timezone); f.Timezone != "" && !ok {
		return nil, compose.Failed("invalid_timezone", fmt.Errorf("timezone: %.100q is no IANA time zone such as Europe/Berlin", f.Timezone))
	}
	m, err := compose.Address(f.Message(), to)
	if err != nil {
		return nil, err
	}
	t, files, err := w.transcript(ctx, f, talk)
	if err != nil {
		return nil, err
	}
	content, data, err := w.render(ctx, p, f, t)
	if err != nil {
		return nil, err
	}
	made := &Made{Message: m, Issues: append(t.issues(), content.Issues...)}
	if f.Introduction != "" {
		// The text of the message alone is what an SMS would say.
		request := requestFor(f, data)
		request.Channel = catalog.SMS
		alone, err := p.Render(ctx, request)
		if err != nil {
			return nil, renderError(ctx, err)
		}
		made.Introduction = alone.Text
	}
	if err := t.lastLook(content, &made.Introduction); err != nil {
		return nil, err
	}
	m.Subject, m.HTML, m.Text = content.Subject, content.HTML, content.Text
	for i, a := range files {
		ref := a.Ref()
		ref.Name = t.Forward.Files[i].Name // without what is redacted elsewhere
		made.Files = append(made.Files, ref)
	}
	return made, nil
}

// transcript reads a conversation, and returns its transcript and the files to attach.
func (w *Forwarder) transcript(ctx context.Context, f task.Forward, talk []byte) (*Transcript, []conversation.Attachment, error) {
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	c, err := conversation.Read(talk)
	if err != nil {
		return nil, nil, compose.Failed("conversation_invalid", fmt.Errorf("conversation: %w", err))
	}
	files, err := c.Choose(f.Attachments)
	if err != nil {
		return nil, nil, compose.Failed("attachment_choice", err)
	}
	if f.Locale == "" {
		f.Locale = w.renderer.Locale()
	}
	t, err := NewTranscript(ctx, c, files, f, w.sanitizer)
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case errors.Is(err, plain.ErrTooLong):
		return nil, nil, compose.Failed(codeTooLarge, fmt.Errorf("a message of the conversation has more than %d bytes of text", MaxOutput))
	case err != nil:
		return nil, nil, compose.Failed("conversation_invalid", fmt.Errorf("conversation: %w", err))
	}
	return t, files, nil
}

// render renders a transcript, shortened if that is wanted and needed. It also returns the context that it used.
func (w *Forwarder) render(ctx context.Context, p *render.Prepared, f task.Forward, t *Transcript) (*render.Content, []byte, error) {
	shorten := f.Overflow == task.ShortenOverflow
	if shorten {
		t.shorten(t.fitting(f.Order), f.Order)
	}
	for {
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		data, err := t.Context()
		if err != nil {
			return nil, nil, compose.Failed("conversation_invalid", err)
		}
		content, err := p.Render(ctx, requestFor(f, data))
		if err == nil {
			return content, data, nil
		}
		err = renderError(ctx, err)
		var known *compose.Verdict
		if left := len(t.Messages) * 3 / 4; shorten && left > 0 && errors.As(err, &known) && known.Code == codeTooLarge {
			t.shorten(left, f.Order)
			continue
		}
		return nil, nil, err
	}
}

func requestFor(f task.Forward, data []byte) render.Request {
	return render.Request{Channel: catalog.Email, Context: data, Locale: f.Locale, Timezone: f.Timezone, Now: f.Begins()}
}

// codeTooLarge is the code of a transcript that is larger than an email may be.
const codeTooLarge = "transcript_too_large"

func renderError(ctx context.Context, err error) error {
	var known *handlebars.Error
	if ctx.Err() == nil && errors.As(err, &known) && known.Code == handlebars.CodeLimitOutput {
		return compose.Failed(codeTooLarge, fmt.Errorf("the transcript has more than %d bytes, the most that a forward may have, and nothing was sent: "+
			"ask for overflow shorten, or use a template that shows less of each message", MaxOutput))
	}
	return compose.RenderFault(ctx, err)
}
