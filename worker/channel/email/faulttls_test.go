package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/channel/send"
)

// STARTTLS stripped, a bad certificate, or replies injected before the handshake.
func TestFaultTLS(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	_, strangers := testCertificate(t)
	login := []string{"PIPELINING", "AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2"}
	cases := []struct {
		name, verb, fault string
		caps              []string
		client            *tls.Config
		want              string
	}{
		{"stripped", "", "", login, &tls.Config{RootCAs: roots}, temporary},
		{"unknown authority", "", "", append(login, "STARTTLS"), &tls.Config{RootCAs: strangers}, temporary},
		{"other name", "", "", append(login, "STARTTLS"), &tls.Config{RootCAs: roots, ServerName: "mail.example.com"}, temporary},
		{"injected", "STARTTLS", "inject", append(login, "STARTTLS"), &tls.Config{RootCAs: roots}, ok},
		{"good", "", "", append(login, "STARTTLS"), &tls.Config{RootCAs: roots}, ok},
	}
	for _, c := range cases {
		for _, auth := range []string{"plain", "login", "cram-md5", "xoauth2"} {
			t.Run(c.name+" "+auth, func(t *testing.T) {
				server := startFaultServer(t, &faultServer{caps: c.caps, tls: serverTLS, verb: c.verb, fault: c.fault})
				t.Cleanup(func() { server.stop() })
				sender := newSender(t, Options{URL: "smtp://user:c4nary@" + server.listener.Addr().String() + "?auth=" + auth, TLS: c.client, Timeouts: testTimeouts})
				_, err := sender.Send(context.Background(), sample())
				got := outcome(err)
				if got != c.want && (c.fault != "inject" || got != temporary) {
					t.Errorf("%s (%v), want %s", got, err, c.want)
				}
				if e := send.AsError(err); e != nil && !e.Account {
					t.Errorf("%+v is the account's trouble", e)
				}
				server.mu.Lock()
				defer server.mu.Unlock()
				for _, line := range server.commands {
					if strings.HasPrefix(line, "AUTH") && !strings.HasPrefix(line, "AUTH "+strings.ToUpper(auth)) {
						t.Errorf("pinned to %s, but said %.12q", auth, line)
					}
				}
				if clear := server.plain.String(); strings.Contains(clear, "AUTH") || strings.Contains(clear, "MAIL") {
					t.Errorf("in the clear: %q", clear)
				}
			})
		}
	}
}

func TestFaultImplicitTLS(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	_, strangers := testCertificate(t)
	for name, c := range map[string]struct {
		pool *x509.CertPool
		want string
	}{"good": {roots, ok}, "unknown authority": {strangers, temporary}} {
		server := startFaultServer(t, &faultServer{caps: append([]string{"AUTH PLAIN"}, capsOf["chunking"]...), tls: serverTLS, smtps: true})
		t.Cleanup(func() { server.stop() })
		s := newSender(t, Options{URL: "smtps://user:c4nary@" + server.listener.Addr().String(), TLS: clientTLS(c.pool), Timeouts: testTimeouts})
		if _, err := s.Send(context.Background(), sample()); outcome(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		server.mu.Lock()
		if clear := server.plain.String(); strings.Contains(clear, "EHLO") || strings.Contains(clear, "AUTH") || clear == "" {
			t.Errorf("%s: in the clear: %q", name, clear)
		}
		server.mu.Unlock()
	}
}

// Opportunistic TLS goes without where the server has none, but never without checking what it offers.
func TestFaultOpportunisticTLS(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	_, strangers := testCertificate(t)
	for name, c := range map[string]struct {
		caps []string
		pool *x509.CertPool
		want string
		tls  bool
	}{
		"not offered":       {nil, roots, ok, false},
		"offered":           {[]string{"STARTTLS"}, roots, ok, true},
		"unknown authority": {[]string{"STARTTLS"}, strangers, temporary, true},
	} {
		server := startFaultServer(t, &faultServer{caps: append(c.caps, capsOf["chunking"]...), tls: serverTLS})
		t.Cleanup(func() { server.stop() })
		s := newSender(t, Options{URL: "smtp://" + server.listener.Addr().String() + "?tls=opportunistic", TLS: clientTLS(c.pool), Timeouts: testTimeouts})
		if _, err := s.Send(context.Background(), sample()); outcome(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		server.mu.Lock()
		if strings.Contains(server.plain.String(), "MAIL FROM") == c.tls {
			t.Errorf("%s: in the clear: %q", name, server.plain.String())
		}
		server.mu.Unlock()
	}
}
