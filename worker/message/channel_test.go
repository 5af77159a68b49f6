package message

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/address"
)

func TestChannels(t *testing.T) {
	seen := map[Channel]bool{}
	for _, c := range Channels {
		spec := c.Spec()
		if spec.Channel != c || spec.Title == "" || spec.Form == "" || spec.Address == "" || spec.Refused == "" || spec.Files.MaxTotal == 0 || len(spec.Files.Types) == 0 {
			t.Errorf("%s: a row that doesn't say all: %+v", c, spec)
		}
		if seen[c] {
			t.Errorf("%s: two rows", c)
		}
		seen[c] = true
		if got, err := ParseChannel(string(c)); got != c || err != nil {
			t.Errorf("%s: read as %q, %v", c, got, err)
		}
		if spec.Mail != (spec.Address == address.Mailbox) {
			t.Errorf("%s: a mail goes to mailboxes, and nothing else does", c)
		}
	}
	if n := len(Channels); n > 8 {
		t.Errorf("%d channels: a bulk's recipients have bits for 8 in their chunks", n)
	}
}

func TestUnknownChannel(t *testing.T) {
	for _, name := range []string{"", "fax", "Email", " sms"} {
		c, err := ParseChannel(name)
		if err == nil || c != "" || !strings.HasSuffix(err.Error(), "want email, sms, chat or note") {
			t.Errorf("%q: %q, %v", name, c, err)
		}
		if Channel(name).Known() {
			t.Errorf("%q is known", name)
		}
	}
}

func TestJoin(t *testing.T) {
	for want, list := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if got := Join(list, "or"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
