// Package preview shows what a message will be before it is sent: for every channel its content, the email as it is
// sent, what an SMS costs, whether the attachments may be sent, and issues and errors with their places. It renders
// with the same calls as sending, and sends nothing.
package preview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/explain"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/lint"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Options are what New makes a Previewer of. Catalog, Renderer and Composer are required.
type Options struct {
	Catalog  func() *catalog.Catalog // the version in use
	Renderer *render.Renderer
	Composer func(*catalog.Catalog) (*compose.Composer, error) // one that has a catalog's files
	Locale   string                                            // of requests that name none, as Renderer has it; "en-us"
	Timezone string                                            // likewise; "UTC"
	Country  string                                            // default country of phone numbers; none when empty
	Timeout  time.Duration                                     // of one request; 5 s
}

// Previewer renders previews. It keeps the last shortcuts compiled and is safe for concurrent use.
type Previewer struct {
	options Options
	opened  *openedCache
}

// New returns a Previewer.
func New(o Options) (*Previewer, error) {
	if o.Catalog == nil || o.Renderer == nil || o.Composer == nil {
		return nil, errors.New("preview: Options.Catalog, Options.Renderer and Options.Composer are required")
	}
	if o.Locale == "" {
		o.Locale = "en-us"
	}
	if o.Timezone == "" {
		o.Timezone = "UTC"
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	return &Previewer{options: o, opened: newOpenedCache(64)}, nil
}

// Request says what to show. Exactly one of Shortcut and Inline is set.
type Request struct {
	Shortcut string            // name in the catalog
	Inline   *catalog.Shortcut // one that the caller gives
	Channels []catalog.Channel // all when empty
	Context  json.RawMessage   // {} when empty
	Locale   string
	Timezone string
	// Message has the other fields of the message: id, from, to, policies, …. An email without these goes from the
	// agent of the context to its customer.
	Message task.Message
	Owner   string // the owner of the message, for the links in it; its id when empty
	Source  bool   // give the email as it is sent
	Explain bool   // say where every piece comes from
	Lint    bool   // say what other recipients would notice
}

// Preview has what each channel gets. If Mistakes is not empty, nothing could be sent; a channel that could not be
// rendered is missing in Contents.
type Preview struct {
	Name     string           `json:"name"`
	Title    string           `json:"title" doc:"The name with its dynamic text filled in"`
	Locale   string           `json:"locale"`
	Timezone string           `json:"timezone"`
	Hash     string           `json:"hash,omitempty" doc:"SHA-256 of everything that the shortcut needs"`
	Contents []ChannelPreview `json:"contents"`
	Mistakes []Mistake        `json:"errors"`
	Warnings []Warning        `json:"warnings,omitempty" doc:"What other recipients would notice, if lint is wanted"`
}

// ChannelPreview is what one channel gets.
type ChannelPreview struct {
	Channel   message.Channel `json:"channel"`
	From      string          `json:"from,omitempty"`
	To        string          `json:"to,omitempty"`
	Verdict   *Verdict        `json:"verdict,omitempty" doc:"Why this would not be sent"`
	Waits     string          `json:"waits,omitempty" doc:"Why this would wait: no sender is configured here"`
	Subject   string          `json:"subject,omitempty"`
	Preheader string          `json:"preheader,omitempty"`
	HTML      string          `json:"html,omitempty" doc:"email: the page; chat and note: the Markdown, as harmless HTML"`
	Text      string          `json:"text" doc:"email: the alternative; sms: plain text; chat and note: Markdown"`
	EML       string          `json:"eml,omitempty" doc:"The email as it is sent, if source is wanted"`
	SMS       *SMSPreview     `json:"sms,omitempty"`
	Files     AttachmentMeter `json:"attachments"`
	Issues    []PlacedIssue   `json:"issues"`
	Parts     []ExplainedPart `json:"parts,omitempty" doc:"The origin of every piece, if explain is wanted"`

	Snippets []explain.SnippetUse `json:"snippets,omitempty" doc:"The snippets shown and their languages, if explain is wanted"`
}

// Verdict says why a message would not be sent, as its status would say it.
type Verdict struct {
	State string `json:"state" enum:"failed,skipped,suppressed"`
	Code  string `json:"code"`
	Text  string `json:"text"`
}

// PlacedIssue is something that the recipient may notice.
type PlacedIssue struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Meant   string `json:"meant,omitempty" doc:"The field that was probably meant"`
	Part    string `json:"part,omitempty" doc:"subject, preheader, message or layout"`
	Place
}

// ExplainedPart is one part of a content, cut into pieces.
type ExplainedPart struct {
	Part  string          `json:"part" doc:"subject, preheader, message or layout"`
	Spans []ExplainedSpan `json:"spans"`
}

// ExplainedSpan is a piece of output with what produced it.
type ExplainedSpan struct {
	Text     string   `json:"text"`
	Kind     string   `json:"kind" enum:"text,field,helper"`
	Source   string   `json:"source,omitempty" doc:"The expression of a field or helper"`
	Snippet  string   `json:"snippet,omitempty"`
	Language string   `json:"language,omitempty" doc:"Of the snippet's text"`
	Branches []string `json:"branches,omitempty" doc:"The blocks that it stands in, outermost first"`
	Place
}

// Render makes the preview. Everything that is wrong with the request, its template or its context is among the
// mistakes of the preview. An error is that of ctx, or a fault of this program.
func (p *Previewer) Render(ctx context.Context, req Request) (*Preview, error) {
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	r := &rendering{Previewer: p, catalog: p.options.Catalog(), req: req, result: &Preview{
		Locale: first(req.Locale, p.options.Locale), Timezone: first(req.Timezone, p.options.Timezone),
		Contents: []ChannelPreview{}, Mistakes: []Mistake{},
	}}
	r.run(ctx)
	return r.result, parent.Err()
}

// rendering is one request on its way.
type rendering struct {
	*Previewer
	catalog  *catalog.Catalog
	req      Request
	result   *Preview
	prepared *render.Prepared
	composer *compose.Composer
	names    Names
}

func (r *rendering) run(ctx context.Context) {
	ready := r.readContext()
	ready = r.readSender() && ready
	ready = r.openComposer() && ready
	ready = r.open() && ready
	if !ready {
		r.recognise()
		return
	}
	r.result.Name, r.result.Hash = r.prepared.Bundle().Shortcut.Name, r.prepared.Bundle().Hash()
	request := render.Request{Context: r.req.Context, Locale: r.req.Locale, Timezone: r.req.Timezone}
	title, err := r.prepared.Title(ctx, request)
	if err != nil {
		title = r.result.Name
		r.mistake("", err)
	}
	r.result.Title = title
	channels := r.req.Channels
	if len(channels) == 0 {
		channels = catalog.Channels()
	}
	if r.req.Lint {
		r.lint()
	}
	checked := compose.NewContent(r.prepared).Checked(r.catalog)
	for _, channel := range channels {
		request.Channel = channel
		content, err := r.content(ctx, request, checked)
		if err != nil {
			r.mistake(channel, err)
			continue
		}
		r.result.Contents = append(r.result.Contents, *content)
	}
}

func (r *rendering) open() bool {
	var err error
	switch {
	case (r.req.Shortcut == "") == (r.req.Inline == nil):
		err = errors.New("give either a shortcut's name or its text")
	case r.req.Inline != nil:
		r.result.Name = r.req.Inline.Name
		r.prepared, err = r.opened.get(r.catalog, r.req.Inline, r.options.Renderer)
	default:
		r.result.Name = r.req.Shortcut
		var s catalog.Shortcut
		if s, err = r.catalog.Shortcut(r.req.Shortcut); err == nil {
			r.prepared, err = r.opened.get(r.catalog, &s, r.options.Renderer)
		}
	}
	if err != nil {
		r.mistake("", err)
	}
	return err == nil
}

// readContext checks the context as strictly as sending does.
func (r *rendering) readContext() bool {
	if len(r.req.Context) == 0 {
		r.req.Context = json.RawMessage("{}")
	}
	err := handlebars.ValidateJSON(r.req.Context)
	if err == nil {
		err = task.CheckContext(r.req.Context)
	}
	if err != nil {
		r.result.Mistakes = append(r.result.Mistakes, contextMistake(r.req.Context, err))
		return false
	}
	if root, err := handlebars.ParseJSON(r.req.Context); err == nil {
		r.names = NewNames(r.catalog.FieldList())
		r.names.AddContext(root)
	}
	return true
}

func (r *rendering) readSender() bool {
	if r.req.Message.From == "" {
		return true
	}
	if _, err := address.ParseMailbox(r.req.Message.From); err != nil {
		r.result.Mistakes = append(r.result.Mistakes, Mistake{Code: "address", Message: "from: " + err.Error(), Place: Place{Path: "from"}})
		return false
	}
	return true
}

func (r *rendering) openComposer() (ok bool) {
	var err error
	if r.composer, err = r.options.Composer(r.catalog); err != nil {
		r.mistake("", err)
	}
	return err == nil
}

// content composes one channel of what was checked.
func (r *rendering) content(ctx context.Context, req render.Request, checked *compose.Content) (*ChannelPreview, error) {
	m := r.req.Message
	m.Channel, m.Context, m.Locale, m.Timezone = message.Channel(req.Channel), r.req.Context, r.req.Locale, r.req.Timezone
	m.Country = first(m.Country, r.options.Country)
	m, err := Addressed(m)
	if err != nil {
		return nil, err
	}
	composed, err := r.composer.Show(ctx, compose.Job{Message: m, Content: checked, Owner: first(r.req.Owner, m.ID)})
	if err != nil {
		return nil, err
	}
	rendered := composed.Content
	if rendered == nil {
		return nil, composed.Verdict
	}
	out := &ChannelPreview{
		Channel: m.Channel, From: m.From, To: m.To, Subject: rendered.Subject, Preheader: rendered.Preheader,
		HTML: rendered.HTML, Text: rendered.Text, Issues: r.issues(rendered.Issues), Files: attached(m.Channel, rendered.Attachments),
	}
	if a, err := address.ParseMailbox(m.From); err == nil {
		out.From = a.String()
	}
	if sent := composed.Message; sent != nil {
		out.Waits = r.composer.Waits(m.Channel)
		out.From, out.To, out.Subject = sent.From.String(), sent.To[0].String(), sent.Subject
	}
	if v := composed.Verdict; v != nil {
		out.Verdict = &Verdict{v.State.String(), v.Code, v.Text}
		if strings.HasPrefix(v.Code, "attachment") {
			out.Files.Problem = v.Code + ": " + v.Text
		}
	}
	switch m.Channel.Spec().Form {
	case message.FormText:
		out.SMS = smsOf(rendered.Text, rendered.SMS)
	case message.FormMarkdown:
		if out.HTML, err = markdownHTML(ctx, rendered.Text); err != nil {
			return nil, err
		}
	case message.FormHTML:
		if err := r.mail(out, composed.Message); err != nil {
			return nil, err
		}
	}
	if r.req.Explain {
		return out, r.explain(ctx, out, req)
	}
	return out, nil
}

// lint checks the shortcut beyond what this recipient sees of it; its mail in their language, since people wait for it at
// every key.
func (r *rendering) lint() {
	for _, a := range lint.Shortcut(r.catalog, r.prepared.Bundle().Shortcut, lint.Options{Language: r.result.Locale}) {
		r.result.Warnings = append(r.result.Warnings, Warning{
			Code: a.Code, Message: a.Message, Fix: editsOf(a.Finding), Place: Place{Path: a.Path, Template: r.result.Name + "/" + a.Path, Line: a.Line, Column: a.Column},
		})
	}
}

// mail adds the whole email, if it is wanted. m is nil if nothing would be sent.
func (r *rendering) mail(out *ChannelPreview, m *message.Message) error {
	if !r.req.Source || m == nil {
		return nil
	}
	raw, err := email.Compose(m, time.Now())
	if err != nil {
		return fmt.Errorf("compose: %w", err)
	}
	out.EML = shorten(string(raw))
	return nil
}

// maxSource bounds how much of an email's source is shown: files would add megabytes that nobody reads.
const maxSource = 512 << 10

func shorten(raw string) string {
	if len(raw) <= maxSource {
		return raw
	}
	return raw[:maxSource] + fmt.Sprintf("\r\n… and %d bytes more", len(raw)-maxSource)
}

func (r *rendering) explain(ctx context.Context, out *ChannelPreview, req render.Request) error {
	x, err := explain.Explain(ctx, r.prepared, req)
	if err != nil {
		return err
	}
	out.Snippets = x.Uses
	out.Parts = make([]ExplainedPart, len(x.Parts))
	for i, part := range x.Parts {
		spans := make([]ExplainedSpan, len(part.Spans))
		for j, s := range part.Spans {
			spans[j] = ExplainedSpan{
				Text: s.Text, Kind: string(s.Kind), Source: s.Source, Snippet: s.Snippet, Language: s.Language,
				Branches: s.Branches, Place: r.place(s.Template, s.Line, s.Column),
			}
		}
		out.Parts[i] = ExplainedPart{part.Part, spans}
	}
	return nil
}

// issues adds to each issue its place, and the field that was probably meant.
func (r *rendering) issues(all []render.Issue) []PlacedIssue {
	out := make([]PlacedIssue, len(all))
	for i, issue := range all {
		out[i] = PlacedIssue{
			Code: issue.Code, Message: issue.Message, Field: issue.Field, Part: issue.Part,
			Place: r.place(issue.Template, issue.Line, issue.Column),
		}
		if issue.Code == render.IssueMissingField && issue.Field != "" {
			out[i].Meant = r.names.Nearest(issue.Field)
		}
	}
	return out
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
