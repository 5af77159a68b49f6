// Package catcher is an SMTP server within the process that keeps the mail it receives instead of delivering it, for
// the demo and for tests. By default it listens on loopback. It speaks CHUNKING, PIPELINING and 8BITMIME.
package catcher

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/url"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/jhillyerd/enmime/v2"
)

// Options shape a Catcher; the zero value accepts everything on a free port of 127.0.0.1.
type Options struct {
	Listen   string      // address, "127.0.0.1:0" where empty
	MaxBytes int64       // SIZE that is announced and enforced; 0 means no limit
	TLS      *tls.Config // offers STARTTLS
	User     string      // with Password: AUTH PLAIN is offered and needed
	Password string

	// OnRcpt and OnMail decide about a recipient and a complete message; nil accepts. They may block, to imitate a
	// slow server. Several connections call them at once. A *Reply as error is the answer; any other error is a 451.
	OnRcpt func(addr string) error
	OnMail func(*Mail) error

	Forget bool // keeps nothing: OnMail has it
}

// Reply is an SMTP answer that OnRcpt and OnMail may return.
type Reply struct {
	Code     int    // such as 550
	Enhanced [3]int // such as 5,1,1
	Text     string
}

// Error is the answer's text.
func (r *Reply) Error() string { return r.Text }

// Mail is one message as it arrived.
type Mail struct {
	From string   // MAIL FROM
	To   []string // RCPT TO, in order
	Raw  []byte   // header and body with CRLF line ends
}

// Parse decodes the message: header, text, HTML, attachments.
func (m *Mail) Parse() (*enmime.Envelope, error) {
	return enmime.ReadEnvelope(bytes.NewReader(m.Raw))
}

// Catcher is a running server. Its methods are safe for concurrent use.
type Catcher struct {
	opt      Options
	server   *smtp.Server
	listener net.Listener
	done     chan struct{}

	mu      sync.Mutex
	mails   []*Mail
	arrived chan struct{} // closed and replaced at each arrival
}

// Start listens and serves until Close.
func Start(o Options) (*Catcher, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("start the mail catcher: %w", err)
	}
	c := &Catcher{opt: o, listener: listener, done: make(chan struct{}), arrived: make(chan struct{})}
	c.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return c.newSession(), nil }))
	c.server.Domain = "catcher.invalid"
	c.server.MaxMessageBytes = o.MaxBytes
	c.server.TLSConfig = o.TLS
	c.server.AllowInsecureAuth = o.TLS == nil
	c.server.EnableSMTPUTF8 = true
	c.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() {
		defer close(c.done)
		_ = c.server.Serve(listener)
	}()
	return c, nil
}

// Close stops the server and its connections. Caught mail stays readable.
func (c *Catcher) Close() error {
	err := c.server.Close()
	<-c.done
	if errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// Addr is host:port.
func (c *Catcher) Addr() string { return c.listener.Addr().String() }

// URL is the address as email.Options.URL takes it; TLS only where the Catcher offers it.
func (c *Catcher) URL() string {
	login, policy := "", "?tls=none"
	if c.opt.User != "" {
		login = url.UserPassword(c.opt.User, c.opt.Password).String() + "@"
	}
	if c.opt.TLS != nil {
		policy = ""
	}
	return "smtp://" + login + c.Addr() + policy
}

// Count is the number of messages so far.
func (c *Catcher) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.mails)
}

// Messages are the messages so far, in the order of arrival. They are shared: read only.
func (c *Catcher) Messages() []*Mail {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Mail(nil), c.mails...)
}

// Wait returns once n messages have arrived, or with the context's error.
func (c *Catcher) Wait(ctx context.Context, n int) error {
	for {
		c.mu.Lock()
		have, arrived := len(c.mails), c.arrived
		c.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages arrived: %w", have, n, ctx.Err())
		}
	}
}

func (c *Catcher) keep(m *Mail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.opt.Forget {
		c.mails = append(c.mails, m)
	}
	close(c.arrived)
	c.arrived = make(chan struct{})
}

func (c *Catcher) newSession() smtp.Session {
	s := &session{catcher: c}
	if c.opt.User != "" {
		return &authSession{session: s}
	}
	return s
}

// session is one connection.
type session struct {
	catcher *Catcher
	mail    Mail
}

func (s *session) Reset()        { s.mail = Mail{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail = Mail{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if hook := s.catcher.opt.OnRcpt; hook != nil {
		if err := hook(to); err != nil {
			return answer(err)
		}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := s.mail
	m.Raw = raw
	if hook := s.catcher.opt.OnMail; hook != nil {
		if err := hook(&m); err != nil {
			return answer(err)
		}
	}
	s.catcher.keep(&m)
	return nil
}

func answer(err error) error {
	var r *Reply
	if errors.As(err, &r) {
		return &smtp.SMTPError{Code: r.Code, EnhancedCode: r.Enhanced, Message: r.Text}
	}
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: err.Error()}
}

// authSession takes mail only after a login.
type authSession struct {
	*session
	in bool
}

func (s *authSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *authSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.catcher.opt.User || password != s.catcher.opt.Password {
			return smtp.ErrAuthFailed
		}
		s.in = true
		return nil
	}), nil
}

func (s *authSession) Mail(from string, o *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	return s.session.Mail(from, o)
}
