package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// literal is a mail that is put into a mailbox.
type literal struct{ *bytes.Reader }

// startIMAP serves a mailbox with mails.
func startIMAP(t *testing.T, mails ...string) (address string) {
	t.Helper()
	user := imapmemserver.NewUser("herald", "secret")
	if err := user.Create("Bounces", nil); err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		if _, err := user.Append("Bounces", literal{bytes.NewReader([]byte(m))}, &imap.AppendOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	store := imapmemserver.New()
	store.AddUser(user)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return store.NewSession(), nil, nil
		},
		InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return l.Addr().String()
}

// The unread mails of a mailbox are taken once; what can't be stored stays unread.
func TestIMAP(t *testing.T) {
	in, r := newIntake(t)
	s := in.Seals
	address := startIMAP(t, bounceOf(s.Sender("m1", false), "m1", "ada@example.org", "5.1.1"), autoReply(s.Sender("m2", false)),
		"Delivered-To: "+s.Unsubscriber("m3")+"\r\nFrom: bob@example.org\r\nSubject: unsubscribe\r\n\r\n", "From: spam@example.net\r\nSubject: Buy\r\n\r\nuser unknown\r\n")
	m, err := in.NewIMAP("imap://herald:secret@" + address + "/Bounces?tls=none")
	if err != nil {
		t.Fatal(err)
	}
	r.setFail(errors.New("Redis is away"))
	if err := m.Round(context.Background()); err == nil {
		t.Error("nothing was stored, and nobody says so")
	}
	r.setFail(nil)
	for range 2 {
		if err := m.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	got := r.take()
	slices.Sort(got)
	if !slices.Equal(got, []string{"m1 bounced_hard ada@example.org", "m3 unsubscribed"}) {
		t.Errorf("%q", got)
	}
	wrong, err := in.NewIMAP("imap://herald:hunter2@" + address + "/Bounces?tls=none")
	if err != nil {
		t.Fatal(err)
	}
	if err := wrong.Round(context.Background()); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestCheckIMAP(t *testing.T) {
	for _, good := range []string{"imaps://u:p@mail.example.com", "imaps://u:p@mail.example.com:1993/Bounces/2026", "imap://u:p@mail.example.com/INBOX", "imap://u:p@127.0.0.1:143?tls=none"} {
		if err := CheckIMAP(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "imaps://mail.example.com", "https://u:hunter2@mail.example.com", "imaps://u:hunter2@", "imap://u:hunter2@mail.example.com?tls=none", "imaps://u:hunter2@mail example"} {
		if err := CheckIMAP(bad); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
