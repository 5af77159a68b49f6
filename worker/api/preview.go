package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/edit"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/preview"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/transcript"
)

// PreviewOptions are what NewPreview makes a Preview of. Catalog, Renderer and Composer are required.
type PreviewOptions struct {
	Catalog  func() *catalog.Catalog // the version in use
	Renderer *render.Renderer
	Composer func(*catalog.Catalog) (*compose.Composer, error) // one that has a catalog\'s files
	Locale   string                                            // the Renderer's; "en-us" when empty
	Timezone string                                            // the Renderer's; "UTC" when empty
	Country  string                                            // default country of phone numbers
	Files    fs.FS                                             // the templates' folder, for its samples; may be nil

	// Folder is the templates' folder where authors may save, and Saved makes Catalog follow at once. Nobody saves when nil.
	Folder *edit.Folder
	Saved  func() error
}

// Preview answers the questions of template authors: how a message looks, and what a template may use.
type Preview struct {
	options   PreviewOptions
	previewer *preview.Previewer
	forwarder *transcript.Forwarder
	forwards  chan struct{} // one transcript at a time: a long conversation takes memory
}

// NewPreview returns the preview's endpoints, for Options.Preview.
func NewPreview(o PreviewOptions) (*Preview, error) {
	if o.Locale == "" {
		o.Locale = "en-us"
	}
	if o.Timezone == "" {
		o.Timezone = "UTC"
	}
	p, err := preview.New(preview.Options{Catalog: o.Catalog, Renderer: o.Renderer, Composer: o.Composer, Locale: o.Locale, Timezone: o.Timezone, Country: o.Country})
	if err != nil {
		return nil, err
	}
	f, err := transcript.New(o.Renderer)
	if err != nil {
		return nil, err
	}
	return &Preview{options: o, previewer: p, forwarder: f, forwards: make(chan struct{}, 1)}, nil
}

// Register implements Registrar.
func (p *Preview) Register(api huma.API) {
	const tag = "Preview"
	get := func(id, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Tags: []string{tag}}
	}
	Handle(api, ScopePreview, huma.Operation{
		OperationID: "render", Method: http.MethodPost, Path: "/v1/render", Tags: []string{tag},
		Summary: "Show what each channel gets",
		Description: "Renders a shortcut of the catalog, or one that is given, with the same calls as sending, and sends nothing. " +
			"A template that is wrong is an answer too: its mistakes stand in `errors`, at their places.",
		MaxBodyBytes: 4 << 20,
	}, p.render)
	Handle(api, ScopePreview, huma.Operation{
		OperationID: "render-forward", Method: http.MethodPost, Path: "/v1/render/forward", Tags: []string{tag},
		Summary:      "Show a forwarded conversation",
		Description:  "Makes the email that `POST /v1/forwards` would send, with the very call that sending uses, and sends and stores nothing.",
		MaxBodyBytes: maxForward,
	}, p.forward)
	Handle(api, ScopePreview, get("list-shortcuts", "/v1/shortcuts", "List the shortcuts, or search them"), p.listShortcuts)
	get1 := get("get-shortcut", "/v1/shortcuts/{name}", "Get a shortcut as its author wrote it")
	get1.Errors = []int{http.StatusNotFound}
	Handle(api, ScopePreview, get1, p.getShortcut)
	Handle(api, ScopePreview, get("list-snippets", "/v1/snippets", "List the snippets, with their texts in all languages"), p.listSnippets)
	snippet := get("get-snippet", "/v1/snippets/{name}", "Get a snippet with its texts in all languages")
	snippet.Errors = []int{http.StatusNotFound}
	Handle(api, ScopePreview, snippet, p.getSnippet)
	uses := get("get-snippet-uses", "/v1/snippets/{name}/uses", "List what shows a snippet")
	uses.Errors = []int{http.StatusNotFound}
	Handle(api, ScopePreview, uses, p.snippetUses)
	Handle(api, ScopePreview, get("list-fields", "/v1/fields", "List the fields that templates may use"), p.listFields)
	Handle(api, ScopePreview, get("list-helpers", "/v1/helpers", "List the helpers that templates may use"), p.listHelpers)
	Handle(api, ScopePreview, get("get-samples", "/v1/samples", "Get what a preview begins with: a sample recipient, layouts, files, languages"), p.getSamples)
	sample := get("get-sample-audience", "/v1/samples/audience", "Get the first rows of the sample audience, as CSV")
	sample.Errors = []int{http.StatusNotFound}
	Handle(api, ScopePreview, sample, p.getAudience)
	p.registerEdit(api)
}

type renderInput struct {
	Body RenderRequest
}

// RenderRequest says what to show: a shortcut of the catalog by name, a whole shortcut, or a text.
type RenderRequest struct {
	Channel  catalog.Channel             `json:"channel,omitempty" doc:"One channel. All, where neither this nor channels is given"`
	Channels PerChannel[catalog.Channel] `json:"channels,omitempty" nullable:"false"`

	Shortcut    string         `json:"shortcut,omitempty" maxLength:"128" doc:"Name of a shortcut of the catalog"`
	Inline      InlineShortcut `json:"inline,omitempty" doc:"A whole shortcut, as a file of shortcuts/ holds it"`
	Text        string         `json:"text,omitempty" doc:"A message as a template, in format"`
	Format      string         `json:"format,omitempty" enum:"markdown,html,text" doc:"Of text; markdown when not given"`
	Subject     string         `json:"subject,omitempty" doc:"Subject template of an email; overrides the shortcut's"`
	Template    string         `json:"template,omitempty" doc:"Email layout; overrides the shortcut's"`
	Context     Object         `json:"context,omitempty" doc:"customer, conversation, currentUser, kobjects, …"`
	Locale      string         `json:"locale,omitempty" maxLength:"64" doc:"Language tag, such as fr-CA"`
	Timezone    string         `json:"timezone,omitempty" maxLength:"64" doc:"IANA time zone, such as Europe/Berlin"`
	From        string         `json:"from,omitempty" maxLength:"600" doc:"Sender of the email; the context's agent when not given"`
	To          string         `json:"to,omitempty" maxLength:"600" doc:"Recipient on the one channel that is shown; the context's customer, or conversation, when not given"`
	ReplyTo     string         `json:"replyTo,omitempty" maxLength:"600"`
	OnIssue     string         `json:"onIssue,omitempty" enum:"send,skip" doc:"What sending would do where rendering raises issues. send where missing."`
	Unsubscribe bool           `json:"unsubscribe,omitempty" doc:"Show the email with an unsubscribe link, as messages that ask for one have it"`
	Source      bool           `json:"source,omitempty" doc:"Give the email as it is sent"`
	Explain     bool           `json:"explain,omitempty" doc:"Give the origin of every piece"`
	Lint        bool           `json:"lint,omitempty" doc:"Say what other recipients would notice"`
}

// InlineShortcut is a shortcut that comes with a request: the JSON of a catalog.Shortcut, whose own checks are more
// exact than a schema.
type InlineShortcut json.RawMessage

// Schema describes it.
func (InlineShortcut) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true,
		Properties: map[string]*huma.Schema{
			"name": text, "subject": text, "preheader": text, "message": text, "format": text, "emailTemplate": text,
			"attachments": {Type: huma.TypeArray, Items: text},
			"channels":    {Type: huma.TypeObject, AdditionalProperties: true},
		},
	}
}

// UnmarshalJSON keeps it as it is.
func (s *InlineShortcut) UnmarshalJSON(data []byte) error {
	return (*json.RawMessage)(s).UnmarshalJSON(data)
}

// read returns the shortcut. Unknown members are faults.
func (s InlineShortcut) read() (out catalog.Shortcut, err error) {
	return out, fault.Under("/inline", strictjson.Read(s, &out, strictjson.Limits{}, strictjson.Leniency{}))
}

type renderOutput struct {
	Body *preview.Preview
}

func (p *Preview) render(ctx context.Context, in *renderInput) (*renderOutput, error) {
	req := preview.Request{
		Shortcut: in.Body.Shortcut, Context: json.RawMessage(in.Body.Context),
		Locale: in.Body.Locale, Timezone: in.Body.Timezone,
		Message: task.Message{
			From: in.Body.From, To: in.Body.To, ReplyTo: in.Body.ReplyTo, OnIssue: task.IssuePolicy(in.Body.OnIssue), Unsubscribe: in.Body.Unsubscribe,
		},
		Source: in.Body.Source, Explain: in.Body.Explain, Lint: in.Body.Lint,
	}
	inline, err := p.inline(&in.Body)
	if err != nil {
		return nil, err
	}
	if inline != nil {
		req.Shortcut, req.Inline = "", inline
	}
	channels := in.Body.Channels
	if in.Body.Channel != "" {
		channels = append(channels, in.Body.Channel)
	}
	if in.Body.To != "" && len(channels) != 1 {
		return nil, invalid("/to", fault.NotAllowed, "give one channel: each has addresses of its own")
	}
	req.Channels = channels
	out, err := p.previewer.Render(ctx, req)
	if err != nil {
		return nil, rendered(err)
	}
	return &renderOutput{out}, nil
}

// inline is the shortcut of the request: a whole one, a text, or one of the catalog with another subject or layout.
// It is nil if the catalog's own is wanted.
func (p *Preview) inline(r *RenderRequest) (*catalog.Shortcut, error) {
	given := 0
	for _, is := range []bool{r.Shortcut != "", r.Inline != nil, r.Text != ""} {
		if is {
			given++
		}
	}
	if given != 1 {
		return nil, invalid("/shortcut", fault.NotAllowed, "give one of shortcut, inline and text")
	}
	var s catalog.Shortcut
	switch {
	case r.Inline != nil:
		var err error
		if s, err = r.Inline.read(); err != nil {
			return nil, err
		}
	case r.Text != "":
		s = catalog.Shortcut{Name: "inline", Message: r.Text, Format: content.Format(r.Format)}
	case r.Subject == "" && r.Template == "":
		return nil, nil
	default:
		var err error
		if s, err = p.options.Catalog().Shortcut(r.Shortcut); err != nil {
			return nil, nil //nolint:nilerr // the preview says so, with what was meant
		}
	}
	if r.Subject == "" && r.Template == "" {
		return &s, nil
	}
	s.Channels = maps.Clone(s.Channels)
	email, overrides := s.Channels[catalog.Email]
	if r.Subject != "" {
		s.Subject, email.Subject = r.Subject, nil
	}
	if r.Template != "" {
		s.EmailTemplate, email.EmailTemplate = r.Template, nil
	}
	if overrides {
		s.Channels[catalog.Email] = email
	}
	return &s, nil
}

// unknownName turns a catalog's error into a problem.
func unknownName(err error) error {
	var unknown *catalog.UnknownError
	if errors.As(err, &unknown) {
		return problem(http.StatusNotFound, "not_found", "%s", unknown.Error())
	}
	return err
}
