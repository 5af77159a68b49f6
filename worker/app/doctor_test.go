package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/heraldsend/herald/worker/redistest"
)

const doctorsSecret = "c4nary-secret"

// mailServer takes user "shop@acme.example" and doctorsSecret, and that user's address as the sender.
type mailServer struct {
	mechanisms []string
	owner      string // the only sender; "" for any
	takes      bool   // messages; the doctor sends none
	refuses    string // begins the recipients that are refused, with their address
}

func (m *mailServer) AuthMechanisms() []string { return m.mechanisms }

func (m *mailServer) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "shop@acme.example" || password != doctorsSecret {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no such user or password"}
		}
		return nil
	}
	if mechanism == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

func (m *mailServer) Mail(from string, _ *smtp.MailOptions) error {
	if m.owner != "" && from != m.owner {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sender address rejected: not owned by user"}
	}
	return nil
}

func (m *mailServer) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !m.takes {
		return errors.New("the doctor sends nothing")
	}
	if m.refuses != "" && strings.HasPrefix(to, m.refuses) {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not wanted: " + to + " here"}
	}
	return nil
}

func (m *mailServer) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (m *mailServer) Reset()        {}
func (m *mailServer) Logout() error { return nil }

// loginServer is AUTH LOGIN.
type loginServer struct {
	check func(user, password string) error
	user  string
	step  int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	default:
		return nil, true, l.check(l.user, string(response))
	}
}

// startMail serves m; with tls nil it offers no STARTTLS.
func startMail(t *testing.T, m *mailServer, config *tls.Config) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return m, nil }))
	server.TLSConfig, server.AllowInsecureAuth, server.ErrorLog, server.Domain = config, true, log.New(io.Discard, "", 0), "mail.acme.example"
	server.MaxMessageBytes = 20_000_000
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// certificate is a server's for 127.0.0.1 that ends at a time, and the roots that trust it.
func certificate(t *testing.T, ends time.Time) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: ends.Add(-90 * 24 * time.Hour), NotAfter: ends, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}

// records is a DNS of TXT records. A name without any is unknown; "" as the only one stands for a DNS that doesn't answer.
type records map[string][]string

func (r records) LookupTXT(_ context.Context, name string) ([]string, error) {
	list, known := r[name]
	switch {
	case !known:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case len(list) == 1 && list[0] == "":
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return list, nil
}

// find is the first finding of a part at a level whose words have what is wanted.
func find(r Report, part string, level Level, words string) *Finding {
	for i, f := range r.Findings {
		if f.Part == part && f.Level == level && strings.Contains(f.Found+" "+f.Advice, words) {
			return &r.Findings[i]
		}
	}
	return nil
}

func diagnose(t *testing.T, o DoctorOptions) Report {
	t.Helper()
	if o.Resolver == nil {
		o.Resolver = records{}
	}
	if o.Settings.RedisURL == valid().RedisURL { // whether one is there is not this test's matter
		o.Settings.RedisURL = ""
	}
	r := Diagnose(context.Background(), o)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{doctorsSecret, base64.StdEncoding.EncodeToString([]byte(doctorsSecret)), strings.Repeat("A", 44)} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the report holds a secret: %s", text)
		}
	}
	return r
}

func TestDoctorMail(t *testing.T) {
	good, roots := certificate(t, time.Now().Add(60*24*time.Hour))
	ending, endingRoots := certificate(t, time.Now().Add(3*24*time.Hour))
	ended, endedRoots := certificate(t, time.Now().Add(-24*time.Hour))
	plain, login, all := []string{sasl.Plain}, []string{sasl.Login}, []string{sasl.Plain, sasl.Login}
	const user = "shop%40acme.example:" + doctorsSecret + "@"
	for name, c := range map[string]struct {
		server  mailServer
		tls     *tls.Config
		roots   *x509.CertPool
		user    string
		query   string
		from    string
		level   Level
		words   []string // of what is found and advised
		setting string
	}{
		"all is well":         {mailServer{mechanisms: all}, good, roots, user, "", "", OK, []string{"login by PLAIN", "TLS 1.3", "20000000 bytes", "sender shop@acme.example accepted"}, "HERALD_SMTP_URL"},
		"AUTH LOGIN only":     {mailServer{mechanisms: login}, good, roots, user, "", "", OK, []string{"login by LOGIN"}, "HERALD_SMTP_URL"},
		"LOGIN, but not this": {mailServer{mechanisms: login}, good, roots, user, "?auth=plain", "", Problem, []string{"doesn't offer AUTH PLAIN", "it offers LOGIN", "auth="}, "HERALD_SMTP_URL"},
		"wrong password":      {mailServer{mechanisms: plain}, good, roots, "shop%40acme.example:wrong@", "", "", Problem, []string{"smtp_auth 5.7.8", "535", "password"}, "HERALD_SMTP_URL"},
		"no login there":      {mailServer{}, good, roots, user, "", "", Problem, []string{"offers no login"}, "HERALD_SMTP_URL"},
		"STARTTLS missing":    {mailServer{mechanisms: all}, nil, roots, user, "", "", Problem, []string{"no STARTTLS", "smtps://"}, "HERALD_SMTP_URL"},
		"expired certificate": {mailServer{mechanisms: all}, ended, endedRoots, user, "", "", Problem, []string{"expired", "renew"}, "HERALD_SMTP_URL"},
		"certificate ends":    {mailServer{mechanisms: all}, ending, endingRoots, user, "", "", Warning, []string{"ends on", "renew"}, "HERALD_SMTP_URL"},
		"unknown authority":   {mailServer{mechanisms: all}, good, endingRoots, user, "", "", Problem, []string{"authority"}, "HERALD_SMTP_URL"},
		"another's address":   {mailServer{mechanisms: all, owner: "shop@acme.example"}, good, roots, user, "", "news@acme.example", Problem, []string{"not owned", "--from"}, "HERALD_SMTP_URL"},
		"in the clear":        {mailServer{}, nil, roots, "", "?tls=none", "", Warning, []string{"without TLS"}, "HERALD_SMTP_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			s := valid()
			s.SMTPURL = "smtp://" + c.user + startMail(t, &c.server, c.tls) + c.query
			r := diagnose(t, DoctorOptions{Settings: &s, From: c.from, TLS: &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12}})
			f := find(r, "email", c.level, c.words[0])
			if f == nil {
				t.Fatalf("%+v", r.Findings)
			}
			for _, words := range c.words {
				if !strings.Contains(f.Found+" "+f.Advice, words) {
					t.Errorf("%+v does not say %q", f, words)
				}
			}
			if f.Setting != c.setting {
				t.Errorf("%+v does not name %s", f, c.setting)
			}
		})
	}
}

func TestDoctorNothingRunning(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	_ = listener.Close()
	s := valid()
	s.RedisURL, s.SMTPURL, s.AllowNetworks = "redis://"+nobody, "smtp://u:"+doctorsSecret+"@"+nobody, "127.0.0.0/8"
	s.ChatURL, s.NoteURL, s.EventsURL = "http://"+nobody, "https://"+nobody, "http://"+nobody+"/?token="+doctorsSecret
	s.SMSURL = "twilio://AC1:" + doctorsSecret + "@" + nobody + "?from=%2B15005550006"
	r := diagnose(t, DoctorOptions{Settings: &s})
	if r.OK {
		t.Error("all is well?")
	}
	for part, setting := range map[string]string{
		"redis": "HERALD_REDIS_URL", "email": "HERALD_SMTP_URL", "sms": "HERALD_SMS_URL", "chat": "HERALD_CHAT_URL", "note": "HERALD_NOTE_URL", "events": "HERALD_EVENTS_URL",
	} {
		if f := find(r, part, Problem, ""); f == nil || f.Setting != setting || f.Advice == "" {
			t.Errorf("%s: %+v", part, f)
		}
	}
}

// Faults of settings are findings too, and what they name is not tried.
func TestDoctorFaultySettings(t *testing.T) {
	s := valid()
	s.SMTPURL, s.ChatURL, s.Timezone = "smtp://:"+doctorsSecret+"@mail.example.com", "http://10.0.0.5", "Mars/Phobos"
	r := diagnose(t, DoctorOptions{Settings: &s})
	for _, setting := range []string{"HERALD_SMTP_URL", "HERALD_CHAT_URL", "HERALD_TIMEZONE"} {
		if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Part == "settings" && f.Level == Problem && f.Setting == setting }) {
			t.Errorf("%s is not told: %+v", setting, r.Findings)
		}
	}
	if f := find(r, "email", Problem, ""); f != nil || r.OK {
		t.Errorf("%+v, ok %t", f, r.OK)
	}
}

func TestDoctorRedis(t *testing.T) {
	durable := redistest.Start(t)
	s := valid()
	s.RedisURL = durable.URL()
	if r := diagnose(t, DoctorOptions{Settings: &s}); find(r, "redis", OK, "append-only") == nil {
		t.Errorf("%+v", r.Findings)
	}
	s.RedisURL = redistest.Start(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru").URL()
	r := diagnose(t, DoctorOptions{Settings: &s})
	for _, words := range []string{"appendonly yes", "noeviction"} {
		if f := find(r, "redis", Problem, words); f == nil || f.Setting != "HERALD_REDIS_URL" {
			t.Errorf("%s: %+v", words, r.Findings)
		}
	}
	s.AllowVolatileRedis = true
	if r := diagnose(t, DoctorOptions{Settings: &s}); find(r, "redis", Warning, "appendonly yes") == nil || find(r, "redis", Problem, "") != nil {
		t.Errorf("%+v", r.Findings)
	}
	s.RedisURL = redistest.Start(t, "--requirepass", doctorsSecret).URL()
	if r := diagnose(t, DoctorOptions{Settings: &s}); find(r, "redis", Problem, "refused the login") == nil {
		t.Errorf("%+v", r.Findings)
	}
}

func TestDoctorEndpoints(t *testing.T) {
	for status, level := range map[int]Level{
		200: OK, 204: OK, 400: OK, 401: OK, 405: OK, 404: Warning, 301: Problem, 500: Problem, 502: Problem, 503: Problem,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				t.Errorf("%s: the doctor sends nothing", r.Method)
			}
			w.WriteHeader(status)
		}))
		s := valid()
		s.AllowNetworks, s.ChatURL, s.EventsURL = "127.0.0.0/8", server.URL, server.URL
		r := diagnose(t, DoctorOptions{Settings: &s})
		for part, setting := range map[string]string{"chat": "HERALD_CHAT_URL", "events": "HERALD_EVENTS_URL"} {
			if f := find(r, part, level, "answers "); f == nil || f.Setting != setting || (f.Advice == "") != (level == OK) {
				t.Errorf("%d: %+v", status, r.Findings)
			}
		}
		server.Close()
	}
}

func TestDoctorDNS(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	right := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	other := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	const key, spf, dmarc = "s1._domainkey.mail.acme.com", "mail.acme.com", "_dmarc.mail.acme.com"
	for name, c := range map[string]struct {
		dns   records
		level Level
		words string
	}{
		"key":          {records{key: {right}}, OK, "DKIM: "},
		"no key":       {records{}, Problem, "no TXT record " + key},
		"another key":  {records{key: {other}}, Problem, "does not fit"},
		"revoked key":  {records{key: {"v=DKIM1; p="}}, Problem, "does not fit"},
		"no DNS":       {records{key: {""}, spf: {""}, dmarc: {""}}, Unknown, "DKIM: the DNS can't be asked"},
		"no DNS, SPF":  {records{spf: {""}}, Unknown, "SPF: the DNS can't be asked"},
		"SPF":          {records{spf: {"google-site-verification=x", "v=spf1 -all"}}, OK, "SPF: mail.acme.com"},
		"no SPF":       {records{spf: {"other"}}, Warning, "SPF: mail.acme.com has no record"},
		"SPF twice":    {records{spf: {"v=spf1 -all", "v=spf1 ~all"}}, Problem, "SPF: mail.acme.com has 2"},
		"DMARC":        {records{dmarc: {"v=DMARC1; p=none"}}, OK, "DMARC: _dmarc.mail.acme.com"},
		"DMARC above":  {records{"_dmarc.acme.com": {"v=DMARC1; p=reject"}}, OK, "DMARC: _dmarc.acme.com"},
		"no DMARC":     {records{}, Warning, "DMARC: mail.acme.com has no record"},
		"DMARC twice":  {records{dmarc: {"v=DMARC1; p=none", "v=DMARC1; p=none"}}, Problem, "DMARC: _dmarc.mail.acme.com has 2"},
		"no DNS, MARC": {records{dmarc: {""}}, Unknown, "DMARC: the DNS can't be asked"},
	} {
		s := valid()
		s.DKIMKey, s.DKIMDomain, s.DKIMSelector = file, "mail.acme.com", "s1"
		if r := diagnose(t, DoctorOptions{Settings: &s, Resolver: c.dns}); find(r, "dns", c.level, c.words) == nil {
			t.Errorf("%s: %+v", name, r.Findings)
		}
	}
}

func TestDoctorTemplates(t *testing.T) {
	s := valid()
	if r := diagnose(t, DoctorOptions{Settings: &s}); find(r, "templates", OK, "") == nil {
		t.Errorf("%+v", r.Findings)
	}
	s.Templates = t.TempDir()
	if err := os.Mkdir(filepath.Join(s.Templates, "shortcuts"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Templates, "shortcuts", "hi.yaml"), []byte("name: hi\nsubject: Hi\nmessage: \"Dear {{customer.fristName}}\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := find(diagnose(t, DoctorOptions{Settings: &s}), "templates", Problem, "fristName"); f == nil || f.Setting != "HERALD_TEMPLATES" {
		t.Errorf("%+v", f)
	}
}
