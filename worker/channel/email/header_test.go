package email

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

func TestAppendField(t *testing.T) {
	cases := []struct{ name, value, want string }{
		{"short", "Hello", "S: Hello\r\n"},
		{"folds before 76", strings.Repeat("word ", 20) + "end", "S: " + strings.Repeat("word ", 13) + "word\r\n " + strings.Repeat("word ", 6) + "end\r\n"},
		{"a word longer than a line", "a " + strings.Repeat("x", 100) + " b", "S: a\r\n " + strings.Repeat("x", 100) + "\r\n b\r\n"},
		{"mostly ASCII is quoted", "Your order, Jürgen", "S: =?utf-8?q?Your_order=2C_J=C3=BCrgen?=\r\n"},
		{"mostly not is base64", "今日", "S: =?utf-8?b?5LuK5pel?=\r\n"},
		{"an encoded word as text", "=?a?=", "S: =?utf-8?b?PT9hPz0=?=\r\n"},
		{"blanks at the ends", " a ", "S: =?utf-8?q?_a_?=\r\n"},
	}
	for _, c := range cases {
		if got := string(appendField(nil, "S", c.value)); got != c.want {
			t.Errorf("%s:\n%q, want\n%q", c.name, got, c.want)
		}
	}
}

func TestEncodedWordsAreShort(t *testing.T) {
	for _, s := range []string{strings.Repeat("ü", 400), strings.Repeat("今", 300), strings.Repeat("ü a", 200), strings.Repeat("x", 990)} {
		for _, line := range strings.Split(strings.TrimSuffix(string(appendField(nil, "Subject", s)), "\r\n"), "\r\n") {
			if len(line) > softLine+1 {
				t.Errorf("line of %d: %q", len(line), line)
			}
		}
	}
}

func TestAppendAddresses(t *testing.T) {
	cases := []struct {
		addr message.Address
		want string
	}{
		{message.Address{Addr: "a@b.cc"}, "To: a@b.cc\r\n"},
		{message.Address{Name: "Ada L", Addr: "a@b.cc"}, "To: Ada L <a@b.cc>\r\n"},
		{message.Address{Name: "L, Ada", Addr: "a@b.cc"}, "To: \"L, Ada\" <a@b.cc>\r\n"},
		{message.Address{Name: `a"b\`, Addr: "a@b.cc"}, "To: \"a\\\"b\\\\\" <a@b.cc>\r\n"},
		{message.Address{Name: "=?utf-8?q?=41?=", Addr: "a@b.cc"}, "To: =?utf-8?b?PT91dGYtOD9xPz00MT89?= <a@b.cc>\r\n"},
		{message.Address{Name: "Jürgen Lang", Addr: "a@b.cc"}, "To: =?utf-8?q?J=C3=BCrgen_Lang?= <a@b.cc>\r\n"},
	}
	for _, c := range cases {
		if got := string(appendAddresses(nil, "To", []message.Address{c.addr})); got != c.want {
			t.Errorf("%+v: %q, want %q", c.addr, got, c.want)
		}
	}
	if got := appendAddresses(nil, "Cc", nil); len(got) > 0 {
		t.Errorf("an empty list gives %q", got)
	}
}

func TestAppendParameter(t *testing.T) {
	cases := []struct{ value, want string }{
		{"a.pdf", ";\r\n filename=\"a.pdf\""},
		{"ü.pdf", ";\r\n filename*0*=utf-8''%C3%BC.pdf"},
		{`a";x="b`, ";\r\n filename*0*=utf-8''a%22%3Bx%3D%22b"},
		{strings.Repeat("a", 61), ";\r\n filename*0*=utf-8''" + strings.Repeat("a", 60) + ";\r\n filename*1*=a"},
	}
	for _, c := range cases {
		if got := string(appendParameter(nil, "filename", c.value)); got != c.want {
			t.Errorf("%q: %q, want %q", c.value, got, c.want)
		}
	}
}
