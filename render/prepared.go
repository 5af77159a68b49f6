package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/render/meter"
	"github.com/heraldsend/herald/render/sms"
)

// locale is what follows from the locale of a request.
type locale struct {
	name  string // for helpers, lower case with "-"
	chain []string
	known bool
	lang  string // of pages, as BCP 47 spells it
	dir   string // ltr or rtl
	words *content.Words
}

func newLocale(name string, chain []string, known bool) *locale {
	l := &locale{name: name, chain: chain, known: known, words: content.WordsIn(chain)}
	l.lang, l.dir = catalog.Written(name)
	return l
}

// Render makes the content for one recipient. The errors are *ContextError for a context that is no JSON object,
// *TemplateError for a limit or a helper that failed, and that of ctx.
func (p *Prepared) Render(ctx context.Context, req Request) (*Content, error) {
	content, _, err := p.render(ctx, req, false)
	return content, err
}

// Part is what one template of a content printed.
type Part struct {
	Name     string // subject, preheader, message, layout
	Template string
	Output   []byte // marked: see package content
	Trace    *handlebars.Trace
}

// Trace is Render, with the output of each template and where it comes from.
func (p *Prepared) Trace(ctx context.Context, req Request) (*Content, []Part, error) {
	return p.render(ctx, req, true)
}

func (p *Prepared) render(ctx context.Context, req Request, trace bool) (*Content, []Part, error) {
	plan := p.plans[req.Channel]
	if plan == nil {
		return nil, nil, fmt.Errorf("unknown channel %s", handlebars.Quote(string(req.Channel)))
	}
	r := runs.Get().(*run)
	defer r.end()
	if err := r.begin(ctx, p, plan, req); err != nil {
		return nil, nil, err
	}
	r.traced = trace
	var content *Content
	var err error
	switch req.Channel.Form() {
	case catalog.FormHTML:
		content, err = r.email()
	case catalog.FormText:
		content, err = r.sms()
	case catalog.FormMarkdown:
		content, err = r.markdown()
	}
	if err != nil {
		return nil, nil, catalog.NewTemplateError(nil, err)
	}
	content.Channel, content.Attachments, content.Issues = req.Channel, plan.attachments, r.issues.list
	return content, r.parts, nil
}

// Title is the shortcut's name with its dynamic text and snippets filled in,
// for lists and menus.
func (p *Prepared) Title(ctx context.Context, req Request) (string, error) {
	if p.title == nil {
		return p.bundle.Shortcut.Name, nil
	}
	r := runs.Get().(*run)
	defer r.end()
	if err := r.begin(ctx, p, p.plans[catalog.Note], req); err != nil {
		return "", err
	}
	title, err := r.oneLine("name", p.title)
	return title, catalog.NewTemplateError(nil, err)
}

// ContextError is a fault of the context.
type ContextError struct {
	Err error
}

func (e *ContextError) Error() string { return "context: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ContextError) Unwrap() error { return e.Err }

var runs = sync.Pool{New: func() any { return newRun() }}

// run is one rendering. It is reused, with its buffers.
type run struct {
	ctx         context.Context
	meter       meter.Meter // of the whole content
	prepared    *Prepared
	plan        *plan
	exec        handlebars.Exec
	decoder     handlebars.Decoder
	root        handlebars.Value
	draft       []handlebars.Member // memory for withDraft
	rooted      []handlebars.Member
	rootMembers []handlebars.Member // memory for withUser
	locale      *locale
	issues      issueLog
	traced      bool
	parts       []Part
	body        content.Filling
	page        content.Filling
	line        []byte
	html        []byte
	text        []byte
	twin        []byte
}

func newRun() *run {
	r := &run{}
	r.exec.OnIssue = r.issues.note
	r.body.LeftOut, r.page.LeftOut = r.leftOut, r.leftOut
	r.body.Address, r.page.Address = r.address, r.address
	return r
}

func (r *run) begin(ctx context.Context, p *Prepared, plan *plan, req Request) error {
	root, err := r.decoder.Decode(req.Context)
	if err != nil {
		return &ContextError{Err: err}
	}
	if root.Kind() != handlebars.KindObject {
		return &ContextError{Err: errors.New("want an object such as {\"customer\":{…}}")}
	}
	r.ctx, r.prepared, r.plan = ctx, p, plan
	r.meter.Reset(ctx, p.renderer.options.Limits.Steps)
	r.root = r.withUser(root)
	r.issues.list = nil
	r.page.HTMLBody, r.page.TextBody = r.page.HTMLBody[:0], nil
	for _, f := range []*content.Filling{&r.body, &r.page} {
		f.Meter, f.Converter, f.Limit = &r.meter, p.renderer.converter, p.renderer.options.Limits.Output
	}
	l := p.locale(req.Locale)
	r.locale, r.body.Words = l, l.words
	if !l.known {
		r.issues.add(Issue{Code: IssueUnknownLocale, Message: fmt.Sprintf("%s is no language tag: %s was used", handlebars.Quote(req.Locale), p.renderer.options.Locale)})
	}
	r.exec.Context, r.exec.Escape = r.root, handlebars.EscapeText
	r.exec.Languages, r.exec.Locale, r.exec.Timezone = l.chain, l.name, req.Timezone
	r.exec.Now = req.Now
	r.exec.Meter = &r.meter
	if req.Timezone == "" {
		r.exec.Timezone = p.renderer.options.Timezone
	}
	return nil
}

// end removes the data of the recipient and gives the run back, unless it has grown large.
func (r *run) end() {
	r.ctx, r.prepared, r.plan, r.locale = nil, nil, nil, nil
	r.meter.Reset(context.Background(), 0)
	r.root, r.exec.Context = handlebars.Value{}, handlebars.Value{}
	r.decoder.Reset()
	clear(r.draft)
	clear(r.rooted)
	clear(r.rootMembers)
	r.issues.list, r.parts, r.traced = nil, nil, false
	if cap(r.html)+cap(r.body.Buffer())+cap(r.page.Buffer()) < 1<<20 {
		runs.Put(r)
	}
}

func (p *Prepared) locale(name string) *locale {
	if name == "" {
		return p.renderer.locale
	}
	if l, ok := p.locales.All()[name]; ok {
		return l
	}
	l := newLocale(p.renderer.options.Locale, p.renderer.locale.chain, false)
	if chain, err := catalog.Languages(name); err == nil {
		l = newLocale(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "_", "-")), chain, true)
	}
	if len(name) > 64 { // not worth keeping
		return l
	}
	return p.locales.Put(name, l)
}

// withUser makes user and currentUser the same, since email templates write one and shortcuts the other.
func (r *run) withUser(root handlebars.Value) handlebars.Value {
	user, current := root.Get("user"), root.Get("currentUser")
	switch {
	case user.IsNil() && !current.IsNil():
		r.rootMembers = append(append(r.rootMembers[:0], root.Members()...), handlebars.Member{Key: "user", Value: current})
	case current.IsNil() && !user.IsNil():
		r.rootMembers = append(append(r.rootMembers[:0], root.Members()...), handlebars.Member{Key: "currentUser", Value: user})
	default:
		return root
	}
	return handlebars.Object(r.rootMembers...)
}

// withDraft gives an email template the message that goes into it.
func (r *run) withDraft(subject, preheader string, html, text handlebars.Value) {
	r.draft = append(r.draft[:0],
		handlebars.Member{Key: "subject", Value: handlebars.String(subject)},
		handlebars.Member{Key: "preheader", Value: handlebars.String(preheader)},
		handlebars.Member{Key: "locale", Value: handlebars.String(r.exec.Locale)},
		handlebars.Member{Key: "lang", Value: handlebars.String(r.locale.lang)},
		handlebars.Member{Key: "dir", Value: handlebars.String(r.locale.dir)},
		handlebars.Member{Key: "htmlBody", Value: html},
		handlebars.Member{Key: "textBody", Value: text},
	)
	r.rooted = append(append(r.rooted[:0], r.root.Members()...), handlebars.Member{Key: "draft", Value: handlebars.Object(r.draft...)})
	r.exec.Context = handlebars.Object(r.rooted...)
}

func (r *run) leftOut(value []byte) {
	r.issues.add(Issue{Code: IssueUnsafePlace, Part: r.issues.part, Message: "a value stands where no value is safe, and was left out: " + handlebars.Quote(string(value))})
}

func (r *run) address(url []byte, err error) {
	message := fmt.Sprintf("the address %s %v", handlebars.Quote(string(url)), err)
	if content.Nowhere(err) {
		message += ": # was used"
	}
	r.issues.add(Issue{Code: IssueUnsafeURL, Part: r.issues.part, Message: message})
}

// execute runs t; nil prints nothing.
func (r *run) execute(part string, t *handlebars.Template, dst []byte) ([]byte, error) {
	if t == nil {
		return dst, nil
	}
	r.issues.part = part
	if !r.traced {
		return t.Append(r.ctx, dst, &r.exec)
	}
	r.exec.Trace = &handlebars.Trace{}
	out, err := t.Append(r.ctx, dst, &r.exec)
	r.parts = append(r.parts, Part{Name: part, Template: t.Name(), Output: bytes.Clone(out[len(dst):]), Trace: r.exec.Trace})
	r.exec.Trace = nil
	return out, err
}

// oneLine renders a subject or a preheader.
func (r *run) oneLine(part string, t *handlebars.Template) (string, error) {
	out, err := r.execute(part, t, r.body.Buffer())
	if err != nil {
		return "", err
	}
	out = content.Unmark(out)
	if lines := bytes.TrimSpace(out); part == "subject" && bytes.IndexByte(lines, '\n') >= 0 {
		r.issues.add(Issue{Code: IssueSubjectLines, Part: part, Message: "the subject has line breaks; they became spaces"})
	}
	r.line = content.AppendOneLine(r.line[:0], out)
	return string(r.line), nil
}

// message renders the message and finds its layout.
func (r *run) message() (*content.Laid, error) {
	m := r.plan.message
	out, err := r.execute("message", m.template, r.body.Buffer())
	if err != nil {
		return nil, err
	}
	if r.locale.dir == "rtl" {
		return r.body.LayMessage(&m.rightToLeft, out)
	}
	return r.body.LayMessage(&m.layout, out)
}

func (r *run) sms() (*Content, error) {
	body, err := r.message()
	if err != nil {
		return nil, err
	}
	if r.text, err = r.body.AppendText(r.text[:0], body); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(string(r.text))
	size := sms.Measure(text)
	if text == "" {
		r.issues.add(Issue{Code: IssueEmptyMessage, Part: "message", Message: "there is no text to send"})
	}
	return &Content{Text: text, SMS: &size}, nil
}
