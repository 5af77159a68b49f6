package app

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/outbox"
)

// eventTimeout is how long the events' endpoint may take for one answer: it only has to store what it gets.
const eventTimeout = 15 * time.Second

// newEvents opens outbox and endpoint of the events; nothing if no endpoint is set.
func newEvents(s *Settings, log *slog.Logger, rdb redis.UniversalClient, open *stack) (*outbox.Store, worker.Endpoint, error) {
	if s.EventsURL == "" {
		return nil, nil, nil
	}
	if strings.HasPrefix(s.EventsURL, "http:") {
		log.Warn("events go out unencrypted: HERALD_EVENTS_URL is http, not https")
	}
	client, err := s.httpClient(eventTimeout)
	if err != nil {
		return nil, nil, fmt.Errorf("events: %w", err)
	}
	endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: s.EventsURL, Secrets: s.secrets(), Client: client})
	if err != nil {
		return nil, nil, fmt.Errorf("events: %w", err)
	}
	told, err := webhook.New(endpoint)
	if err != nil {
		return nil, nil, err
	}
	open.add(told.Close)
	events, err := outbox.New(outbox.Options{Redis: rdb})
	return events, told, err
}
