// Package compose makes the message that is sent. From prepared content, a task.Message and the needs of the channel
// it makes addresses, unsubscribe link, text and files, or a verdict that says why there is no message. Worker, dry
// run, preview and forward all ask here what is sent. It sends nothing and records nothing.
//
// The questions have a fixed order: first Admit, those that need no content, then Compose.
package compose

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/cache"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
	"github.com/heraldsend/herald/worker/topic"
)

// Attachments finds the bytes of attachments within a policy. Its errors are *attach.Error.
type Attachments interface {
	Resolve(ctx context.Context, p attach.Policy, refs []message.Ref) ([]message.Attachment, error)
}

// Blobs holds bytes under their hash: *blob.Store. An unknown one is fs.ErrNotExist.
type Blobs interface {
	Blob(ctx context.Context, sha string) ([]byte, error)
	Put(ctx context.Context, data []byte, ttl time.Duration) (sha string, err error)
}

// Links makes the links that recipients get: *link.Links.
type Links interface {
	Unsubscribe(s link.Subscriber) string
	Media(f link.File) string
}

// Options for New. Catalog, Renderer, Attachments and Blobs are required.
type Options struct {
	Catalog     func() *catalog.Catalog // the current one, for content without sources of its own
	Renderer    *render.Renderer
	Attachments Attachments
	Blobs       Blobs
	// Keep is how long template sources are kept after they were last used. What suits ledger.DefaultRetention when zero.
	Keep time.Duration
	Rules
	Log *slog.Logger // nothing personal is written there; none when nil
}

// Rules are the settings about messages.
type Rules struct {
	Links  Links // nil: there are none, and messages that need one wait
	Events bool  // whether events tell changes of conversations
	// Topics are those that messages can have; nil: there are none.
	Topics *topic.Set
	// ListID is the List-Id of the mails of bulks that have no such header of their own, and within which that of a topic is
	// made; "" for none.
	ListID string
	// NoBulk says why a channel must not send bulks, for those that must not.
	NoBulk map[message.Channel]error
	// Unconfigured are the channels without a sender, with the setting that would configure it. Their messages wait;
	// with LogOnly they are skipped.
	Unconfigured map[message.Channel]string
	LogOnly      bool
	// Checks are the checks that channels make before they send a message. A channel without one checks what every
	// message must fulfil.
	Checks map[message.Channel]func(*message.Message) error
}

// Composer makes messages. It is safe for concurrent use.
type Composer struct {
	Options
	contents *cache.Cache[contentKey, *Content]
}

// New checks the options.
func New(o Options) (*Composer, error) {
	if o.Catalog == nil || o.Renderer == nil || o.Attachments == nil || o.Blobs == nil {
		return nil, errors.New("compose: Catalog, Renderer, Attachments and Blobs are required")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Keep <= 0 {
		o.Keep = bulk.SourceRetention(ledger.DefaultRetention)
	}
	return &Composer{Options: o, contents: cache.New[contentKey, *Content](256)}, nil
}

// Job is one message to be composed, and what is known about it.
type Job struct {
	Message task.Message      // without a channel: actions only, no message
	To      []address.Address // of a forward, instead of the message's one recipient
	Content *Content          // nil for actions alone
	Part    *Part             // of a bulk; nil for a single message
	Files   *Files            // found before, for several messages; nil: they are looked up
	// Owner is the id of what the message belongs to: its own, or its bulk's. The unsubscribe link contains it.
	Owner string
	// Conversation is the recipient's, if the message's context names none.
	Conversation string
	// Suppressed has, for each of Addresses, the entry of the suppression list; nil if there is none at all.
	Suppressed []*suppress.Entry
	// Unreadable is why the message's context can't be read; nil if it can.
	Unreadable error
	// Duplicate: the address came before in the audience, and the bulk sends to each address once.
	Duplicate bool
	// Now is what its templates take for now, in every attempt; zero is the time of rendering.
	Now time.Time
}

// Addresses are all recipients, in the form in which they are sent; "" for what is no address.
func (j Job) Addresses() []string {
	m := j.Message
	if j.To == nil {
		all := slices.Concat([]string{m.To}, m.Cc, m.Bcc)
		for i, text := range all {
			all[i] = Travelling(m.Channel, m.Country, text)
		}
		return all
	}
	all := make([]string, len(j.To))
	for i, a := range j.To {
		all[i] = a.Addr
	}
	return all
}

// Admit says why a message must not be sent, as far as that is known without its content; nil if it may be.
func (c *Composer) Admit(j Job) *Verdict {
	m := j.Message
	switch {
	case j.Unreadable != nil:
		return failed("invalid_context", j.Unreadable.Error())
	case m.Channel == "":
	case j.Part != nil && j.Part.Refused != nil:
		return j.Part.Refused
	case m.To == "":
		return skipped("no_address", "the recipient has no address for "+string(m.Channel))
	default:
		if v := j.suppressed(); v != nil {
			return v
		}
		if j.Duplicate {
			return skipped("duplicate_address", "the address came before in the audience")
		}
	}
	if v := Expired(m, time.Now()); v != nil {
		return v
	}
	return c.checkActions(j)
}

// suppressed is the verdict over a message to an address that must not be written to. If one of several recipients is
// suppressed, nobody gets the mail: it is one mail to all of them, and only its sender can leave one out.
func (j Job) suppressed() *Verdict {
	for i, e := range j.Suppressed {
		if e == nil {
			continue
		}
		v := suppressed(*e)
		if len(j.Suppressed) > 1 {
			v.Text = j.Addresses()[i] + " is " + v.Text
		}
		return v
	}
	return nil
}

// Expired is the verdict over a message that is too late at now; nil if it is not.
func Expired(m task.Message, now time.Time) *Verdict {
	if m.SendBefore.IsZero() || now.Before(m.SendBefore) {
		return nil
	}
	return skipped("expired", "its time had passed before it could be sent")
}

// Try asks all questions, of Admit and of Compose. It is for those who only want to know what would be sent.
func (c *Composer) Try(ctx context.Context, j Job) (Composed, error) {
	if v := c.Admit(j); v != nil {
		return Composed{Verdict: v}, nil //nolint:nilerr // a verdict is an answer, no failure
	}
	if j.Message.Channel == "" {
		return Composed{}, nil
	}
	return c.Compose(ctx, j)
}

// Composed is the result: Message, or Verdict. Actions alone have neither.
type Composed struct {
	Message *message.Message
	Content *render.Content // as it was rendered, also if the verdict came later
	Verdict *Verdict
}

// Compose makes the message of a job that Admit let pass. The error is for what another attempt may fix: that of ctx,
// a *Trouble, or that of a store.
func (c *Composer) Compose(ctx context.Context, j Job) (out Composed, err error) {
	defer c.survive(&out)
	out, err = c.compose(ctx, j)
	var v *Verdict
	if errors.As(err, &v) {
		out.Message, out.Verdict, err = nil, v, nil
	}
	return out, err
}

// survive turns a panic into a verdict over this message.
func (c *Composer) survive(out *Composed) {
	if p := recover(); p != nil {
		c.Log.Error("panic", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
		*out = Composed{Verdict: failed("internal_error", "Herald broke down over this message; please report it with the worker's log")}
	}
}

// Show is Try for people, who want to see the content even if nobody gets it. If the verdict came before rendering,
// Content is what would have been rendered.
func (c *Composer) Show(ctx context.Context, j Job) (out Composed, err error) {
	defer c.survive(&out)
	out, err = c.Try(ctx, j)
	if err != nil || out.Verdict == nil || out.Content != nil || j.Content == nil {
		return out, err
	}
	link := ""
	if j.Message.Unsubscribe {
		link = SampleLinks{}.Unsubscribe(subscriber(j.Message, j.Message.To, address.Address{Addr: j.Message.From}))
	}
	content, err := c.render(ctx, j, link)
	var fault *Verdict
	if errors.As(err, &fault) {
		return Composed{Verdict: fault}, nil // a fault of the template says more
	}
	out.Content = content
	return out, err
}

func (c *Composer) compose(ctx context.Context, j Job) (out Composed, err error) {
	m := j.Message
	msg, err := Address(m, j.To)
	if err != nil {
		return out, err
	}
	if msg.Unsubscribe, err = c.unsubscribe(j, msg); err != nil {
		return out, err
	}
	if err := c.addListID(j, msg); err != nil {
		return out, err
	}
	if v := c.actionsAlone(j); v != nil {
		return out, v
	}
	if v := j.Content.invalid; v != nil {
		return out, v
	}
	if out.Content, err = c.render(ctx, j, msg.Unsubscribe); err != nil {
		return out, err
	}
	if m.OnIssue == task.SkipOnIssue && len(out.Content.Issues) > 0 {
		issue := out.Content.Issues[0]
		return out, skipped(issue.Code, issue.Message)
	}
	msg.Subject, msg.HTML, msg.Text = out.Content.Subject, out.Content.HTML, out.Content.Text
	files := j.Files
	if files == nil {
		if files, err = c.Find(ctx, j.policy(), slices.Concat(j.Content.files(m.Channel), m.Attachments)); err != nil {
			return out, err
		}
	}
	if v := empty(m.Channel, out.Content, files); v != nil {
		return out, v
	}
	out.Message = msg
	if err := c.Finish(ctx, msg, files); err != nil {
		return out, err
	}
	return out, c.loggedOnly(m)
}

// LoggedOnly is the code of a complete message that no sender is configured for.
const LoggedOnly = "logged_only"

// loggedOnly is the verdict over such a message with Rules.LogOnly.
func (c *Composer) loggedOnly(m task.Message) error {
	setting, missing := c.Unconfigured[m.Channel]
	if !missing || !c.LogOnly || task.IsTest(m.ID) {
		return nil
	}
	return skipped(LoggedOnly, setting+" is not set, and HERALD_UNCONFIGURED=log: nothing was sent")
}

// Waits says why the messages of a channel would wait; "" if they would not.
func (c *Composer) Waits(channel message.Channel) string {
	setting, missing := c.Unconfigured[channel]
	if !missing || c.LogOnly {
		return ""
	}
	return "no_sender: " + setting + " is not set here; where no worker has it either, these messages wait until one does"
}

// empty is the verdict over a message that says nothing. Files alone are enough, except in a mail.
func empty(channel message.Channel, content *render.Content, files *Files) *Verdict {
	if files.refused != nil {
		return nil //nolint:nilerr // Finish gives that verdict
	}
	for _, issue := range content.Issues {
		if issue.Code == render.IssueEmptySubject || issue.Code == render.IssueEmptyMessage && (channel.Spec().Mail || len(files.list) == 0) {
			return failed(render.IssueEmptyMessage, issue.Message)
		}
	}
	return nil
}

// render renders the content, with the unsubscribe link if there is one.
func (c *Composer) render(ctx context.Context, j Job, unsubscribe string) (*render.Content, error) {
	m := j.Message
	request := render.Request{Channel: catalog.Channel(m.Channel), Context: m.Context, Locale: m.Locale, Timezone: m.Timezone, Now: j.Now}
	if len(request.Context) == 0 {
		request.Context = []byte("{}")
	}
	if unsubscribe != "" {
		request.Context = withUnsubscribe(request.Context, unsubscribe)
	}
	content, err := j.Content.prepared.Render(ctx, request)
	if err != nil {
		return nil, RenderFault(ctx, err)
	}
	content.Subject = address.StripBidi(content.Subject) // what is shown is what is sent
	return content, nil
}

// policy says which files the message may have.
func (j Job) policy() attach.Policy {
	if j.Part != nil {
		return attach.Bulk(j.Message.Channel)
	}
	return attach.Single(j.Message.Channel)
}

// Finish adds the files to a message that is otherwise complete, removes invisible characters that its channel can't
// send, and runs the check of the channel. The errors are those of Open.
func (c *Composer) Finish(ctx context.Context, msg *message.Message, files *Files) error {
	if files.refused != nil {
		return files.refused
	}
	msg.Attachments = files.list
	if msg.Channel.Spec().Files.Linked && c.Links != nil {
		if err := c.linkMedia(ctx, msg); err != nil {
			return err
		}
	}
	msg.Subject = address.StripBidi(msg.Subject) // translation tools put them around values, and a header can't carry them
	check := c.Checks[msg.Channel]
	if check == nil {
		check = (*message.Message).Validate
	}
	if err := check(msg); err != nil {
		return checkFault(err)
	}
	return nil
}
