package address

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/heraldsend/herald/helpers/cputest"
)

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestParseMailboxCorpusAccept(t *testing.T) {
	var accept map[string]string
	readJSON(t, "addresses_accept.json", &accept)
	if len(accept) == 0 {
		t.Fatal("empty corpus")
	}
	for in, want := range accept {
		got, err := ParseMailbox(in)
		if err != nil || got.Addr != want || got.Name != "" {
			t.Errorf("ParseMailbox(%q) = %+v, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseMailboxCorpusReject(t *testing.T) {
	var reject []string
	readJSON(t, "addresses_reject.json", &reject)
	if len(reject) == 0 {
		t.Fatal("empty corpus")
	}
	for _, in := range reject {
		if got, err := ParseMailbox(in); err == nil {
			t.Errorf("ParseMailbox(%q) = %+v, want an error", in, got)
		}
		if err := CheckMailbox(Address{Addr: in}); err == nil {
			t.Errorf("CheckMailbox took %q", in)
		}
	}
}

func TestParseMailbox(t *testing.T) {
	cases := []struct{ in, name, addr string }{
		{"ada@example.com", "", "ada@example.com"},
		{"  ada@example.com\t", "", "ada@example.com"},
		{"Ada@EXAMPLE.Com", "", "Ada@example.com"},
		{"<ada@example.com>", "", "ada@example.com"},
		{"Ada Lovelace <ada@example.com>", "Ada Lovelace", "ada@example.com"},
		{`"Lovelace, Ada" <ada@example.com>`, "Lovelace, Ada", "ada@example.com"},
		{`"say \"hi\" \\" <ada@example.com>`, `say "hi" \`, "ada@example.com"},
		{"Jürgen Müller <j@müller.example>", "Jürgen Müller", "j@xn--mller-kva.example"},
		{"jürgen@example.com", "", "jürgen@example.com"},
		{"ju\u0308rgen@example.com", "", "jürgen@example.com"},
		{"株式会社 <info@例え.jp>", "株式会社", "info@xn--r8jz45g.jp"},
		{"a@xn--mnchen-3ya.de", "", "a@xn--mnchen-3ya.de"},
		{"Dr. No <no@example.com>", "Dr. No", "no@example.com"},
	}
	for _, c := range cases {
		got, err := ParseMailbox(c.in)
		if err != nil || got.Name != c.name || got.Addr != c.addr {
			t.Errorf("ParseMailbox(%q) = %+v, %v; want %q %q", c.in, got, err, c.name, c.addr)
		}
	}
}

func TestParseMailboxRejects(t *testing.T) {
	for _, in := range []string{
		"Ada <ada@example.com> x", "Ada ada@example.com>", "Ada <<ada@example.com>>", `"Ada <ada@example.com>`,
		`"Ada" x <ada@example.com>`, "ada@other.com <ada@example.com>", "A\r\nBcc: x@y.zz <ada@example.com>",
		"\"A\r\nBcc: x@y.zz\" <ada@example.com>", "a@1.2.3.4", "a@example.com.",
		"a@exam_ple.com", "a b@example.com", "a(c)@example.com", "a@ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "a\u202eb@example.com", "a\u200cb@example.com",
		"a\xff@example.com", "A\xff <a@example.com>", "a@\xff.com", "a\u2028b@example.com", strings.Repeat("n", 256) + " <a@example.com>",
	} {
		if got, err := ParseMailbox(in); err == nil {
			t.Errorf("ParseMailbox(%q) = %+v, want an error", in, got)
		}
	}
}

func TestParseMailboxLongIsQuickAndShort(t *testing.T) {
	for _, in := range []string{strings.Repeat("a", 1<<20) + "@example.com", "a@" + strings.Repeat("b.", 1<<19) + "com", strings.Repeat("<", 1<<20) + ">"} {
		var err error
		if d := cputest.Spent(func() { _, err = ParseMailbox(in) }); d > time.Second {
			t.Errorf("took %v", d)
		}
		if err == nil {
			t.Error("a 1 MB address was accepted")
		} else if len(err.Error()) > 300 {
			t.Errorf("error text of %d bytes", len(err.Error()))
		}
	}
}

func TestParseMailboxList(t *testing.T) {
	got, err := ParseMailboxList(`ada@example.com, "Hopper, Grace" <grace@example.com>,Alan <alan@example.com>`)
	want := []Address{{"", "ada@example.com"}, {"Hopper, Grace", "grace@example.com"}, {"Alan", "alan@example.com"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, in := range []string{"", ",", "a@b.cc,", "a@b.cc,,d@e.ff", "a@b.cc;d@e.ff", `"a@b.cc, d@e.ff`} {
		if got, err := ParseMailboxList(in); err == nil {
			t.Errorf("ParseMailboxList(%q) = %+v, want an error", in, got)
		}
	}
}

func FuzzParseMailbox(f *testing.F) {
	for _, s := range []string{"a@b.cc", "A <a@b.cc>", `"x\"y" <a@b.cc>`, "user@münchen.de", "a@b.com> SIZE=0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseMailbox(s)
		if err != nil {
			if a != (Address{}) {
				t.Fatalf("an address with an error: %+v", a)
			}
			return
		}
		for _, r := range a.Addr + a.Name {
			if unicode.IsControl(r) {
				t.Fatalf("control character in %+v", a)
			}
		}
		if strings.ContainsAny(a.Addr, " <>\"\\,;:()[]") || strings.Count(a.Addr, "@") != 1 || !utf8.ValidString(a.Addr) || len(a.Addr) > MaxLength {
			t.Fatalf("unsafe address %q", a.Addr)
		}
		again, err := ParseMailbox(a.Addr)
		if err != nil || again.Addr != a.Addr {
			t.Fatalf("%q does not stay itself: %+v %v", a.Addr, again, err)
		}
		key := Mailbox.Key(a.Addr)
		if folded, err := ParseMailbox(key); err != nil || folded.Addr != key || Mailbox.Key(key) != key {
			t.Fatalf("the key %q of %q does not stay itself: %+v %v", key, a.Addr, folded, err)
		}
		for _, spelling := range []string{"\u2068" + a.Addr + "\u2069", " <" + a.Addr + ">\u200b", norm.NFD.String(a.Addr), "X <" + a.Addr + ">"} {
			if b, err := ParseMailbox(spelling); err != nil || b.Addr != a.Addr {
				t.Fatalf("%q: %+v, %v; want %q", spelling, b, err, a.Addr)
			}
		}
		if err := CheckMailbox(a); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
	})
}
