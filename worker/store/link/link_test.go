package link

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

const secret = "a secret of thirty-two characters"

func newLinks(t *testing.T, at *time.Time, secrets ...string) *Links {
	t.Helper()
	l, err := New(Options{PublicURL: "https://messages.example/", Secrets: secrets, Now: func() time.Time { return *at }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var ada = Subscriber{message.Email, "ada@example.com", "bulk-1", "news", "de", strings.Repeat("é", 40)}

func TestUnsubscribe(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLinks(t, &now, secret)
	made := l.Unsubscribe(ada)
	token, ok := strings.CutPrefix(made, "https://messages.example/unsubscribe/")
	if !ok || strings.Contains(made, "ada") {
		t.Fatalf("link %s", made)
	}
	want := ada
	want.Sender = strings.Repeat("é", 30) + "…"
	if got, err := l.ParseUnsubscribe(token); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	// One that an older version made is about all topics.
	older := l.Sign(unsubscribe, []string{"email", "ada@example.com", "bulk-1"}, now.Add(time.Hour))
	if got, err := l.ParseUnsubscribe(older); err != nil || got != (Subscriber{Channel: message.Email, Address: "ada@example.com", Owner: "bulk-1", Topic: topic.All}) {
		t.Fatalf("%+v, %v", got, err)
	}
	now = now.Add(time.Hour)
	if again := l.Unsubscribe(ada); again != made {
		t.Error("an hour later the link is another one")
	}
	now = now.Add(unsubscribeLife - time.Hour)
	if _, err := l.ParseUnsubscribe(token); err != nil {
		t.Errorf("before its end: %v", err)
	}
	now = now.Add(unsubscribeRound + time.Hour)
	if _, err := l.ParseUnsubscribe(token); !errors.Is(err, ErrExpired) {
		t.Errorf("after its end: %v", err)
	}
}

func TestMedia(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLinks(t, &now, secret)
	want := File{strings.Repeat("0a", 32), "a b.png", "image/png"}
	token, _ := strings.CutPrefix(l.Media(want), "https://messages.example/media/")
	if got, err := l.ParseMedia(token); err != nil || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := l.ParseUnsubscribe(token); !errors.Is(err, ErrInvalid) {
		t.Errorf("as a link to unsubscribe: %v", err)
	}
}

// No byte of a token can be changed, cut or added.
func TestForged(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLinks(t, &now, secret)
	token := l.Sign("p", []string{"a", "b"}, now.Add(time.Hour))
	if fields, err := l.Verify("p", token); err != nil || strings.Join(fields, ",") != "a,b" {
		t.Fatalf("%q, %v", fields, err)
	}
	for i := range token {
		other := "A"
		if token[i] == 'A' {
			other = "B"
		}
		for _, forged := range []string{token[:i], token[:i] + other + token[i+1:], token[:i] + other + token[i:]} {
			if _, err := l.Verify("p", forged); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", forged, err)
			}
		}
	}
	for _, forged := range []string{"", "=", strings.Repeat("A", 100_000), token + "\n"} {
		if _, err := l.Verify("p", forged); !errors.Is(err, ErrInvalid) {
			t.Errorf("%.50q: %v", forged, err)
		}
	}
	// Where one field ends and the next begins is sealed too.
	if l.Sign("p", []string{"ab", "c"}, now) == l.Sign("p", []string{"a", "bc"}, now) {
		t.Error("two lists of fields are one token")
	}
}

// A secret is changed without a gap: the new one first, the old one after it until its links have expired.
func TestChangeOfSecret(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	const newer = "another secret, thirty-two characters"
	token := newLinks(t, &now, secret).Sign("p", []string{"a"}, now.Add(time.Hour))
	if _, err := newLinks(t, &now, newer, secret).Verify("p", token); err != nil {
		t.Errorf("while both are set: %v", err)
	}
	if _, err := newLinks(t, &now, newer).Verify("p", token); !errors.Is(err, ErrInvalid) {
		t.Errorf("when the old one is gone: %v", err)
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"http":         {PublicURL: "http://messages.example", Secrets: []string{secret}},
		"no host":      {PublicURL: "https://", Secrets: []string{secret}},
		"a query":      {PublicURL: "https://messages.example?a=b", Secrets: []string{secret}},
		"no secret":    {PublicURL: "https://messages.example"},
		"short secret": {PublicURL: "https://messages.example", Secrets: []string{"hunter2"}},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s passes", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v shows the secret", err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	l, err := New(Options{PublicURL: "https://messages.example", Secrets: []string{secret}, Now: func() time.Time { return now }})
	if err != nil {
		f.Fatal(err)
	}
	token := l.Sign("p", []string{"a"}, now.Add(time.Hour))
	f.Add(token)
	f.Add(token[:20])
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := l.Verify("p", s); err == nil && s != token {
			t.Fatalf("%q passes", s)
		}
	})
}
