package email

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/message"
)

func startCatcher(t testing.TB, o catcher.Options) *catcher.Catcher {
	t.Helper()
	c, err := catcher.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newSender(t testing.TB, o Options) *Sender {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func sample() *message.Message {
	return &message.Message{
		ID: "bulk1.7.email", Channel: message.Email,
		From: message.Address{Name: "Herald", Addr: "news@example.com"}, To: []message.Address{{Name: "Ada", Addr: "ada@example.org"}},
		Subject: "Hello", Text: "Hello, Ada\n", HTML: "<p>Hello, Ada</p>\n",
	}
}

func TestSend(t *testing.T) {
	for _, wire := range []string{"auto", "pipelining", "plain"} {
		t.Run(wire, func(t *testing.T) {
			c := startCatcher(t, catcher.Options{})
			s := newSender(t, Options{URL: c.URL() + "&wire=" + wire, Now: func() time.Time { return time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC) }})
			for range 3 {
				receipt, err := s.Send(context.Background(), sample())
				if err != nil || receipt.ID != "<bulk1.7.email@example.com>" || receipt.Detail == "" {
					t.Fatalf("%+v %v", receipt, err)
				}
			}
			m := c.Messages()[2]
			if c.Count() != 3 || m.From != "news@example.com" || strings.Join(m.To, " ") != "ada@example.org" {
				t.Fatalf("%d caught, %+v", c.Count(), m)
			}
			env, err := m.Parse()
			if err != nil || strings.TrimSpace(env.Text) != "Hello, Ada" || strings.TrimSpace(env.HTML) != "<p>Hello, Ada</p>" || len(env.Errors) > 0 {
				t.Errorf("%+v %v", env, err)
			}
			for name, want := range map[string]string{
				"Date": "Sat, 21 Nov 2026 06:00:00 +0000", "From": "Herald <news@example.com>", "To": "Ada <ada@example.org>",
				"Subject": "Hello", "Message-Id": "<bulk1.7.email@example.com>", "Mime-Version": "1.0",
			} {
				if got := env.GetHeader(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestSendOverIPv6(t *testing.T) {
	c, err := catcher.Start(catcher.Options{Listen: "[::1]:0"})
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s := newSender(t, Options{URL: c.URL()})
	if _, err := s.Send(context.Background(), sample()); err != nil || c.Count() != 1 {
		t.Errorf("%v, %d caught", err, c.Count())
	}
}
