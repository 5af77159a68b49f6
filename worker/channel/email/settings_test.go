package email

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	cases := []struct {
		url  string
		want settings
	}{
		{"smtp://mail.example.com", settings{host: "mail.example.com", port: "587", tls: tlsMandatory, wire: wireAuto}},
		{"smtp://u:p%40ss@mail.example.com:25", settings{"mail.example.com", "25", "u", "p@ss", tlsMandatory, "", wireAuto, nil, ""}},
		{"smtps://u:p@mail.example.com/?auth=login", settings{"mail.example.com", "465", "u", "p", tlsImplicit, "login", wireAuto, nil, ""}},
		{"smtp://127.0.0.1:1025?tls=none&wire=plain", settings{host: "127.0.0.1", port: "1025", tls: tlsNone, wire: wirePlain}},
		{"smtp://u:p@[::1]:1025?tls=none", settings{"::1", "1025", "u", "p", tlsNone, "", wireAuto, nil, ""}},
		{"smtp://mail.example.com?keeps=message-id,Date", settings{host: "mail.example.com", port: "587", tls: tlsMandatory, wire: wireAuto, kept: []string{"Message-ID", "Date"}}},
		{"smtp://mail.example.com?provider=postmark", settings{host: "mail.example.com", port: "587", tls: tlsMandatory, wire: wireAuto, provider: "postmark"}},
		{"smtp://mail.example.com?tls=opportunistic", settings{host: "mail.example.com", port: "587", tls: tlsOpportunistic, wire: wireAuto}},
	}
	for _, c := range cases {
		if got, err := parseURL(c.url); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v %v", c.url, got, err)
		}
	}
}

func TestParseURLRejects(t *testing.T) {
	for _, url := range []string{
		"", "mail.example.com:25", "http://u:c4nary@mail.example.com", "smtp://", "smtp://u:c4nary@:25", "smtp://u:c4nary@h:x",
		"smtp://u:c4nary@h:0", "smtp://u:c4nary@h:65536", "smtp://u:c4nary@h/path", "smtp://u:c4nary@h#f", "smtp://u:c4 nary@h%zz",
		"smtp://u:c4nary\x00@h", "smtp://:c4nary@h", "smtp://h?auth=plain", "smtp://u:c4nary@h?auth=ntlm", "smtp://u:c4nary@h?tls=maybe",
		"smtp://u:c4nary@h?tls=none", "smtp://u:c4nary@h?tls=opportunistic", "smtps://u:c4nary@h?tls=none", "smtp://h?wire=fast",
		"smtp://u:c4nary@h?timeout=5", "smtp://u:c4nary@h?tls=%zz", "smtp://u:c4nary@h?keeps=subject", "smtp://u:c4nary@h?keeps=",
	} {
		_, err := New(Options{URL: url})
		if err == nil {
			t.Errorf("%q: accepted", url)
		} else if strings.Contains(err.Error(), "c4nary") || strings.Contains(err.Error(), "4 nary") {
			t.Errorf("%q: the error shows the password: %v", url, err)
		}
	}
}

func TestNewRejectsNegatives(t *testing.T) {
	for _, o := range []Options{{MaxConns: -1}, {MaxMessages: -1}, {IdleTimeout: -1}, {Timeouts: Timeouts{Final: -1}}} {
		o.URL = "smtp://mail.example.com"
		if _, err := New(o); err == nil {
			t.Errorf("%+v: accepted", o)
		}
	}
}

func TestCheckBulk(t *testing.T) {
	for url, ok := range map[string]bool{
		"smtp://u:c4nary@smtp.gmail.com": false, "smtps://u:c4nary@SMTP.Gmail.com.": false, "smtp://u:c4nary@smtp.googlemail.com": false,
		"smtp://u:c4nary@smtp-relay.example.com": true, "smtp://u:c4nary@notgmail.com": true, "nonsense c4nary": false,
	} {
		if err := CheckBulk(url); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
