package send

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Standard Webhooks (standardwebhooks.com, version 1): a request is signed by HMAC-SHA256 over `id.timestamp.body`.

const (
	secretPrefix = "whsec_"
	tolerance    = 5 * time.Minute // between the timestamp and now, either way
)

// Secret is a shared key: 24 to 64 bytes.
type Secret []byte

// ParseSecret reads "whsec_" and base64. Its error doesn't show the value.
func ParseSecret(s string) (Secret, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("a webhook secret must be whsec_ and the base64 of 24 to 64 bytes")
	}
	return key, nil
}

func (s Secret) sum(id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, s)
	_, _ = h.Write([]byte(id + "." + timestamp + "."))
	_, _ = h.Write(body)
	return h.Sum(nil)
}

// Sign sets the webhook-id, webhook-timestamp and webhook-signature headers: one signature for each secret, so that
// secrets can be changed without a gap.
func Sign(h http.Header, secrets []Secret, id string, now time.Time, body []byte) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	var signatures []string
	for _, s := range secrets {
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(s.sum(id, timestamp, body)))
	}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", strings.Join(signatures, " "))
}

// Verifier checks signed requests. It is safe for concurrent use, and remembers ids for as long as their timestamps
// would pass: a second request with one is a replay. Its memory is this process's alone.
type Verifier struct {
	secrets []Secret

	mu    sync.Mutex
	seen  map[string]time.Time
	swept time.Time
}

// NewVerifier accepts a signature of any of the secrets.
func NewVerifier(secrets ...Secret) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("a webhook verifier needs a secret")
	}
	return &Verifier{secrets: secrets, seen: map[string]time.Time{}}, nil
}

// The reasons to refuse a signed request.
var (
	ErrSignature = errors.New("the webhook's signature is not ours")
	ErrTimestamp = errors.New("the webhook's timestamp is more than 5 minutes away")
	ErrReplay    = errors.New("the webhook's id was seen before")
)

// Verify checks one request's headers and whole body.
func (v *Verifier) Verify(h http.Header, body []byte, now time.Time) error {
	id, timestamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	if id == "" || !v.signed(h.Get("webhook-signature"), id, timestamp, body) {
		return ErrSignature
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return ErrTimestamp
	}
	sent := time.Unix(seconds, 0)
	if now.Sub(sent) > tolerance || sent.Sub(now) > tolerance {
		return ErrTimestamp
	}
	return v.remember(id, now)
}

// signed compares every signature with every secret, each in constant time.
func (v *Verifier) signed(signatures, id, timestamp string, body []byte) bool {
	found := false
	for _, s := range strings.Fields(signatures) {
		got, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "v1,"))
		if err != nil || !strings.HasPrefix(s, "v1,") {
			continue
		}
		for _, secret := range v.secrets {
			if hmac.Equal(got, secret.sum(id, timestamp, body)) {
				found = true
			}
		}
	}
	return found
}

// Forget lets a request with this id be verified again: for one that was verified and then not worked on, so that the
// sender's next try is no replay.
func (v *Verifier) Forget(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.seen, id)
}

func (v *Verifier) remember(id string, now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.swept) > tolerance {
		for old, until := range v.seen {
			if now.After(until) {
				delete(v.seen, old)
			}
		}
		v.swept = now
	}
	if until, ok := v.seen[id]; ok && !now.After(until) {
		return ErrReplay
	}
	v.seen[id] = now.Add(2 * tolerance)
	return nil
}
