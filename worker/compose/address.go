package compose

import (
	"bytes"
	"encoding/json"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Address begins a message with sender, recipients, and the other fields that its task gives literally. A forward has
// several recipients, in to; nil means the one of the task. The error is a *Verdict.
func Address(m task.Message, to []address.Address) (*message.Message, error) {
	msg := &message.Message{
		ID: m.ID, Channel: m.Channel, From: address.Address{Addr: m.From}, To: to, Thread: m.Thread(), Headers: m.Headers, Chat: m.Chat, Note: m.Note,
	}
	var err error
	if to == nil {
		own, err := phone.Parser(m.Country).Parse(m.Channel.Address(), m.To)
		if err != nil {
			return nil, Failed("invalid_address", err)
		}
		msg.To = []address.Address{own}
	}
	if m.Channel.Address() == address.Phone && m.From != "" {
		if msg.From.Addr, err = phone.ParseSender(m.From, m.Country); err != nil {
			return nil, Failed("invalid_sender", err)
		}
	}
	if !m.Channel.Spec().Mail {
		return msg, nil
	}
	// Other addresses were checked when the message was enqueued.
	if msg.From, err = address.ParseMailbox(m.From); err != nil {
		return nil, Failed("invalid_sender", err)
	}
	if m.ReplyTo != "" {
		reply, err := address.ParseMailbox(m.ReplyTo)
		if err != nil {
			return nil, Failed("invalid_sender", err)
		}
		msg.ReplyTo = &reply
	}
	for _, copies := range []struct {
		from []string
		to   *[]address.Address
	}{{m.Cc, &msg.Cc}, {m.Bcc, &msg.Bcc}} {
		for _, text := range copies.from {
			copy, err := address.ParseMailbox(text)
			if err != nil {
				return nil, Failed("invalid_address", err)
			}
			*copies.to = append(*copies.to, copy)
		}
	}
	return msg, nil
}

// CheckRecipient finds early, as a fault, what Address would refuse in a message's recipient. Message.Validate finds
// the rest.
func CheckRecipient(m task.Message) error {
	if m.To == "" || m.Channel.Address() == address.Mailbox {
		return nil
	}
	if _, err := phone.Parser(m.Country).Parse(m.Channel.Address(), m.To); err != nil {
		return fault.At("/to", fault.BadAddress, "%v", err)
	}
	return nil
}

// Travelling returns an address in the form in which it is sent, the same for every reader. It is empty if text is no
// address: then no list can have it, and its message fails. country is the message's.
func Travelling(c message.Channel, country, text string) string {
	a, err := phone.Parser(country).Parse(c.Address(), text)
	if err != nil {
		return ""
	}
	return a.Addr
}

// withUnsubscribe adds unsubscribe.url to a context. It stands last, so that it wins over a member of the same name.
func withUnsubscribe(object []byte, url string) []byte {
	link, _ := json.Marshal(url) // a text can be written
	end := bytes.LastIndexByte(object, '}')
	out := append(make([]byte, 0, len(object)+len(link)+32), object[:end]...)
	if len(bytes.TrimSpace(object[:end])) > 1 {
		out = append(out, ',')
	}
	out = append(out, `"unsubscribe":{"url":`...)
	return append(append(out, link...), "}}"...)
}
