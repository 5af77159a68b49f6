package email

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
)

// dialBudget is how many bytes a server may say before the first message. go-mail reads replies of any length.
const dialBudget = 256 << 10

// phase is how far a dial got (CONNECT, TLS, EHLO, STARTTLS, AUTH), and what it learned.
type phase struct {
	name  string
	hello string               // what we called ourselves
	tls   *tls.ConnectionState // once the certificate holds
	login string               // the mechanism, once it was tried
}

// watchedConn sees what go-mail sends before TLS, to know the phase, and bounds what it reads.
type watchedConn struct {
	net.Conn
	phase  *phase
	budget int
	state  atomic.Int32 // dialling, settled, aborted
}

const (
	dialling = iota
	settled
	aborted
)

var errTalkative = errors.New("the server says too much")

func (c *watchedConn) Write(p []byte) (int, error) {
	if c.state.Load() == dialling {
		switch {
		case bytes.HasPrefix(p, []byte("EHLO")), bytes.HasPrefix(p, []byte("HELO")):
			c.phase.name = "EHLO"
		case bytes.HasPrefix(p, []byte("STARTTLS")):
			c.phase.name = "STARTTLS"
		}
	}
	return c.Conn.Write(p)
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.state.Load() == dialling {
		if c.budget -= n; c.budget < 0 {
			return 0, errTalkative
		}
	}
	return n, err
}

// settle ends the watching, and reports whether the connection was not aborted before.
func (c *watchedConn) settle() bool { return c.state.CompareAndSwap(dialling, settled) }

// abort closes a connection that is still being dialled, at the end of the dial's context.
func (c *watchedConn) abort() error {
	if c.state.CompareAndSwap(dialling, aborted) {
		return c.Close()
	}
	return nil
}
