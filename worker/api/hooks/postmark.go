package hooks

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// Postmark reads Postmark's webhooks (postmarkapp.com/developer/webhooks). Its events name a message by metadata that its mail
// carries, with provider=postmark in HERALD_SMTP_URL. It signs nothing: the request brings a password,
// as the URL that is entered there says: https://herald:SECRET@messages.example.com/hooks/postmark.
type Postmark struct {
	namer
	secret string
}

// NewPostmark takes the password. seals may be nil.
func NewPostmark(secret string, seals *verp.Seals) (*Postmark, error) {
	if len(secret) < 16 {
		return nil, errors.New("the password of Postmark's webhooks has at least 16 characters")
	}
	return &Postmark{namer{seals}, secret}, nil
}

// Name implements Adapter.
func (p *Postmark) Name() string { return "postmark" }

// Read implements Adapter.
func (p *Postmark) Read(_ context.Context, h http.Header, body []byte) ([]feedback.Report, error) {
	_, password, ok := (&http.Request{Header: h}).BasicAuth()
	if !ok || subtle.ConstantTimeCompare([]byte(password), []byte(p.secret)) != 1 {
		return nil, ErrSignature
	}
	var e struct {
		RecordType        string
		Type              string // of a bounce
		Recipient         string
		Email             string
		Details           string
		Description       string
		SuppressSending   bool
		SuppressionReason string
		Metadata          map[string]string
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, malformed(err)
	}
	var state ledger.FeedbackState
	switch e.RecordType {
	case "Delivery":
		state = ledger.Delivered
	case "Bounce":
		switch e.Type {
		case "HardBounce", "BadEmailAddress":
			state = permanent("", e.Details+" "+e.Description)
		case "SpamComplaint":
			state = ledger.Complained
		case "Unsubscribe":
			state = ledger.Unsubscribed
		case "AutoResponder", "AddressChange", "OpenRelayTest", "ChallengeVerification", "Subscribe", "Transient", "DnsError":
			return nil, nil // it may have arrived, or Postmark tries again
		default:
			state = ledger.BouncedSoft
		}
	case "SpamComplaint":
		state = ledger.Complained
	case "SubscriptionChange":
		if !e.SuppressSending || e.SuppressionReason != "ManualSuppression" {
			return nil, nil // it says what a bounce or a complaint has said
		}
		state = ledger.Unsubscribed
	default:
		return nil, nil
	}
	id := ""
	for name, value := range e.Metadata {
		if strings.EqualFold(name, "herald-id") {
			id = value
		}
	}
	if id == "" {
		return nil, nil
	}
	recipient := e.Recipient
	if recipient == "" {
		recipient = e.Email
	}
	return []feedback.Report{report(p.Name(), id, state, recipient, "", e.Details)}, nil
}
