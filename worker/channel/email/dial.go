package email

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/heraldsend/herald/worker/channel/send"
)

// dialer opens connections. go-mail greets, negotiates TLS and logs in; after that, Herald uses the connection alone.
type dialer struct {
	settings settings
	tls      *tls.Config // never nil
	hello    string
	timeouts Timeouts
}

// dial opens a connection or gives a temporary *send.Error: no message was involved yet.
func (d *dialer) dial(ctx context.Context) (*conn, error) {
	return d.watch(ctx, &phase{name: "CONNECT"})
}

// watch is dial; phase records how far it gets.
func (d *dialer) watch(ctx context.Context, phase *phase) (*conn, error) {
	client, raw, err := d.open(ctx, phase)
	if err != nil {
		if ctx.Err() != nil {
			return nil, &send.Error{Code: "canceled", Step: phase.name, Err: ctx.Err()}
		}
		return nil, dialError(err, phase, d.settings)
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

// through writes everything at once: go-mail's own buffer lies between us and the connection.
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

// open runs go-mail's part. If anything fails, it closes the socket: go-mail alone would leave it open.
func (d *dialer) open(ctx context.Context, p *phase) (client *smtp.Client, raw net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeouts.Dial)
	defer cancel()
	defer func() {
		if err != nil && raw != nil {
			_ = raw.Close()
		}
	}()
	// This uses its own address, since that of go-mail has no brackets for IPv6, and its own context, since that of
	// go-mail ends with the dial.
	tcp, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(d.settings.host, d.settings.port))
	if err != nil {
		return nil, nil, err
	}
	watched := &watchedConn{Conn: tcp, phase: p, budget: dialBudget}
	raw = watched
	context.AfterFunc(ctx, func() { _ = watched.abort() })
	connection := raw
	p.hello = helloFor(d.hello, tcp)
	if d.settings.tls == tlsImplicit {
		p.name = "TLS"
		secure := tls.Client(watched, d.tlsConfig(p))
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, raw, err
		}
		connection = secure
	}
	options := []gomail.Option{
		gomail.WithTimeout(d.timeouts.Dial + time.Second), // ctx comes first: go-mail takes a reply that broke off for a whole one
		gomail.WithHELO(p.hello),
		gomail.WithTLSConfig(d.tlsConfig(p)),
		gomail.WithTLSPolicy(d.policy()),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return connection, nil }),
	}
	if port, err := strconv.Atoi(d.settings.port); err == nil {
		options = append(options, gomail.WithPort(port))
	}
	if d.settings.user != "" {
		options = append(options, gomail.WithSMTPAuthCustom(&login{settings: d.settings, phase: p}))
	}
	dialler, err := gomail.NewClient(d.settings.host, options...)
	if err != nil {
		return nil, raw, err
	}
	client, err = dialler.DialToSMTPClientWithContext(ctx)
	if err == nil && (ctx.Err() != nil || !watched.settle()) {
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
		p.name, p.tls = "EHLO", &state // the certificate holds: what follows is the second greeting
		return nil
	}
	return config
}

// dialError classifies an error that kept a connection from opening: it is always temporary, and always trouble of
// the account. No recipient is involved yet, so the server's words may be logged; at AUTH only if they don't repeat
// the credentials.
func dialError(err error, p *phase, s settings) *send.Error {
	e := &send.Error{Account: true, Unreached: true, Code: "smtp_connect", Step: p.name, Err: err}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		e.Status, e.Code, e.Enhanced = reply.Code, "smtp_"+strconv.Itoa(reply.Code), enhanced(reply.Msg)
		e.Reply = send.Words(reply.Msg)
		e.Err = fmt.Errorf("the server answers %q", strings.TrimSpace(strconv.Itoa(reply.Code)+" "+e.Reply))
	}
	switch {
	case p.name == "AUTH":
		e.Code = "smtp_auth"
		if reply != nil {
			if repeatsSecrets(reply.Msg, s) {
				e.Reply = ""
			}
			e.Reply = strings.TrimSpace(strconv.Itoa(reply.Code) + " " + e.Reply) // the code says only that it is the login
			e.Err = errors.New("the server refuses the login: " + e.Reply)
		} else {
			e.Err = authTrouble(err)
		}
	case reply != nil:
	case p.name == "TLS" || p.name == "STARTTLS":
		e.Code = "smtp_tls"
	case isTimeout(err):
		e.Code = "smtp_timeout"
	case p.name == "EHLO" && s.tls == tlsMandatory && p.tls == nil && !lostConnection(err):
		// go-mail's own words after a good EHLO: all that it misses there is STARTTLS.
		e.Code, e.Step, e.Err = "smtp_tls", "STARTTLS", errNoTLS
	}
	return e
}

var errNoTLS = errors.New("the server offers no STARTTLS, and tls=mandatory of the SMTP URL wants it")

// lostConnection reports an error of the connection or of what came over it.
func lostConnection(err error) bool {
	var op *net.OpError
	var garbled textproto.ProtocolError
	return errors.As(err, &op) || errors.As(err, &garbled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errTalkative)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
