package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/api/hooks"
	"github.com/heraldsend/herald/worker/channel/send"
)

// hooks are the webhooks of mail providers that are set up. What is wrong with their settings is told to fault.
func (s *Settings) hooks(fault func(setting, format string, args ...any)) []hooks.Adapter {
	seals, err := s.seals()
	if err != nil {
		return nil // told under its own name
	}
	var all []hooks.Adapter
	add := func(setting, value string, open func() (hooks.Adapter, error)) {
		if value == "" {
			return
		}
		a, err := open()
		if err != nil {
			fault(setting, "%w", err)
			return
		}
		all = append(all, a)
	}
	add("ses-topics", s.SESTopics, func() (hooks.Adapter, error) {
		topics := strings.FieldsFunc(s.SESTopics, func(r rune) bool { return r == ',' || r == ' ' })
		return hooks.NewSES(topics, fetchAmazon(send.NewHTTPClient(send.HTTPOptions{Timeout: 10 * time.Second})), seals)
	})
	add("postmark-secret", s.PostmarkSecret, func() (hooks.Adapter, error) { return hooks.NewPostmark(s.PostmarkSecret, seals) })
	add("sendgrid-key", s.SendgridKey, func() (hooks.Adapter, error) { return hooks.NewSendGrid(s.SendgridKey, seals) })
	add("mailgun-key", s.MailgunKey, func() (hooks.Adapter, error) { return hooks.NewMailgun(s.MailgunKey, seals, nil) })
	return all
}

// maxAmazon bounds a certificate, and the answer to a confirmation.
const maxAmazon = 64 << 10

func fetchAmazon(client *http.Client) func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, url string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer func() { _ = answer.Body.Close() }()
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("status %d", answer.StatusCode)
		}
		return io.ReadAll(io.LimitReader(answer.Body, maxAmazon))
	}
}
