package verp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const secret = "a secret of thirty-two characters"

func newSeals(t testing.TB, secrets ...string) *Seals {
	t.Helper()
	s, err := New("bounce.example.com", secrets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const someUUID = "0198c5a0-7a1b-7c3d-8e4f-0123456789ab"

var ids = []string{
	"m1", someUUID, "shop~" + someUUID, someUUID + "+0.0.email", someUUID + "+49999.199.email", "shop~" + someUUID + "+7.19.email", someUUID + "+forward",
	"news-2026", "news-2026+12.3.email", "a.b.c", "welcome.ada.2026-11-30", strings.Repeat("x", 100), strings.Repeat("o", 40) + "~" + strings.Repeat("x", 100) + "+12345.199.email",
	"news+07.1.email", "news+1.2.sms", strings.ToUpper(someUUID), "x" + someUUID + "+1.2.email", "m+forward", "0.1.2.email",
}

// An address is short, names its message, and nothing else.
func TestNames(t *testing.T) {
	s := newSeals(t, secret)
	seen := map[string]string{}
	for _, id := range ids {
		for _, several := range []bool{false, true} {
			a := s.Sender(id, several)
			local, _, _ := strings.Cut(a, "@")
			if len(local) > 64 {
				t.Errorf("%s: %d octets", id, len(local))
			}
			if before := seen[a]; before != "" {
				t.Errorf("%s has the address of %s", id, before)
			}
			seen[a] = id
			for _, form := range []string{a, strings.ToUpper(a)} {
				m, err := s.Open(form)
				if err != nil || m.Purpose != Return || m.Several != several {
					t.Fatalf("%s: %+v, %v", id, m, err)
				}
				if got := m.ID("another", id); got != id {
					t.Errorf("%s: names %q", id, got)
				}
				if got := m.ID("another"); m.hash != nil && got != "" {
					t.Errorf("%s: %q without its id", id, got)
				}
			}
		}
		if m, err := s.Open(s.Unsubscriber(id)); err != nil || m.Purpose != Unsubscribe || m.ID(id) != id {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
	if first, again := s.Sender("m1", false), s.Sender("m1", false); first != again {
		t.Error("the same message has two addresses")
	}
}

// The ids that Herald makes itself need no hash.
func TestUsualIDsAreNamedWhole(t *testing.T) {
	s := newSeals(t, secret)
	for _, id := range ids[:12] {
		if id == ids[11] {
			continue
		}
		if m, err := s.Open(s.Sender(id, false)); err != nil || m.ID() != id {
			t.Errorf("%s: %q, %v", id, m.ID(), err)
		}
	}
}

// No letter can be changed, cut or added, no purpose exchanged, and no chance hits.
func TestForged(t *testing.T) {
	s := newSeals(t, secret)
	for _, id := range ids {
		a := s.Sender(id, false)
		local, _, _ := strings.Cut(a, "@")
		for i := range local {
			for _, c := range "abz27-" {
				for _, forged := range []string{local[:i] + string(c) + local[i+1:], local[:i] + string(c) + local[i:], local[:i]} {
					if m, err := s.Open(forged + "@bounce.example.com"); err == nil && forged != local {
						t.Fatalf("%s passes as %+v", forged, m)
					}
				}
			}
		}
		if _, err := s.Open("u" + a[1:]); !errors.Is(err, ErrForged) {
			t.Errorf("a return as an unsubscription: %v", err)
		}
		if _, err := s.Open(local + "@other.example.com"); !errors.Is(err, ErrOther) {
			t.Errorf("another domain: %v", err)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		raw := make([]byte, 11+random.IntN(27))
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		if _, err := s.Open("r-" + alphabet.EncodeToString(raw) + "@bounce.example.com"); err == nil {
			t.Fatal("a forged address passes")
		}
	}
	for _, other := range []string{"", "@", "ada@bounce.example.com", "r-@bounce.example.com", "x-abc@bounce.example.com", "r-" + strings.Repeat("a", 1000) + "@bounce.example.com"} {
		if _, err := s.Open(other); err == nil {
			t.Errorf("%.30q passes", other)
		}
	}
}

func TestChangeOfSecret(t *testing.T) {
	const newer = "another secret, thirty-two characters"
	for _, id := range ids {
		a := newSeals(t, secret).Sender(id, false)
		if m, err := newSeals(t, newer, secret).Open(a); err != nil || m.ID(id) != id {
			t.Errorf("%s while both are set: %v", id, err)
		}
		if _, err := newSeals(t, newer).Open(a); !errors.Is(err, ErrForged) {
			t.Errorf("%s when the old one is gone: %v", id, err)
		}
	}
}

// A sealed address is found within a header or a mail, past those of others.
func TestFind(t *testing.T) {
	s := newSeals(t, secret)
	text := fmt.Sprintf("Return-Path: <r-%s@bounce.example.com>\nX: %s.\n", strings.Repeat("a", 40), s.Sender("m1", false))
	if m, ok := s.Find(text); !ok || m.ID() != "m1" {
		t.Errorf("%+v, %t", m, ok)
	}
	if _, ok := s.Find("r-aaaa@bounce.example.com"); ok {
		t.Error("found what is not there")
	}
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string][]string{"no domain": {"", secret}, "no secret": {"bounce.example.com"}, "a short secret": {"bounce.example.com", "hunter2"}, "upper case": {"Bounce.example.com", secret}} {
		if _, err := New(c[0], c[1:]); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := newSeals(f, secret)
	known := map[string]bool{}
	for _, id := range ids {
		known[s.Sender(id, false)] = true
		f.Add(s.Sender(id, false))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.Open(text); err == nil && !known[strings.ToLower(text)] {
			t.Fatalf("%q passes", text)
		}
	})
}
