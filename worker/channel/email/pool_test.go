package email

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

func plainURL(s *faultServer) string { return "smtp://" + s.listener.Addr().String() + "?tls=none" }

func TestPoolIsBoundedAndReused(t *testing.T) {
	before := runtime.NumGoroutine()
	var now, most atomic.Int32
	gate := make(chan struct{})
	c := startCatcher(t, catcher.Options{OnMail: func(*catcher.Mail) error {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-gate
		now.Add(-1)
		return nil
	}})
	s := newSender(t, Options{URL: c.URL(), MaxConns: 3})
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m := sample()
			m.ID = fmt.Sprintf("bulk.%d", i)
			if _, err := s.Send(context.Background(), m); err != nil {
				t.Error(err)
			}
		}()
	}
	for now.Load() < 3 {
		runtime.Gosched()
	}
	close(gate)
	wg.Wait()
	if c.Count() != 30 || most.Load() != 3 {
		t.Errorf("%d messages, at most %d at once, want 30 and 3", c.Count(), most.Load())
	}
	if err := errors.Join(s.Close(), s.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := s.Send(context.Background(), sample()); !send.AsError(err).Temporary() || send.AsError(err).Code != "closed" {
		t.Errorf("after Close: %v", err)
	}
	noGoroutinesLeft(t, before)
}

func TestPoolRecycles(t *testing.T) {
	server := startFaultServer(t, &faultServer{caps: capsOf["chunking"]})
	t.Cleanup(func() { server.stop() })
	s := newSender(t, Options{URL: plainURL(server), MaxMessages: 2})
	for range 5 {
		if _, err := s.Send(context.Background(), sample()); err != nil {
			t.Fatal(err)
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.dialled != 3 {
		t.Errorf("5 messages took %d connections, want 3", server.dialled)
	}
}

func TestPoolClosesIdleConnections(t *testing.T) {
	server := startFaultServer(t, &faultServer{caps: capsOf["chunking"]})
	t.Cleanup(func() { server.stop() })
	s := newSender(t, Options{URL: plainURL(server), IdleTimeout: 30 * time.Millisecond})
	if _, err := s.Send(context.Background(), sample()); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		server.mu.Lock()
		open, last := len(server.conns), server.commands[len(server.commands)-1]
		server.mu.Unlock()
		if open == 0 && last == "QUIT" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d connections open, last command %q", open, last)
		}
	}
	if _, err := s.Send(context.Background(), sample()); err != nil {
		t.Error(err)
	}
}

// A connection that the server closed while it rested is found out before a message is risked on it.
func TestPoolChecksRestedConnections(t *testing.T) {
	server := startFaultServer(t, &faultServer{caps: capsOf["chunking"]})
	t.Cleanup(func() { server.stop() })
	s := newSender(t, Options{URL: plainURL(server), CheckAfter: time.Nanosecond})
	for i := range 2 {
		if _, err := s.Send(context.Background(), sample()); err != nil {
			t.Fatal(err)
		}
		server.mu.Lock()
		if i == 0 {
			for c := range server.conns {
				_ = c.Close()
			}
		}
		server.mu.Unlock()
	}
	if delivered, _ := server.count(); delivered != 2 {
		t.Errorf("%d delivered", delivered)
	}
}

// 421 in place of MAIL's answer, on a connection that was used before: a new connection takes the message.
func TestPoolRetriesWhatWasNotTaken(t *testing.T) {
	for mode, caps := range capsOf {
		t.Run(mode, func(t *testing.T) {
			server := startFaultServer(t, &faultServer{caps: caps})
			t.Cleanup(func() { server.stop() })
			s := newSender(t, Options{URL: plainURL(server), Timeouts: testTimeouts})
			if _, err := s.Send(context.Background(), sample()); err != nil {
				t.Fatal(err)
			}
			server.mu.Lock()
			server.mailOnce = "421 4.7.0 too many messages on this connection"
			server.mu.Unlock()
			if _, err := s.Send(context.Background(), sample()); err != nil {
				t.Errorf("%v", err)
			}
			if delivered, _ := server.count(); delivered != 2 || server.dialled != 2 {
				t.Errorf("%d delivered over %d connections", delivered, server.dialled)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	cases := []struct{ verb, want string }{{"CONNECT", temporary}, {"EHLO", temporary}, {"MAIL", temporary}, {"DOT", ambiguous}}
	for _, c := range cases {
		t.Run(c.verb, func(t *testing.T) {
			server := startFaultServer(t, &faultServer{caps: capsOf["pipelining"], verb: c.verb, fault: "hang"})
			t.Cleanup(func() { server.stop() })
			s := newSender(t, Options{URL: plainURL(server)})
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := s.Send(ctx, sample())
			if got := outcome(err); got != c.want {
				t.Errorf("%s (%v), want %s", got, err, c.want)
			}
			if c.want == temporary && (send.AsError(err).Code != "canceled" || !errors.Is(err, context.DeadlineExceeded)) {
				t.Errorf("%+v", err)
			}
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("came back after %v", d)
			}
		})
	}
	t.Run("waiting for a slot", func(t *testing.T) {
		gate := make(chan struct{})
		entered := make(chan struct{}, 1)
		c := startCatcher(t, catcher.Options{OnMail: func(*catcher.Mail) error { entered <- struct{}{}; <-gate; return nil }})
		s := newSender(t, Options{URL: c.URL(), MaxConns: 1})
		done := make(chan error)
		go func() { _, err := s.Send(context.Background(), sample()); done <- err }()
		<-entered
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Send(ctx, sample()); !errors.Is(err, context.Canceled) || !send.AsError(err).Temporary() {
			t.Errorf("%v", err)
		}
		close(gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Each reply comes within a command's time, but all of them together take too long for one message.
func TestMessageDeadline(t *testing.T) {
	for mode, want := range map[string]string{"plain": temporary, "pipelining": temporary, "chunking": ambiguous} {
		server := startFaultServer(t, &faultServer{caps: capsOf[mode], verb: "RCPT", fault: "slow1Bps"})
		t.Cleanup(func() { server.stop() })
		o := Options{URL: plainURL(server), Timeouts: testTimeouts}
		o.Timeouts.Message = 20 * time.Millisecond // the reply alone takes 40
		_, err := newSender(t, o).Send(context.Background(), sample())
		if e := send.AsError(err); outcome(err) != want || !isTimeout(e.Err) {
			t.Errorf("%s: %v, want %s", mode, err, want)
		}
	}
}

// Whatever is in a message, the server sees one MAIL, one RCPT, one message.
func TestNothingIsSmuggled(t *testing.T) {
	for mode, caps := range capsOf {
		server := startFaultServer(t, &faultServer{caps: caps})
		s := newSender(t, Options{URL: plainURL(server), Now: testComposer().now})
		sent := 0
		for name, m := range messages(t) {
			if !strings.HasPrefix(name, "smuggle") && name != "dots" && name != "mixed line ends" {
				continue
			}
			if _, err := s.Send(context.Background(), m); err != nil {
				t.Errorf("%s %s: %v", mode, name, err)
			}
			sent++
			server.mu.Lock()
			if got := server.delivered[len(server.delivered)-1]; string(got) != string(rawOf(m)) {
				t.Errorf("%s %s: arrived as\n%q, want\n%q", mode, name, got, rawOf(m))
			}
			server.mu.Unlock()
		}
		const evil = "x\r\nRCPT TO:<evil@example.net>"
		for _, change := range []func(*message.Message){
			func(m *message.Message) { m.Subject = evil },
			func(m *message.Message) { m.From.Name = evil },
			func(m *message.Message) { m.From.Addr = "a@b.cc>" + evil },
			func(m *message.Message) { m.To[0].Name = evil },
			func(m *message.Message) { m.To[0].Addr = "a@b.com> NOTIFY=NEVER <" },
			func(m *message.Message) { m.To[0].Addr = "a@b.com\r\nRCPT TO:<x@y>" },
			func(m *message.Message) { m.ReplyTo = &message.Address{Name: evil, Addr: "a@b.cc"} },
			func(m *message.Message) { m.ID = evil },
			func(m *message.Message) { m.Headers = []message.Header{{Name: "X\r\nBcc", Value: "x"}} },
			func(m *message.Message) { m.Headers = []message.Header{{Name: "X", Value: evil}} },
			func(m *message.Message) { m.Attachments = []message.Attachment{{Name: evil, Type: "text/plain"}} },
			func(m *message.Message) { m.Attachments = []message.Attachment{{Name: "a", Type: "text/plain" + evil}} },
			func(m *message.Message) {
				m.Attachments = []message.Attachment{{Name: "a", Type: "text/plain", ContentID: evil}}
			},
		} {
			m := sample()
			change(m)
			if _, err := s.Send(context.Background(), m); outcome(err) != permanent || send.AsError(err).Code != "invalid_message" {
				t.Errorf("%s: %v", mode, err)
			}
		}
		_ = s.Close()
		server.stop()
		mails, rcpts := 0, 0
		for _, line := range server.commands {
			switch verb, _, _ := strings.Cut(line, " "); verb {
			case "MAIL":
				mails++
			case "RCPT":
				rcpts++
			case "EHLO", "DATA", "BDAT", "QUIT":
			default:
				t.Errorf("%s: the server read the command %q", mode, line)
			}
		}
		if delivered, partial := server.count(); mails != sent || rcpts != sent || delivered != sent || partial != 0 {
			t.Errorf("%s: %d sent; the server saw %d MAIL, %d RCPT, %d messages, %d cut short", mode, sent, mails, rcpts, delivered, partial)
		}
	}
}

// A domain beyond ASCII goes out in punycode; a local part beyond ASCII needs SMTPUTF8.
func TestInternationalAddresses(t *testing.T) {
	a, err := address.ParseMailbox("user@münchen.de")
	if err != nil {
		t.Fatal(err)
	}
	c := startCatcher(t, catcher.Options{})
	s := newSender(t, Options{URL: c.URL()})
	m := sample()
	m.To = []message.Address{a}
	if _, err := s.Send(context.Background(), m); err != nil || c.Messages()[0].To[0] != "user@xn--mnchen-3ya.de" {
		t.Errorf("%v, RCPT %q", err, c.Messages()[0].To)
	}
	m.To = []message.Address{{Addr: "jürgen@example.org"}}
	if _, err := s.Send(context.Background(), m); err != nil || c.Messages()[1].To[0] != "jürgen@example.org" {
		t.Errorf("SMTPUTF8: %v", err)
	}
	server := startFaultServer(t, &faultServer{caps: capsOf["chunking"]})
	t.Cleanup(func() { server.stop() })
	s = newSender(t, Options{URL: plainURL(server)})
	if _, err := s.Send(context.Background(), m); outcome(err) != permanent || send.AsError(err).Code != "smtp_utf8_address" {
		t.Errorf("without SMTPUTF8: %v", err)
	}
}

func TestLogin(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	c := startCatcher(t, catcher.Options{TLS: serverTLS, User: "herald", Password: "c4nary"})
	client := clientTLS(roots)
	s := newSender(t, Options{URL: c.URL(), TLS: client})
	if _, err := s.Send(context.Background(), sample()); err != nil {
		t.Error(err)
	}
	for _, url := range []string{strings.Replace(c.URL(), "c4nary", "wr0ng", 1), c.URL() + "?auth=scram-sha-256"} {
		s := newSender(t, Options{URL: url, TLS: client})
		_, err := s.Send(context.Background(), sample())
		e := send.AsError(err)
		if e == nil || !e.Temporary() || !e.Account || e.Step != "AUTH" {
			t.Fatalf("%+v", e)
		}
		if text := fmt.Sprintf("%v %+v", err, *e); strings.Contains(text, "wr0ng") || strings.Contains(text, "c4nary") || strings.Contains(text, "d3IwbmcK") {
			t.Errorf("the error shows the password: %s", text)
		}
	}
	if c.Count() != 1 {
		t.Errorf("%d messages", c.Count())
	}
}
