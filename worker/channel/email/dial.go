package email

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/heraldsend/herald/worker/channel/send"
)

// mechanisms are the AUTH mechanisms by their name in the URL. None is ever chosen by what a server offers.
var mechanisms = map[string]func(s settings) smtp.Auth{
	"plain":         func(s settings) smtp.Auth { return smtp.PlainAuth("", s.user, s.password, s.host, s.tls == tlsNone) },
	"login":         func(s settings) smtp.Auth { return smtp.LoginAuth(s.user, s.password, s.host, s.tls == tlsNone) },
	"cram-md5":      func(s settings) smtp.Auth { return smtp.CRAMMD5Auth(s.user, s.password) },
	"scram-sha-1":   func(s settings) smtp.Auth { return smtp.ScramSHA1Auth(s.user, s.password) },
	"scram-sha-256": func(s settings) smtp.Auth { return smtp.ScramSHA256Auth(s.user, s.password) },
	"xoauth2":       func(s settings) smtp.Auth { return smtp.XOAuth2Auth(s.user, s.password) },
}

// dialer opens connections: go-mail greets, negotiates TLS and logs in; from then on the connection is ours.
type dialer struct {
	settings settings
	tls      *tls.Config // never nil
	hello    string
	timeouts Timeouts
}

// dial opens a connection or gives a temporary *send.Error: no message was involved yet.
func (d *dialer) dial(ctx context.Context) (*conn, error) {
	phase := &phase{name: "CONNECT"}
	client, raw, err := d.open(ctx, phase)
	if err != nil {
		if ctx.Err() != nil {
			return nil, &send.Error{Code: "canceled", Step: phase.name, Err: ctx.Err()}
		}
		return nil, dialError(err, phase)
	}
	c := &conn{
		net: raw, r: client.Text.R, w: bufio.NewWriterSize(through{client.Text.W}, 32<<10), timeouts: d.timeouts,
		pipelining: offers(client, "PIPELINING") && d.settings.wire != wirePlain,
		chunking:   offers(client, "CHUNKING") && d.settings.wire == wireAuto,
		utf8:       offers(client, "SMTPUTF8") && offers(client, "8BITMIME"),
	}
	if ok, size := client.Extension("SIZE"); ok {
		c.sizes = true
		c.maxSize, _ = strconv.ParseInt(size, 10, 64) // no number: no limit
	}
	return c, nil
}

// through writes at once what it is given: go-mail's own buffer lies between us and the connection.
type through struct{ *bufio.Writer }

func (t through) Write(p []byte) (int, error) {
	n, err := t.Writer.Write(p)
	if err == nil {
		err = t.Flush()
	}
	return n, err
}

func offers(client *smtp.Client, extension string) bool {
	ok, _ := client.Extension(extension)
	return ok
}

// open runs go-mail's part. Whatever fails, the socket is closed: go-mail alone would leave it open.
func (d *dialer) open(ctx context.Context, p *phase) (client *smtp.Client, raw net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Dial)
	defer cancel()
	defer func() {
		if err != nil && raw != nil {
			_ = raw.Close()
		}
	}()
	options := []gomail.Option{
		gomail.WithTimeout(d.timeouts.Dial + time.Second), // ctx comes first: go-mail takes a reply that broke off for a whole one
		gomail.WithHELO(d.hello),
		gomail.WithTLSConfig(d.tlsConfig(p)),
		gomail.WithTLSPolicy(d.policy()),
		gomail.WithDialContextFunc(func(_ context.Context, network, _ string) (net.Conn, error) {
			// Not go-mail's address: it has no brackets for IPv6. Not its context: that ends with the dial.
			tcp, err := (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(d.settings.host, d.settings.port))
			if err != nil {
				return nil, err
			}
			watched := &watchedConn{Conn: tcp, phase: p, budget: dialBudget}
			raw = watched
			context.AfterFunc(ctx, func() { _ = watched.abort() })
			if d.settings.tls != tlsImplicit {
				return watched, nil
			}
			p.name = "TLS"
			secure := tls.Client(watched, d.tlsConfig(p))
			return secure, secure.HandshakeContext(ctx)
		}),
	}
	if port, err := strconv.Atoi(d.settings.port); err == nil {
		options = append(options, gomail.WithPort(port))
	}
	if d.settings.user != "" {
		login := mechanisms[d.settings.auth](d.settings)
		options = append(options, gomail.WithSMTPAuthCustom(&pinnedAuth{login, d.settings, p}))
	}
	dialler, err := gomail.NewClient(d.settings.host, options...)
	if err != nil {
		return nil, nil, err
	}
	client, err = dialler.DialToSMTPClientWithContext(ctx)
	if err == nil && (ctx.Err() != nil || !raw.(*watchedConn).settle()) {
		err = ctx.Err()
	}
	return client, raw, err
}

func (d *dialer) policy() gomail.TLSPolicy {
	switch d.settings.tls {
	case tlsOpportunistic:
		return gomail.TLSOpportunistic
	case tlsNone, tlsImplicit: // implicit TLS is up before go-mail's first byte
		return gomail.NoTLS
	default:
		return gomail.TLSMandatory
	}
}

func (d *dialer) tlsConfig(p *phase) *tls.Config {
	config := d.tls.Clone()
	config.ServerName = or(config.ServerName, d.settings.host)
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	verify := config.VerifyConnection
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if verify != nil {
			if err := verify(state); err != nil {
				return err
			}
		}
		p.name = "EHLO" // the certificate holds: what follows is the second greeting
		return nil
	}
	return config
}

// pinnedAuth logs in with the one mechanism that is configured, only where the server offers it, and only under TLS
// (or, where the URL says tls=none, to this very machine).
type pinnedAuth struct {
	smtp.Auth
	settings settings
	phase    *phase
}

func (a *pinnedAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	a.phase.name = "AUTH"
	if !server.TLS && a.settings.tls != tlsNone {
		return "", nil, errors.New("the connection is not under TLS")
	}
	if !slices.Contains(server.Auth, strings.ToUpper(a.settings.auth)) {
		return "", nil, fmt.Errorf("the server doesn't offer AUTH %s", strings.ToUpper(a.settings.auth))
	}
	return a.Auth.Start(server)
}

// dialError classifies what kept a connection from coming up: always temporary, always the account's trouble. At AUTH
// nothing of what the server said is kept, since it may repeat the credentials.
func dialError(err error, p *phase) *send.Error {
	e := &send.Error{Account: true, Code: "smtp_connect", Step: p.name}
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply):
		e.Status, e.Code, e.Enhanced = reply.Code, "smtp_"+strconv.Itoa(reply.Code), enhanced(reply.Msg)
		if p.name != "AUTH" {
			e.Reply = send.Words(reply.Msg)
		}
	case p.name == "AUTH":
		e.Code, e.Err = "smtp_auth", authTrouble(err)
	case p.name == "TLS" || p.name == "STARTTLS":
		e.Code, e.Err = "smtp_tls", err
	case isTimeout(err):
		e.Code, e.Err = "smtp_timeout", err
	default:
		e.Err = err
	}
	return e
}

// authTrouble keeps the kind of an error at AUTH and drops its words where they may hold what was sent.
func authTrouble(err error) error {
	var op *net.OpError
	switch {
	case isTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &op):
		return op
	default:
		return errors.New("the login could not be completed with the configured mechanism")
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
