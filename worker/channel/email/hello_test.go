package email

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestCheckHello(t *testing.T) {
	for name, want := range map[string]string{
		"mail.example.com": "mail.example.com", "Mail.Example.COM": "mail.example.com", "bücher.example": "xn--bcher-kva.example",
		"[192.0.2.1]": "[192.0.2.1]", "[IPv6:2001:db8::1]": "[IPv6:2001:db8::1]", "[IPv6:2001:DB8:0:0::1]": "[IPv6:2001:db8::1]",
	} {
		if got, err := parseHello(name); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{
		"", "mail", "localhost", "192.0.2.1", "[192.0.2.1", "[]", "[2001:db8::1]", "[IPv6:192.0.2.1]", "[IPv6:fe80::1%eth0]", "[300.0.0.1]",
		"a.example\r\nMAIL FROM:<x>", "[192.0.2.1]\r\n", "mail example.com", "-a.example",
	} {
		if err := CheckHello(name); err == nil {
			t.Errorf("%q: accepted", name)
		}
	}
}

func TestPublicName(t *testing.T) {
	for name, want := range map[string]string{
		"mail.example.com": "mail.example.com", "MX1.Acme.co.uk.": "mx1.acme.co.uk", "herald.acme.dev": "herald.acme.dev",
		"3f2a9b8c7d6e": "", "herald-worker-7d9f5-x2x": "", "localhost": "", "localhost.localdomain": "", "herald.internal": "",
		"ip-10-0-0-12.ec2.internal": "", "herald.default.svc.cluster.local": "", "laptop.local": "", "nas.lan": "", "10.0.0.1": "", "": "", "a b.com": "",
	} {
		if got := publicName(func() (string, error) { return name, nil }); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := publicName(func() (string, error) { return "mail.example.com", errors.New("no name") }); got != "" {
		t.Errorf("without a name: %q", got)
	}
}

// What the server hears is the setting, else a name that exists, else the address that the connection comes from.
func TestHelloOnTheWire(t *testing.T) {
	for configured, want := range map[string]string{
		"herald.example.com": "EHLO herald.example.com", "[192.0.2.7]": "EHLO [192.0.2.7]", "": "EHLO " + or(publicName(os.Hostname), "[127.0.0.1]"),
	} {
		server := startFaultServer(t, &faultServer{})
		t.Cleanup(func() { server.stop() })
		s := newSender(t, Options{URL: "smtp://" + server.listener.Addr().String() + "?tls=none", Hello: configured, Timeouts: testTimeouts})
		if _, err := s.Send(context.Background(), sample()); err != nil {
			t.Fatal(err)
		}
		server.mu.Lock()
		if server.commands[0] != want {
			t.Errorf("%q: %q, want %q", configured, server.commands[0], want)
		}
		server.mu.Unlock()
	}
	if _, err := New(Options{URL: "smtp://mail.example.com", Hello: "herald"}); err == nil || !strings.Contains(err.Error(), "EHLO") {
		t.Errorf("a name without a domain: %v", err)
	}
}
