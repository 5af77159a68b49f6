package transcript

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/task"
)

// Transcript is the part of a conversation that people outside may read, as the context of templates. It holds
// nothing of notes and no redacted text.
type Transcript struct {
	Customer     json.RawMessage `json:"customer,omitempty"`
	Conversation About           `json:"conversation"`
	CurrentUser  *task.Agent     `json:"currentUser,omitempty"` // who forwards
	Forward      Forwarding      `json:"forward"`
	Messages     []Entry         `json:"messages"`

	redactor *redactor
}

// About describes the conversation as a whole.
type About struct {
	ID           string          `json:"id,omitempty"`
	Name         string          `json:"name,omitempty"`
	Status       string          `json:"status,omitempty"`
	CreatedAt    string          `json:"createdAt,omitempty"`
	FirstAt      string          `json:"firstMessageAt,omitempty"`
	LastAt       string          `json:"lastMessageAt,omitempty"`
	Channels     []string        `json:"channels"`          // in the order of their first message
	MessageCount int             `json:"messageCount"`      // those left out are counted too
	LeftOut      int             `json:"leftOut,omitempty"` // messages, the oldest, that did not fit
	Custom       json.RawMessage `json:"custom,omitempty"`
}

// Forwarding describes this forward.
type Forwarding struct {
	Files     []File `json:"attachments"` // those that go along
	Direction string `json:"dir"`         // of the locale's script: ltr or rtl
}

// Entry is one message. Times are RFC 3339 in UTC: dateFormat prints them in the zone and language of the forward.
type Entry struct {
	ID            string  `json:"id,omitempty"`
	Channel       string  `json:"channel,omitempty"`
	Direction     string  `json:"direction"` // in or out
	DirectionType string  `json:"directionType,omitempty"`
	Time          string  `json:"time,omitempty"` // sentAt, or else createdAt
	SentAt        string  `json:"sentAt,omitempty"`
	CreatedAt     string  `json:"createdAt,omitempty"`
	Author        string  `json:"author,omitempty"` // for people; empty if nobody is named
	CreatedBy     *Author `json:"createdBy,omitempty"`
	Auto          bool    `json:"auto,omitempty"`
	Subject       string  `json:"subject,omitempty"`
	NewSubject    bool    `json:"newSubject,omitempty"` // other than that of the message before it in time
	Preview       string  `json:"preview,omitempty"`
	Body          string  `json:"body,omitempty"`     // plain text
	HTMLBody      string  `json:"htmlBody,omitempty"` // sanitised; made from Body if the message has none
	Redacted      bool    `json:"redacted,omitempty"` // in part or as a whole
	Withheld      bool    `json:"withheld,omitempty"` // as a whole: there is no body
	Unproven      bool    `json:"unproven,omitempty"` // withheld because it can't be proven to hold nothing that was redacted
	Files         []File  `json:"attachments,omitempty"`
	TextDirection string  `json:"dir"`                        // of its script: ltr or rtl
	MergedFrom    string  `json:"conversationName,omitempty"` // where it came from a merged conversation with another name
	at            time.Time
}

// Author is a message's author.
type Author struct {
	ID          string `json:"id,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	Name        string `json:"name,omitempty"`
}

// File is an attachment.
type File struct {
	Name string `json:"name"`
	Type string `json:"contentType,omitempty"`
	Size int64  `json:"contentLength,omitempty"` // bytes
}

// NewTranscript makes the transcript of a conversation for a forward with the chosen files. It may change c, and
// keeps nothing of it.
func NewTranscript(ctx context.Context, c *conversation.Conversation, chosen []conversation.Attachment, f task.Forward, s *content.Sanitizer) (*Transcript, error) {
	dated := inTime(c)
	r, err := newRedactor(ctx, redactionsOf(c), nameOf(c.Customer), dated, f.Quotes, s)
	if err != nil {
		return nil, err
	}
	_, direction := catalog.Written(f.Locale)
	t := &Transcript{
		Customer: r.json(c.Customer), CurrentUser: f.ForwardedBy,
		Conversation: About{
			ID: r.apart(c.ID), Name: r.apart(oneLine(c.Name)), Status: r.apart(c.Status), CreatedAt: stamp(c.CreatedAt.At), Custom: r.json(c.Custom),
			Channels: []string{}, MessageCount: len(dated),
		},
		Forward:  Forwarding{Files: r.files(nil, chosen), Direction: direction},
		Messages: make([]Entry, 0, len(dated)), redactor: r,
	}
	customer := nameOf(t.Customer)
	subject := ""
	for _, d := range dated {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		e := r.entry(d.message, customer)
		e.at = d.at
		if d.from != c && d.from.Name != c.Name {
			e.MergedFrom = r.apart(oneLine(d.from.Name))
		}
		if e.Subject != "" {
			e.NewSubject = threadOf(e.Subject) != subject
			subject = threadOf(e.Subject)
		}
		if e.Channel != "" && !slices.Contains(t.Conversation.Channels, e.Channel) {
			t.Conversation.Channels = append(t.Conversation.Channels, e.Channel)
		}
		t.Messages = append(t.Messages, e)
		d.message.HTMLBody, d.message.Body = "", "" // the entry has them
		if r.err != nil {
			return nil, r.err
		}
	}
	t.Conversation.FirstAt, t.Conversation.LastAt = stamp(dated[0].at), stamp(dated[len(dated)-1].at)
	if f.Order != task.OldestFirst {
		slices.Reverse(t.Messages)
	}
	return t, nil
}

// redactionsOf are the redactions of a conversation as a whole, and of those merged into it.
func redactionsOf(c *conversation.Conversation) []conversation.Redaction {
	all := c.Redactions
	for i := range c.Merged {
		all = append(all, redactionsOf(&c.Merged[i])...)
	}
	return all
}

// dated is a message with the time that it is sorted by.
type dated struct {
	at      time.Time
	message *conversation.Message
	from    *conversation.Conversation
}

// inTime returns the exchanged messages in the order of time, with those of merged conversations. A message without a
// time stays behind the one before it in its own conversation.
func inTime(c *conversation.Conversation) []dated {
	exchanged := map[*conversation.Message]bool{}
	for _, m := range c.Exchanged() {
		exchanged[m] = true
	}
	var all []dated
	var collect func(c *conversation.Conversation)
	collect = func(c *conversation.Conversation) {
		last := time.Time{}
		for i := range c.Messages {
			m := &c.Messages[i]
			if !exchanged[m] {
				continue
			}
			if at := timeOf(m); !at.IsZero() {
				last = at
			}
			all = append(all, dated{last, m, c})
		}
		for i := range c.Merged {
			collect(&c.Merged[i])
		}
	}
	collect(c)
	slices.SortStableFunc(all, func(a, b dated) int { return a.at.Compare(b.at) })
	return all
}

func timeOf(m *conversation.Message) time.Time {
	if !m.SentAt.At.IsZero() {
		return m.SentAt.At
	}
	return m.CreatedAt.At
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05.999Z07:00")
}

// Roughly what a layout writes around a message, in bytes of HTML and of text.
const (
	htmlAround = 1000
	textAround = 150
)

// fitting is how many of the newest messages may fit into an email; at least one.
func (t *Transcript) fitting(order task.ForwardOrder) int {
	html, text := 0, 0
	for n := range t.Messages {
		m := &t.Messages[t.newest(n, order)]
		html += htmlAround + len(m.HTMLBody)
		text += textAround + len(m.Body)
		if max(html, text) > MaxOutput {
			return max(n, 1)
		}
	}
	return len(t.Messages)
}

// newest is the index of the n-th newest message.
func (t *Transcript) newest(n int, order task.ForwardOrder) int {
	if order == task.OldestFirst {
		return len(t.Messages) - 1 - n
	}
	return n
}

// shorten keeps the n newest messages.
func (t *Transcript) shorten(n int, order task.ForwardOrder) {
	if order == task.OldestFirst {
		t.Messages = t.Messages[len(t.Messages)-n:]
	} else {
		t.Messages = t.Messages[:n]
	}
	t.Conversation.LeftOut = t.Conversation.MessageCount - n
}

// Context is the transcript as JSON.
func (t *Transcript) Context() ([]byte, error) {
	size := 4096
	for i := range t.Messages {
		m := &t.Messages[i]
		size += len(m.Body) + len(m.HTMLBody) + len(m.HTMLBody)/8 + 1024
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(t); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
