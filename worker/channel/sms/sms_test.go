package sms

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sendtest"
	"github.com/heraldsend/herald/worker/message"
)

const sid = "AC0123456789abcdef0123456789abcdef"

func newSender(t *testing.T, o Options) *Sender {
	t.Helper()
	o.AccountSID, o.AuthToken = sid, sendtest.Secret
	if o.MessagingServiceSID == "" {
		o.From = "+15557122661"
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func sample() *message.Message {
	return &message.Message{ID: "m1.sms", Channel: message.SMS, To: []message.Address{{Addr: "+14155552671"}}, Text: "Tom & Jerry 🎉"}
}

func loopbackClient() *http.Client {
	return send.NewHTTPClient(send.HTTPOptions{AllowHTTP: true, Timeout: 20 * time.Second, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

func TestSuite(t *testing.T) {
	sendtest.Run(t, func(t *testing.T, s sendtest.Situation) sendtest.Rig {
		p := sendtest.NewPeer(t, s)
		r := sendtest.Rig{Sender: newSender(t, Options{BaseURL: p.URL, Client: p.Client}), Message: sample(), Delivered: p.Delivered, Arrived: func() int { return len(p.Requests()) }}
		switch s {
		case sendtest.Throttles:
			r.Wait = sendtest.RetryAfter
		case sendtest.TooLarge:
			r.Message.Text = strings.Repeat("x", 1601)
		}
		return r
	})
}

func TestForm(t *testing.T) {
	p := sendtest.NewPeer(t, sendtest.Accepts)
	s := newSender(t, Options{BaseURL: p.URL, Client: p.Client, MessagingServiceSID: "MG1", StatusCallback: "https://example.com/status"})
	m := sample()
	m.To[0].Addr = "+4915112345678"
	m.Attachments = []message.Attachment{{Name: "a.jpg", Type: "image/jpeg", URL: "https://example.com/a.jpg"}, {Name: "b.jpg", Type: "image/jpeg", URL: "https://example.com/b.jpg"}}
	receipt, err := s.Send(context.Background(), m)
	if err != nil || receipt.ID != "SM1" || receipt.Detail != "queued" {
		t.Fatalf("%+v %v", receipt, err)
	}
	req := p.Requests()[0]
	form, err := url.ParseQuery(string(req.Body))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"To": {"+4915112345678"}, "Body": {"Tom & Jerry 🎉"}, "MessagingServiceSid": {"MG1"}, "StatusCallback": {"https://example.com/status?message=m1.sms"},
		"MediaUrl": {"https://example.com/a.jpg", "https://example.com/b.jpg"},
	}
	if form.Encode() != want.Encode() || req.Path != "/2010-04-01/Accounts/"+sid+"/Messages.json" {
		t.Errorf("%s\n%v, want\n%v", req.Path, form, want)
	}
}

// A message's own sender goes before the account's.
func TestOwnSender(t *testing.T) {
	p := sendtest.NewPeer(t, sendtest.Accepts)
	s := newSender(t, Options{BaseURL: p.URL, Client: p.Client, MessagingServiceSID: "MG1"})
	m := sample()
	m.From.Addr = "+15557122661"
	if _, err := s.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(string(p.Requests()[0].Body))
	if err != nil || form.Get("From") != "+15557122661" || form.Has("MessagingServiceSid") {
		t.Error(form, err)
	}
}

func TestRefusedBeforeTwilio(t *testing.T) {
	p := sendtest.NewPeer(t, sendtest.Accepts)
	s := newSender(t, Options{BaseURL: p.URL, Client: p.Client})
	for name, change := range map[string]func(*message.Message){
		"no number":             func(m *message.Message) { m.To[0].Addr = "ada@example.org" },
		"no country":            func(m *message.Message) { m.To[0].Addr = "0151 12345678" },
		"not E.164":             func(m *message.Message) { m.To[0].Addr = "+49 151 12345678" },
		"too short":             func(m *message.Message) { m.To[0].Addr = "+1415" },
		"1,601 characters":      func(m *message.Message) { m.Text = strings.Repeat("ü", 1601) },
		"801 emoji":             func(m *message.Message) { m.Text = strings.Repeat("🎉", 801) },
		"a file without an URL": func(m *message.Message) { m.Attachments = []message.Attachment{{Name: "a.jpg", Type: "image/jpeg"}} },
		"11 files": func(m *message.Message) {
			for range 11 {
				m.Attachments = append(m.Attachments, message.Attachment{Name: "a.jpg", Type: "image/jpeg", URL: "https://example.com/a.jpg"})
			}
		},
	} {
		m := sample()
		change(m)
		if _, err := s.Send(context.Background(), m); err == nil || !send.AsError(err).Permanent || strings.Contains(err.Error(), m.To[0].Addr) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{strings.Repeat("ü", 1600), strings.Repeat("🎉", 800)} {
		m := sample()
		m.Text = text
		if _, err := s.Send(context.Background(), m); err != nil {
			t.Error(err)
		}
	}
	if p.Delivered() != 2 {
		t.Errorf("%d requests", p.Delivered())
	}
}

// A fake for the answers that Twilio's description doesn't tell.
func TestTwilioErrors(t *testing.T) {
	cases := []struct {
		status, code                            int
		permanent, ambiguous, suppress, account bool
		wait                                    time.Duration
	}{
		{400, 21610, true, false, true, false, 0},
		{400, 21211, true, false, false, false, 0},
		{400, 21408, true, false, false, false, 0},
		{400, 21606, true, false, false, false, 0},
		{404, 20404, false, false, false, true, 0},
		{400, 21659, false, false, false, true, 0},
		{400, 21704, false, false, false, true, 0},
		{429, 63038, false, false, false, true, 0},
		{400, 21612, true, false, false, false, 0},
		{400, 21614, true, false, false, false, 0},
		{400, 21602, true, false, false, false, 0},
		{403, 21610, true, false, true, false, 0},
		{401, 20003, false, false, false, true, 0},
		{429, 20429, false, false, false, false, 5 * time.Second},
		{429, 0, false, false, false, false, 5 * time.Second},
		{500, 20500, false, false, false, false, 0},
		{503, 0, false, false, false, false, 0},
		{200, 0, false, true, false, false, 0}, // some other server's yes
		{302, 0, true, false, false, false, 0},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d %d", c.status, c.code), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.wait > 0 {
					w.Header().Set("Retry-After", "5")
				}
				w.WriteHeader(c.status)
				if c.code > 0 {
					_, _ = fmt.Fprintf(w, `{"code":%d,"message":"The number +14155552671 is at fault","status":%d}`, c.code, c.status)
				}
			}))
			defer server.Close()
			s := newSender(t, Options{BaseURL: server.URL, Client: loopbackClient()})
			_, err := s.Send(context.Background(), sample())
			e := send.AsError(err)
			if e == nil || e.Permanent != c.permanent || e.Ambiguous != c.ambiguous || e.Suppress != c.suppress || e.Account != c.account || e.RetryAfter != c.wait {
				t.Fatalf("%+v", e)
			}
			if c.code > 0 && (e.Code != fmt.Sprintf("twilio_%d", c.code) || e.Reply != "The number +14155552671 is at fault") {
				t.Errorf("code %q, reply %q", e.Code, e.Reply)
			}
			if strings.Contains(err.Error(), "4155552671") {
				t.Errorf("the error shows the number: %v", err)
			}
		})
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":`)
	}))
	defer server.Close()
	if _, err := newSender(t, Options{BaseURL: server.URL, Client: loopbackClient()}).Send(context.Background(), sample()); !send.AsError(err).Ambiguous {
		t.Errorf("201 without a SID: %v", err)
	}
}

func TestNewRejects(t *testing.T) {
	for _, o := range []Options{
		{}, {AccountSID: sid}, {AccountSID: sid, AuthToken: "c4nary"}, {AccountSID: sid, AuthToken: "c4nary", From: "+1", MessagingServiceSID: "MG1"},
		{AccountSID: "AC/../x", AuthToken: "c4nary", From: "+1"}, {AccountSID: sid, AuthToken: "c4nary", From: "+1", StatusCallback: "http://example.com"},
	} {
		if _, err := New(o); err == nil || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestParseURL(t *testing.T) {
	o, err := ParseURL("twilio://" + sid + ":c4nary@api.twilio.com?from=+15557122661&callback=https%3A%2F%2Fexample.com%2Fs")
	if err != nil || o.AccountSID != sid || o.AuthToken != "c4nary" || o.From != "+15557122661" || o.StatusCallback != "https://example.com/s" ||
		o.BaseURL != "https://api.twilio.com" {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := ParseURL("twilio://" + sid + ":c4nary@api.twilio.com?service=MG1"); err != nil || o.MessagingServiceSID != "MG1" {
		t.Errorf("%+v %v", o, err)
	}
	for _, c := range []struct{ given, want string }{{"Fernhill", "Fernhill"}, {"+1 (555) 712-2661", "+15557122661"}, {"12345", "12345"}} {
		s, err := New(Options{AccountSID: sid, AuthToken: "t", From: c.given})
		if err != nil || s.o.From != c.want {
			t.Errorf("%s: %+v %v", c.given, s, err)
		}
	}
	for _, raw := range []string{
		"", "https://" + sid + ":c4nary@api.twilio.com?from=12345", "twilio://" + sid + ":c4nary@?from=12345", "twilio://" + sid + ":c4nary@h/p?from=12345", "twilio://" + sid + ":c4nary@h",
		"twilio://:c4nary@h?from=12345", "twilio://" + sid + ":c4nary@h?from=12345&service=2", "twilio://" + sid + ":c4nary@h?from=12345&x=2", "twilio://" + sid + ":c4nary@h?from=%zz", "twilio://c4nary%zz",
		"twilio://" + sid + ":c4nary@h?from=07912345678", "twilio://" + sid + ":c4nary@h?from=12345&country=DE",
	} {
		if _, err := ParseURL(raw); err == nil || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// The account is asked for without sending anything.
func TestAccount(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
		code   string
	}{
		"active":       {200, `{"sid":"AC1","status":"active","type":"Full"}`, "active", ""},
		"trial":        {200, `{"sid":"AC1","status":"active","type":"Trial"}`, "trial", ""},
		"suspended":    {200, `{"sid":"AC1","status":"suspended","type":"Full"}`, "suspended", ""},
		"wrong token":  {401, `{"code":20003,"message":"Authenticate","status":401}`, "", "twilio_20003"},
		"no account":   {404, `{"code":20404,"message":"not found","status":404}`, "", "twilio_20404"},
		"no Twilio":    {200, `<html>`, "", "sms_unclear"},
		"out of order": {503, ``, "", "http_503"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, _, ok := r.BasicAuth()
			if r.Method != http.MethodGet || r.URL.Path != "/2010-04-01/Accounts/"+user+".json" || !ok {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		s := newSender(t, Options{BaseURL: server.URL, Client: loopbackClient()})
		got, failed := s.Account(context.Background())
		switch {
		case got != c.want, (failed == nil) != (c.code == ""), failed != nil && failed.Code != c.code:
			t.Errorf("%s: %q %+v", name, got, failed)
		case c.status == 401 || c.status == 404:
			if !failed.Account {
				t.Errorf("%s: %+v is the account's trouble", name, failed)
			}
		}
		server.Close()
	}
}
