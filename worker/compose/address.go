package compose

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Address begins a message: who it is from and to, and all else that its task says of it word for word. A forward has
// several recipients: they stand in to, and nil means the task's own. The error is a *Verdict.
func Address(m task.Message, to []address.Address) (*message.Message, error) {
	msg := &message.Message{
		ID: m.ID, Channel: m.Channel, From: address.Address{Addr: m.From}, To: to, Headers: m.Headers, Chat: m.Chat, Note: m.Note,
	}
	if m.Channel != message.Email {
		msg.To = []address.Address{{Addr: m.To}}
		return msg, nil
	}
	if to == nil {
		own, err := address.ParseMailbox(m.To)
		if err != nil {
			return nil, Failed("invalid_address", err)
		}
		msg.To = []address.Address{own}
	}
	// The others were checked when the message was enqueued.
	var err error
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

// withUnsubscribe adds unsubscribe.url to a context. It comes last, so that it wins over one of that name.
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

// strip takes format characters that turn the direction of text out of what stands on one line: a header or an address
// can't carry them, and nobody sees that they are gone. Translation tools put them around values.
func strip(msg *message.Message) {
	msg.Subject = withoutBidi(msg.Subject)
	if msg.Channel != message.Email {
		msg.To[0].Addr = withoutBidi(msg.To[0].Addr)
	}
}

func withoutBidi(s string) string {
	if strings.IndexFunc(s, address.IsBidi) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if address.IsBidi(r) {
			return -1
		}
		return r
	}, s)
}
