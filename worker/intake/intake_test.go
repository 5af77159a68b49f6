package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/feedback"
	"github.com/heraldsend/herald/worker/intake/verp"
)

// recorder keeps reports, and fails while it is told to.
type recorder struct {
	mu   sync.Mutex
	got  []string
	fail error
}

func (r *recorder) Record(_ context.Context, in feedback.Report) (feedback.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return "", r.fail
	}
	r.got = append(r.got, strings.TrimSpace(fmt.Sprintf("%s %s %s", in.ID, in.State, in.Recipient)))
	return feedback.Kept, nil
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *recorder) setFail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

var longID = strings.Repeat("x", 80)

func newIntake(t *testing.T) (*Intake, *recorder) {
	t.Helper()
	seals, err := verp.New("bounce.example.com", []string{"a secret of thirty-two characters"})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	in, err := New(Options{Seals: seals, Recorder: r, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	return in, r
}

// bounceOf is a delivery report about a message.
func bounceOf(sender, id, recipient, status string) string {
	return strings.ReplaceAll(fmt.Sprintf(`Return-Path: <>
From: MAILER-DAEMON@relay.example
To: %s
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; %s
Action: failed
Status: %s
--b
Content-Type: text/rfc822-headers

X-Herald-Return: <%s>
List-Unsubscribe: <mailto:%s>
To: %s
Message-ID: <%s@example.com>
--b--
`, sender, recipient, status, sender, "u-"+strings.TrimPrefix(sender, "r-"), recipient, id), "\n", "\r\n")
}

func autoReply(to string) string {
	return "From: ada@example.org\r\nTo: " + to + "\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nUser unknown, they say. Unsubscribe me.\r\n"
}

func complaint(sender string) string {
	return strings.ReplaceAll(`From: fbl@isp.example
To: complaints@bounce.example.com
Subject: complaint
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x
Version: 1
--b
Content-Type: message/rfc822

From: news@example.com
To: redacted@isp.example
X-Herald-Return: <`+sender+`>

Hello
--b--
`, "\n", "\r\n")
}

// What is kept of a mail, by the address that it goes to.
func TestTake(t *testing.T) {
	in, r := newIntake(t)
	s := in.Seals
	for name, c := range map[string]struct {
		to, mail string
		want     string
	}{
		"hard":                           {s.Sender("m1", false), bounceOf(s.Sender("m1", false), "m1", "ada@example.org", "5.1.1"), "m1 bounced_hard ada@example.org"},
		"soft":                           {s.Sender("m1", false), bounceOf(s.Sender("m1", false), "m1", "ada@example.org", "5.2.2"), "m1 bounced_soft ada@example.org"},
		"the address decides":            {s.Sender("m1", false), bounceOf(s.Sender("m2", false), "m3", "ada@example.org", "5.1.1"), "m1 bounced_hard ada@example.org"},
		"a long id":                      {s.Sender(longID, false), bounceOf(s.Sender(longID, false), longID, "ada@example.org", "5.1.1"), longID + " bounced_hard ada@example.org"},
		"a long id, another mail":        {s.Sender(longID, false), bounceOf(s.Sender(longID, false), "m1", "ada@example.org", "5.1.1"), ""},
		"out of office":                  {s.Sender("m1", false), autoReply(s.Sender("m1", false)), ""},
		"unsubscribing":                  {s.Unsubscriber("m1"), "From: ada@example.org\r\nSubject: unsubscribe\r\n\r\n", "m1 unsubscribed"},
		"unsubscribing in other words":   {s.Unsubscriber("m1"), "From: ada@example.org\r\nSubject: Leave me alone\r\n\r\nplease", "m1 unsubscribed"},
		"out of office to unsubscribing": {s.Unsubscriber("m1"), autoReply(s.Unsubscriber("m1")), ""},
		"a bounce to unsubscribing":      {s.Unsubscriber("m1"), bounceOf(s.Unsubscriber("m1"), "m1", "ada@example.org", "5.1.1"), ""},
		"a person answers":               {s.Sender("m1", false), "From: ada@example.org\r\nSubject: Re: Hello\r\n\r\nThanks, user unknown!\r\n", ""},
		"a complaint":                    {"complaints@bounce.example.com", complaint(s.Sender("m1", false)), "m1 complained"},
		"a complaint, forged":            {"complaints@bounce.example.com", complaint("r-" + strings.Repeat("a", 50) + "@bounce.example.com"), ""},
	} {
		m, err := s.Open(c.to)
		if err != nil {
			err = in.TakeAny(context.Background(), []byte(c.mail))
		} else {
			err = in.Take(context.Background(), m, []byte(c.mail))
		}
		got := strings.Join(r.take(), ", ")
		if c.want == "m1 complained" {
			got = strings.TrimSuffix(got, " redacted@isp.example")
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}

// start serves on loopback.
func start(t *testing.T, in *Intake, lmtp bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := in.NewServer(ServerOptions{Domain: "bounce.example.com", LMTP: lmtp})
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// Over SMTP and LMTP: only addresses of ours are taken, and 250 comes after what the mail says is stored.
func TestServer(t *testing.T) {
	for _, lmtp := range []bool{false, true} {
		in, r := newIntake(t)
		address := start(t, in, lmtp)
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		var c *smtp.Client
		if lmtp {
			c = smtp.NewClientLMTP(conn)
		} else {
			c = smtp.NewClient(conn)
		}
		t.Cleanup(func() { _ = c.Close() })
		sender := in.Seals.Sender("m1", false)
		send := func(mail string, to ...string) error {
			if err := c.Mail("", nil); err != nil {
				return err
			}
			for _, one := range to {
				if err := c.Rcpt(one, nil); err != nil {
					return errors.Join(err, c.Reset())
				}
			}
			w, err := c.Data()
			if err != nil {
				return err
			}
			if _, err := w.Write([]byte(mail)); err != nil {
				return err
			}
			return w.Close()
		}
		code := func(err error) int {
			var refused *smtp.SMTPError
			var all smtp.LMTPDataError
			switch {
			case errors.As(err, &all):
				for _, one := range all {
					return one.Code
				}
			case errors.As(err, &refused):
				return refused.Code
			case err != nil:
				return -1
			}
			return 250
		}
		mail := bounceOf(sender, "m1", "ada@example.org", "5.1.1")
		if got := code(send(mail, sender)); got != 250 {
			t.Errorf("lmtp %t: a bounce: %d", lmtp, got)
		}
		if got := r.take(); !slices.Equal(got, []string{"m1 bounced_hard ada@example.org"}) {
			t.Errorf("lmtp %t: %q", lmtp, got)
		}
		for _, to := range []string{"ada@example.org", "r-" + strings.Repeat("a", 50) + "@bounce.example.com", sender[:9] + "b" + sender[10:], "info@bounce.example.com", "complaints@example.org"} {
			if got := code(send(mail, to)); got != 550 {
				t.Errorf("lmtp %t: %s: %d", lmtp, to, got)
			}
		}
		if got := code(send(complaint(sender), "complaints@bounce.example.com")); got != 250 || len(r.take()) != 1 {
			t.Errorf("lmtp %t: a complaint: %d", lmtp, got)
		}
		r.setFail(errors.New("Redis is away"))
		if got := code(send(mail, sender)); got != 451 {
			t.Errorf("lmtp %t: while nothing can be stored: %d", lmtp, got)
		}
		r.setFail(nil)
		if got := code(send(mail+strings.Repeat(strings.Repeat("x", 70)+"\r\n", 50_000), sender)); got != 250 || len(r.take()) != 1 {
			t.Errorf("lmtp %t: 3.6 MB: %d", lmtp, got)
		}
		if got := code(send(mail, sender, in.Seals.Sender("m2", false))); got != 250 || len(r.take()) != 2 {
			t.Errorf("lmtp %t: two recipients: %d", lmtp, got)
		}
	}
}

// A Maildir is read once: what is stored is put away, what can't be stored stays.
func TestMaildir(t *testing.T) {
	in, r := newIntake(t)
	dir := t.TempDir()
	if _, err := in.NewMaildir(dir); err == nil {
		t.Error("any folder is a Maildir")
	}
	for _, part := range []string{"new", "cur", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, part), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := in.Seals
	for name, mail := range map[string]string{
		"1.a": bounceOf(s.Sender("m1", false), "m1", "ada@example.org", "5.1.1"),
		"2.b": "Delivered-To: " + s.Unsubscriber("m2") + "\r\nFrom: bob@example.org\r\nTo: x@example.com\r\nSubject: hi\r\n\r\n",
		"3.c": strings.ReplaceAll(bounceOf(s.Sender("m3", false), "m3", "ada@example.org", "5.2.2"), "To: "+s.Sender("m3", false), "To: bounces@example.com"),
		"4.d": "From: spam@example.net\r\nSubject: Buy\r\n\r\nuser unknown\r\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "new", name), []byte(mail), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := in.NewMaildir(dir)
	if err != nil {
		t.Fatal(err)
	}
	count := func(part string) int {
		entries, err := os.ReadDir(filepath.Join(dir, part))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	r.setFail(errors.New("Redis is away"))
	if err := m.Round(context.Background()); err == nil || count("new") == 0 {
		t.Errorf("while nothing can be stored: %v, %d left", err, count("new"))
	}
	r.setFail(nil)
	for range 2 {
		if err := m.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	got := r.take()
	slices.Sort(got)
	if !slices.Equal(got, []string{"m1 bounced_hard ada@example.org", "m2 unsubscribed", "m3 bounced_soft ada@example.org"}) || count("new") != 0 || count("cur") != 4 {
		t.Errorf("%q; %d in new, %d in cur", got, count("new"), count("cur"))
	}
}
