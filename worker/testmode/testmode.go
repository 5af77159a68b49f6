// Package testmode stands in for the channels where a message is a test (task.IsTest): it keeps what would have been sent,
// and answers as the channel would. Nobody gets anything. Magic addresses make it answer otherwise, so that callers can
// test what they do then: see Magic.
package testmode

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/caught"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// Domain is that of magic addresses. No mail can ever be delivered below .invalid (RFC 2606).
const Domain = "test.herald.invalid"

// Magic is an address of a test, and what becomes of a message to it.
type Magic struct {
	Name   string // before the @ of Domain; +anything may follow it
	Number string // of a phone: the last two digits
	Doc    string

	feedback   ledger.FeedbackState // what comes back after it was sent
	status     string               // of the feedback or the refusal, RFC 3463
	words      string
	refusal    *send.Error // the answer instead of success
	once       bool        // only to the first try
	suppressed string      // the reason for which the address is on the suppression list
}

// Magics are all magic addresses. What is sent to any other address is sent, and nothing comes back.
var Magics = []Magic{
	{Name: "delivered", Number: "01", Doc: "sent, then `message.delivered`", feedback: ledger.Delivered, status: "2.0.0", words: "delivered"},
	{Name: "bounce", Number: "02", Doc: "sent, then `message.bounced` with `bounced_hard`", feedback: ledger.BouncedHard, status: "5.1.1", words: "550 5.1.1 no such mailbox"},
	{Name: "soft-bounce", Number: "03", Doc: "sent, then `message.bounced` with `bounced_soft`", feedback: ledger.BouncedSoft, status: "4.2.2", words: "452 4.2.2 mailbox full"},
	{Name: "complaint", Number: "04", Doc: "sent, then `message.complained`", feedback: ledger.Complained, words: "abuse"},
	{Name: "unsubscribe", Number: "05", Doc: "sent, then `message.unsubscribed`", feedback: ledger.Unsubscribed},
	{Name: "opt-out", Number: "06", Doc: "sent, then `message.opted_out`", feedback: ledger.OptedOut, words: "STOP"},
	{
		Name: "defer", Number: "07", Doc: "the first try fails; the second, about five seconds later, is sent",
		refusal: &send.Error{Code: "test_deferred", Status: 451, Enhanced: "4.3.2", Reply: "451 4.3.2 try again later"}, once: true,
	},
	{Name: "fail", Number: "08", Doc: "`message.failed` with the code `test_failed`", refusal: &send.Error{Permanent: true, Code: "test_failed", Status: 550, Enhanced: "5.7.1", Reply: "550 5.7.1 refused"}},
	{
		Name: "unknown", Number: "09", Doc: "no answer: `message.held` under the policy `hold`; under `resend` it is sent with the second try",
		refusal: &send.Error{Ambiguous: true, Code: "test_timeout", Reply: "no answer"}, once: true,
	},
	{Name: "suppressed", Number: "10", Doc: "`message.suppressed` with the code `hard_bounce`: as if it were on the suppression list", suppressed: suppress.HardBounce},
}

// The reserved numbers: North America's 555-01XX, and Ofcom's for drama.
var numbers = regexp.MustCompile(`^\+(?:1[2-9][0-9]{2}55501|4477009000)([0-9]{2})$`)

// Of finds the magic address that an address is, in the form in which it is sent; nil where it is none.
func Of(address string) *Magic {
	name, domain, _ := strings.Cut(strings.ToLower(address), "@")
	number := ""
	if found := numbers.FindStringSubmatch(address); found != nil {
		number = found[1]
	}
	name, _, _ = strings.Cut(name, "+")
	for i := range Magics {
		if m := &Magics[i]; domain == Domain && m.Name == name || m.Number == number {
			return m
		}
	}
	return nil
}

// Feedback is what comes back about a message that was sent to an address; Unconfirmed where nothing does.
func Feedback(address string) (state ledger.FeedbackState, status, words string) {
	if m := Of(address); m != nil {
		return m.feedback, m.status, m.words
	}
	return ledger.Unconfirmed, "", ""
}

// Sender takes the messages of tests, on all channels. It is safe for concurrent use.
type Sender struct {
	box    Box
	source func(*message.Message, time.Time) ([]byte, error)
}

// Box keeps messages: *caught.Store.
type Box interface {
	Put(ctx context.Context, owner string, m caught.Message) error
}

// NewSender returns a Sender that keeps messages in a box. source is an email as it would be sent.
func NewSender(box Box, source func(*message.Message, time.Time) ([]byte, error)) (*Sender, error) {
	if box == nil || source == nil {
		return nil, errors.New("testmode: box and source are required")
	}
	return &Sender{box, source}, nil
}

// maxSource bounds the bytes of files with which the source of an email is kept.
const maxSource = 256 << 10

// Send keeps a message and reports it as sent, or answers as its magic address says. attempt counts the tries before this
// one. The error is a *send.Error.
func (s *Sender) Send(ctx context.Context, m *message.Message, attempt int) (send.Receipt, error) {
	if err := m.Validate(); err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	for _, a := range m.Recipients() {
		if magic := Of(a.Addr); magic != nil && magic.refusal != nil && (attempt == 0 || !magic.once) {
			refusal := *magic.refusal
			return send.Receipt{}, &refusal
		}
	}
	c, err := s.caught(m)
	if err != nil {
		return send.Receipt{}, send.Invalid(err)
	}
	owner, _ := task.SplitOwned(m.ID)
	if err := s.box.Put(ctx, owner, c); err != nil {
		return send.Receipt{}, &send.Error{Code: "test_not_kept", Account: true, Err: err}
	}
	return send.Receipt{ID: "test-" + m.ID, Detail: "caught: this is a test"}, nil
}

// caught is the message as it is kept.
func (s *Sender) caught(m *message.Message) (caught.Message, error) {
	c := caught.Message{Message: m.ID, Channel: m.Channel, From: m.From.String(), Subject: m.Subject, Text: m.Text, HTML: m.HTML, To: []string{}}
	for _, a := range m.Recipients() {
		c.To = append(c.To, a.Addr)
	}
	size := 0
	for _, a := range m.Attachments {
		size += len(a.Data)
		c.Attachments = append(c.Attachments, caught.File{Name: a.Name, Type: a.Type, Size: len(a.Data)})
	}
	if !m.Channel.Spec().Mail || size > maxSource {
		return c, nil
	}
	var err error
	c.Source, err = s.source(m, time.Now())
	return c, err
}

// Suppressed is the reason for which a test may not write to an address; "" for none.
func Suppressed(addresses []string) (reason string) {
	for _, a := range addresses {
		if m := Of(a); m != nil && m.suppressed != "" {
			return m.suppressed
		}
	}
	return ""
}
