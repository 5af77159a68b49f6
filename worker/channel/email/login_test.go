package email

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/channel/send"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct{ pinned, offered, want string }{
		{"", "PLAIN LOGIN", "plain"},
		{"", "LOGIN", "login"},
		{"", "login", "login"},
		{"", "GSSAPI NTLM LOGIN", "login"},
		{"", "XOAUTH2 LOGIN", "login"},
		{"", "CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256", "scram-sha-256"},
		{"", "SCRAM-SHA-1 CRAM-MD5", "scram-sha-1"},
		{"", "CRAM-MD5", "cram-md5"},
		{"login", "PLAIN LOGIN", "login"},
		{"xoauth2", "PLAIN XOAUTH2", "xoauth2"},
	} {
		if got, err := choose(c.pinned, strings.Fields(c.offered)); got != c.want || err != nil {
			t.Errorf("%+v: %q %v", c, got, err)
		}
	}
	for _, c := range []struct{ pinned, offered, words string }{
		{"", "", "offers no login"},
		{"login", "", "offers no login"},
		{"", "GSSAPI NTLM", "GSSAPI NTLM, none of which"},
		{"", "XOAUTH2 OAUTHBEARER", "auth=xoauth2"},
		{"login", "PLAIN", "auth=login"},
		{"", "\x1b[31mNTLM", "[31mNTLM"},
	} {
		_, err := choose(c.pinned, strings.Fields(c.offered))
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A URL with a user and nothing else logs in by what the server offers, always under TLS.
func TestLoginByWhatTheServerOffers(t *testing.T) {
	serverTLS, roots := testCertificate(t)
	for _, smtps := range []bool{false, true} {
		for _, offered := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "NTLM LOGIN", "LOGIN PLAIN"} {
			server := startFaultServer(t, &faultServer{caps: []string{"STARTTLS", "AUTH " + offered}, tls: serverTLS, smtps: smtps})
			t.Cleanup(func() { server.stop() })
			scheme := map[bool]string{false: "smtp", true: "smtps"}[smtps]
			s := newSender(t, Options{URL: scheme + "://user:c4nary@" + server.listener.Addr().String(), TLS: clientTLS(roots), Timeouts: testTimeouts})
			if _, err := s.Send(context.Background(), sample()); err != nil {
				t.Errorf("%s %s: %v", scheme, offered, err)
			}
			server.mu.Lock()
			if clear := server.plain.String(); !smtps && strings.Contains(clear, "AUTH") {
				t.Errorf("%s: in the clear: %q", offered, clear)
			}
			server.mu.Unlock()
		}
	}
}

// Why a login failed is told in the server's words, which help, unless they repeat what was sent.
func TestLoginRefused(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString
	serverTLS, roots := testCertificate(t)
	for answer, want := range map[string]string{
		"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.": "SmtpClientAuthentication is disabled",
		"534-5.7.9 Application-specific password required.\r\n534 5.7.9 https://support.example.com":    "Application-specific password",
		"454 4.7.0 Temporary authentication failure: Connection lost to authentication server":          "Temporary authentication failure",
		"535 5.7.8 no":                                                "535 5.7.8 no",
		"535 5.7.8 c4nary is wrong":                                   "535",
		"535 5.7.8 user, c4nary is wrong":                             "535",
		"535 5.7.8 wrong: " + b64([]byte("\x00user\x00c4nary")):       "535",
		"535 5.7.8 wrong: " + b64([]byte("\x00user\x00c4nary"))[4:14]: "535",
	} {
		server := startFaultServer(t, &faultServer{caps: []string{"STARTTLS", "AUTH PLAIN"}, tls: serverTLS, verb: "AUTH", fault: "say:" + answer})
		t.Cleanup(func() { server.stop() })
		s := newSender(t, Options{URL: "smtp://user:c4nary@" + server.listener.Addr().String(), TLS: clientTLS(roots), Timeouts: testTimeouts})
		_, err := s.Send(context.Background(), sample())
		e := send.AsError(err)
		if e == nil || e.Code != "smtp_auth" || !e.Account || !e.Temporary() || e.Step != "AUTH" || !strings.Contains(e.Error(), want) {
			t.Errorf("%q: %+v", answer, e)
			continue
		}
		for _, text := range []string{e.Error(), e.Reply} {
			if strings.Contains(text, "c4nary") || strings.Contains(text, b64([]byte("\x00user\x00c4nary"))[4:14]) {
				t.Errorf("%q: tells the password: %s", answer, text)
			}
		}
	}
}
