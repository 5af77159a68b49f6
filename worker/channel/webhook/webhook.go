// Package webhook sends events to an endpoint, as signed JSON.
package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// Event is one thing that happened, in the shape of Standard Webhooks.
type Event struct {
	ID   string    `json:"-"`         // the same for every try: the webhook-id
	Type string    `json:"type"`      // such as "message.sent"
	Time time.Time `json:"timestamp"` // when it happened
	// Stream and Sequence give the order: numbers of one stream grow by one.
	Stream   string `json:"stream,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	Test     bool   `json:"test,omitempty"` // it is about a test: nobody got anything
	Data     any    `json:"data"`
}

// Sender posts events. It is safe for concurrent use.
type Sender struct{ endpoint *send.Endpoint }

// New needs an endpoint, which Close closes.
func New(endpoint *send.Endpoint) (*Sender, error) {
	if endpoint == nil {
		return nil, errors.New("webhook: no endpoint")
	}
	return &Sender{endpoint}, nil
}

// Send posts one event. The error is a *send.Error.
func (s *Sender) Send(ctx context.Context, e Event) (send.Receipt, error) {
	if e.ID == "" || e.Type == "" {
		return send.Receipt{}, send.Invalid(errors.New("an event needs an id and a type"))
	}
	return s.endpoint.Post(ctx, e.ID, e)
}

// Close gives back idle connections.
func (s *Sender) Close() error { return s.endpoint.Close() }
