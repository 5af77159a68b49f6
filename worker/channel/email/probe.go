package email

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// Probe is what a server answered on one connection that sent nothing. Fields after the step that failed are empty.
type Probe struct {
	Server        string    // host:port
	Hello         string    // what we called ourselves
	TLS           string    // such as "TLS 1.3", "" without
	Expires       time.Time // of the server's certificate
	Login         string    // the mechanism, such as "LOGIN"; "" where the URL has no user
	MaxSize       int64     // bytes of a message by SIZE, 0 for no limit
	Pipelining    bool
	Chunking      bool
	International bool   // SMTPUTF8
	From          string // the sender that MAIL FROM was tried with; "" for none
}

// Try connects, greets, secures and logs in as Send would. If from is not empty, it begins a message of that sender
// and takes it back. Its errors are those of Send.
func Try(ctx context.Context, o Options, from string) (Probe, *send.Error) {
	s, err := parseURL(o.URL)
	if err != nil {
		return Probe{}, &send.Error{Account: true, Code: "setting", Err: err}
	}
	out := Probe{Server: net.JoinHostPort(s.host, s.port)}
	if err := o.setDefaults(); err != nil {
		return out, &send.Error{Account: true, Code: "setting", Err: err}
	}
	p := &phase{name: "CONNECT"}
	c, err := (&dialer{settings: s, tls: o.TLS, hello: o.Hello, timeouts: o.Timeouts}).watch(ctx, p)
	out.Hello, out.Login = p.hello, strings.ToUpper(p.login)
	if p.tls != nil {
		out.TLS, out.Expires = tls.VersionName(p.tls.Version), p.tls.PeerCertificates[0].NotAfter
	}
	if err != nil {
		return out, send.AsError(err)
	}
	defer c.quit()
	out.MaxSize, out.Pipelining, out.Chunking, out.International = c.maxSize, c.pipelining, c.chunking, c.utf8
	if from == "" {
		return out, nil
	}
	out.From = from
	return out, c.begin(ctx, from)
}

// begin starts a message and takes it back.
func (c *conn) begin(ctx context.Context, from string) *send.Error {
	defer context.AfterFunc(ctx, func() { _ = c.net.Close() })()
	for _, command := range []struct{ step, line string }{{"MAIL", "MAIL FROM:<" + from + ">"}, {"RSET", "RSET"}} {
		c.deadline(c.timeouts.Command)
		_, _ = c.w.WriteString(command.line + "\r\n") // an error stays in the writer until Flush
		err := c.w.Flush()
		var r reply
		if err == nil {
			r, err = readReply(c.r)
		}
		switch {
		case err != nil:
			c.dead = true
			return broken(command.step, err)
		case !r.ok():
			return refusal(command.step, r)
		}
	}
	return nil
}
