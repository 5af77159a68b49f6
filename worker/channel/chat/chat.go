// Package chat sends chat messages as signed JSON to a configured endpoint:
//
//	{"id": "bulk1.7.chat", "channel": "chat", "conversation": "c77", "text": "Hello **Ada**",
//	 "brand": "acme", "assistant": "orders", "dialog": "start",
//	 "attachments": [{"name": "a.pdf", "contentType": "application/pdf", "contentLength": 5, "sha256": "…", "data": "base64"}]}
//
// Empty fields are left out; a file that has an address comes as "url" without "data". The webhook-id header is the
// message's id, the same for every try: the endpoint drops what it has seen. Any 2xx is success, and an "id" in the
// answer becomes the receipt's.
package chat

import (
	"context"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Defaults fill the fields that a message leaves empty.
type Defaults = message.ChatFields

// Sender posts chats. It is safe for concurrent use.
type Sender struct {
	endpoint *send.Endpoint
	defaults Defaults
}

// New needs an endpoint, which Close closes.
func New(endpoint *send.Endpoint, d Defaults) (*Sender, error) {
	if endpoint == nil {
		return nil, errors.New("chat: no endpoint")
	}
	return &Sender{endpoint, d}, nil
}

// payload is the JSON that the endpoint gets. Text is Markdown.
type payload struct {
	ID           string `json:"id"`
	Channel      string `json:"channel"`
	Conversation string `json:"conversation"`
	Text         string `json:"text"`
	message.ChatFields
	Attachments []send.File `json:"attachments,omitempty"`
}

// Check says what is wrong with a message for this channel; nil if Send takes it.
func Check(m *message.Message) error {
	if m.Channel != message.Chat {
		return errors.New("not a chat")
	}
	return m.Validate()
}

// Send posts one chat to the conversation in To. The error is a *send.Error.
func (s *Sender) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	if err := Check(m); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	return s.endpoint.Post(ctx, m.ID, s.payload(m))
}

func (s *Sender) payload(m *message.Message) payload {
	fields := m.Chat
	for _, f := range []struct {
		own      *string
		fallback string
	}{{&fields.Brand, s.defaults.Brand}, {&fields.Assistant, s.defaults.Assistant}, {&fields.Dialog, s.defaults.Dialog}} {
		if *f.own == "" {
			*f.own = f.fallback
		}
	}
	return payload{m.ID, string(m.Channel), m.To[0].Addr, m.Text, fields, send.Files(m.Attachments)}
}

// Written returns a message as Send posts it.
func (s *Sender) Written(m *message.Message, _ time.Time) []send.Written {
	return send.WrittenJSON(s.payload(m))
}

// Close gives back idle connections.
func (s *Sender) Close() error { return s.endpoint.Close() }

// Probe reports whether the endpoint can be reached. The error is a *send.Error.
func (s *Sender) Probe(ctx context.Context) error { return s.endpoint.Probe(ctx) }
