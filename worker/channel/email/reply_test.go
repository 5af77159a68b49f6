package email

import (
	"bufio"
	"strings"
	"testing"
)

func TestReadReply(t *testing.T) {
	cases := []struct {
		in   string
		want reply
	}{
		{"250 ok\r\n", reply{250, "ok"}},
		{"250\r\n", reply{250, ""}},
		{"250 \n", reply{250, ""}},
		{"250-first\r\n250-second\r\n250 last\r\n", reply{250, "last"}},
		{"550-5.1.1 No such\r\n550-5.1.1\r\n550 5.1.1 user.\r\n", reply{550, "5.1.1 No such user."}},
		{"550-No such\r\n550 user.\r\n", reply{550, "No such user."}},
		{"554-\r\n554\r\n", reply{554, ""}},
		{"550 5.1.1 <a@b.cc>: no such user\r\n", reply{550, "5.1.1 <a@b.cc>: no such user"}},
	}
	for _, c := range cases {
		if got, err := readReply(bufio.NewReader(strings.NewReader(c.in))); err != nil || got != c.want {
			t.Errorf("%q: %+v %v", c.in, got, err)
		}
	}
	for _, in := range []string{
		"", "250 ok", "25\r\n", "2500 ok\r\n", "abc ok\r\n", "\r\n", "199 x\r\n", "600 x\r\n", "250-a\r\n550 b\r\n", "250ok\r\n",
		"250 " + strings.Repeat("x", 5000) + "\r\n", strings.Repeat("250-x\r\n", maxReplyLines) + "250 x\r\n",
	} {
		if got, err := readReply(bufio.NewReader(strings.NewReader(in))); err == nil {
			t.Errorf("%.40q: %+v", in, got)
		}
	}
}

func TestRefusal(t *testing.T) {
	cases := []struct {
		step, text                   string
		code                         int
		permanent, suppress, account bool
		enhanced                     string
	}{
		{"RCPT", "5.1.1 no such user", 550, true, true, false, "5.1.1"},
		{"RCPT", "5.1.10 null MX", 556, true, true, false, "5.1.10"},
		{"DOT", "5.1.1 no such user", 550, true, false, false, "5.1.1"},
		{"RCPT", "5.7.1 blocked", 550, true, false, false, "5.7.1"},
		{"RCPT", "no such user", 550, true, false, false, ""},
		{"MAIL", "5.3.4 too large", 552, true, false, false, "5.3.4"},
		{"RCPT", "4.2.2 mailbox full", 452, false, false, false, "4.2.2"},
		{"RCPT", "4.7.1 greylisted", 450, false, false, false, "4.7.1"},
		{"MAIL", "4.3.2 shutting down", 421, false, false, true, "4.3.2"},
		{"MAIL", "5.7.0 log in first", 530, false, false, true, "5.7.0"},
		{"MAIL", "5.7.8 bad login", 535, false, false, true, "5.7.8"},
		{"BDAT", "5.4.5 daily quota exceeded", 550, false, false, true, "5.4.5"},
		{"RCPT", "5.1 short", 550, true, false, false, ""},
		{"RCPT", "5.1.9999 x", 550, true, false, false, ""},
		{"RCPT", "5.x.1 x", 550, true, false, false, ""},
	}
	for _, c := range cases {
		e := refusal(c.step, reply{c.code, c.text})
		if e.Permanent != c.permanent || e.Suppress != c.suppress || e.Account != c.account || e.Enhanced != c.enhanced || e.Status != c.code || e.Ambiguous {
			t.Errorf("%+v: %+v", c, e)
		}
		if strings.Contains(e.Error(), "user") {
			t.Errorf("%+v: the error repeats the server's words: %v", c, e)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add("250-a\r\n250 b\r\n")
	f.Add("550 5.1.1 x\r\n")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := readReply(bufio.NewReader(strings.NewReader(in)))
		if err != nil {
			return
		}
		if r.code < 200 || r.code > 599 || strings.Contains(r.text, "\n") {
			t.Fatalf("%q: %+v", in, r)
		}
		if e := enhanced(r.text); e != "" && !strings.HasPrefix(r.text, e) {
			t.Fatalf("%q: status %q", r.text, e)
		}
	})
}
