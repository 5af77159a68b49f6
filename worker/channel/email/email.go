// Package email sends messages over SMTP, one Sender for each account. A Sender composes the MIME message, keeps a
// bounded pool of connections that go-mail opened and secured, hands the message over in as few round trips as the
// server allows, and says of every failure whether to try again.
//
// Read it in this order: email.go (Send), compose.go, header.go, encode.go and files.go and dkim.go (what is sent), pool.go, dial.go,
// hello.go, login.go and conn.go (over what), wire.go and reply.go (how, and what the answer means), accounts.go (several accounts).
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Options configure an account. Only URL is needed.
type Options struct {
	// URL is smtp://user:secret@host:587?tls=mandatory|opportunistic|none&auth=MECHANISM&wire=auto|pipelining|plain&keeps=date,message-id&provider=postmark or
	// smtps://user:secret@host:465. TLS is mandatory unless it says otherwise; without MECHANISM the login is by
	// one that the server offers: see preferred.
	URL   string
	Hello string // name for EHLO; when empty, the machine's if it is a public one, else its address on the connection

	MaxConns    int           // connections at once, 8 where 0
	MaxMessages int           // messages before a connection is replaced, 1,000 where 0
	IdleTimeout time.Duration // an idle connection is closed after it, 30 s where 0
	CheckAfter  time.Duration // a connection that rested longer is asked (NOOP) before use, 1 s where 0
	Timeouts    Timeouts
	CacheBytes  int64 // encoded attachments kept for reuse, 64 MB where 0

	DKIM     *Keyring         // signs mails; nil for no signature
	Envelope Envelope         // makes envelope senders; nil: the sender of the message is that of its envelope
	TLS      *tls.Config      // roots and certificates; nil means the system's
	Now      func() time.Time // clock of the Date field; time.Now where nil
}

// Envelope makes the addresses to which others answer for a message: *verp.Seals.
type Envelope interface {
	// Sender is the envelope sender of a message; several says that the mail has several recipients.
	Sender(id string, several bool) string
	// Unsubscriber is the address at which the recipient unsubscribes by mail.
	Unsubscriber(id string) string
}

// Timeouts bound each part of a conversation (RFC 5321 section 4.5.3.2). Fields that are 0 take the default.
type Timeouts struct {
	Dial    time.Duration // connecting, TLS and login together: 30 s
	Command time.Duration // one command's reply, one block of content: 1 min
	Final   time.Duration // the answer to the complete message: 5 min
	Message time.Duration // one message from MAIL to the last answer: 10 min
}

// Sender sends through one account. It is safe for concurrent use: up to MaxConns messages are sent at once, further
// calls of Send wait.
type Sender struct {
	composer *composer
	dkim     *Keyring
	kept     []string // of replaced
	pool     *pool
	where    string // the account, for people
}

// New checks the options. It doesn't connect: the first Send does.
func New(o Options) (*Sender, error) {
	s, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if err := o.setDefaults(); err != nil {
		return nil, err
	}
	d := &dialer{settings: s, tls: o.TLS, hello: o.Hello, timeouts: o.Timeouts}
	return &Sender{
		composer: &composer{now: o.Now, files: newFileCache(o.CacheBytes), envelope: o.Envelope, idField: providerFields[s.provider]},
		dkim:     o.DKIM,
		kept:     s.kept,
		pool:     newPool(o, d.dial),
		where:    s.where(),
	}, nil
}

// Check says what is wrong with a message for this channel; nil if Send takes it. It asks no server.
func Check(m *message.Message) error {
	if m.Channel != message.Email {
		return errors.New("not an email")
	}
	return m.Validate()
}

// Send sends one message. The error is a *send.Error; ctx bounds the whole. The ID of the Receipt is the Message-ID,
// the same for every try.
func (s *Sender) Send(ctx context.Context, m *message.Message) (send.Receipt, error) {
	if err := Check(m); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	mail := s.composer.compose(m)
	defer s.composer.release(mail)
	sum, date := mail.sum(), mail.date
	if err := s.dkim.sign(mail, m.From.Domain(), s.kept); err != nil {
		return send.Receipt{}, &send.Error{Account: true, Code: "dkim", Step: "SIGN", Err: err}
	}
	for fresh := false; ; fresh = true {
		conn, err := s.pool.get(ctx, fresh)
		if err != nil {
			return send.Receipt{}, err
		}
		reused := conn.sent > 0
		receipt, failed := conn.deliver(ctx, mail)
		stale := reused && conn.dead && failed != nil && failed.Temporary() && (failed.Step == "RSET" || failed.Step == "MAIL")
		s.pool.put(conn)
		switch {
		case failed == nil:
			receipt.Sum, receipt.Date = sum, date
			return receipt, nil
		case fresh || !stale || ctx.Err() != nil:
			return send.Receipt{}, failed
		}
		// The server closed a connection that it had used before, and took nothing: a new one may work.
	}
}

// Probe connects and logs in, or reports why it can't: a *send.Error. The connection is kept for the next message.
func (s *Sender) Probe(ctx context.Context) error {
	conn, err := s.pool.get(ctx, true)
	if err != nil {
		return err
	}
	s.pool.put(conn)
	return nil
}

// Compose returns the message as Send would write it, for an .eml file or a preview.
func Compose(m *message.Message, now time.Time) ([]byte, error) {
	if err := Check(m); err != nil {
		return nil, err
	}
	c := &composer{now: func() time.Time { return now }, files: newFileCache(0)}
	return c.compose(m).bytes(), nil
}

func (m *mail) bytes() []byte {
	raw := make([]byte, 0, m.size)
	for _, s := range m.segments {
		raw = append(raw, s.data...)
	}
	return raw
}

// Writer writes messages as a Sender with these options does, but for the signature: DKIM's holds the time at which it was made.
type Writer struct{ composer *composer }

// NewWriter is for an account, which need not exist.
func NewWriter(o Options) (*Writer, error) {
	s, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	return &Writer{&composer{now: time.Now, files: newFileCache(0), envelope: o.Envelope, idField: providerFields[s.provider]}}, nil
}

// Written returns a message as it was sent at a time.
func (w *Writer) Written(m *message.Message, date time.Time) []send.Written {
	mail := w.composer.composeAt(m, date)
	return []send.Written{{Type: "message/rfc822", Bytes: mail.bytes(), Sum: mail.sum()}}
}

// Close ends idle connections and waits for messages that are being sent; their deadlines bound the wait. Send fails
// afterwards.
func (s *Sender) Close() error {
	s.pool.close()
	return nil
}

func (o *Options) setDefaults() error {
	if o.MaxConns < 0 || o.MaxMessages < 0 || o.IdleTimeout < 0 || o.CheckAfter < 0 || o.CacheBytes < 0 ||
		o.Timeouts.Dial < 0 || o.Timeouts.Command < 0 || o.Timeouts.Final < 0 || o.Timeouts.Message < 0 {
		return errors.New("email: numbers and times in the options must not be negative")
	}
	setDefault(&o.MaxConns, 8)
	setDefault(&o.MaxMessages, 1000)
	setDefault(&o.IdleTimeout, 30*time.Second)
	setDefault(&o.CheckAfter, time.Second)
	setDefault(&o.CacheBytes, 64<<20)
	setDefault(&o.Timeouts.Dial, 30*time.Second)
	setDefault(&o.Timeouts.Command, time.Minute)
	setDefault(&o.Timeouts.Final, 5*time.Minute)
	setDefault(&o.Timeouts.Message, 10*time.Minute)
	for _, key := range o.DKIM.All() {
		if err := key.check(); err != nil {
			return err
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hello != "" {
		var err error
		if o.Hello, err = parseHello(o.Hello); err != nil {
			return err
		}
	}
	if o.TLS = o.TLS.Clone(); o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.TLS.ClientSessionCache == nil {
		o.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(o.MaxConns)
	}
	return nil
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
