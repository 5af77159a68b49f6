package address

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestMailboxSpellings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ wire, key, spellings string }{
		{"Ada@example.com", "ada@example.com", "Ada@example.com|Ada@EXAMPLE.com|Ada Lovelace <Ada@example.com>| Ada@example.com\u200b|Ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ|" +
			"\ufeffAda@example.com|A\u00adda@exam\u200bple.com|\u2068Ada@example.com\u2069|\u202aAda@example.com\u202c|\u202eAda@example.com\u202c|Ada@ｅｘａｍｐｌｅ.com|" +
			"\u00a0Ada@example.com\n|Ada@example。com|\u2068Ada\u2069 <\u200bAda@example.com\u200b>\u200b|<Ada@example.com>"},
		{"user@xn--mnchen-3ya.de", "user@xn--mnchen-3ya.de", "user@münchen.de|user@MÜNCHEN.de|user@mu\u0308nchen.de|user@xn--mnchen-3ya.de|user@XN--MNCHEN-3YA.DE|user@mün\u00adchen.de"},
		{"jürgen@example.com", "jürgen@example.com", "jürgen@example.com|ju\u0308rgen@example.com|jürgen\u200b@example.com"},
		{"JÜRGEN@example.com", "jürgen@example.com", "JÜRGEN@example.com|JU\u0308RGEN@example.com"},
		{"ΟΔΟΣ@example.com", "οδοσ@example.com", "ΟΔΟΣ@example.com"},
		{"οδος@example.com", "οδοσ@example.com", "οδος@example.com"},
		{"ada+news@example.com", "ada+news@example.com", "ada+news@example.com|ada＋news@example.com"},
	} {
		for spelling := range strings.SplitSeq(c.spellings, "|") {
			a, err := Parser{}.Parse(Mailbox, spelling)
			if err != nil || a.Addr != c.wire || Mailbox.Key(a.Addr) != c.key {
				t.Errorf("%q: %q, key %q, %v; want %q, %q", spelling, a.Addr, Mailbox.Key(a.Addr), err, c.wire, c.key)
			}
		}
	}
}

// Different people have different keys.
func TestMailboxesThatDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, s := range []string{
		"ada@example.com", "adä@example.com", "ada+a@example.com", "ada+b@example.com", "a.da@example.com", "ada@example.org", "ada@sub.example.com",
		"ada@exämple.com", "adı@example.com", "adi@example.com", "strasse@example.com", "straße@example.com", "ada2@example.com", "ada²@example.com",
	} {
		a, err := ParseMailbox(s)
		if err != nil {
			t.Error(err)
			continue
		}
		if other := seen[Mailbox.Key(a.Addr)]; other != "" {
			t.Errorf("%s is %s", s, other)
		}
		seen[Mailbox.Key(a.Addr)] = s
	}
}

func TestConversations(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Conv_8f": "Conv_8f", " \u200bConv_8f\u2069\n": "Conv_8f", "conv 8f": "conv 8f", "": "", "\u200b": "", "a\nb": "", "a\u200bb": "", "a\xff": "",
		strings.Repeat("x", MaxLength): strings.Repeat("x", MaxLength), strings.Repeat("x", MaxLength+1): "",
	} {
		a, err := Parser{}.Parse(Conversation, in)
		if a.Addr != want || (err == nil) != (want != "") {
			t.Errorf("%.50q: %.50q, %v; want %.50q", in, a.Addr, err, want)
		}
		if want != "" && Conversation.Key(a.Addr) != want {
			t.Errorf("%q: key %q", in, Conversation.Key(a.Addr))
		}
	}
}

func TestPhonesComeFromOutside(t *testing.T) {
	t.Parallel()
	if _, err := (Parser{}).Parse(Phone, "+447912345678"); err == nil {
		t.Error("a number was read by nobody")
	}
	p := Parser{Country: "GB", Phones: func(text, country string) (string, error) {
		if text == "bad" {
			return "", errors.New("bad")
		}
		return fmt.Sprint(text, country), nil
	}}
	if a, err := p.Parse(Phone, "1"); err != nil || a.Addr != "1GB" {
		t.Error(a, err)
	}
	if a, err := p.Parse(Phone, "bad"); err == nil || a != (Address{}) {
		t.Error(a, err)
	}
}

func TestCheckCountry(t *testing.T) {
	t.Parallel()
	for code, ok := range map[string]bool{"": true, "GB": true, "gb": false, "GBR": false, "G": false, "1A": false} {
		if (CheckCountry(code) == nil) != ok {
			t.Errorf("%q: %v", code, CheckCountry(code))
		}
	}
}

func TestStripBidi(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Hello \u2068Ada\u2069!": "Hello Ada!", "\u202eevil\u202c": "evil", "plain": "plain", "\u200fא\u200d": "\u200fא\u200d", "": ""} {
		if got := StripBidi(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
