package app

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker"
	"github.com/heraldsend/herald/worker/channel/chat"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/logger"
	"github.com/heraldsend/herald/worker/channel/note"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
)

// newSenders opens every channel's way out. A channel that is not configured only logs, and a warning says so.
func newSenders(s *Settings, log *slog.Logger, open *stack) (map[message.Channel]delivery.Sender, error) {
	sign, err := s.dkim()
	if err != nil {
		return nil, err
	}
	var accounts []email.Options
	for _, address := range s.accounts() {
		accounts = append(accounts, email.Options{URL: address, Hello: s.SMTPHello, MaxConns: s.mailConnections(), DKIM: sign})
	}
	mail, err := email.NewAccounts(accounts...)
	if err != nil {
		return nil, err
	}
	open.add(mail.Close)
	senders := map[message.Channel]delivery.Sender{message.Email: mail}
	if s.SMSURL != "" {
		o, err := sms.ParseURL(s.SMSURL)
		if err != nil {
			return nil, err
		}
		texts, err := sms.New(o)
		if err != nil {
			return nil, err
		}
		open.add(texts.Close)
		senders[message.SMS] = texts
	}
	if s.ChatURL != "" {
		endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: s.ChatURL, Secrets: s.secrets()})
		if err != nil {
			return nil, fmt.Errorf("chat: %w", err)
		}
		chats, err := chat.New(endpoint, chat.Defaults{})
		if err != nil {
			return nil, err
		}
		open.add(chats.Close)
		senders[message.Chat] = chats
	}
	if s.NoteURL != "" {
		endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: s.NoteURL, Secrets: s.secrets()})
		if err != nil {
			return nil, fmt.Errorf("note: %w", err)
		}
		notes, err := note.New(endpoint, "")
		if err != nil {
			return nil, err
		}
		open.add(notes.Close)
		senders[message.Note] = notes
	}
	var logged []string
	for channel, check := range s.checks() {
		if senders[channel] == nil {
			if senders[channel], err = logger.New(log, check); err != nil {
				return nil, err
			}
			logged = append(logged, string(channel))
		}
	}
	slices.Sort(logged)
	if len(logged) > 0 {
		log.Warn("messages of these channels are only logged: they are not configured", "channels", strings.Join(logged, ", "))
	}
	return senders, nil
}

// eventTimeout is how long the events' endpoint may take for one answer: it only has to store what it gets.
const eventTimeout = 15 * time.Second

// newEvents opens what callers are told through: nothing where no endpoint is set. Unlike an address that a job brings,
// the operator's own may be a private one, and plain http there.
func newEvents(s *Settings, log *slog.Logger, rdb redis.UniversalClient, open *stack) (*outbox.Store, worker.Endpoint, error) {
	if s.EventsURL == "" {
		return nil, nil, nil
	}
	if strings.HasPrefix(s.EventsURL, "http:") {
		log.Warn("events go out unencrypted: HERALD_EVENTS_URL is http, not https")
	}
	anywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	endpoint, err := send.NewEndpoint(send.EndpointOptions{
		URL: s.EventsURL, Secrets: s.secrets(),
		Client: send.NewHTTPClient(send.HTTPOptions{Timeout: eventTimeout, AllowPrivate: anywhere, AllowHTTP: true}),
	})
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
