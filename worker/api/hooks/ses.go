package hooks

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SNS signs with SHA-1 in its first version
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// SES reads what Amazon SES publishes by SNS: notifications and events (docs.aws.amazon.com/ses, Monitoring; docs.aws.amazon.com/sns,
// Verifying the signatures of messages). A topic's subscription is confirmed when it asks for that.
type SES struct {
	namer
	topics []string
	// fetch reads a URL of Amazon's: a certificate, or the confirmation of a subscription.
	fetch func(ctx context.Context, url string) ([]byte, error)

	mu    sync.Mutex
	certs map[string]*x509.Certificate // by URL
}

// NewSES takes the ARNs of the topics; messages of others are refused. seals may be nil.
func NewSES(topics []string, fetch func(ctx context.Context, url string) ([]byte, error), seals *verp.Seals) (*SES, error) {
	for _, t := range topics {
		if !strings.HasPrefix(t, "arn:aws") {
			return nil, fmt.Errorf("%.100q is not the ARN of an SNS topic", t)
		}
	}
	if len(topics) == 0 || fetch == nil {
		return nil, errors.New("SES needs the ARN of its topic")
	}
	return &SES{namer: namer{seals}, topics: topics, fetch: fetch, certs: map[string]*x509.Certificate{}}, nil
}

// Name implements Adapter.
func (s *SES) Name() string { return "ses" }

// snsMessage is what SNS posts.
type snsMessage struct {
	Type, TopicArn, Subject, Message, Timestamp, Token, SubscribeURL string
	SignatureVersion, Signature, SigningCertURL                      string
	MessageID                                                        string `json:"MessageId"`
}

// signed is the text that SNS signs: names and values in their order, a line each.
func (m snsMessage) signed() string {
	fields := []string{"Message", m.Message, "MessageId", m.MessageID}
	if m.Type == "Notification" {
		if m.Subject != "" {
			fields = append(fields, "Subject", m.Subject)
		}
	} else {
		fields = append(fields, "SubscribeURL", m.SubscribeURL)
	}
	fields = append(fields, "Timestamp", m.Timestamp)
	if m.Type != "Notification" {
		fields = append(fields, "Token", m.Token)
	}
	fields = append(fields, "TopicArn", m.TopicArn, "Type", m.Type)
	return strings.Join(fields, "\n") + "\n"
}

var amazonHost = regexp.MustCompile(`^sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?$`)

// amazons reports an https URL of SNS itself.
func amazons(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.User == nil && u.Port() == "" && amazonHost.MatchString(u.Host)
}

// Read implements Adapter.
func (s *SES) Read(ctx context.Context, _ http.Header, body []byte) ([]feedback.Report, error) {
	var m snsMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, malformed(err)
	}
	if err := s.verify(ctx, m); err != nil {
		return nil, err
	}
	switch m.Type {
	case "SubscriptionConfirmation":
		if !amazons(m.SubscribeURL) {
			return nil, ErrSignature
		}
		_, err := s.fetch(ctx, m.SubscribeURL)
		return nil, err
	case "Notification":
		return s.events(m.Message)
	}
	return nil, nil
}

func (s *SES) verify(ctx context.Context, m snsMessage) error {
	if !slices.Contains(s.topics, m.TopicArn) || !amazons(m.SigningCertURL) || !strings.HasSuffix(m.SigningCertURL, ".pem") {
		return ErrSignature
	}
	cert, err := s.cert(ctx, m.SigningCertURL)
	if err != nil {
		return err
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if !ok || err != nil {
		return ErrSignature
	}
	text := []byte(m.signed())
	switch m.SignatureVersion {
	case "1":
		digest := sha1.Sum(text) //nolint:gosec // see above
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, digest[:], signature)
	case "2":
		digest := sha256.Sum256(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
	default:
		err = ErrSignature
	}
	if err != nil {
		return ErrSignature
	}
	return nil
}

// cert reads the certificate at a URL, once. It came by TLS from Amazon's host, which vouches for it.
func (s *SES) cert(ctx context.Context, from string) (*x509.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.certs[from]; known != nil {
		return known, nil
	}
	text, err := s.fetch(ctx, from)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of SNS: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, ErrSignature
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, ErrSignature
	}
	if len(s.certs) > 20 {
		clear(s.certs)
	}
	s.certs[from] = cert
	return cert, nil
}

// sesRecipient is one of a bounce or a complaint.
type sesRecipient struct{ EmailAddress, Status, DiagnosticCode string }

// sesEvent is the text of a notification.
type sesEvent struct {
	NotificationType, EventType string
	Mail                        struct {
		Source        string
		Headers       []struct{ Name, Value string }
		CommonHeaders struct{ MessageID string }
	}
	Bounce struct {
		BounceType        string
		BounceSubType     string
		BouncedRecipients []sesRecipient
	}
	Complaint struct{ ComplainedRecipients []sesRecipient }
	Delivery  struct {
		Recipients   []string
		SMTPResponse string
	}
}

func (s *SES) events(text string) ([]feedback.Report, error) {
	var e sesEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		if !strings.HasPrefix(strings.TrimSpace(text), "{") {
			return nil, nil // Amazon's own words, when the topic is set up
		}
		return nil, malformed(err)
	}
	own, sealed := "", []string{e.Mail.Source}
	for _, h := range e.Mail.Headers {
		switch strings.ToLower(h.Name) {
		case "message-id": // as we wrote it; commonHeaders may have Amazon's
			own = h.Value
		case "x-herald-return":
			sealed = append(sealed, h.Value)
		}
	}
	if own == "" {
		own = e.Mail.CommonHeaders.MessageID
	}
	id := s.id(own, sealed...)
	if id == "" {
		return nil, nil
	}
	var reports []feedback.Report
	switch e.NotificationType + e.EventType {
	case "Delivery":
		for _, to := range e.Delivery.Recipients {
			reports = append(reports, report(s.Name(), id, ledger.Delivered, to, "", e.Delivery.SMTPResponse))
		}
	case "Bounce":
		for _, to := range e.Bounce.BouncedRecipients {
			state := ledger.BouncedSoft
			if e.Bounce.BounceType == "Permanent" && slices.Contains([]string{"General", "NoEmail"}, e.Bounce.BounceSubType) {
				state = permanent(to.Status, to.DiagnosticCode)
			}
			reports = append(reports, report(s.Name(), id, state, to.EmailAddress, to.Status, to.DiagnosticCode))
		}
	case "Complaint":
		for _, to := range e.Complaint.ComplainedRecipients {
			reports = append(reports, report(s.Name(), id, ledger.Complained, to.EmailAddress, "", ""))
		}
	case "Subscription":
		return nil, nil
	}
	return reports, nil
}
