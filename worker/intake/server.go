package intake

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/heraldsend/herald/worker/intake/bounce"
	"github.com/heraldsend/herald/worker/intake/verp"
)

// Bounds of the server.
const (
	maxMail       = 10 << 20 // bytes: a bounce may return a whole message; what is read of it is bounce.MaxBytes
	maxRecipients = 20
	maxLine       = 4000
	readTimeout   = 2 * time.Minute
	storeTimeout  = 30 * time.Second
	// maxConns bounds the connections at once: a flood of bounces waits in the queues of those that send it.
	maxConns = 200
)

// ServerOptions shape a Server.
type ServerOptions struct {
	Domain string      // with which it greets; required
	LMTP   bool        // it speaks LMTP (RFC 2033) instead of SMTP
	TLS    *tls.Config // offers STARTTLS; nil for none
}

// Server is an SMTP or LMTP server that takes mails to addresses of ours, and to complaints@ and abuse@ at their domain.
type Server struct {
	in    *Intake
	smtp  *smtp.Server
	conns atomic.Int64
}

// NewServer makes a server.
func (in *Intake) NewServer(o ServerOptions) *Server {
	s := &Server{in: in}
	s.smtp = smtp.NewServer(s)
	s.smtp.Domain, s.smtp.LMTP, s.smtp.TLSConfig = o.Domain, o.LMTP, o.TLS
	s.smtp.MaxMessageBytes, s.smtp.MaxRecipients, s.smtp.MaxLineLength = maxMail, maxRecipients, maxLine
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = readTimeout, readTimeout
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ErrorLog = silent{}
	return s
}

// silent drops what go-smtp would log: a line for each client that hangs up.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Serve takes mails until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.smtp.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown takes no further connections, and waits for those that are open until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.smtp.Shutdown(ctx) }

// NewSession implements smtp.Backend.
func (s *Server) NewSession(*smtp.Conn) (smtp.Session, error) {
	if s.conns.Add(1) > maxConns {
		s.conns.Add(-1)
		return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "Too many connections, try again later"}
	}
	return &session{server: s}, nil
}

// session is one connection.
type session struct {
	server *Server
	to     []recipient
}

// recipient is an address that was accepted.
type recipient struct {
	address string
	mark    verp.Mark
	fixed   bool // an address for complaints: the mail itself must say what it is about
}

// Mail implements smtp.Session. Whoever sends is not asked for more than the recipient's address.
func (c *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	seals := c.server.in.Seals
	mark, err := seals.Open(to)
	local, domain, _ := strings.Cut(strings.ToLower(to), "@")
	switch {
	case err == nil:
		c.to = append(c.to, recipient{address: to, mark: mark})
		return nil
	case domain == seals.Domain() && (local == "complaints" || local == "abuse"):
		c.to = append(c.to, recipient{address: to, fixed: true})
		return nil
	case errors.Is(err, verp.ErrForged):
		c.server.in.mails.WithLabelValues(resultForged).Inc()
	}
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such address here"}
}

// Data implements smtp.Session: it returns after what the mail says is stored.
func (c *session) Data(r io.Reader) error {
	mail, err := readMail(r)
	if err != nil {
		return err
	}
	for _, to := range c.to {
		if err := c.store(mail, to); err != nil {
			return err
		}
	}
	return nil
}

// LMTPData implements smtp.LMTPSession: each recipient has an answer.
func (c *session) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	mail, err := readMail(r)
	if err != nil {
		return err
	}
	for _, to := range c.to {
		status.SetStatus(to.address, c.store(mail, to))
	}
	return nil
}

// readMail reads what is looked at, and then the rest.
func readMail(r io.Reader) ([]byte, error) {
	mail, err := io.ReadAll(io.LimitReader(r, bounce.MaxBytes))
	if err == nil {
		_, err = io.Copy(io.Discard, r)
	}
	return mail, err
}

// store stores what a mail says. If that can't be done now, its sender tries again.
func (c *session) store(mail []byte, to recipient) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	var err error
	if to.fixed {
		err = c.server.in.TakeAny(ctx, mail)
	} else {
		err = c.server.in.Take(ctx, to.mark, mail)
	}
	if err != nil {
		c.server.in.Log.Error("a mail that came back could not be stored; its sender tries again", "error", err)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "Can't be stored now, try again later"}
	}
	return nil
}

// Reset implements smtp.Session.
func (c *session) Reset() { c.to = nil }

// Logout implements smtp.Session.
func (c *session) Logout() error {
	c.server.conns.Add(-1)
	return nil
}
