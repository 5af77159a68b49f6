package render

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/cache"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
)

// Limits bound the cost of rendering one content; its parts and their conversions share the steps. Zero fields mean the defaults.
type Limits = handlebars.Limits

// Options for New. All fields are optional.
type Options struct {
	Locale   string // for requests without one; "en-us"
	Timezone string // IANA zone for requests without one; "UTC"
	Limits   Limits
}

// Renderer opens bundles. It is safe for concurrent use.
type Renderer struct {
	options   Options
	locale    *locale // of requests without one
	converter *content.Converter
	helpers   catalog.Table
}

// New returns a Renderer. Locale and timezone must exist.
func New(o Options) (*Renderer, error) {
	if o.Locale == "" {
		o.Locale = "en-us"
	}
	if o.Timezone == "" {
		o.Timezone = "UTC"
	}
	locale, err := catalog.NormalLanguage(o.Locale)
	if err != nil {
		return nil, fmt.Errorf("default locale: %w", err)
	}
	o.Locale = locale
	if _, ok := moment.FindZone(o.Timezone); !ok {
		return nil, fmt.Errorf("default timezone: unknown zone %s", handlebars.Quote(o.Timezone))
	}
	if o.Limits.Output <= 0 {
		o.Limits.Output = 1 << 20
	}
	if o.Limits.Steps <= 0 {
		o.Limits.Steps = handlebars.DefaultSteps
	}
	chain, err := catalog.Languages(o.Locale)
	if err != nil {
		return nil, fmt.Errorf("default locale: %w", err)
	}
	return &Renderer{options: o, locale: newLocale(o.Locale, chain, true), converter: content.NewConverter(), helpers: catalog.NewTable()}, nil
}

// Locale is the locale of requests without one.
func (r *Renderer) Locale() string { return r.options.Locale }

// WithLimits returns a Renderer that differs only in its limits.
func (r *Renderer) WithLimits(l Limits) (*Renderer, error) {
	o := r.options
	o.Limits = l
	return New(o)
}

// Open compiles a bundle for all channels, so that it can be rendered many
// times. The errors are *TemplateError, joined.
func (r *Renderer) Open(b *catalog.Bundle) (*Prepared, error) {
	env, err := catalog.NewEnv(r.helpers, b.Snippets, b.Partials, b.Dates, r.options.Limits, content.Marks())
	if err != nil {
		return nil, err
	}
	p := &Prepared{renderer: r, bundle: b, env: env, plans: make(map[catalog.Channel]*plan)}
	c := &opener{prepared: p, compiled: map[string]*handlebars.Template{}, messages: map[messageKey]*message{}}
	for _, channel := range catalog.Channels() {
		p.plans[channel] = c.plan(channel)
	}
	if name := b.Shortcut.Name; strings.Contains(name, "{{") || strings.Contains(name, "[[") {
		p.title = c.compile(name+"/name", name)
	}
	if err := catalog.JoinFaults(c.faults); err != nil {
		return nil, fmt.Errorf("shortcut %s: %w", handlebars.Quote(b.Shortcut.Name), err)
	}
	return p, nil
}

// Prepared is a bundle that is ready to render. It is immutable except for caches, and safe for concurrent use.
type Prepared struct {
	renderer *Renderer
	bundle   *catalog.Bundle
	env      *handlebars.Env
	plans    map[catalog.Channel]*plan
	title    *handlebars.Template // nil: the name holds no dynamic text
	locales  cache.Map[string, *locale]
}

// Bundle returns the bundle that was opened.
func (p *Prepared) Bundle() *catalog.Bundle { return p.bundle }

// plan is how a channel is rendered.
type plan struct {
	subject, preheader *handlebars.Template // nil: empty
	message            *message
	layout             *layout // emails and notes only; nil: no email template
	attachments        []catalog.Attachment
}

// message is a compiled message with its layouts. Channels with the same message share it.
type message struct {
	template    *handlebars.Template
	layout      content.Message
	rightToLeft content.Message // the layout for languages that are written so
}

// layout is a compiled email template.
type layout struct {
	html, text *handlebars.Template // text nil: made from the HTML
	page       content.Page
}

type messageKey struct {
	path   string
	format content.Format
	email  string // styles differ by email template
}

// opener compiles each text of a bundle once.
type opener struct {
	prepared *Prepared
	compiled map[string]*handlebars.Template
	messages map[messageKey]*message
	faults   []error
}

func (o *opener) compile(name, text string) *handlebars.Template {
	if text == "" {
		return nil
	}
	if t, ok := o.compiled[name]; ok {
		return t
	}
	t, err := o.prepared.env.Compile(name, text)
	if err != nil {
		o.faults = append(o.faults, catalog.NewTemplateError(nil, err))
	}
	o.compiled[name] = t
	return t
}

func (o *opener) plan(c catalog.Channel) *plan {
	b := o.prepared.bundle
	s := &b.Shortcut
	parts := s.For(c)
	out := &plan{attachments: b.AttachmentsFor(c)}
	key := messageKey{path: parts.Path("message"), format: parts.Format}
	if c.Layout() {
		out.layout = o.layout(parts.EmailTemplate)
	}
	if c.Form() == catalog.FormHTML {
		out.subject = o.compile(s.Name+"/"+parts.Path("subject"), parts.Subject)
		out.preheader = o.compile(s.Name+"/"+parts.Path("preheader"), parts.Preheader)
		key.email = parts.EmailTemplate
	}
	if out.message = o.messages[key]; out.message == nil {
		out.message = &message{template: o.compile(s.Name+"/"+key.path, parts.Message)}
		var styles map[string]string
		if t := b.Emails[key.email]; t != nil {
			styles = t.Styles
		}
		for rightToLeft, m := range map[bool]*content.Message{false: &out.message.layout, true: &out.message.rightToLeft} {
			m.Format, m.Files, m.Styles, m.RightToLeft = parts.Format, b.Pictures(), content.Styles(styles, parts.Format, rightToLeft), rightToLeft
		}
		o.messages[key] = out.message
	}
	return out
}

func (o *opener) layout(name string) *layout {
	if name == "" || name == catalog.NoTemplate {
		return nil
	}
	t := o.prepared.bundle.Emails[name]
	if t == nil {
		o.faults = append(o.faults, &catalog.UnknownError{Kind: "email template", Name: name})
		return nil
	}
	return &layout{
		html: o.compile("emails/"+name, t.HTML), text: o.compile("emails/"+name+".txt", t.Text),
		page: content.Page{Files: o.prepared.bundle.Pictures()},
	}
}
