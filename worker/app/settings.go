package app

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"strings"
	"time"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/api"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/intake/verp"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/seal"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
)

// The defaults.
const (
	DefaultLocale   = "en-us"
	DefaultTimezone = "UTC"
)

// maxRetention is the longest retention.
const maxRetention = 366 * 24 * time.Hour

// EnvName is the environment variable of a flag: --redis-url is HERALD_REDIS_URL.
func EnvName(flag string) string {
	return "HERALD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Settings are all settings. The tags give their flags and environment variables.
type Settings struct {
	RedisURL           string        `placeholder:"URL" default:"redis://127.0.0.1:6379/0" help:"Redis: redis://, rediss:// or unix://; ?addr= names more nodes of a cluster, ?master_name= a Sentinel's master." secret:"url" group:"settings"`
	SMTPURL            string        `name:"smtp-url" placeholder:"URL" help:"Mail server: smtp://user:secret@host:587?tls=mandatory|opportunistic|none&auth=plain|login|cram-md5|scram-sha-1|scram-sha-256|xoauth2&keeps=date,message-id&provider=postmark, or smtps://. Without auth the login is by what the server offers. Several, separated by blanks, stand in for each other." secret:"url" group:"settings"`
	SMTPHello          string        `name:"smtp-hello" placeholder:"NAME" help:"Name with which mail servers are greeted (EHLO): the host's full name, or an address literal such as [192.0.2.1]. When empty, the machine's name if it is a public one, else its address on the connection." group:"settings"`
	DKIMKey            string        `name:"dkim-key" placeholder:"FILE" help:"Private key in PEM that mails are signed with (DKIM)." group:"settings"`
	DKIMKeys           string        `name:"dkim-keys" placeholder:"FOLDER" help:"Private keys in PEM, DOMAIN/SELECTOR.pem: mails are signed by those of their sender's domain." group:"settings"`
	DKIMDomain         string        `name:"dkim-domain" placeholder:"DOMAIN" help:"Domain of the signature." group:"settings"`
	DKIMSelector       string        `name:"dkim-selector" placeholder:"NAME" help:"Selector of the key's DNS record." group:"settings"`
	SMSURL             string        `name:"sms-url" placeholder:"URL" help:"Twilio account: twilio://SID:TOKEN@api.twilio.com?from=+15550100, or ?service=MG…." secret:"url" group:"settings"`
	SMSStopWords       string        `name:"sms-stop-words" placeholder:"LIST" help:"Texts by which people opt out of SMS, besides STOP, STOPALL, OPT OUT and the like in English, German, French, Spanish and Japanese, separated by commas. One with a hyphen is taken away: -CANCEL." group:"settings"`
	SMSStartWords      string        `name:"sms-start-words" placeholder:"LIST" help:"Texts by which they opt in again, besides START, UNSTOP, YES and the like, in the same way." group:"settings"`
	ChatURL            string        `name:"chat-url" placeholder:"URL" help:"https endpoint that gets chats as signed JSON." secret:"url" group:"settings"`
	NoteURL            string        `name:"note-url" placeholder:"URL" help:"https endpoint that gets notes as signed JSON." secret:"url" group:"settings"`
	Unconfigured       string        `enum:"wait,log" default:"wait" help:"What becomes of SMS, chats and notes whose URL is not set: they wait until it is, or log ends them as skipped (logged_only), for development." group:"settings"`
	WebhookSecrets     string        `placeholder:"KEYS" help:"Standard Webhooks keys (whsec_…) that chats, notes and events are signed with, separated by commas: several while they are changed." secret:"key" group:"settings"`
	EventsURL          string        `name:"events-url" placeholder:"URL" help:"https endpoint for events about messages, conversations and bulks, as signed JSON. No events when empty." secret:"url" group:"settings"`
	AllowNetworks      string        `placeholder:"LIST" help:"Private networks that HERALD_SMS_URL, HERALD_CHAT_URL, HERALD_NOTE_URL and HERALD_EVENTS_URL may lead to, by plain http too: 127.0.0.0/8,10.0.0.0/8. Without any they must be public https addresses." group:"settings"`
	DownloadNetworks   string        `placeholder:"LIST" help:"Private networks that attachments may be downloaded from, by https. Whoever may enqueue a message can read what answers there. None when empty." group:"settings"`
	Templates          string        `placeholder:"DIR" help:"Folder of shortcuts, snippets and email layouts. The built-in samples when empty." group:"settings"`
	Editable           bool          `help:"Shortcuts and snippets in HERALD_TEMPLATES can be saved on the preview page and over the API, by tokens with the scope edit." group:"settings"`
	Attachments        string        `placeholder:"DIR" help:"Folder below which recipients' own attachments are looked up. None when empty." group:"settings"`
	Timezone           string        `placeholder:"ZONE" help:"IANA time zone of dates, for recipients who bring none. UTC when empty." group:"settings"`
	Locale             string        `placeholder:"TAG" help:"Language of dates, numbers and snippets, for recipients who bring none. en-us when empty." group:"settings"`
	Country            string        `placeholder:"CODE" help:"Default country: ISO 3166 code, such as GB, for phone numbers without a country's code. They are refused when empty. The same for workers, API and commands." group:"settings"`
	RedisFsync         string        `enum:"always,everysec,no" default:"always" placeholder:"WHEN" help:"The weakest appendfsync of Redis that is accepted. With everysec a crash of Redis's machine loses its last second: accepted jobs, and what was recorded as sent." group:"settings"`
	RedisReplicas      int           `placeholder:"N" default:"0" help:"How many replicas of Redis must have what is recorded of a message before it is sent (hold), and before its outcome counts: promoting one of them then loses none of it. Sending waits while there are fewer." group:"settings"`
	SafeAfter          time.Duration `default:"15m" help:"How old the last sign of life of a worker in Redis may be when workers start. Older data are a backup's, or all workers died at once: nothing is sent before herald resume --from. Never when 0." group:"settings"`
	AllowVolatileRedis bool          `help:"Work on a Redis that can lose jobs. For development." group:"settings"`
	Listen             string        `placeholder:"ADDR" help:"Address of the API, and of /healthz, /readyz and /metrics. 127.0.0.1:8080 when empty, or a free port when that is taken." group:"settings"`
	Profiles           bool          `help:"Answer /debug/pprof/ beside /metrics, to this machine alone: profiles of CPU and memory." group:"settings"`
	APITokens          string        `name:"api-tokens" placeholder:"TOKENS" help:"Who may call the API, as herald token create prints them, separated by commas. Without any the API answers on this machine alone. HERALD_API_TOKENS_FILE is read again whenever it changes." secret:"hash" group:"settings"`
	APIBodies          int           `name:"api-bodies" placeholder:"MB" default:"64" help:"Megabytes of request bodies, files among them, that the API holds at the same time. A request for which there is no room waits 5 s, then gets 503." group:"settings"`
	APIRate            float64       `name:"api-rate" placeholder:"N" default:"1000" help:"Requests a second that each token may make. No limit when 0." group:"settings"`
	PublicURL          string        `name:"public-url" placeholder:"URL" help:"https address at which recipients and carriers reach the API, for links to unsubscribe, files of an MMS and callbacks. No such links when empty." group:"settings"`
	ListID             string        `name:"list-id" placeholder:"TEXT" help:"List-Id of the mails of bulks, such as Fernhill news <news.fernhill.example> (RFC 2919). A bulk's own List-Id, among its headers, goes first. None when empty." group:"settings"`
	Topics             string        `placeholder:"FILE" help:"JSON file with the topics that recipients can unsubscribe from: name, kind (marketing, transactional), titles by language. The same for workers, API, intake and commands. No topics when empty." group:"settings"`
	LinkSecret         string        `placeholder:"SECRETS" help:"What links are sealed with: at least 32 random characters, the same for workers and API. Several, separated by commas, while it is changed: the first one seals." secret:"key" group:"settings"`
	EraseKeys          string        `placeholder:"SECRETS" help:"What erased addresses on the suppression list are hashed with: at least 32 random characters, the same for workers, API and commands. Several, separated by commas: the first one hashes, all must stay." secret:"key" group:"settings"`
	BounceDomain       string        `placeholder:"DOMAIN" help:"Domain of the envelope senders of mails, one for each message, so that bounces and complaints come back to herald intake: its MX is where that listens. Sealed with HERALD_LINK_SECRET. The envelope sender is the From address when empty." group:"settings"`
	DataKeys           string        `placeholder:"KEYS" help:"What is stored about people is encrypted with: ID:KEY, KEY being 32 bytes in base64 (openssl rand -base64 32), the same for workers, API and commands. Several, separated by commas, while it is changed: the first one encrypts, off in its place ends that. Not encrypted when empty." secret:"key" group:"settings"`
	IntakeSMTP         string        `name:"intake-smtp" placeholder:"ADDR" help:"Where herald intake takes the mails that come back, by SMTP: 0.0.0.0:25. Not at all when empty." group:"settings"`
	IntakeLMTP         string        `name:"intake-lmtp" placeholder:"ADDR" help:"Where it takes them by LMTP from a mail server of yours: 127.0.0.1:24, or the path of a socket." group:"settings"`
	IntakeCert         string        `name:"intake-cert" placeholder:"FILE" help:"Certificate in PEM, its chain after it, with which herald intake offers STARTTLS." group:"settings"`
	IntakeKey          string        `name:"intake-key" placeholder:"FILE" help:"Its private key in PEM." group:"settings"`
	IntakeMaildir      string        `name:"intake-maildir" placeholder:"DIR" help:"Maildir from which herald intake takes the mails that come back." group:"settings"`
	IntakeIMAPURL      string        `name:"intake-imap-url" placeholder:"URL" help:"Mailbox whose unread mails herald intake takes: imaps://user:secret@host/MAILBOX, or imap:// with STARTTLS." secret:"url" group:"settings"`
	SESTopics          string        `name:"ses-topics" placeholder:"ARNS" help:"SNS topics to which Amazon SES publishes bounces, complaints and deliveries, separated by commas: POST /hooks/ses takes them." group:"settings"`
	PostmarkSecret     string        `placeholder:"SECRET" help:"Password of Postmark's webhooks, at least 16 characters: https://herald:SECRET@HOST/hooks/postmark. Mails need provider=postmark in HERALD_SMTP_URL." secret:"key" group:"settings"`
	SendgridKey        string        `placeholder:"KEY" help:"Verification key of SendGrid's signed event webhook, https://HOST/hooks/sendgrid." group:"settings"`
	MailgunKey         string        `placeholder:"KEY" help:"HTTP webhook signing key of Mailgun, for https://HOST/hooks/mailgun." secret:"key" group:"settings"`
	SoftBounces        string        `placeholder:"N/DAYS" default:"5/30d" help:"After how many messages that bounced without a final reason (a full mailbox), within how many days, an address is put on the suppression list. Never when 0." group:"settings"`
	Rates              string        `placeholder:"LIST" help:"Messages a second that all workers together may send, by channel or by sender: email=200,sms=10,sms:+15550100=1. No limit for what is not named." group:"settings"`
	Concurrency        int           `default:"16" help:"Bulk messages that one worker sends at the same time; single messages have a quarter of that besides." group:"settings"`
	Approve            int           `placeholder:"N" help:"How many persons, none of whom made it, must approve a bulk before workers send it. Nobody when 0." group:"settings"`
	ApproveAbove       int           `placeholder:"MESSAGES" help:"Bulks of at most so many messages need no approval." group:"settings"`
	PauseAbove         float64       `placeholder:"PERCENT" default:"20" help:"Percent of a bulk's last 500 messages that may fail or be unknown: above it the bulk pauses by itself, and a person resumes or cancels it. Never when 0." group:"settings"`
	DrainTimeout       time.Duration `default:"30s" help:"How long a worker that stops waits for messages in flight." group:"settings"`
	KeepContent        string        `enum:"yes,no" default:"yes" help:"Whether what single messages were made of, their contexts too, is kept as long as their state, so that they can be shown as they were sent. With no it is forgotten when they are." group:"settings"`
	Retention          time.Duration `default:"720h" help:"How long what was sent is known after it was to be sent: states, contents, ids, Idempotency-Keys. After that the same id is another message. The same for workers, API and commands." group:"settings"`
	LogLevel           string        `enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error." group:"settings"`
	LogFormat          string        `enum:"text,json" default:"text" help:"text or json." group:"settings"`

	files secretFiles `kong:"-"` // see ReadSecretFiles
}

// Check reports every fault at once, each on a line with the name of its setting. (Kong would call a Validate by
// itself, also for a command that reports faults in its own way.)
func (s *Settings) Check() error {
	var errs []error
	fault := func(setting, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %w", EnvName(setting), fmt.Errorf(format, args...)))
	}
	errs = append(errs, s.files.faults...)
	if _, err := redisOptions(s.RedisURL, s.Concurrency); err != nil {
		fault("redis-url", "%w", err)
	}
	for _, w := range ways {
		if w.faults != nil {
			w.faults(s, fault)
		}
	}
	if _, err := seal.Parse(s.DataKeys); err != nil {
		fault("data-keys", "%w", err)
	}
	for setting, list := range map[string]string{"allow-networks": s.AllowNetworks, "download-networks": s.DownloadNetworks} {
		if _, err := send.ParseNetworks(list); err != nil {
			fault(setting, "%w", err)
		}
	}
	endpointFaults("events-url", func(s *Settings) string { return s.EventsURL })(s, fault)
	for setting, dir := range map[string]string{"templates": s.Templates, "attachments": s.Attachments} {
		if dir == "" {
			continue
		}
		if info, err := os.Stat(dir); err != nil {
			fault(setting, "no folder %.100q", dir)
		} else if !info.IsDir() {
			fault(setting, "%.100q is not a folder", dir)
		}
	}
	if s.Editable && s.Templates == "" {
		fault("editable", "needs HERALD_TEMPLATES: the built-in templates can't be changed")
	}
	if s.Timezone != "" {
		if _, ok := moment.FindZone(s.Timezone); !ok {
			fault("timezone", "%.100q is not an IANA time zone such as Europe/Berlin", s.Timezone)
		}
	}
	if s.Locale != "" {
		if _, err := catalog.Languages(s.Locale); err != nil {
			fault("locale", "%w, such as en-us or fr-CA", err)
		}
	}
	if err := phone.CheckCountry(s.Country); err != nil {
		fault("country", "%w", err)
	}
	if s.Listen != "" {
		if _, _, err := net.SplitHostPort(s.Listen); err != nil {
			fault("listen", "%.100q is not host:port", s.Listen)
		}
	}
	if _, err := s.rates(); err != nil {
		fault("rates", "%w", err)
	}
	if err := suppress.CheckKeys(s.eraseKeys()); err != nil {
		fault("erase-keys", "%w", err)
	}
	if _, err := api.ParseTokens(s.APITokens); err != nil {
		fault("api-tokens", "%w", err)
	}
	if s.BounceDomain != "" {
		if _, err := s.seals(); err != nil {
			fault("bounce-domain", "%w", err)
		}
	}
	s.intakeFaults(fault)
	if s.PublicURL != "" && s.LinkSecret == "" || s.LinkSecret != "" && s.PublicURL == "" && s.BounceDomain == "" {
		fault("public-url", "links need HERALD_PUBLIC_URL and HERALD_LINK_SECRET together")
	} else if _, err := s.links(); err != nil {
		fault("public-url", "%w", err)
	}
	if _, err := s.topics(); err != nil {
		fault("topics", "%w", err)
	}
	if s.ListID != "" {
		if err := message.CheckListID(s.ListID); err != nil {
			fault("list-id", "%w", err)
		}
	}
	if s.APIBodies < api.LeastBodies>>20 {
		fault("api-bodies", "%d is less than the %d MB that the largest body may have", s.APIBodies, api.LeastBodies>>20)
	}
	if !(s.APIRate >= 0) || math.IsInf(s.APIRate, 1) {
		fault("api-rate", "%v is not a number of requests a second", s.APIRate)
	}
	if s.RedisReplicas < 0 || s.RedisReplicas > 10 {
		fault("redis-replicas", "%d is not from 0 to 10", s.RedisReplicas)
	}
	if s.Concurrency < 1 || s.Concurrency > 10_000 {
		fault("concurrency", "%d is not between 1 and 10000", s.Concurrency)
	}
	if s.Retention != 0 && (s.Retention < time.Hour || s.Retention > maxRetention) {
		fault("retention", "%s is not from 1h to %s", s.Retention, maxRetention)
	}
	if s.Approve < 0 || s.Approve > 10 {
		fault("approve", "%d is not from 0 to 10 persons", s.Approve)
	}
	if s.ApproveAbove < 0 {
		fault("approve-above", "%d is no number of messages", s.ApproveAbove)
	}
	if !(s.PauseAbove >= 0 && s.PauseAbove <= 100) {
		fault("pause-above", "%v is not from 0 to 100 percent", s.PauseAbove)
	}
	if s.DrainTimeout < time.Second {
		fault("drain-timeout", "%s is less than a second", s.DrainTimeout)
	}
	return errors.Join(errs...)
}

// rates reads the rates by channel ("sms") and by sender ("sms:+15550100").
func (s *Settings) rates() (map[string]float64, error) {
	return delivery.ParseRates(s.Rates, s.Country)
}

// Logger returns the program's log, written to w.
func (s *Settings) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(strings.ToUpper(s.LogLevel))) // one of the enum's
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: withUnit}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// withUnit writes durations as people do, 12.3ms: JSON alone would give bare nanoseconds.
func withUnit(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().Round(10 * time.Microsecond).String())
	}
	return a
}

// links makes the sealed links of messages; nil if none are set up.
func (s *Settings) links() (*link.Links, error) { return s.linksAt(time.Now) }

// linksAt are links as they are made at a time.
func (s *Settings) linksAt(now func() time.Time) (*link.Links, error) {
	if s.PublicURL == "" {
		return nil, nil
	}
	return link.New(link.Options{PublicURL: s.PublicURL, Secrets: s.linkSecrets(), Now: now})
}

func (s *Settings) linkSecrets() []string {
	return strings.FieldsFunc(s.LinkSecret, func(r rune) bool { return r == ',' || r == ' ' })
}

// seals makes the envelope senders of mails; nil if none are set up.
func (s *Settings) seals() (*verp.Seals, error) {
	if s.BounceDomain == "" {
		return nil, nil
	}
	if s.LinkSecret == "" {
		return nil, errors.New("set HERALD_LINK_SECRET too: it seals the envelope senders")
	}
	return verp.New(s.BounceDomain, s.linkSecrets())
}

// accounts are the mail servers' URLs, the preferred one first.
func (s *Settings) accounts() []string { return strings.Fields(s.SMTPURL) }

// dkim reads the keys that mails are signed with, nil when none are set. log is told of senders without one; it may be nil.
func (s *Settings) dkim(log *slog.Logger) (*email.Keyring, error) {
	keys := &email.Keyring{}
	if s.DKIMKeys != "" {
		var err error
		if keys, err = email.ReadKeyring(os.DirFS(s.DKIMKeys)); err != nil {
			return nil, fmt.Errorf("HERALD_DKIM_KEYS: %w", err)
		}
	}
	if s.DKIMKey != "" {
		text, err := os.ReadFile(s.DKIMKey)
		if err != nil {
			return nil, fmt.Errorf("HERALD_DKIM_KEY: %w", err)
		}
		key, err := email.ParseDKIMKey(text)
		if err != nil {
			return nil, fmt.Errorf("HERALD_DKIM_KEY: %w", err)
		}
		keys.Any = &email.DKIM{Domain: s.DKIMDomain, Selector: s.DKIMSelector, Key: key}
	}
	if log != nil && s.DKIMKeys != "" {
		keys.Unsigned = func(domain string) {
			log.Warn("HERALD_DKIM_KEYS has no key for this sender's domain: its mails are not signed", "domain", domain)
		}
	}
	return keys, nil
}

// secrets are the keys that chats, notes and events are signed with.
func (s *Settings) secrets() []string {
	return strings.FieldsFunc(s.WebhookSecrets, func(r rune) bool { return r == ',' || r == ' ' })
}

// mailConnections is how many mails a worker may send at the same time, bulk and single ones.
func (s *Settings) mailConnections() int { return s.Concurrency + max(1, s.Concurrency/4) }
