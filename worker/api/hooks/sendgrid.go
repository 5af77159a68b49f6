package hooks

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// SendGrid reads SendGrid's signed Event Webhook (twilio.com/docs/sendgrid/for-developers/tracking-events/event).
type SendGrid struct {
	namer
	key *ecdsa.PublicKey
}

// NewSendGrid takes the public key that SendGrid shows for the webhook, in base64. seals may be nil.
func NewSendGrid(key string, seals *verp.Seals) (*SendGrid, error) {
	der, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return nil, errors.New("SendGrid's verification key is base64, as its settings show it")
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errors.New("SendGrid's verification key can't be read")
	}
	ec, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("SendGrid's verification key is not one of ECDSA")
	}
	return &SendGrid{namer{seals}, ec}, nil
}

// Name implements Adapter.
func (s *SendGrid) Name() string { return "sendgrid" }

// Read implements Adapter.
func (s *SendGrid) Read(_ context.Context, h http.Header, body []byte) ([]feedback.Report, error) {
	signature, err := base64.StdEncoding.DecodeString(h.Get("X-Twilio-Email-Event-Webhook-Signature"))
	digest := sha256.Sum256(append([]byte(h.Get("X-Twilio-Email-Event-Webhook-Timestamp")), body...))
	if err != nil || !ecdsa.VerifyASN1(s.key, digest[:], signature) {
		return nil, ErrSignature
	}
	var events []struct {
		Email  string `json:"email"`
		Event  string `json:"event"`
		Type   string `json:"type"` // of a bounce: bounce or blocked
		Reason string `json:"reason"`
		Status string `json:"status"`
		SMTPID string `json:"smtp-id"`
	}
	if err := json.Unmarshal(body, &events); err != nil {
		return nil, malformed(err)
	}
	var reports []feedback.Report
	for _, e := range events {
		var state ledger.FeedbackState
		switch e.Event {
		case "delivered":
			state = ledger.Delivered
		case "bounce":
			if state = ledger.BouncedSoft; e.Type != "blocked" {
				state = permanent(e.Status, e.Reason)
			}
		case "dropped": // SendGrid's own list: the reason of an earlier message
			if state = ledger.BouncedSoft; e.Reason == "Bounced Address" {
				state = ledger.BouncedHard
			}
		case "spamreport":
			state = ledger.Complained
		case "unsubscribe", "group_unsubscribe":
			state = ledger.Unsubscribed
		default:
			continue
		}
		if id := s.id(e.SMTPID); id != "" {
			reports = append(reports, report(s.Name(), id, state, e.Email, e.Status, e.Reason))
		}
	}
	return reports, nil
}
