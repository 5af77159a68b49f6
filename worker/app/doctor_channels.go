package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sms"
)

// sender is the address to try with: the given one, the account's user, or the domain that signs. "" where nothing tells.
func (d *doctor) sender(url string) string {
	if a, err := address.ParseMailbox(d.From); err == nil {
		return a.Addr
	}
	if a, err := address.ParseMailbox(email.User(url)); err == nil {
		return a.Addr
	}
	if d.s.DKIMDomain != "" {
		return "postmaster@" + d.s.DKIMDomain
	}
	return ""
}

func (d *doctor) email(ctx context.Context) {
	if d.s.SMTPURL == "" {
		d.add("email", Problem, "smtp-url", "set it to your mail server, such as smtp://user:secret@mail.example.com:587", "no mail server is set; workers don't start without")
	}
	if !d.usable("smtp-url", d.s.SMTPURL) || d.broken[EnvName("smtp-hello")] {
		return
	}
	for _, url := range d.s.accounts() {
		timeouts := email.Timeouts{Dial: partTime / 2, Command: partTime / 2}
		got, failed := email.Try(ctx, email.Options{URL: url, Hello: d.s.SMTPHello, TLS: d.TLS, Timeouts: timeouts}, d.sender(url))
		if failed != nil {
			setting, advice := smtpAdvice(failed)
			d.add("email", Problem, setting, advice, "%s: %v", got.Server, told(failed))
			continue
		}
		d.expiry("email", "smtp-url", got.Expires)
		d.add("email", OK, "smtp-url", "", "%s takes mail: %s", got.Server, describe(got))
		if got.TLS == "" {
			d.add("email", Warning, "smtp-url", "use tls=mandatory or smtps:// where the server is on another machine", "%s is spoken to without TLS", got.Server)
		}
	}
}

// told is the error, with the words of the other side if there are any. No recipient was named to it.
func told(e *send.Error) string {
	if e.Reply == "" || strings.Contains(e.Error(), e.Reply) {
		return e.Error()
	}
	return e.Error() + ": " + e.Reply
}

func describe(p email.Probe) string {
	parts := []string{"greeted as " + p.Hello}
	if p.TLS != "" {
		parts = append(parts, p.TLS+", certificate until "+p.Expires.UTC().Format(time.DateOnly))
	}
	if p.Login != "" {
		parts = append(parts, "login by "+p.Login)
	}
	if p.MaxSize > 0 {
		parts = append(parts, fmt.Sprintf("messages of up to %d bytes", p.MaxSize))
	}
	if p.From != "" {
		parts = append(parts, "sender "+p.From+" accepted")
	}
	return strings.Join(parts, "; ")
}

// smtpAdvice is the setting that a failed conversation concerns, and what to do.
func smtpAdvice(e *send.Error) (setting, advice string) {
	if advice := certificateAdvice(e.Err); advice != "" {
		return "smtp-url", advice
	}
	switch {
	case e.Code == "smtp_auth":
		return "smtp-url", "check its user, its password and, if it has one, its auth="
	case e.Code == "smtp_tls":
		return "smtp-url", "use smtps:// with the port for TLS from the first byte (465), or have the server offer STARTTLS"
	case e.Step == "MAIL":
		return "smtp-url", "the account may not send as this address: give another by --from, or have the server allow it"
	case e.Step == "EHLO" && e.Status > 0:
		return "smtp-hello", "set it to the full name of this host, or to the name that the server wants"
	case e.Step == "CONNECT" && e.Status > 0:
		return "smtp-url", "the server turns this machine away: ask who runs it"
	default:
		return "smtp-url", "check its host and port, that the server runs, and that no firewall is between"
	}
}

// certificateAdvice says what to do about a certificate, "" where the error is about something else.
func certificateAdvice(err error) string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "renew the server's certificate: it has expired, or this machine's clock is wrong"
	case errors.As(err, &name):
		return "use the name that the certificate is for"
	case errors.As(err, &authority):
		return "have the server use a certificate of a public authority, or install its authority on this machine"
	case errors.As(err, &invalid):
		return "replace the server's certificate"
	}
	return ""
}

func (d *doctor) sms(ctx context.Context) {
	if d.unconfigured("sms", "sms-url", d.s.SMSURL) {
		return
	}
	o, err := sms.ParseURL(d.s.SMSURL)
	if err == nil {
		o.Client, err = d.s.httpClient(partTime)
	}
	var account *sms.Sender
	if err == nil {
		account, err = sms.New(o)
	}
	if err != nil {
		d.add("sms", Problem, "sms-url", "correct the setting", "%v", err)
		return
	}
	defer func() { _ = account.Close() }()
	switch status, failed := account.Account(ctx); {
	case failed != nil:
		advice := cmp.Or(certificateAdvice(failed.Err), "check its host, and that no firewall is between")
		if failed.Status > 0 {
			advice = "check its account's SID and token"
		}
		d.add("sms", Problem, "sms-url", advice, "Twilio's account can't be read: %s", told(failed))
	case status == "trial":
		d.add("sms", Warning, "sms-url", "upgrade the account", "the account is a trial: it sends only to numbers that it verified")
	case status != "active":
		d.add("sms", Problem, "sms-url", "have Twilio open the account again", "the account is %s", status)
	default:
		d.add("sms", OK, "sms-url", "", "the account is active")
	}
}

// unconfigured tells what becomes of messages of a channel without a URL, and reports whether there is nothing to try.
func (d *doctor) unconfigured(part, setting, value string) bool {
	if value == "" {
		d.add(part, Unknown, setting, "", "not configured: messages for it wait, or are skipped with HERALD_UNCONFIGURED=log")
	}
	return !d.usable(setting, value)
}

func (d *doctor) endpoints(ctx context.Context) {
	if d.broken[EnvName("allow-networks")] {
		return
	}
	for _, e := range []struct{ part, setting, url string }{
		{"chat", "chat-url", d.s.ChatURL}, {"note", "note-url", d.s.NoteURL}, {"events", "events-url", d.s.EventsURL},
	} {
		if e.part == "events" && e.url == "" {
			d.add(e.part, Unknown, e.setting, "", "not configured: there are no events, and actions fail")
			continue
		}
		if d.unconfigured(e.part, e.setting, e.url) {
			continue
		}
		d.endpoint(ctx, e.part, e.setting, e.url)
	}
}

func (d *doctor) endpoint(ctx context.Context, part, setting, url string) {
	endpoint, err := d.s.endpoint(url)
	if err != nil {
		d.add(part, Problem, setting, "correct the setting", "%v", err)
		return
	}
	defer func() { _ = endpoint.Close() }()
	status, expires, failed := endpoint.Try(ctx)
	if failed != nil {
		advice := cmp.Or(certificateAdvice(failed.Err), "check its host and port, that the service runs, and that no firewall is between")
		if failed.Code == "http_refused" {
			advice = "list its network in HERALD_ALLOW_NETWORKS"
		}
		d.add(part, Problem, setting, advice, "the endpoint can't be asked: %s", told(failed))
		return
	}
	d.expiry(part, setting, expires)
	answer := fmt.Sprintf("the endpoint answers %d %s", status, http.StatusText(status))
	switch {
	case status >= 500 && status != http.StatusNotImplemented:
		d.add(part, Problem, setting, "look at the service's log: it fails by itself", "%s", answer)
	case status/100 == 3:
		d.add(part, Problem, setting, "set it to where the redirect leads: redirects are not followed", "%s", answer)
	case status == http.StatusNotFound || status == http.StatusGone:
		d.add(part, Warning, setting, "check its path; an endpoint that takes POST alone may answer so", "%s", answer)
	default:
		d.add(part, OK, setting, "", "%s to a GET; it gets signed POSTs", answer)
	}
}
