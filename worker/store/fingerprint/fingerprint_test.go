package fingerprint

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/seal"
)

func TestAllSpellingsShareAFingerprint(t *testing.T) {
	var key, other Key
	other[0] = 1
	tests := []struct {
		kind      address.Kind
		spellings []string
		others    []string
	}{
		{address.Mailbox, []string{"ada@example.com", "ADA@Example.COM", " Ada <ada@example.com> ", "ada@example.com\u200b", "ａｄａ@example.com"}, []string{"adam@example.com", "ada@example.org", "ada", ""}},
		{address.Mailbox, []string{"ada@bücher.example", "Ada@xn--bcher-kva.example"}, []string{"ada@bucher.example"}},
		{address.Phone, []string{"+447912345678", "07912 345678", "0044 7912-345-678", "+44 (0)7912 345678", "٠٧٩١٢٣٤٥٦٧٨", "tel:+44 7912 345 678", "0791234567８"}, []string{"+447912345679", "no number", ""}},
		{address.Conversation, []string{"c77", " c77\u200b"}, []string{"C77", "c78", ""}},
	}
	seen := map[uint64]string{}
	for _, test := range tests {
		want, ok := key.Address(test.kind, test.spellings[0])
		if !ok {
			t.Errorf("%q has no fingerprint", test.spellings[0])
		}
		if before, twice := seen[want]; twice {
			t.Errorf("%q has the fingerprint of %q", test.spellings[0], before)
		}
		seen[want] = test.spellings[0]
		for _, s := range test.spellings {
			if got, ok := key.Address(test.kind, s); !ok || got != want {
				t.Errorf("%q has another fingerprint than %q", s, test.spellings[0])
			}
			if got, _ := other.Address(test.kind, s); got == want {
				t.Errorf("%q has the same fingerprint under another key", s)
			}
			if test.kind == address.Phone {
				if number, err := phone.Parse(s, "GB"); err != nil || number != test.spellings[0] {
					t.Errorf("%q is %q, %v: no spelling of %q", s, number, err, test.spellings[0])
				}
			}
		}
		for _, s := range test.others {
			if got, ok := key.Address(test.kind, s); ok && got == want {
				t.Errorf("%q has the fingerprint of %q", s, test.spellings[0])
			}
		}
	}
}

func TestFilter(t *testing.T) {
	for _, n := range []int{0, 1, 2, 20, 199, 200, 1000} {
		prints := randomPrints(n)
		f := NewFilter(append([]uint64{}, append(prints, prints...)...))
		if most := 2 + (n*12+7)/8; len(f) > most {
			t.Errorf("%d fingerprints take %d bytes, at most %d", n, len(f), most)
		}
		for _, p := range prints {
			if !f.MayHold([]uint64{1, p}) {
				t.Fatalf("a filter of %d misses one that it holds", n)
			}
		}
		const strangers = 40_000
		wrong := 0
		for _, p := range randomPrints(strangers) {
			if f.MayHold([]uint64{p}) {
				wrong++
			}
		}
		if share := float64(wrong) / strangers; n >= 20 && share > 0.006 {
			t.Errorf("a filter of %d takes %.2f %% of strangers", n, 100*share)
		}
	}
	// No fingerprint is taken by many filters: the search for its address would be slow.
	filters := make([]Filter, 2000)
	for i := range filters {
		filters[i] = NewFilter(randomPrints(200))
	}
	for _, high := range []uint64{0, 1, 3, 1 << 8, 1 << 16, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1<<32 - 1<<16} {
		for _, low := range randomPrints(10) {
			wrong := 0
			for _, f := range filters {
				if f.MayHold([]uint64{high<<32 | low>>32}) {
					wrong++
				}
			}
			if wrong > 40 {
				t.Errorf("%d of %d filters take %#x", wrong, len(filters), high<<32|low>>32)
			}
		}
	}
	for _, f := range []Filter{nil, {}, {1}, {2, 0, 0}} {
		if !f.MayHold([]uint64{7}) {
			t.Errorf("%v is no filter that this version reads, and it holds nothing", f)
		}
	}
}

func randomPrints(n int) []uint64 {
	prints := make([]uint64, n)
	var b [8]byte
	for i := range prints {
		_, _ = rand.Read(b[:])
		prints[i] = binary.BigEndian.Uint64(b[:])
	}
	return prints
}

// All processes have one key. It stays readable when the key that sealed it goes, once a process with the next one has run.
func TestTheKeyOutlivesTheKeysOfStoredData(t *testing.T) {
	server := redistest.Start(t)
	ctx := t.Context()
	open := func(keys string) (*Key, error) {
		rdb := server.Client()
		ring, err := seal.Parse(keys)
		if err != nil {
			t.Fatal(err)
		}
		seal.Use(rdb, ring)
		return New(rdb).Key(ctx)
	}
	named := func(id string) string {
		return id + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(id[:1], 32)))
	}
	first, err := open(named("a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, keys := range []string{named("a"), named("b") + "," + named("a"), named("b"), "off," + named("b"), ""} {
		if got, err := open(keys); err != nil || *got != *first {
			t.Errorf("with %.8s…: another key, or %v", keys, err)
		}
	}
}
