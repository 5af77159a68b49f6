package hooks

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// mailgunAge is how old a request may be: Mailgun tries for eight hours. Its signature is over time and a token alone.
const mailgunAge = 12 * time.Hour

// Mailgun reads Mailgun's webhooks (documentation.mailgun.com, Webhooks).
type Mailgun struct {
	namer
	key []byte
	now func() time.Time
}

// NewMailgun takes the account's webhook signing key. seals may be nil; now is time.Now where nil.
func NewMailgun(key string, seals *verp.Seals, now func() time.Time) (*Mailgun, error) {
	if len(key) < 16 {
		return nil, errors.New("the webhook signing key of Mailgun has at least 16 characters")
	}
	if now == nil {
		now = time.Now
	}
	return &Mailgun{namer{seals}, []byte(key), now}, nil
}

// Name implements Adapter.
func (m *Mailgun) Name() string { return "mailgun" }

// mailgunEvent is a request.
type mailgunEvent struct {
	Signature struct{ Timestamp, Token, Signature string }
	Data      struct {
		Event     string
		Severity  string
		Recipient string
		Envelope  struct{ Sender string }
		Message   struct {
			Headers struct {
				MessageID string `json:"message-id"`
			}
		}
		DeliveryStatus struct {
			Code         int
			Message      string
			Description  string
			EnhancedCode string `json:"enhanced-code"`
		} `json:"delivery-status"`
	} `json:"event-data"`
}

// Read implements Adapter.
func (m *Mailgun) Read(_ context.Context, _ http.Header, body []byte) ([]feedback.Report, error) {
	var e mailgunEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, malformed(err)
	}
	mac := hmac.New(sha256.New, m.key)
	_, _ = mac.Write([]byte(e.Signature.Timestamp + e.Signature.Token))
	got, err := hex.DecodeString(e.Signature.Signature)
	seconds, errTime := strconv.ParseInt(e.Signature.Timestamp, 10, 64)
	if age := m.now().Sub(time.Unix(seconds, 0)); err != nil || errTime != nil || !hmac.Equal(got, mac.Sum(nil)) || age > mailgunAge || age < -mailgunAge {
		return nil, ErrSignature
	}
	d, status := e.Data, e.Data.DeliveryStatus
	words := status.Message
	if words == "" {
		words = status.Description
	}
	var state ledger.FeedbackState
	switch d.Event {
	case "delivered":
		state = ledger.Delivered
	case "failed":
		if d.Severity != "permanent" {
			return nil, nil // Mailgun tries again
		}
		state = permanent(status.EnhancedCode, words)
	case "complained":
		state = ledger.Complained
	case "unsubscribed":
		state = ledger.Unsubscribed
	default:
		return nil, nil
	}
	id := m.id(d.Message.Headers.MessageID, d.Envelope.Sender)
	if id == "" {
		return nil, nil
	}
	return []feedback.Report{report(m.Name(), id, state, d.Recipient, status.EnhancedCode, words)}, nil
}
