package send

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks specification's reference libraries.
func TestSignVector(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	Sign(h, []Secret{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %q", got)
	}
}

// A webhook with a bad signature, an old timestamp or a repeated id is refused.
func TestVerify(t *testing.T) {
	old, current, other := Secret(strings.Repeat("o", 32)), Secret(strings.Repeat("c", 32)), Secret(strings.Repeat("x", 32))
	now := time.Unix(1_800_000_000, 0)
	body := []byte(`{"a":1}`)
	signed := func(id string, at time.Time, secrets ...Secret) http.Header {
		h := http.Header{}
		Sign(h, secrets, id, at, body)
		return h
	}
	v, err := NewVerifier(current, old)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		h    http.Header
		body string
		want error
	}{
		{"good", signed("1", now, current), `{"a":1}`, nil},
		{"replayed", signed("1", now, current), `{"a":1}`, ErrReplay},
		{"with the old secret", signed("2", now, old), `{"a":1}`, nil},
		{"with several signatures", signed("3", now, other, current), `{"a":1}`, nil},
		{"with another secret", signed("4", now, other), `{"a":1}`, ErrSignature},
		{"another body", signed("5", now, current), `{"a":2}`, ErrSignature},
		{"5 minutes old", signed("6", now.Add(-5*time.Minute), current), `{"a":1}`, nil},
		{"older", signed("7", now.Add(-5*time.Minute-time.Second), current), `{"a":1}`, ErrTimestamp},
		{"from the future", signed("8", now.Add(6*time.Minute), current), `{"a":1}`, ErrTimestamp},
		{"unsigned", http.Header{}, `{"a":1}`, ErrSignature},
	}
	for _, c := range cases {
		if err := v.Verify(c.h, []byte(c.body), now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for name, header := range map[string]string{"webhook-id": "9", "webhook-timestamp": "1800000001", "webhook-signature": "v1,AAAA v2,x x"} {
		h := signed("10", now, current)
		h.Set(name, header)
		if err := v.Verify(h, body, now); !errors.Is(err, ErrSignature) {
			t.Errorf("changed %s: %v", name, err)
		}
	}
	if err := v.Verify(signed("7b", now, current), body, now); err != nil {
		t.Error(err)
	}
	v.Forget("7b")
	if err := v.Verify(signed("7b", now, current), body, now); err != nil {
		t.Errorf("what was forgotten: %v", err)
	}
	if err := v.Verify(signed("11", now.Add(30*time.Minute), current), body, now.Add(30*time.Minute)); err != nil || len(v.seen) != 1 {
		t.Errorf("%v, %d ids remembered, want the old ones forgotten", err, len(v.seen))
	}
	if _, err := NewVerifier(); err == nil {
		t.Error("no secret, no error")
	}
}

func TestParseSecret(t *testing.T) {
	for _, s := range []string{"", "whsec_", "whsec_c4nary!", "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)), base64.StdEncoding.EncodeToString(make([]byte, 65))} {
		if _, err := ParseSecret(s); err == nil || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, o := range []EndpointOptions{
		{}, {URL: "https://example.com/?token=c4nary"}, {URL: "ftp://c4nary"}, {URL: "https://u:c4nary@example.com", Secrets: []string{"x"}},
		{URL: "https://example.com", Secrets: []string{"c4nary"}}, {URL: "https://c4nary%zz"},
	} {
		if _, err := NewEndpoint(o); err == nil || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
