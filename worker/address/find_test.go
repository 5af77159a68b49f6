package address

import (
	"strings"
	"testing"
)

func TestFinderFindsMailboxes(t *testing.T) {
	for _, c := range []struct {
		address, text string
		found         bool
	}{
		{"ada@example.com", "ada@example.com", true},
		{"ada@example.com", "Ada <ADA@Example.COM>", true},
		{"Ada <ada@example.com>", "550 5.1.1 <ada@example.com>: unknown", true},
		{"ada@example.com", "https://x.example/?to=ada@example.com&x", true},
		{"ada@example.com", "https://x.example/?to=ada%40example.com", true},
		{"ada@example.com", "mailto:ada&#64;example.com", true},
		{"ada@example.com", "write to ada@example.com.", true},
		{"ada@example.com", "x@y.example, ada@example.com", true},
		{"ada@example.com", "adaada@example.com", false},
		{"ada@example.com", "ada.ada@example.com", false},
		{"ada@example.com", "x+ada@example.com", false},
		{"ada@example.com", "ada@example.com.evil.example", false},
		{"ada@example.com", "ada@example.comx", false},
		{"ada@example.com", "ada@mail.example.com", false},
		{"ada@example.com", "ada@", false},
		{"ada@example.com", "@example.com", false},
		{"ada@example.com", strings.Repeat("@", 1000), false},
		{"ada@bücher.example", "ada@xn--bcher-kva.example", true},
		{"ada@xn--bcher-kva.example", "an ada@BÜCHER.example!", true},
		{"jürgen@example.com", "JU\u0308RGEN@example.com", true},
	} {
		f, err := NewFinder(Parser{}, Mailbox, c.address)
		if err != nil {
			t.Fatal(err)
		}
		if f.In(c.text) != c.found {
			t.Errorf("%s in %.60q: %v", c.address, c.text, !c.found)
		}
	}
}

func TestFinderReadsJSON(t *testing.T) {
	f, err := NewFinder(Parser{}, Mailbox, "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for text, found := range map[string]bool{
		`{"to":"ada@example.com"}`: true, `{"to":"ada\u0040example.com"}`: true, `{"a":["x\nada@example.com"]}`: true, `{"ada@example.com":1,"b":"\n"}`: true,
		`{"to":"bob@example.com\n"}`: false, `no JSON \n ada@example.com`: true, `{"to":"\\u0040"}`: false,
	} {
		if f.InJSON([]byte(text)) != found {
			t.Errorf("%s: %v", text, !found)
		}
	}
}
