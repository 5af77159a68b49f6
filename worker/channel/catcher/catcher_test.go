package catcher

import (
	"context"
	"errors"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

const raw = "From: a@example.com\r\nTo: b@example.org\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n.dot\r\n"

func start(t *testing.T, o Options) *Catcher {
	t.Helper()
	c, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCatch(t *testing.T) {
	c := start(t, Options{})
	// The dot is doubled on the wire by net/smtp and single again here.
	if err := smtp.SendMail(c.Addr(), nil, "a@example.com", []string{"b@example.org", "c@example.org"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := c.Wait(ctx, 1); err != nil {
		t.Fatal(err)
	}
	m := c.Messages()[0]
	if c.Count() != 1 || m.From != "a@example.com" || strings.Join(m.To, " ") != "b@example.org c@example.org" || string(m.Raw) != raw {
		t.Errorf("%+v", m)
	}
	env, err := m.Parse()
	if err != nil || env.GetHeader("Subject") != "grüße" || !strings.Contains(env.Text, ".dot") {
		t.Errorf("%+v %v", env, err)
	}
}

func TestHooks(t *testing.T) {
	c := start(t, Options{
		OnRcpt: func(addr string) error {
			if strings.HasPrefix(addr, "nobody") {
				return &Reply{550, [3]int{5, 1, 1}, "no such user"}
			}
			return nil
		},
		OnMail: func(*Mail) error { return errors.New("later") },
	})
	for to, want := range map[string]int{"nobody@example.org": 550, "b@example.org": 451} {
		err := smtp.SendMail(c.Addr(), nil, "a@example.com", []string{to}, []byte(raw))
		var reply *textproto.Error
		if !errors.As(err, &reply) || reply.Code != want {
			t.Errorf("%s: %v, want %d", to, err, want)
		}
	}
	if c.Count() != 0 {
		t.Errorf("kept %d refused messages", c.Count())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
}

func TestLogin(t *testing.T) {
	c := start(t, Options{User: "herald", Password: "secret"})
	host, _, _ := strings.Cut(c.Addr(), ":")
	if err := smtp.SendMail(c.Addr(), nil, "a@example.com", []string{"b@example.org"}, []byte(raw)); err == nil {
		t.Error("took mail without a login")
	}
	if err := smtp.SendMail(c.Addr(), smtp.PlainAuth("", "herald", "wrong", host), "a@example.com", []string{"b@example.org"}, []byte(raw)); err == nil {
		t.Error("took a wrong password")
	}
	if err := smtp.SendMail(c.Addr(), smtp.PlainAuth("", "herald", "secret", host), "a@example.com", []string{"b@example.org"}, []byte(raw)); err != nil {
		t.Error(err)
	}
	if c.Count() != 1 {
		t.Errorf("caught %d", c.Count())
	}
}
