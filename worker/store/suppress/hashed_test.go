package suppress

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
)

var (
	keyA = strings.Repeat("a", 32)
	keyB = strings.Repeat("b", 32)
)

// Who is erased stays blocked, in every spelling, and the list doesn't name them. Another key takes over, the old one must
// stay; a worker without it refuses to read the list.
func TestErase(t *testing.T) {
	ctx, rdb := context.Background(), redistest.Start(t).Client()
	store := func(keys ...string) *Store {
		s, err := New(Options{Redis: rdb, Keys: keys, Country: "GB"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	blocked := func(s *Store, c message.Channel, text string) bool {
		t.Helper()
		found, err := s.Check(ctx, c, "", []string{text})
		if err != nil {
			t.Fatal(err)
		}
		return found[0] != nil
	}
	plain := store()
	if err := plain.Add(ctx, message.Email, Entry{Address: "ada@bücher.example", Reason: Complaint}, Entry{Address: "bob@example.com", Allow: true}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := plain.Erase(ctx, message.Email, "ada@bücher.example", false); !errors.Is(err, ErrNoKey) || !blocked(plain, message.Email, "ada@bücher.example") {
		t.Fatalf("without a key: %v", err)
	}
	s := store(keyA)
	for _, c := range []struct {
		channel              message.Channel
		text                 string
		block, there, hashed bool
	}{
		{message.Email, "Ada <ADA@xn--bcher-kva.example>", false, true, true}, {message.Email, "bob@example.com", false, true, false}, {message.Email, "eve@example.com", false, false, false},
		{message.Email, "joe@example.com", true, false, true}, {message.SMS, "07700 900123", true, false, true},
	} {
		there, hashed, err := s.Erase(ctx, c.channel, c.text, c.block)
		if err != nil || there != c.there || hashed != c.hashed {
			t.Errorf("%s: %v %v %v", c.text, there, hashed, err)
		}
	}
	both := store(keyB, keyA)
	for _, s := range []*Store{s, both} {
		for text, want := range map[string]bool{"ada@BÜCHER.example": true, "joe@example.com": true, "bob@example.com": false, "eve@example.com": false} {
			if blocked(s, message.Email, text) != want {
				t.Errorf("%s: blocked %v", text, !want)
			}
		}
		if !blocked(s, message.SMS, "+447700900123") || blocked(s, message.SMS, "+447700900124") {
			t.Error("SMS")
		}
	}
	if _, _, err := both.Erase(ctx, message.Email, "eve@example.com", true); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Store{"none": store(), "the old one alone": s, "another": store(strings.Repeat("c", 32))} {
		if _, err := s.Check(ctx, message.Email, "", []string{"x@example.com"}); err == nil || !strings.Contains(err.Error(), "HERALD_ERASE_KEYS") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var out bytes.Buffer
	n, err := both.Export(ctx, message.Email, &out)
	if err != nil || n != 3 || strings.Contains(out.String(), "@") {
		t.Errorf("%d, %v: %s", n, err, out.String())
	}
	if found, err := both.Check(ctx, message.Email, "", []string{"ada@bücher.example"}); err != nil || found[0].Reason != Complaint || !found[0].Erased() {
		t.Errorf("%+v, %v", found[0], err)
	}
	// New consent: an entry of their own allows them again; removing removes the hash.
	if err := both.Add(ctx, message.Email, Entry{Address: "joe@example.com", Allow: true}); err != nil || blocked(both, message.Email, "joe@example.com") {
		t.Errorf("consent does not count: %v", err)
	}
	if n, err := both.Remove(ctx, message.Email, "", "ada@bücher.example"); err != nil || n != 1 || blocked(both, message.Email, "ada@bücher.example") {
		t.Errorf("removed %d, %v", n, err)
	}
	if _, err := New(Options{Redis: rdb, Keys: []string{"short"}}); err == nil {
		t.Error("a short key passes")
	}
}
