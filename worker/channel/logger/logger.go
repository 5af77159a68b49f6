// Package logger is the sender of channels that have no real provider yet: it writes one log line for each message,
// without its text, subject or addresses, and sends nothing.
package logger

import (
	"context"
	"errors"
	"log/slog"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Sender logs messages instead of sending them. It is safe for concurrent use.
type Sender struct {
	log   *slog.Logger
	check func(*message.Message) error
}

// New gives a sender that writes to log what passes check: that of the channel it stands for.
func New(log *slog.Logger, check func(*message.Message) error) (*Sender, error) {
	if log == nil || check == nil {
		return nil, errors.New("logger: a logger and a channel's check are required")
	}
	return &Sender{log, check}, nil
}

// Send checks the message and logs that it would have gone out.
func (s *Sender) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return send.Receipt{}, &send.Error{Code: "canceled", Err: err}
	}
	if err := s.check(m); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "message logged, not sent", slog.String("message_id", m.ID),
		slog.String("channel", string(m.Channel)), slog.Int("text_bytes", len(m.Text)), slog.Int("attachments", len(m.Attachments)))
	return send.Receipt{ID: m.ID, Detail: "logged"}, nil
}

// Close does nothing.
func (s *Sender) Close() error { return nil }
