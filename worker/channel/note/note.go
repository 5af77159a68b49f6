// Package note sends internal notes as signed JSON to a configured endpoint:
//
//	{"id": "bulk1.7.note", "channel": "note", "conversation": "c77", "text": "Call **back**",
//	 "mentions": ["u1", "u2"], "status": "open", "attachments": […]}
//
// Everything else is as in package chat.
package note

import (
	"context"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Sender posts notes. It is safe for concurrent use.
type Sender struct {
	endpoint *send.Endpoint
	status   string
}

// New needs an endpoint, which Close closes. status is the conversation's status after a note without one.
func New(endpoint *send.Endpoint, status string) (*Sender, error) {
	if endpoint == nil {
		return nil, errors.New("note: no endpoint")
	}
	return &Sender{endpoint, status}, nil
}

// payload is the JSON that the endpoint gets. Text is Markdown.
type payload struct {
	ID           string `json:"id"`
	Channel      string `json:"channel"`
	Conversation string `json:"conversation"`
	Text         string `json:"text"`
	message.NoteFields
	Attachments []send.File `json:"attachments,omitempty"`
}

// Check says what is wrong with a message for this channel; nil if Send takes it.
func Check(m *message.Message) error {
	if m.Channel != message.Note {
		return errors.New("not a note")
	}
	return m.Validate()
}

// Send posts one note to the conversation in To. The error is a *send.Error.
func (s *Sender) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	if err := Check(m); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	return s.endpoint.Post(ctx, m.ID, s.payload(m))
}

func (s *Sender) payload(m *message.Message) payload {
	fields := m.Note
	if fields.Status == "" {
		fields.Status = s.status
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
