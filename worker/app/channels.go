package app

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/heraldsend/herald/worker/channel/chat"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/note"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/remake"
)

// sender sends the messages of one channel.
type sender interface {
	delivery.Sender
	io.Closer
}

// way is how the settings set up a channel.
type way struct {
	channel message.Channel
	// check is the check of the channel, which is made also if the channel has no sender.
	check func(*message.Message) error
	// setting is the flag of the setting that configures the channel, and address its value.
	setting string
	address func(*Settings) string
	// open opens the sender; nil if it is not configured.
	open func(*Settings, *slog.Logger) (sender, error)
	// faults reports what is wrong with the settings of the channel, under their names; nil if it has none of its
	// own.
	faults func(s *Settings, fault func(setting, format string, args ...any))
	// noBulk says why the channel must not send bulks; nil if it may.
	noBulk func(*Settings) error
	// writers write messages as the channel's accounts send them; they reach nobody.
	writers func(*Settings) ([]remake.Writer, error)
}

// ways is the table of senders: a row for each channel of package message.
var ways = []way{
	{channel: message.Email, check: email.Check, setting: "smtp-url", address: smtpURL, open: openEmail, faults: emailFaults, noBulk: emailNoBulk, writers: emailWriters},
	{channel: message.SMS, check: sms.Check, setting: "sms-url", address: smsURL, open: openSMS, faults: smsFaults, writers: smsWriters},
	{channel: message.Chat, check: chat.Check, setting: "chat-url", address: chatURL, open: openChat, faults: endpointFaults("chat-url", chatURL), writers: writer(&chat.Sender{})},
	{channel: message.Note, check: note.Check, setting: "note-url", address: noteURL, open: openNote, faults: endpointFaults("note-url", noteURL), writers: writer(&note.Sender{})},
}

func smtpURL(s *Settings) string { return s.SMTPURL }
func smsURL(s *Settings) string  { return s.SMSURL }
func chatURL(s *Settings) string { return s.ChatURL }
func noteURL(s *Settings) string { return s.NoteURL }

// openSenders opens the sender of every configured channel. A warning says what happens to the messages of the
// others.
func openSenders(s *Settings, log *slog.Logger, open *stack) (map[message.Channel]delivery.Sender, error) {
	senders := map[message.Channel]delivery.Sender{}
	for _, w := range ways {
		out, err := w.open(s, log)
		if err != nil {
			return nil, err
		}
		if out == nil {
			log.Warn("messages of a channel that is not configured: "+s.fate(), "channel", w.channel, "setting", EnvName(w.setting))
			continue
		}
		open.add(out.Close)
		senders[w.channel] = out
	}
	return senders, nil
}

// fate says what happens to messages of channels that are not configured.
func (s *Settings) fate() string {
	if s.logsOnly() {
		return "they are skipped (logged_only)"
	}
	return "they wait (no_sender)"
}

// logsOnly reports whether messages of channels that are not configured are skipped.
func (s *Settings) logsOnly() bool { return s.Unconfigured == "log" }

// unconfigured are the channels without a sender, with the setting that configures each. Without senders, for a
// process that sends nothing, the settings decide; email counts as configured then, since no worker runs without it.
func (s *Settings) unconfigured(senders map[message.Channel]delivery.Sender) map[message.Channel]string {
	missing := map[message.Channel]string{}
	for _, w := range ways {
		there := w.address(s) != "" || w.channel == message.Email
		if senders != nil {
			there = senders[w.channel] != nil
		}
		if !there {
			missing[w.channel] = EnvName(w.setting)
		}
	}
	return missing
}

// checks are the checks of all channels.
func checks() map[message.Channel]func(*message.Message) error {
	all := map[message.Channel]func(*message.Message) error{}
	for _, w := range ways {
		all[w.channel] = w.check
	}
	return all
}

// noBulk says why channels must not send bulks, for those that must not.
func (s *Settings) noBulk() map[message.Channel]error {
	refused := map[message.Channel]error{}
	for _, w := range ways {
		if w.noBulk == nil {
			continue
		}
		if err := w.noBulk(s); err != nil {
			refused[w.channel] = err
		}
	}
	return refused
}

func openEmail(s *Settings, log *slog.Logger) (sender, error) {
	sign, err := s.dkim(log)
	if err != nil {
		return nil, err
	}
	seals, err := s.seals()
	if err != nil {
		return nil, err
	}
	var accounts []email.Options
	for _, address := range s.accounts() {
		o := email.Options{URL: address, Hello: s.SMTPHello, MaxConns: s.mailConnections(), DKIM: sign}
		if seals != nil {
			o.Envelope = seals
		}
		accounts = append(accounts, o)
	}
	return email.NewAccounts(accounts...)
}

func emailFaults(s *Settings, fault func(setting, format string, args ...any)) {
	for _, address := range s.accounts() {
		if err := email.CheckURL(address); err != nil {
			fault("smtp-url", "%w", err)
		}
	}
	if s.SMTPHello != "" {
		if err := email.CheckHello(s.SMTPHello); err != nil {
			fault("smtp-hello", "%w", err)
		}
	}
	if (s.DKIMKey == "") != (s.DKIMDomain == "") || (s.DKIMKey == "") != (s.DKIMSelector == "") {
		fault("dkim-key", "a signature needs HERALD_DKIM_KEY, HERALD_DKIM_DOMAIN and HERALD_DKIM_SELECTOR together")
	}
}

func emailNoBulk(s *Settings) error {
	for _, address := range s.accounts() {
		if err := email.CheckBulk(address); err != nil {
			return err
		}
	}
	return nil
}

func openSMS(s *Settings, _ *slog.Logger) (sender, error) {
	if s.SMSURL == "" {
		return nil, nil
	}
	o, err := sms.ParseURL(s.SMSURL)
	if err != nil {
		return nil, err
	}
	if o.Client, err = s.httpClient(0); err != nil {
		return nil, err
	}
	return sms.New(o)
}

func smsFaults(s *Settings, fault func(setting, format string, args ...any)) {
	if _, err := sms.NewWords(s.SMSStopWords, s.SMSStartWords); err != nil {
		fault("sms-stop-words", "with HERALD_SMS_START_WORDS: %w", err)
	}
	if s.SMSURL == "" {
		return
	}
	o, err := sms.ParseURL(s.SMSURL)
	if err != nil {
		fault("sms-url", "%w", err)
		return
	}
	if networks, err := send.ParseNetworks(s.AllowNetworks); err == nil {
		if err := send.CheckTarget(o.BaseURL, networks, EnvName("allow-networks")); err != nil {
			fault("sms-url", "%w", err)
		}
	}
}

func openChat(s *Settings, _ *slog.Logger) (sender, error) {
	endpoint, err := s.endpoint(s.ChatURL)
	if endpoint == nil || err != nil {
		return nil, err
	}
	return chat.New(endpoint, chat.Defaults{})
}

func openNote(s *Settings, _ *slog.Logger) (sender, error) {
	endpoint, err := s.endpoint(s.NoteURL)
	if endpoint == nil || err != nil {
		return nil, err
	}
	return note.New(endpoint, "")
}

// endpoint is an endpoint for signed JSON; nil if there is no address.
func (s *Settings) endpoint(address string) (*send.Endpoint, error) {
	if address == "" {
		return nil, nil
	}
	client, err := s.httpClient(0)
	if err != nil {
		return nil, err
	}
	return send.NewEndpoint(send.EndpointOptions{URL: address, Secrets: s.secrets(), Client: client})
}

// httpClient is for the operator's own endpoints. It also connects to the private networks that are listed, there by
// plain http too. A timeout of 0 means the client's own.
func (s *Settings) httpClient(timeout time.Duration) (*http.Client, error) {
	networks, err := send.ParseNetworks(s.AllowNetworks)
	if err != nil {
		return nil, err
	}
	return send.NewHTTPClient(send.HTTPOptions{
		Timeout: timeout, AllowPrivate: networks, AllowHTTP: true, Setting: EnvName("allow-networks"),
	}), nil
}

// downloads is for the URLs of attachments. Callers choose these, so it connects only to the networks of another
// setting, never to those of the operator's endpoints, and only by https.
func (s *Settings) downloads() (*http.Client, error) {
	networks, err := send.ParseNetworks(s.DownloadNetworks)
	if err != nil {
		return nil, err
	}
	return send.NewHTTPClient(send.HTTPOptions{AllowPrivate: networks, Setting: EnvName("download-networks")}), nil
}

// endpointFaults reports what is wrong with a setting that is the address of an endpoint.
func endpointFaults(setting string, address func(*Settings) string) func(*Settings, func(string, string, ...any)) {
	return func(s *Settings, fault func(setting, format string, args ...any)) {
		networks, err := send.ParseNetworks(s.AllowNetworks)
		if address(s) == "" || err != nil { // told under its own name
			return
		}
		if _, err := s.endpoint(address(s)); err != nil {
			fault(setting, "%w (signed with HERALD_WEBHOOK_SECRETS)", err)
		} else if err := send.CheckTarget(address(s), networks, EnvName("allow-networks")); err != nil {
			fault(setting, "%w", err)
		}
	}
}
