// Package fax posts faxes as JSON to a configured address. It exists in a test alone.
package fax

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

const maxText = 100 // bytes

// Sender posts faxes.
type Sender struct{ url string }

// CheckURL says what is wrong with the address.
func CheckURL(raw string) error {
	if u, err := url.Parse(raw); err != nil || u.Host == "" {
		return errors.New("not an address")
	}
	return nil
}

// New needs an address.
func New(raw string) (*Sender, error) { return &Sender{raw}, CheckURL(raw) }

// Check says why a message is no fax that Send takes.
func Check(m *message.Message) error {
	if m.Channel != message.Fax {
		return errors.New("not a fax")
	}
	var f fault.List
	f.Join("", m.Validate())
	if len(f) == 0 {
		if err := phone.Check(m.To[0].Addr); err != nil {
			f.Add("/to", fault.BadAddress, "%v", err)
		}
	}
	if n := len(m.Text); n > maxText {
		f.Add("/text", fault.TooLong, "%d bytes, at most %d", n, maxText)
	}
	return f.Err()
}

// Send posts one fax.
func (s *Sender) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	if err := Check(m); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	body, err := json.Marshal(map[string]string{"id": m.ID, "to": m.To[0].Addr, "text": m.Text})
	if err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	resp, failed := send.Do(http.DefaultClient, req, time.Now())
	if failed != nil {
		return send.Receipt{}, failed
	}
	if e := send.StatusError(resp); e != nil {
		return send.Receipt{}, e
	}
	return send.Receipt{ID: m.ID}, nil
}

// Close does nothing.
func (s *Sender) Close() error { return nil }
