package bulk

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// Recipient is one row of an audience.
type Recipient struct {
	// Email, Phone and Conversation are the addresses: for email, for SMS, and for chat and note. A message to a bad
	// one fails, a message to none is skipped, and the bulk goes on.
	Email        string `json:"email,omitempty"`
	Phone        string `json:"phone,omitempty"`
	Conversation string `json:"conversation,omitempty"`
	Locale       string `json:"locale,omitempty"`
	Timezone     string `json:"timezone,omitempty"`
	// To is the address on the bulk's channels, where one address does for all of them; instead of the three above.
	To string `json:"-"`
	// Context is a JSON object: customer, conversation, ….
	Context json.RawMessage `json:"context,omitempty"`
	// Attachments go to this recipient alone.
	Attachments []message.Ref `json:"attachments,omitempty"`

	line       int   // of the file that it was read from
	csv        bool  // the file is one with columns
	checked    bool  // a reader of an audience has found nothing wrong
	duplicates uint8 // a bit for each of the definition's messages whose address came before
}

// Address is the recipient's address on a channel, "" where there is none.
func (r Recipient) Address(c message.Channel) string { return *r.address(c.Address()) }

// Duplicate reports whether the address for the definition's n-th message came before in the audience.
func (r Recipient) Duplicate(n int) bool { return r.duplicates>>n&1 != 0 }

// Fault makes an error of the row of the n-th recipient of an audience, from 1.
func (r Recipient) Fault(n int, err error) *RowError {
	if r.line > 0 {
		n = r.line
	}
	return &RowError{Line: n, Err: err, columns: r.csv}
}

// check finds what is wrong with a recipient that no reader of an audience has checked.
func (r Recipient) check() error {
	if r.checked {
		return nil
	}
	var f fault.List
	f.Join("/context", task.CheckContext(r.Context))
	for i, ref := range r.Attachments {
		f.Join(fault.Pointer("attachments", i), ref.Validate())
	}
	f.Join("", r.checkPlace())
	return f.Err()
}

// checkPlace checks locale and time zone.
func (r Recipient) checkPlace() error {
	var f fault.List
	f.Join("/locale", task.CheckLocale(r.Locale))
	f.Join("/timezone", task.CheckTimezone(r.Timezone))
	return f.Err()
}

// whoNeeds names what needs an address of a kind.
func whoNeeds(k address.Kind) string {
	channels := message.Join(message.ChannelsWith(k), "or")
	if k == address.Conversation {
		return channels + " or an action"
	}
	return channels
}

func (r *Recipient) address(k address.Kind) *string {
	switch k {
	case address.Mailbox:
		return &r.Email
	case address.Phone:
		return &r.Phone
	default:
		return &r.Conversation
	}
}

// addressesOf are the kinds of addresses that channels need, each once. Actions alone need a conversation.
func addressesOf(channels []message.Channel) []address.Kind {
	if len(channels) == 0 {
		return []address.Kind{address.Conversation}
	}
	var kinds []address.Kind
	for _, c := range channels {
		if k := c.Address(); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// overlay returns shared with its members overridden by those of own.
func overlay(shared, own json.RawMessage) (json.RawMessage, error) {
	switch {
	case len(shared) == 0:
		return own, nil
	case len(own) == 0:
		return shared, nil
	}
	var base, top map[string]json.RawMessage
	if err := json.Unmarshal(shared, &base); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(own, &top); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for name := range base {
		if _, hidden := top[name]; hidden {
			delete(base, name)
		}
	}
	if len(base) > 0 {
		rest, err := json.Marshal(base)
		if err != nil {
			return nil, err
		}
		out.Write(rest[1 : len(rest)-1])
		if len(top) > 0 {
			out.WriteByte(',')
		}
	}
	out.Write(bytes.TrimSpace(own)[1:])
	return out.Bytes(), nil
}

// Addressed puts Recipient.To where it belongs: it is the address on the channels.
func Addressed(audience iter.Seq2[Recipient, error], channels []message.Channel) iter.Seq2[Recipient, error] {
	kinds := addressesOf(channels)
	return func(yield func(Recipient, error) bool) {
		n := 0
		for r, err := range audience {
			if n++; err == nil && r.To != "" {
				switch {
				case len(kinds) != 1:
					err = r.Fault(n, fault.At("/"+columnTo, fault.NotAllowed, "it could be any of the channels' addresses: give Email, Phone or Conversation"))
				case *r.address(kinds[0]) != "":
					err = r.Fault(n, fault.At("/"+columnTo, fault.NotAllowed, "the address is given twice"))
				default:
					*r.address(kinds[0]), r.To = r.To, ""
				}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}
