package dryrun

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/handlebars"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// run is what the goroutines of one dry run share. It doesn't change.
type run struct {
	Options
	policy attach.Policy
	parts  []part
}

// part is what all messages on one channel share.
type part struct {
	channel  message.Channel
	prepared *render.Prepared
	shortcut []message.Ref // files of the shortcut
	shared   files         // the shortcut's and the definition's
	from     message.Address
	replyTo  *message.Address
}

// files are the attachments of a message, or why it has none.
type files struct {
	bytes int64
	err   error
}

func newRun(ctx context.Context, o Options) *run {
	r := &run{Options: o, policy: attach.Bulk(), parts: make([]part, len(o.Prepared))}
	for i, m := range o.Definition.Messages {
		p := part{channel: m.Channel, prepared: o.Prepared[i], from: message.Address{Addr: m.From}}
		p.shortcut = compose.Refs(p.prepared.Bundle().AttachmentsFor(catalog.Channel(m.Channel)))
		p.shared = r.find(ctx, p.shortcut, m.Attachments)
		// Parsed without errors: the definition is valid.
		if m.Channel == message.Email {
			p.from, _ = address.ParseMailbox(m.From)
			if reply, err := address.ParseMailbox(m.ReplyTo); err == nil {
				p.replyTo = &reply
			}
		}
		r.parts[i] = p
	}
	return r
}

// find looks up the shortcut's files and these.
func (r *run) find(ctx context.Context, shortcut, own []message.Ref) files {
	refs := slices.Concat(shortcut, own)
	if r.Attachments == nil || len(refs) == 0 {
		return files{}
	}
	found, err := r.Attachments.Resolve(ctx, r.policy, refs)
	f := files{err: err}
	for _, a := range found {
		f.bytes += int64(len(a.Data))
	}
	return f
}

// batch renders some of the audience. Its error is everyone's.
func (r *run) batch(ctx context.Context, tallies []*tally, b batch) error {
	for i, t := range tallies {
		suppressed, err := r.suppressed(ctx, i, b)
		if err != nil {
			return err
		}
		for n, e := range b {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			to := e.to[i]
			if to.first > 0 {
				t.duplicate(e.row, to.first)
			}
			switch {
			case to.fault != nil:
				t.fail(e.row, "invalid_address", to.fault.Error())
			case to.address == "":
				t.skipped++
				t.NoAddress.add(e.row, t.examples)
			case suppressed != nil && suppressed[n]:
				t.Suppressed.add(e.row, t.examples)
			case to.first > 0 && r.Definition.Deduplicate:
				t.skipped++
			default:
				if err := r.one(ctx, t, e, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// suppressed asks for all addresses of a batch at once. nil means none.
func (r *run) suppressed(ctx context.Context, part int, b batch) ([]bool, error) {
	if r.Suppressed == nil {
		return nil, nil
	}
	addresses := make([]string, len(b))
	for i, e := range b {
		addresses[i] = e.to[part].address
	}
	out, err := r.Suppressed(ctx, r.parts[part].channel, addresses)
	if err != nil {
		return nil, fmt.Errorf("suppressed addresses: %w", err)
	}
	if len(out) != len(b) {
		return nil, fmt.Errorf("suppressed addresses: %d answers to %d questions", len(out), len(b))
	}
	return out, nil
}

// one renders and measures the message of one recipient. Its error is everyone's.
func (r *run) one(ctx context.Context, t *tally, e entry, part int) error {
	m, err := r.Definition.Message(0, part, e.recipient)
	if err != nil {
		t.fail(e.row, "invalid_context", err.Error())
		return nil
	}
	content, code, err := renderOne(ctx, r.parts[part].prepared, m)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t.fail(e.row, code, err.Error())
		return nil
	}
	t.noteIssues(e.row, content.Issues)
	skip := m.OnIssue == task.SkipOnIssue && len(content.Issues) > 0
	if skip {
		t.skipped++
	} else if ok, err := r.measure(ctx, t, e, part, content, m); err != nil || !ok {
		return err
	}
	t.offer(e.row, m, content, skip)
	return nil
}

// renderOne turns a panic into a fault of this recipient, as the worker does.
func renderOne(ctx context.Context, p *render.Prepared, m task.Message) (content *render.Content, code string, err error) {
	defer func() {
		if p := recover(); p != nil {
			content, code, err = nil, "internal_error", errors.New("rendering broke down over this message; please report it")
		}
	}()
	request := render.Request{Channel: catalog.Channel(m.Channel), Context: m.Context, Locale: m.Locale, Timezone: m.Timezone}
	if len(request.Context) == 0 {
		request.Context = []byte("{}")
	}
	content, err = p.Render(ctx, request)
	code = "render_error"
	var known *handlebars.Error
	if errors.As(err, &known) && known.Code != "" {
		code = "template_" + string(known.Code)
	}
	return content, code, err
}

// measure counts a message that would be sent, and reports whether it would: its files are found and it passes the check
// that every sender makes.
func (r *run) measure(ctx context.Context, t *tally, e entry, part int, c *render.Content, m task.Message) (bool, error) {
	p := &r.parts[part]
	f := p.shared
	if len(e.recipient.Attachments) > 0 {
		f = r.find(ctx, p.shortcut, m.Attachments)
	}
	if f.err != nil {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		var known *attach.Error
		if !errors.As(f.err, &known) {
			return false, fmt.Errorf("attachments: %w", f.err)
		}
		t.fail(e.row, known.Code, fmt.Sprintf("%q %s", known.Name, known.Reason))
		return false, nil
	}
	msg := message.Message{
		ID: m.ID, Channel: m.Channel, From: p.from, ReplyTo: p.replyTo, To: []message.Address{{Addr: e.to[part].address}},
		Subject: c.Subject, HTML: c.HTML, Text: c.Text,
	}
	if err := msg.Validate(); err != nil {
		t.fail(e.row, "invalid_message", err.Error())
		return false, nil
	}
	t.sendable++
	t.Bytes.add(e.row, int64(len(c.Subject)+len(c.HTML)+len(c.Text)))
	t.Attached.add(e.row, f.bytes)
	if c.SMS != nil {
		t.sms.add(e.row, c.SMS, t.examples)
	}
	return true, nil
}
