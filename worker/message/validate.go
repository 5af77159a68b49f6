package message

import (
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
)

// Limits of one message.
const (
	maxID         = 200     // bytes
	maxSubject    = 998     // bytes
	maxRecipients = 100     // RFC 5321: every server takes that many
	maxBody       = 5 << 20 // bytes of HTML, and of text
	maxFileName   = 255     // bytes
)

// Validate reports all faults that would keep the message from being sent, as a fault.List. Every sender calls it, so
// that a message that nobody composed can't smuggle a header, a recipient or a command.
func (m *Message) Validate() error {
	var f fault.List
	f.Join("/id", checkID(m.ID))
	if _, err := ParseChannel(string(m.Channel)); err != nil {
		f.Add("/channel", fault.NotOneOf, "%v", err)
	}
	switch spec := m.Channel.Spec(); {
	case spec.Mail:
		m.validateEmail(&f)
	case m.Channel.Known():
		m.validateShort(&f)
	}
	f.Join("/subject", checkSized(m.Subject, maxSubject))
	f.Join("/html", checkBody(m.HTML))
	f.Join("/text", checkBody(m.Text))
	for i := range m.Attachments {
		f.Join(fault.Pointer("attachments", i), m.Attachments[i].validate())
	}
	return f.Err()
}

func (m *Message) validateEmail(f *fault.List) {
	checkMailbox(f, "/from", m.From)
	if m.ReplyTo != nil {
		checkMailbox(f, "/replyTo", *m.ReplyTo)
	}
	switch n := len(m.To) + len(m.Cc) + len(m.Bcc); {
	case n == 0:
		f.Add("/to", fault.Missing, "no recipient")
	case n > maxRecipients:
		f.Add("/to", fault.TooMany, "%d recipients, at most %d", n, maxRecipients)
	default:
		checkMailboxes(f, "to", m.To)
		checkMailboxes(f, "cc", m.Cc)
		checkMailboxes(f, "bcc", m.Bcc)
	}
	if m.HTML == "" && m.Text == "" {
		f.Add("/text", fault.Missing, "neither text nor HTML")
	}
	f.Join("/unsubscribe", checkUnsubscribe(m.Unsubscribe))
	f.Join("", m.Thread.Validate())
	f.Join("/headers", CheckHeaders(m.Headers))
}

func checkMailbox(f *fault.List, pointer string, a Address) {
	if err := address.CheckMailbox(a); err != nil {
		f.Add(pointer, fault.BadAddress, "%v", err)
	}
}

func checkMailboxes(f *fault.List, name string, list []Address) {
	for i, a := range list {
		checkMailbox(f, fault.Pointer(name, i), a)
	}
}

func (m *Message) validateShort(f *fault.List) {
	switch {
	case len(m.To) != 1 || len(m.Cc) > 0 || len(m.Bcc) > 0:
		f.Add("/to", fault.NotAllowed, "%s goes to exactly one recipient", m.Channel)
	case m.To[0].Addr == "":
		f.Add("/to/0", fault.Missing, "empty")
	default:
		f.Join("/to/0", checkSized(m.To[0].Addr, address.MaxLength))
	}
	if m.Text == "" && len(m.Attachments) == 0 {
		f.Add("/text", fault.Missing, "empty")
	}
	if len(m.Headers) > 0 {
		f.Add("/headers", fault.NotAllowed, "only an email has headers")
	}
	f.Join("/chat", m.Chat.Validate())
	f.Join("/note", m.Note.Validate())
}

func (a *Attachment) validate() error {
	var f fault.List
	if a.Name == "" {
		f.Add("/name", fault.Missing, "empty")
	} else {
		f.Join("/name", checkSized(a.Name, maxFileName))
	}
	f.Join("/type", checkMediaType(a.Type))
	switch {
	case a.ContentID != "" && !isDotAtom(strings.Replace(a.ContentID, "@", ".", 1)):
		f.Add("/contentId", fault.Malformed, "must be letters, digits and ._+-~ with at most one @")
	case a.Inline && a.ContentID == "":
		f.Add("/contentId", fault.Missing, "empty, but the file is inline")
	}
	return f.Err()
}

func checkID(id string) error {
	switch {
	case id == "":
		return fault.At("", fault.Missing, "empty")
	case len(id) > maxID:
		return tooLong(len(id), maxID)
	case !isDotAtom(id):
		return fault.At("", fault.Malformed, "must be letters, digits and ._=+-~ with no dot first, last or doubled")
	}
	return nil
}

// isDotAtom reports a dot-atom of letters, digits and =_+-~ : safe between < and @ of a Message-ID, in a URL and a key.
func isDotAtom(s string) bool {
	last := byte('.')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '=', c == '+', c == '~':
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
		return tooLong(len(s), most)
	}
	if err := address.CheckLine(s); err != nil {
		return fault.At("", fault.BadCharacter, "%v", err)
	}
	return nil
}

func tooLong(n, most int) error { return fault.At("", fault.TooLong, "%d bytes, at most %d", n, most) }

// checkBody refuses NUL and broken UTF-8. Line ends of any kind are allowed: the email channel makes them CRLF.
func checkBody(s string) error {
	switch {
	case len(s) > maxBody:
		return tooLong(len(s), maxBody)
	case strings.IndexByte(s, 0) >= 0:
		return fault.At("", fault.BadCharacter, "holds the character U+0000")
	case !utf8.ValidString(s):
		return fault.At("", fault.BadCharacter, "not valid UTF-8")
	}
	return nil
}

// checkMediaType wants a bare `type/subtype`: the email channel adds parameters.
func checkMediaType(s string) error {
	if len(s) > 127 {
		return tooLong(len(s), 127)
	}
	t, params, err := mime.ParseMediaType(s)
	kind, sub, _ := strings.Cut(t, "/")
	if err != nil || len(params) > 0 || t != s || kind == "" || sub == "" || kind == "multipart" || kind == "message" {
		return fault.At("", fault.Malformed, "must be a media type in lower case without parameters, such as application/pdf")
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
		return fault.At("", fault.Malformed, "must be an https URL of at most %d bytes", maxHeader)
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == ',' {
			return fault.At("", fault.BadCharacter, "holds %q: percent-encode it", c)
		}
	}
	return nil
}
