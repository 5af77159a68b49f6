package bulk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Definition is what a bulk sends, the same for all of its recipients. It doesn't change once stored.
type Definition struct {
	ID      string          `json:"id"`
	Channel message.Channel `json:"channel"`
	// From is the sender: an address for email, a number for SMS.
	From    string `json:"from,omitempty"`
	ReplyTo string `json:"replyTo,omitempty"`
	task.Content
	// Context is a JSON object that every recipient's own context is laid over, key by key at its top level.
	Context json.RawMessage `json:"context,omitempty"`
	// Locale and Timezone are for recipients who bring none.
	Locale   string `json:"locale,omitempty"`
	Timezone string `json:"timezone,omitempty"`
	// Attachments go to everyone, before a recipient's own.
	Attachments []message.Ref    `json:"attachments,omitempty"`
	Policy      task.Policy      `json:"policy,omitempty"`
	OnIssue     task.IssuePolicy `json:"onIssue,omitempty"`
	CreatedAt   time.Time        `json:"createdAt"`
}

// Validate reports every fault at once.
func (d Definition) Validate() error {
	// A single message has the same rules, but for its recipient.
	return task.Message{
		ID: d.ID, Channel: d.Channel, From: d.From, To: "everyone", ReplyTo: d.ReplyTo, Content: d.Content,
		Context: d.Context, Attachments: d.Attachments, Policy: d.Policy, OnIssue: d.OnIssue,
	}.Validate()
}

// Recipient is one row of an audience.
type Recipient struct {
	// To is the address on the bulk's channel: an email address, a phone number, or a conversation's id. A bad one,
	// or none, is a failed recipient among others, not a bulk that doesn't start.
	To       string `json:"to,omitempty"`
	Locale   string `json:"locale,omitempty"`
	Timezone string `json:"timezone,omitempty"`
	// Context is a JSON object: customer, conversation, ….
	Context json.RawMessage `json:"context,omitempty"`
	// Attachments go to this recipient alone.
	Attachments []message.Ref `json:"attachments,omitempty"`

	checked bool // Context is known to be valid JSON
}

// Message joins the definition and the recipient in a slot of a chunk into the message that the worker sends, the
// same every time that it is asked.
func (d Definition) Message(chunk, slot int, r Recipient) (task.Message, error) {
	ctx, err := overlay(d.Context, r.Context)
	if err != nil {
		return task.Message{}, fmt.Errorf("context: %w", err)
	}
	m := task.Message{
		ID: fmt.Sprintf("%s.%d.%d", d.ID, chunk, slot), Channel: d.Channel, From: d.From, To: r.To, ReplyTo: d.ReplyTo,
		Content: d.Content, Context: ctx, Locale: d.Locale, Timezone: d.Timezone,
		Attachments: d.Attachments, Policy: d.Policy, OnIssue: d.OnIssue,
	}
	if r.Locale != "" {
		m.Locale = r.Locale
	}
	if r.Timezone != "" {
		m.Timezone = r.Timezone
	}
	if len(r.Attachments) > 0 {
		m.Attachments = append(m.Attachments[:len(m.Attachments):len(m.Attachments)], r.Attachments...)
	}
	return m, nil
}

// overlay returns shared with the members of own laid over it.
func overlay(shared, own json.RawMessage) (json.RawMessage, error) {
	switch {
	case len(shared) == 0:
		return own, nil
	case len(own) == 0:
		return shared, nil
	}
	var base, top map[string]json.RawMessage
	if err := json.Unmarshal(shared, &base); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(own, &top); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for name := range base {
		if _, hidden := top[name]; hidden {
			delete(base, name)
		}
	}
	if len(base) > 0 {
		rest, err := json.Marshal(base)
		if err != nil {
			return nil, err
		}
		out.Write(rest[1 : len(rest)-1])
		if len(top) > 0 {
			out.WriteByte(',')
		}
	}
	out.Write(bytes.TrimSpace(own)[1:])
	return out.Bytes(), nil
}
