package email

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/message"
)

type envelope struct{}

func (envelope) Sender(id string, several bool) string {
	if several {
		id += "-several"
	}
	return "r-" + id + "@bounce.example"
}
func (envelope) Unsubscriber(id string) string { return "u-" + id + "@bounce.example" }

// The envelope sender is the message's own, its header has a copy for complaints, and one may unsubscribe by mail.
func TestEnvelope(t *testing.T) {
	m := &message.Message{
		ID: "m1", Channel: message.Email, From: message.Address{Addr: "news@example.com"}, To: []message.Address{{Addr: "ada@example.org"}}, Subject: "Hello", Text: "Hello",
		Unsubscribe: "https://example.com/u/1",
	}
	for name, c := range map[string]struct {
		envelope Envelope
		bcc      []message.Address
		from     string
		has, not []string
	}{
		"none":    {nil, nil, "news@example.com", []string{"List-Unsubscribe: <https://example.com/u/1>\r\n"}, []string{"X-Herald-Return", "mailto:"}},
		"one":     {envelope{}, nil, "r-m1@bounce.example", []string{"X-Herald-Return: <r-m1@bounce.example>\r\n", "<https://example.com/u/1>,\r\n <mailto:u-m1@bounce.example?subject=unsubscribe>\r\n", "From: news@example.com\r\n"}, nil},
		"several": {envelope{}, []message.Address{{Addr: "bob@example.org"}}, "r-m1-several@bounce.example", []string{"X-Herald-Return: <r-m1-several@bounce.example>\r\n"}, nil},
	} {
		m.Bcc = c.bcc
		mail := (&composer{now: time.Now, files: newFileCache(0), envelope: c.envelope}).compose(m)
		text := ""
		for _, s := range mail.segments {
			text += string(s.data)
		}
		if mail.from != c.from || int64(len(text)) != mail.size {
			t.Errorf("%s: from %s, %d bytes of %d", name, mail.from, len(text), mail.size)
		}
		header, _, _ := strings.Cut(text, "\r\n\r\n")
		for _, want := range c.has {
			if !strings.Contains(header+"\r\n", want) {
				t.Errorf("%s: no %q in\n%s", name, want, header)
			}
		}
		for _, bad := range c.not {
			if strings.Contains(header, bad) {
				t.Errorf("%s: %q in\n%s", name, bad, header)
			}
		}
	}
}
