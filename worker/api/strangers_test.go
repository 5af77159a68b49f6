package api

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
)

const linkSecret = "a secret of thirty-two characters"

// strangers starts an API with links and callbacks, and tokens that strangers have none of.
func strangers(t *testing.T) (*service, *link.Links) {
	t.Helper()
	links, err := link.New(link.Options{PublicURL: "https://messages.example", Secrets: []string{linkSecret}})
	if err != nil {
		t.Fatal(err)
	}
	_, tokens := newTokens(t, []Scope{ScopeRead})
	return start(t, func(o *Options) { o.Links, o.TwilioToken, o.Tokens = links, "twilio-token", tokens }), links
}

func path(t *testing.T, made string) string {
	t.Helper()
	u, err := url.Parse(made)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

func (s *service) suppressed(c message.Channel, address string) *suppress.Entry {
	s.t.Helper()
	found, err := s.api.Suppressions.Check(s.t.Context(), c, "*", []string{address})
	if err != nil {
		s.t.Fatal(err)
	}
	return found[0]
}

// Looking at the page changes nothing; one click does (RFC 8058), without a token, from wherever it comes.
func TestUnsubscribe(t *testing.T) {
	s, links := strangers(t)
	at := path(t, links.Unsubscribe(link.Subscriber{Channel: message.Email, Address: "o'hara@example.com", Owner: "bulk-7"}))
	page := s.want(200, "GET", at, nil)
	if !strings.Contains(string(page.body), "o&#39;hara@example.com") || !strings.Contains(string(page.body), `<button type="submit">`) {
		t.Errorf("page %s", page.body)
	}
	if s.suppressed(message.Email, "o'hara@example.com") != nil {
		t.Fatal("a GET unsubscribes")
	}
	done := s.want(200, "POST", at, "List-Unsubscribe=One-Click", "Content-Type: application/x-www-form-urlencoded", "Origin: null", "Host: messages.example")
	if !strings.Contains(string(done.body), "You are unsubscribed") {
		t.Errorf("page %s", done.body)
	}
	e := s.suppressed(message.Email, "O'Hara@example.com")
	if e == nil || e.Reason != suppress.Unsubscribed || e.Source != "bulk-7" {
		t.Fatalf("entry %+v", e)
	}
	s.want(200, "POST", at, nil)
	s.want(404, "POST", at[:len(at)-3], nil)
	s.want(404, "GET", "/unsubscribe/x", nil)
	old := "/unsubscribe/" + links.Sign("unsubscribe", []string{"email", "a@b.example", "m"}, time.Now().Add(-time.Hour))
	if a := s.want(410, "POST", old, nil); !strings.Contains(string(a.body), "expired") || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("page %s", a.body)
	}
	// A domain's wildcard is an address too: it must not unsubscribe a domain.
	s.want(200, "POST", path(t, links.Unsubscribe(link.Subscriber{Channel: message.Email, Address: "*@example.org", Owner: "bulk-7"})), nil)
	if s.suppressed(message.Email, "somebody@example.org") != nil {
		t.Error("a link unsubscribes a whole domain")
	}
}

func TestMedia(t *testing.T) {
	s, links := strangers(t)
	ref, err := s.client.Attach(t.Context(), "a.png", "image/png", []byte("bytes"))
	if err != nil {
		t.Fatal(err)
	}
	at := path(t, links.Media(link.File{Blob: ref.Blob, Name: "grün.png", Type: "image/png"}))
	a := s.want(200, "GET", at, nil)
	if string(a.body) != "bytes" || a.header.Get("Content-Type") != "image/png" || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v %s", a.header, a.body)
	}
	s.want(200, "HEAD", at, nil)
	s.want(404, "GET", at+"x", nil).problem(t)
	s.want(404, "GET", path(t, links.Media(link.File{Blob: strings.Repeat("0", 64), Name: "x.png", Type: "image/png"})), nil).problem(t)
	s.want(410, "GET", "/media/"+links.Sign("media", []string{ref.Blob, "a", "b"}, time.Now().Add(-time.Hour)), nil).problem(t)
}

// sign is Twilio's signature as its documentation describes it, written anew: fields sorted, name and value joined.
func sign(token, calledURL string, fields ...string) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(calledURL + strings.Join(fields, "")))
	return "X-Twilio-Signature: " + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestTwilio(t *testing.T) {
	s, _ := strangers(t)
	const form = "Content-Type: application/x-www-form-urlencoded"
	const inbound, status = "https://messages.example/twilio/inbound?account=1", "https://messages.example/twilio/status"
	stop := url.Values{"From": {"+15005550006"}, "Body": {" Opt-out! "}}.Encode()
	for name, signature := range map[string]string{
		"none":             "X-Nothing: 1",
		"another token":    sign("other", inbound, "Body", " Opt-out! ", "From", "+15005550006"),
		"another URL":      sign("twilio-token", status, "Body", " Opt-out! ", "From", "+15005550006"),
		"another number":   sign("twilio-token", inbound, "Body", " Opt-out! ", "From", "+15005550007"),
		"no base64":        "X-Twilio-Signature: !!!",
		"a field left out": sign("twilio-token", inbound, "From", "+15005550006"),
	} {
		t.Run(name, func(t *testing.T) {
			if p := s.want(403, "POST", "/twilio/inbound?account=1", stop, form, signature).problem(t); p.Code != "bad_signature" {
				t.Errorf("code %s", p.Code)
			}
		})
	}
	if s.suppressed(message.SMS, "+15005550006") != nil {
		t.Fatal("an unsigned callback suppresses")
	}
	a := s.want(200, "POST", "/twilio/inbound?account=1", stop, form, sign("twilio-token", inbound, "Body", " Opt-out! ", "From", "+15005550006"))
	if a.header.Get("Content-Type") != "text/xml; charset=utf-8" || !strings.Contains(string(a.body), "<Response/>") {
		t.Errorf("answer %s", a.body)
	}
	if e := s.suppressed(message.SMS, "+15005550006"); e == nil || e.Reason != suppress.Unsubscribed {
		t.Fatalf("entry %+v", e)
	}
	back := url.Values{"From": {"+15005550006"}, "OptOutType": {"START"}}.Encode()
	s.want(200, "POST", "/twilio/inbound?account=1", back, form, sign("twilio-token", inbound, "From", "+15005550006", "OptOutType", "START"))
	if e := s.suppressed(message.SMS, "+15005550006"); e != nil {
		t.Fatalf("entry %+v", e)
	}
	// An operator's entry stays.
	if err := s.api.Suppressions.Add(t.Context(), message.SMS, suppress.Entry{Address: "+15005550006"}); err != nil {
		t.Fatal(err)
	}
	s.want(200, "POST", "/twilio/inbound?account=1", back, form, sign("twilio-token", inbound, "From", "+15005550006", "OptOutType", "START"))
	if s.suppressed(message.SMS, "+15005550006") == nil {
		t.Error("START removed an operator's entry")
	}
	failed := url.Values{"To": {"+15005550009"}, "MessageStatus": {"failed"}, "ErrorCode": {"21610"}}.Encode()
	s.want(200, "POST", "/twilio/status", failed, form, sign("twilio-token", status, "ErrorCode", "21610", "MessageStatus", "failed", "To", "+15005550009"))
	if s.suppressed(message.SMS, "+15005550009") == nil {
		t.Error("21610 does not suppress")
	}
	s.want(413, "POST", "/twilio/status", strings.Repeat("a", maxForm+1), form).problem(t)
}
