package bounce

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/heraldsend/herald/worker/channel/send"
)

// Read reads a mail with its header. It never fails: a mail that it doesn't understand says Nothing. What it costs grows
// with the length of the mail, of which it looks at MaxBytes.
func Read(mail []byte) Result {
	mail = mail[:min(len(mail), MaxBytes)]
	if line, rest := nextLine(mail); bytes.HasPrefix(line, []byte("From ")) { // of a mailbox file
		mail = rest
	}
	m := open(readEntity(mail, "text/plain"))
	r := Result{Reports: m.reports(), MessageID: m.messageID(), Sender: m.returned.sender()}
	if len(r.Reports) == 0 {
		r.Reports = []Report{{Class: Nothing, Form: FormMail}}
	}
	for i := range r.Reports {
		if one := &r.Reports[i]; one.Recipient == "" && one.Form != FormMail {
			one.Recipient = m.returned.only("to")
		}
	}
	return r
}

// mail is what arrived, its parts told apart.
type mail struct {
	entity
	status   []byte   // message/delivery-status
	feedback []byte   // message/feedback-report
	text     string   // what people read, without the message that came back
	said     string   // of it, what its writer says before the returned message
	returned returned // the header of the message that came back
	receipt  bool     // a disposition notification (RFC 8098)
}

func open(e entity) *mail {
	m := &mail{entity: e}
	for _, p := range e.leaves() {
		switch p.kind {
		case "message/delivery-status", "message/global-delivery-status":
			m.status = append(append(m.status, p.decoded()...), "\r\n\r\n"...)
		case "message/feedback-report":
			m.feedback = p.decoded()
		case "message/disposition-notification", "message/global-disposition-notification":
			m.receipt = true
		case "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers":
			if m.returned == nil {
				h, _ := readHeader(p.decoded())
				m.returned = returned(h)
			}
		default:
			if text := p.text(); text != "" && len(m.text) < maxText {
				m.text += text + "\n"
			}
		}
	}
	m.said = m.text
	if at := returnedMark.FindStringIndex(m.text); at != nil {
		m.said = m.text[:at[0]]
		if m.returned == nil {
			m.returned = quoted(m.text[at[0]:])
		}
	}
	return m
}

// returnedMark is the line after which a server's text holds the message that came back.
var returnedMark = regexp.MustCompile(
	`(?im)^[ \t>*=-]*(this is a copy of|below this line is a copy|a copy of the (original )?message|original message( headers?)?( follows)?[: -]*$|included is a copy|returned message|unsent message|(the )?(body|headers?) of (the|your) (original )?message|message headers? follow|message contents? follows|the original message (headers )?(was|follows)|undelivered message follows|ursprüngliche (nachricht|kopfzeilen)|originalnachricht|元のメール|return-path: ?<|received: (from|by) )`)

// returned is the header of the message that came back.
type returned header

// sender is its envelope sender.
func (r returned) sender() string { return addressIn(header(r).get("return-path")) }

// only is the one mailbox of a field; "" where there are several or none.
func (r returned) only(name string) string {
	value := header(r).get(name)
	if all := addressPattern.FindAllString(value, 2); len(all) == 1 {
		return all[0]
	}
	return ""
}

// quoted reads the header of a message that stands within a text, perhaps indented.
func quoted(text string) returned {
	lines := strings.Split(text, "\n")
	var b strings.Builder
	for i, line := range lines[:min(len(lines), maxFields)] {
		trimmed := strings.TrimLeft(line, "> ")
		switch {
		case trimmed == "" && b.Len() > 0:
			h, _ := readHeader([]byte(b.String()))
			return returned(h)
		case isField([]byte(trimmed)):
			b.WriteString(trimmed + "\n")
		case b.Len() > 0 && i > 0 && len(trimmed) < len(line):
			b.WriteString(" " + trimmed + "\n")
		}
	}
	h, _ := readHeader([]byte(b.String()))
	return returned(h)
}

var idPattern = regexp.MustCompile(`<([^<>\s]{1,250}@[^<>\s]{1,250})>`)

// messageID is that of the message that came back: by its header, else by what the mail says it answers.
func (m *mail) messageID() string {
	for _, value := range []string{header(m.returned).get("message-id"), m.header.get("in-reply-to"), m.header.get("references")} {
		if all := idPattern.FindAllStringSubmatch(value, -1); len(all) > 0 {
			return all[len(all)-1][1]
		}
	}
	return ""
}

// reports takes the forms in turn, the surest first. A machine's answer to a person comes before an ordinary mail, and
// after all that is known to be a bounce, since bounces too call themselves auto-replied.
func (m *mail) reports() []Report {
	switch {
	case m.feedback != nil:
		return []Report{readARF(m.feedback)}
	case m.receipt || m.params["report-type"] == "disposition-notification":
		return []Report{{Class: AutoReply, Form: FormMail}}
	case m.status != nil:
		if all := readDSN(m.status, m.said); len(all) > 0 {
			return all
		}
	}
	if m.answersPeople() {
		return []Report{{Class: AutoReply, Form: FormMail, Words: send.Words(m.header.decodedField("subject"))}}
	}
	if m.fromServer() {
		return m.own()
	}
	if m.automatic() {
		return []Report{{Class: AutoReply, Form: FormMail}}
	}
	if wish.MatchString(strings.TrimSpace(m.header.decodedField("subject"))) {
		return []Report{{Class: Unsubscribe, Form: FormMail, Recipient: addressIn(m.header.get("from"))}}
	}
	return nil
}

// wish is a subject by which people ask to be unsubscribed.
var wish = regexp.MustCompile(`(?i)^((re|aw|fwd?|wg):\s*)*(please )?(unsubscribe( me)?|abmelden|abbestellen|abmeldung|opt[- ]?out|se désabonner|désinscription|desuscribir|darse de baja|baja|disiscrizione|配信停止|登録解除)[.!]*$`)
