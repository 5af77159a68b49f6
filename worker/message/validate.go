package message

import (
	"fmt"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/address"
)

// Limits of one message.
const (
	maxID         = 200     // bytes
	maxSubject    = 998     // bytes
	maxHeader     = 900     // bytes of a header's value: with its name it fits on a line of 998
	maxHeaders    = 50      // further header fields
	maxRecipients = 100     // RFC 5321: every server takes that many
	maxBody       = 5 << 20 // bytes of HTML, and of text
	maxFileName   = 255     // bytes
	maxMentions   = 20      // of a note
	maxField      = 200     // bytes of a chat's or note's field
)

// Fault is one thing wrong with a message.
type Fault struct {
	Field   string // such as "subject", "to[1]", "attachments[0].type"
	Problem string // such as "holds the character U+000D"
}

// Faults is every fault of one message. It is permanent by nature: no retry mends it.
type Faults []Fault

// Error lists the faults, up to five.
func (f Faults) Error() string {
	var b strings.Builder
	b.WriteString("invalid message: ")
	for i, fault := range f {
		if i == 5 {
			fmt.Fprintf(&b, "; and %d more", len(f)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(fault.Field + ": " + fault.Problem)
	}
	return b.String()
}

func (f *Faults) add(field, format string, args ...any) {
	*f = append(*f, Fault{field, fmt.Sprintf(format, args...)})
}

func (f *Faults) addErr(field string, err error) {
	if err != nil {
		f.add(field, "%v", err)
	}
}

func (f *Faults) addAddresses(field string, list []Address) {
	for i, a := range list {
		if err := address.CheckMailbox(a); err != nil {
			f.add(fmt.Sprintf("%s[%d]", field, i), "%v", err)
		}
	}
}

// Validate checks everything that must hold before a byte of the message is sent, and reports all faults at once, as
// Faults. Every sender calls it: a message that was put together by hand can smuggle no header, recipient or command.
func (m *Message) Validate() error {
	var f Faults
	f.addErr("id", checkID(m.ID))
	if _, err := ParseChannel(string(m.Channel)); err != nil {
		f.addErr("channel", err)
	}
	switch m.Channel {
	case Email:
		m.validateEmail(&f)
	case SMS, Chat, Note:
		m.validateShort(&f)
	}
	f.addErr("subject", checkSized(m.Subject, maxSubject))
	f.addErr("html", checkBody(m.HTML))
	f.addErr("text", checkBody(m.Text))
	for i := range m.Attachments {
		f.addAttachment(i, &m.Attachments[i])
	}
	if f == nil {
		return nil
	}
	return f
}

func (m *Message) validateEmail(f *Faults) {
	f.addErr("from", address.CheckMailbox(m.From))
	if m.ReplyTo != nil {
		f.addErr("replyTo", address.CheckMailbox(*m.ReplyTo))
	}
	switch n := len(m.To) + len(m.Cc) + len(m.Bcc); {
	case n == 0:
		f.add("to", "no recipient")
	case n > maxRecipients:
		f.add("to", "%d recipients, at most %d", n, maxRecipients)
	default:
		f.addAddresses("to", m.To)
		f.addAddresses("cc", m.Cc)
		f.addAddresses("bcc", m.Bcc)
	}
	if m.HTML == "" && m.Text == "" {
		f.add("text", "neither text nor HTML")
	}
	f.addErr("unsubscribe", checkUnsubscribe(m.Unsubscribe))
	if len(m.Headers) > maxHeaders {
		f.add("headers", "%d headers, at most %d", len(m.Headers), maxHeaders)
		return
	}
	for i, h := range m.Headers {
		if err := checkHeaderName(h.Name); err != nil {
			f.add(fmt.Sprintf("headers[%d].name", i), "%v", err)
		}
		if err := checkSized(h.Value, maxHeader); err != nil {
			f.add(fmt.Sprintf("headers[%d].value", i), "%v", err)
		}
	}
}

func (m *Message) validateShort(f *Faults) {
	switch {
	case len(m.To) != 1 || len(m.Cc) > 0 || len(m.Bcc) > 0:
		f.add("to", "%s goes to exactly one recipient", m.Channel)
	case m.To[0].Addr == "":
		f.add("to[0]", "is empty")
	default:
		f.addErr("to[0]", checkSized(m.To[0].Addr, address.MaxLength))
	}
	if m.Text == "" && len(m.Attachments) == 0 {
		f.add("text", "is empty")
	}
	if len(m.Headers) > 0 {
		f.add("headers", "only an email has headers")
	}
	f.addErr("chat.brand", checkSized(m.Chat.Brand, maxField))
	f.addErr("chat.assistant", checkSized(m.Chat.Assistant, maxField))
	f.addErr("chat.dialog", checkSized(m.Chat.Dialog, maxField))
	f.addErr("note.status", checkSized(m.Note.Status, maxField))
	if n := len(m.Note.Mentions); n > maxMentions {
		f.add("note.mentions", "%d mentions, at most %d", n, maxMentions)
		return
	}
	for i, id := range m.Note.Mentions {
		if id == "" {
			f.add(fmt.Sprintf("note.mentions[%d]", i), "is empty")
		}
		f.addErr(fmt.Sprintf("note.mentions[%d]", i), checkSized(id, maxField))
	}
}

func (f *Faults) addAttachment(i int, a *Attachment) {
	field := func(name string) string { return fmt.Sprintf("attachments[%d].%s", i, name) }
	if a.Name == "" {
		f.add(field("name"), "is empty")
	} else if err := checkSized(a.Name, maxFileName); err != nil {
		f.add(field("name"), "%v", err)
	}
	if err := checkMediaType(a.Type); err != nil {
		f.add(field("type"), "%v", err)
	}
	switch {
	case a.ContentID != "" && !isDotAtom(strings.Replace(a.ContentID, "@", ".", 1)):
		f.add(field("contentId"), "must be letters, digits and ._+- with at most one @")
	case a.Inline && a.ContentID == "":
		f.add(field("contentId"), "is empty, but the file is inline")
	}
}

func checkID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("is empty")
	case len(id) > maxID:
		return fmt.Errorf("is %d bytes long, at most %d", len(id), maxID)
	case !isDotAtom(id):
		return fmt.Errorf("must be letters, digits and ._=+- with no dot first, last or doubled")
	}
	return nil
}

// isDotAtom reports a dot-atom of letters, digits and =_+- : safe between < and @ of a Message-ID, in a URL and a key.
func isDotAtom(s string) bool {
	last := byte('.')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '=', c == '+':
		case c == '.' && last != '.':
		default:
			return false
		}
		last = c
	}
	return last != '.'
}

func checkSized(s string, most int) error {
	if len(s) > most {
		return fmt.Errorf("is %d bytes long, at most %d", len(s), most)
	}
	return address.CheckLine(s)
}

// checkBody refuses NUL and broken UTF-8; line ends of any kind are allowed, the composer makes them CRLF.
func checkBody(s string) error {
	switch {
	case len(s) > maxBody:
		return fmt.Errorf("is %d bytes long, at most %d", len(s), maxBody)
	case strings.IndexByte(s, 0) >= 0:
		return fmt.Errorf("holds the character U+0000")
	case !utf8.ValidString(s):
		return fmt.Errorf("not valid UTF-8")
	}
	return nil
}

// checkMediaType wants a bare `type/subtype`: parameters are the composer's business.
func checkMediaType(s string) error {
	if len(s) > 127 {
		return fmt.Errorf("is %d bytes long, at most 127", len(s))
	}
	t, params, err := mime.ParseMediaType(s)
	kind, sub, _ := strings.Cut(t, "/")
	if err != nil || len(params) > 0 || t != s || kind == "" || sub == "" || kind == "multipart" || kind == "message" {
		return fmt.Errorf("must be a media type in lower case without parameters, such as application/pdf")
	}
	return nil
}

// checkUnsubscribe wants what RFC 8058 does: an https URL, which stands between angle brackets.
func checkUnsubscribe(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if len(s) > maxHeader || err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("must be an https URL of at most %d bytes", maxHeader)
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' {
			return fmt.Errorf("holds %q: percent-encode it", c)
		}
	}
	return nil
}

// reserved are the fields that the composer writes itself, or that only servers and signers write.
var reserved = map[string]bool{
	"from": true, "sender": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "subject": true, "date": true,
	"message-id": true, "mime-version": true, "return-path": true, "received": true, "dkim-signature": true,
}

// checkHeaderName wants RFC 5322's ftext, in moderation, and none of the reserved fields.
func checkHeaderName(s string) error {
	if s == "" || len(s) > 76 {
		return fmt.Errorf("must have 1 to 76 characters")
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ':' {
			return fmt.Errorf("holds %q", c)
		}
	}
	lower := strings.ToLower(s)
	if reserved[lower] || strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-") {
		return fmt.Errorf("%s is written by Herald itself", s)
	}
	return nil
}
