package email

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// tlsPolicy says how a connection is protected.
type tlsPolicy string

const (
	tlsMandatory     tlsPolicy = "mandatory"     // STARTTLS or nothing: the default
	tlsOpportunistic tlsPolicy = "opportunistic" // STARTTLS where the server offers it
	tlsNone          tlsPolicy = "none"
	tlsImplicit      tlsPolicy = "implicit" // smtps://
)

// wireMode says how commands go out.
type wireMode string

const (
	wireAuto       wireMode = "auto"       // the fastest that the server offers: the default
	wirePipelining wireMode = "pipelining" // at most PIPELINING, never BDAT
	wirePlain      wireMode = "plain"      // one command at a time
)

// settings are what an account's URL says.
type settings struct {
	host, port string
	user       string
	password   string
	tls        tlsPolicy
	auth       string // AUTH mechanism that the URL names, "" for what the server offers
	wire       wireMode
	kept       []string // fields that the server does not write anew: of replaced
	provider   string   // the key of providerFields, "" for none
}

// where names the account for people: user and server.
func (s settings) where() string {
	host := net.JoinHostPort(s.host, s.port)
	if s.user == "" {
		return host
	}
	return s.user + " at " + host
}

// parseURL reads smtp://user:secret@host:587?tls=…&auth=…&wire=…&keeps=… or smtps://user:secret@host:465. Its errors never
// show the URL, which holds the password.
func parseURL(raw string) (settings, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return settings{}, errors.New("the SMTP URL can't be read: want smtp://user:secret@host:587, with special characters of user and secret percent-encoded")
	}
	s := settings{host: u.Hostname(), port: u.Port(), tls: tlsMandatory, wire: wireAuto, user: u.User.Username()}
	s.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		s.port = or(s.port, "587")
	case "smtps":
		s.port, s.tls = or(s.port, "465"), tlsImplicit
	default:
		return settings{}, errors.New("the SMTP URL must begin with smtp:// or smtps://")
	}
	if n, err := strconv.Atoi(s.port); err != nil || n < 1 || n > 65535 {
		return settings{}, errors.New("the SMTP URL's port must be 1 to 65535")
	}
	if s.host == "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return settings{}, errors.New("the SMTP URL must be a scheme, a host, a port and a query, without a path")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return settings{}, errors.New("the SMTP URL's query can't be read")
	}
	for key, values := range query {
		if err := s.set(key, values[len(values)-1]); err != nil {
			return settings{}, err
		}
	}
	return s, s.check()
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// providerFields are the header fields by which a mail tells its provider the message's id, for providers that forget the
// Message-ID: their events bring it back.
var providerFields = map[string]string{"postmark": "X-PM-Metadata-herald-id"}

func (s *settings) set(key, value string) error {
	switch key {
	case "tls":
		switch p := tlsPolicy(value); {
		case s.tls == tlsImplicit:
			return errors.New("the SMTP URL can't set tls with smtps://, which is TLS from the first byte")
		case p == tlsMandatory, p == tlsOpportunistic, p == tlsNone:
			s.tls = p
			return nil
		}
		return errors.New("the SMTP URL's tls must be mandatory, opportunistic or none")
	case "auth":
		if mechanisms[value] == nil {
			return errors.New("the SMTP URL's auth must be plain, login, cram-md5, scram-sha-1, scram-sha-256 or xoauth2")
		}
		s.auth = value
		return nil
	case "wire":
		switch m := wireMode(value); m {
		case wireAuto, wirePipelining, wirePlain:
			s.wire = m
			return nil
		}
		return errors.New("the SMTP URL's wire must be auto, pipelining or plain")
	case "provider":
		if providerFields[value] == "" {
			return errors.New("the SMTP URL's provider must be postmark")
		}
		s.provider = value
		return nil
	case "keeps":
		for name := range strings.SplitSeq(value, ",") {
			i := slices.IndexFunc(replaced, func(field string) bool { return strings.EqualFold(field, name) })
			if i < 0 {
				return errors.New("the SMTP URL's keeps must be date, message-id or both with a comma between")
			}
			s.kept = append(s.kept, replaced[i])
		}
		return nil
	}
	return fmt.Errorf("the SMTP URL's query has an unknown setting %.20q: want tls, auth, wire, keeps or provider", key)
}

// check refuses what would send a password in the clear.
func (s *settings) check() error {
	switch {
	case s.user == "" && s.password != "":
		return errors.New("the SMTP URL has a password but no user")
	case s.user == "" && s.auth != "":
		return errors.New("the SMTP URL sets auth but no user")
	case s.user == "":
		return nil
	case s.tls == tlsOpportunistic:
		return errors.New("the SMTP URL has a password, which tls=opportunistic can't protect: use tls=mandatory")
	case s.tls == tlsNone && !s.loopback():
		return errors.New("the SMTP URL has a password, which tls=none would send in the clear: use tls=mandatory")
	}
	return nil
}

// CheckURL reports what is wrong with an account's URL, as New would. The error doesn't show the URL.
func CheckURL(rawURL string) error {
	_, err := parseURL(rawURL)
	return err
}

// User is the user of an account's URL, "" where it has none or can't be read.
func User(rawURL string) string {
	s, err := parseURL(rawURL)
	if err != nil {
		return ""
	}
	return s.user
}

// CheckBulk refuses an account that must not carry a bulk: personal Gmail, which allows a few hundred recipients a day
// and locks accounts that try more. The URL is that of Options.
func CheckBulk(rawURL string) error {
	s, err := parseURL(rawURL)
	if err != nil {
		return err
	}
	host := strings.ToLower(strings.TrimSuffix(s.host, "."))
	for _, gmail := range []string{"gmail.com", "googlemail.com"} {
		if host == gmail || strings.HasSuffix(host, "."+gmail) {
			return errors.New("a bulk can't be sent through a Gmail account: use a mail provider's or your own SMTP server")
		}
	}
	return nil
}

// loopback reports a server on this very machine.
func (s *settings) loopback() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}
