package message

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
	"github.com/heraldsend/herald/worker/fault"
)

func validEmail() *Message {
	return &Message{
		ID: "bulk1.7.email", Channel: Email, From: Address{Name: "Herald", Addr: "news@example.com"}, To: []Address{{Name: "Ada", Addr: "ada@example.org"}},
		Subject: "Tom & Jerry – 今日", Text: "Hello\nworld", HTML: "<p>Hello</p>",
		Headers:     []Header{{"List-Unsubscribe", "<https://example.com/u/1>"}},
		Attachments: []Attachment{{Name: "a.pdf", Type: "application/pdf", Data: []byte("%PDF")}},
	}
}

func validSMS() *Message {
	return &Message{ID: "m1", Channel: SMS, To: []Address{{Addr: "+4915112345678"}}, Text: "Hi"}
}

func TestValidateAccepts(t *testing.T) {
	for _, m := range []*Message{validEmail(), validSMS()} {
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestValidateRejects(t *testing.T) {
	const crlf = "x\r\nBcc: evil@example.net"
	long := strings.Repeat("x", 1<<20)
	cases := []struct {
		name, field string
		change      func(*Message)
	}{
		{"no id", "/id", func(m *Message) { m.ID = "" }},
		{"id with a space", "/id", func(m *Message) { m.ID = "a b" }},
		{"id with >", "/id", func(m *Message) { m.ID = "a>b" }},
		{"id ends in a dot", "/id", func(m *Message) { m.ID = "a." }},
		{"long id", "/id", func(m *Message) { m.ID = long }},
		{"no channel", "/channel", func(m *Message) { m.Channel = "" }},
		{"subject CRLF", "/subject", func(m *Message) { m.Subject = crlf }},
		{"subject NUL", "/subject", func(m *Message) { m.Subject = "a\x00" }},
		{"subject line separator", "/subject", func(m *Message) { m.Subject = "a\u2028b" }},
		{"subject 1 MB", "/subject", func(m *Message) { m.Subject = long }},
		{"subject not UTF-8", "/subject", func(m *Message) { m.Subject = "a\xff" }},
		{"from name CRLF", "/from", func(m *Message) { m.From.Name = crlf }},
		{"from missing", "/from", func(m *Message) { m.From = Address{} }},
		{"to name CRLF", "/to/0", func(m *Message) { m.To[0].Name = crlf }},
		{"to parameters", "/to/0", func(m *Message) { m.To[0].Addr = "a@b.com> NOTIFY=NEVER <" }},
		{"to 1 MB", "/to/0", func(m *Message) { m.To[0].Addr = long + "@example.com" }},
		{"to raw IDN", "/to/0", func(m *Message) { m.To[0].Addr = "a@münchen.de" }},
		{"to upper-case domain", "/to/0", func(m *Message) { m.To[0].Addr = "a@EXAMPLE.com" }},
		{"cc", "/cc/1", func(m *Message) { m.Cc = []Address{{Addr: "a@b.cc"}, {Addr: crlf}} }},
		{"bcc", "/bcc/0", func(m *Message) { m.Bcc = []Address{{Addr: "nobody"}} }},
		{"reply-to CRLF", "/replyTo", func(m *Message) { m.ReplyTo = &Address{Name: crlf, Addr: "a@b.cc"} }},
		{"no recipient", "/to", func(m *Message) { m.To = nil }},
		{"101 recipients", "/to", func(m *Message) { m.To = make([]Address, 101) }},
		{"no body", "/text", func(m *Message) { m.Text, m.HTML = "", "" }},
		{"text NUL", "/text", func(m *Message) { m.Text = "a\x00b" }},
		{"html not UTF-8", "/html", func(m *Message) { m.HTML = "\xff" }},
		{"header name CRLF", "/headers/0/name", func(m *Message) { m.Headers[0].Name = "X-A\r\nBcc" }},
		{"header name colon", "/headers/0/name", func(m *Message) { m.Headers[0].Name = "X-A: b" }},
		{"header reserved", "/headers/0/name", func(m *Message) { m.Headers[0].Name = "bcc" }},
		{"header content", "/headers/0/name", func(m *Message) { m.Headers[0].Name = "Content-Type" }},
		{"header value CRLF", "/headers/0/value", func(m *Message) { m.Headers[0].Value = crlf }},
		{"header value long", "/headers/0/value", func(m *Message) { m.Headers[0].Value = long }},
		{"unsubscribe CRLF", "/unsubscribe", func(m *Message) { m.Unsubscribe = "https://example.com/\r\nBcc:evil@example.net" }},
		{"unsubscribe bracket", "/unsubscribe", func(m *Message) { m.Unsubscribe = "https://example.com/>" }},
		{"unsubscribe http", "/unsubscribe", func(m *Message) { m.Unsubscribe = "http://example.com/" }},
		{"51 headers", "/headers", func(m *Message) { m.Headers = make([]Header, 51) }},
		{"attachment name CRLF", "/attachments/0/name", func(m *Message) { m.Attachments[0].Name = crlf }},
		{"attachment name bidi", "/attachments/0/name", func(m *Message) { m.Attachments[0].Name = "a\u202efdp.exe" }},
		{"attachment no name", "/attachments/0/name", func(m *Message) { m.Attachments[0].Name = "" }},
		{"attachment type CRLF", "/attachments/0/type", func(m *Message) { m.Attachments[0].Type = "text/plain\r\nBcc: x@y.zz" }},
		{"attachment type parameter", "/attachments/0/type", func(m *Message) { m.Attachments[0].Type = "text/plain; charset=utf-8" }},
		{"attachment type empty", "/attachments/0/type", func(m *Message) { m.Attachments[0].Type = "" }},
		{"attachment type multipart", "/attachments/0/type", func(m *Message) { m.Attachments[0].Type = "multipart/mixed" }},
		{"content id CRLF", "/attachments/0/contentId", func(m *Message) { m.Attachments[0].ContentID = "a>\r\nBcc: x@y.zz" }},
		{"inline without id", "/attachments/0/contentId", func(m *Message) { m.Attachments[0].Inline = true }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := validEmail()
			c.change(m)
			var err error
			d := cputest.Spent(func() { err = m.Validate() })
			var faults fault.List
			if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Pointer != c.field {
				t.Fatalf("got %v, want one fault at %s", err, c.field)
			}
			if d > time.Second {
				t.Errorf("took %v", d)
			}
			if text := err.Error(); len(text) > 400 || strings.Contains(text, "evil") || strings.ContainsAny(text, "\r\n") {
				t.Errorf("error text echoes too much: %q", text)
			}
		})
	}
}

func TestValidateReportsAllFaults(t *testing.T) {
	m := validEmail()
	m.ID, m.Subject, m.To[0].Addr = "", "\n", "x"
	var faults fault.List
	if !errors.As(m.Validate(), &faults) || len(faults) != 3 {
		t.Errorf("got %v", faults)
	}
}

func TestValidateShortChannels(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"two recipients": func(m *Message) { m.To = append(m.To, m.To[0]) },
		"cc":             func(m *Message) { m.Cc = m.To },
		"no recipient":   func(m *Message) { m.To = nil },
		"empty":          func(m *Message) { m.To[0].Addr = "" },
		"CRLF":           func(m *Message) { m.To[0].Addr = "+49\r\n" },
		"no text":        func(m *Message) { m.Text = "" },
		"21 mentions":    func(m *Message) { m.Note.Mentions = make([]string, 21) },
		"empty mention":  func(m *Message) { m.Note.Mentions = []string{""} },
		"brand CRLF":     func(m *Message) { m.Chat.Brand = "a\r\nb" },
		"status CRLF":    func(m *Message) { m.Note.Status = "a\r\nb" },
		"unknown status": func(m *Message) { m.Note.Status = "banana" },
		"headers":        func(m *Message) { m.Headers = []Header{{"X-A", "b"}} },
	} {
		m := validSMS()
		change(m)
		if m.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseChannel(t *testing.T) {
	for _, c := range Channels {
		if got, err := ParseChannel(string(c)); got != c || err != nil {
			t.Errorf("%s: %v %v", c, got, err)
		}
	}
	if _, err := ParseChannel(strings.Repeat("Email", 100)); err == nil || len(err.Error()) > 200 {
		t.Errorf("got %v", err)
	}
}
