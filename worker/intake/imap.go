package intake

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/heraldsend/herald/worker/intake/bounce"
)

const (
	imapEvery   = 30 * time.Second // how often a mailbox is looked at
	imapTimeout = 5 * time.Minute  // of one look
)

// IMAP takes the unread mails of a mailbox, and marks them as read. One process reads a mailbox; a second one would only do the
// same work again.
type IMAP struct {
	in             *Intake
	address        string
	user, password string
	mailbox        string
	dial           func(address string, o *imapclient.Options) (*imapclient.Client, error)
}

// NewIMAP reads imaps://user:secret@host/MAILBOX, or imap:// with STARTTLS; imap://…?tls=none is for this machine alone. The
// mailbox is INBOX where none is named. It doesn't connect. Its errors don't show the URL.
func (in *Intake) NewIMAP(text string) (*IMAP, error) {
	m, err := parseIMAP(text)
	if err != nil {
		return nil, err
	}
	m.in = in
	return m, nil
}

// CheckIMAP says what is wrong with a URL for NewIMAP.
func CheckIMAP(text string) error {
	_, err := parseIMAP(text)
	return err
}

func parseIMAP(text string) (*IMAP, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User.Username() == "" {
		return nil, errors.New("it must look like imaps://user:secret@mail.example.com/INBOX (a password's special characters must be %-encoded)")
	}
	m := &IMAP{user: u.User.Username(), mailbox: strings.Trim(u.Path, "/")}
	m.password, _ = u.User.Password()
	if m.mailbox == "" {
		m.mailbox = "INBOX"
	}
	port := u.Port()
	switch {
	case u.Scheme == "imaps":
		m.dial = imapclient.DialTLS
		port = cmp.Or(port, "993")
	case u.Scheme == "imap" && u.Query().Get("tls") == "none":
		if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
			return nil, errors.New("without TLS a password may go to this machine alone (127.0.0.1)")
		}
		m.dial = imapclient.DialInsecure
		port = cmp.Or(port, "143")
	case u.Scheme == "imap":
		m.dial = imapclient.DialStartTLS
		port = cmp.Or(port, "143")
	default:
		return nil, errors.New("it must begin with imaps:// or imap://")
	}
	m.address = net.JoinHostPort(u.Hostname(), port)
	return m, nil
}

// Watch takes mails until ctx ends. What can't be stored stays unread, and is taken later.
func (m *IMAP) Watch(ctx context.Context) error {
	return watch(ctx, imapEvery, m.Round, func(err error) {
		m.in.Log.Warn("can't take mails from the mailbox, trying on", "server", m.address, "error", err)
	})
}

// Round takes the mails that are unread now.
func (m *IMAP) Round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, imapTimeout)
	defer cancel()
	c, err := m.dial(m.address, &imapclient.Options{Dialer: &net.Dialer{Timeout: 30 * time.Second}, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer func() {
		if stop() {
			_ = c.Close()
		}
	}()
	if err := c.Login(m.user, m.password).Wait(); err != nil {
		return errors.New("the server refused the login") // its words may hold the name
	}
	if _, err := c.Select(m.mailbox, nil).Wait(); err != nil {
		return fmt.Errorf("open the mailbox: %w", err)
	}
	found, err := c.UIDSearch(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
	if err != nil {
		return fmt.Errorf("look for unread mails: %w", err)
	}
	for _, uid := range found.AllUIDs() {
		if err := m.one(ctx, c, uid); err != nil {
			return err
		}
	}
	return c.Logout().Wait()
}

func (m *IMAP) one(ctx context.Context, c *imapclient.Client, uid imap.UID) error {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: bounce.MaxBytes}}
	mails, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil {
		return fmt.Errorf("read a mail: %w", err)
	}
	for _, one := range mails {
		if err := m.in.TakeAny(ctx, one.FindBodySection(section)); err != nil {
			return err
		}
	}
	read := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}, Silent: true}
	if err := c.Store(imap.UIDSetNum(uid), read, nil).Close(); err != nil {
		return fmt.Errorf("mark a mail as read: %w", err)
	}
	return nil
}
