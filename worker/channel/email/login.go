package email

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"

	"github.com/heraldsend/herald/worker/channel/send"
)

// mechanisms are the AUTH mechanisms by their name in the URL.
var mechanisms = map[string]func(s settings) smtp.Auth{
	"plain":         func(s settings) smtp.Auth { return smtp.PlainAuth("", s.user, s.password, s.host, s.tls == tlsNone) },
	"login":         func(s settings) smtp.Auth { return smtp.LoginAuth(s.user, s.password, s.host, s.tls == tlsNone) },
	"cram-md5":      func(s settings) smtp.Auth { return smtp.CRAMMD5Auth(s.user, s.password) },
	"scram-sha-1":   func(s settings) smtp.Auth { return smtp.ScramSHA1Auth(s.user, s.password) },
	"scram-sha-256": func(s settings) smtp.Auth { return smtp.ScramSHA256Auth(s.user, s.password) },
	"xoauth2":       func(s settings) smtp.Auth { return smtp.XOAuth2Auth(s.user, s.password) },
}

// preferred are the mechanisms for a URL that names none: the first one that the server offers is used. Those that
// send the password itself come first, since every provider means them by user and password. They are used only under
// TLS, with the server that the certificate names. XOAUTH2 takes a token, so only the URL can choose it.
var preferred = []string{"plain", "login", "scram-sha-256", "scram-sha-1", "cram-md5"}

// login is smtp.Auth by the mechanism that the URL names, or one that the server offers. It runs only under TLS (or, where
// the URL says tls=none, to this very machine).
type login struct {
	smtp.Auth // from Start on
	settings  settings
	phase     *phase
}

// errLogin is a login that was not tried. Its text is only ours.
type errLogin string

func (e errLogin) Error() string { return string(e) }

func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	l.phase.name = "AUTH"
	if !server.TLS && l.settings.tls != tlsNone {
		return "", nil, errLogin("the connection is not under TLS")
	}
	name, err := choose(l.settings.auth, server.Auth)
	if err != nil {
		return "", nil, err
	}
	l.phase.login, l.Auth = name, mechanisms[name](l.settings)
	return l.Auth.Start(server)
}

// choose returns the mechanism to log in with: pinned, or the first of preferred that the server offers.
func choose(pinned string, offered []string) (string, error) {
	candidates := preferred
	if pinned != "" {
		candidates = []string{pinned}
	}
	for _, name := range candidates {
		if slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, name) }) {
			return name, nil
		}
	}
	has := send.Words(strings.Join(offered, " "))
	switch {
	case has == "":
		return "", errLogin("the server offers no login here; is the port right (587, or 465 with smtps://), or does it need none?")
	case pinned != "":
		return "", errLogin(fmt.Sprintf("the server doesn't offer AUTH %s, which auth=%s of the SMTP URL asks for; it offers %s", strings.ToUpper(pinned), pinned, has))
	case slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, "xoauth2") }):
		return "", errLogin(fmt.Sprintf("the server offers %s: set auth=xoauth2 in the SMTP URL, with an access token in place of the password", has))
	}
	return "", errLogin(fmt.Sprintf("the server offers %s, none of which Herald knows", has))
}

// authTrouble keeps the kind of an error at AUTH. It drops the words if they may hold what was sent.
func authTrouble(err error) error {
	var op *net.OpError
	var own errLogin
	switch {
	case errors.As(err, &own):
		return own
	case isTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &op):
		return op
	default:
		return errors.New("the login could not be completed")
	}
}

// repeatsSecrets reports whether a server's words hold anything of the login; of encoded data, a part is enough.
func repeatsSecrets(words string, s settings) bool {
	words = strings.ToLower(words)
	for _, secret := range []string{s.user, s.password} {
		if secret != "" && strings.Contains(words, strings.ToLower(secret)) {
			return true
		}
	}
	const part = 8
	for _, sent := range []string{s.user, s.password, "\x00" + s.user + "\x00" + s.password, "user=" + s.user + "\x01auth=Bearer " + s.password} {
		encoded := strings.ToLower(base64.StdEncoding.EncodeToString([]byte(sent)))
		for i := 0; i+part <= len(encoded); i++ {
			if strings.Contains(words, encoded[i:i+part]) {
				return true
			}
		}
	}
	return false
}
