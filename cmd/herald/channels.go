package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
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
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
)

// newSenders opens every channel's way out. A channel that is not configured only logs, and a warning says so.
func newSenders(c *config, log *slog.Logger, stop *closers) (map[message.Channel]worker.Sender, error) {
	sign, err := c.dkim()
	if err != nil {
		return nil, err
	}
	var accounts []email.Options
	for _, address := range c.accounts() {
		accounts = append(accounts, email.Options{URL: address, MaxConns: c.Concurrency + max(1, c.Concurrency/4), DKIM: sign})
	}
	mail, err := email.NewAccounts(accounts...)
	if err != nil {
		return nil, err
	}
	stop.add(mail.Close)
	only, err := logger.New(log)
	if err != nil {
		return nil, err
	}
	senders := map[message.Channel]worker.Sender{message.Email: mail, message.SMS: only, message.Chat: only, message.Note: only}
	if c.SMSURL != "" {
		o, err := sms.ParseURL(c.SMSURL)
		if err != nil {
			return nil, err
		}
		texts, err := sms.New(o)
		if err != nil {
			return nil, err
		}
		stop.add(texts.Close)
		senders[message.SMS] = texts
	}
	if c.ChatURL != "" {
		endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: c.ChatURL, Secrets: c.secrets()})
		if err != nil {
			return nil, fmt.Errorf("chat: %w", err)
		}
		chats, err := chat.New(endpoint, chat.Defaults{})
		if err != nil {
			return nil, err
		}
		stop.add(chats.Close)
		senders[message.Chat] = chats
	}
	if c.NoteURL != "" {
		endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: c.NoteURL, Secrets: c.secrets()})
		if err != nil {
			return nil, fmt.Errorf("note: %w", err)
		}
		notes, err := note.New(endpoint, "")
		if err != nil {
			return nil, err
		}
		stop.add(notes.Close)
		senders[message.Note] = notes
	}
	var logged []string
	for _, channel := range message.Channels {
		if senders[channel] == worker.Sender(only) {
			logged = append(logged, string(channel))
		}
	}
	if len(logged) > 0 {
		log.Warn("messages of these channels are only logged: they are not configured", "channels", strings.Join(logged, ", "))
	}
	return senders, nil
}

// eventTimeout is how long the events' endpoint may take for one answer: it only has to store what it gets.
const eventTimeout = 15 * time.Second

// newEvents opens what callers are told through: nothing where no endpoint is set. Unlike an address that a job brings,
// the operator's own may be a private one, and plain http there.
func newEvents(c *config, log *slog.Logger, rdb redis.UniversalClient, stop *closers) (*outbox.Store, worker.Endpoint, error) {
	if c.EventsURL == "" {
		return nil, nil, nil
	}
	if strings.HasPrefix(c.EventsURL, "http:") {
		log.Warn("events go out unencrypted: HERALD_EVENTS_URL is http, not https")
	}
	anywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	endpoint, err := send.NewEndpoint(send.EndpointOptions{
		URL: c.EventsURL, Secrets: c.secrets(),
		Client: send.NewHTTPClient(send.HTTPOptions{Timeout: eventTimeout, AllowPrivate: anywhere, AllowHTTP: true}),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("events: %w", err)
	}
	told, err := webhook.New(endpoint)
	if err != nil {
		return nil, nil, err
	}
	stop.add(told.Close)
	events, err := outbox.New(outbox.Options{Redis: rdb})
	return events, told, err
}

// accounts are the mail servers' URLs, the preferred one first.
func (c *config) accounts() []string { return strings.Fields(c.SMTPURL) }

// noBulk says why a channel must not carry a bulk, where it must not.
func (c *config) noBulk() map[message.Channel]error {
	for _, address := range c.accounts() {
		if err := email.CheckBulk(address); err != nil {
			return map[message.Channel]error{message.Email: err}
		}
	}
	return nil
}

// dkim reads the key that mails are signed with, nil when none is set.
func (c *config) dkim() (*email.DKIM, error) {
	if c.DKIMKey == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.DKIMKey)
	if err != nil {
		return nil, fmt.Errorf("HERALD_DKIM_KEY: %w", err)
	}
	key, err := email.ParseDKIMKey(text)
	if err != nil {
		return nil, fmt.Errorf("HERALD_DKIM_KEY: %w", err)
	}
	return &email.DKIM{Domain: c.DKIMDomain, Selector: c.DKIMSelector, Key: key}, nil
}

// secrets are the keys that chats, notes and events are signed with.
func (c *config) secrets() []string {
	return strings.FieldsFunc(c.WebhookSecrets, func(r rune) bool { return r == ',' || r == ' ' })
}
