// Package message holds what Herald sends: a Message for one recipient on one channel, its addresses and attachments,
// and the rules they keep. It knows nothing of templates, queues or servers.
package message

import (
	"fmt"

	"github.com/heraldsend/herald/worker/address"
)

// Channel is the way a message travels.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
	Chat  Channel = "chat"
	Note  Channel = "note"
)

// Channels lists every channel, in the order that help texts use.
var Channels = []Channel{Email, SMS, Chat, Note}

// Address is what sort of address the channel writes to.
func (c Channel) Address() address.Kind {
	switch c {
	case Email:
		return address.Mailbox
	case SMS:
		return address.Phone
	default:
		return address.Conversation
	}
}

// ParseChannel reads a channel's name, exactly as the constants write it.
func ParseChannel(s string) (Channel, error) {
	switch c := Channel(s); c {
	case Email, SMS, Chat, Note:
		return c, nil
	}
	return "", fmt.Errorf("unknown channel %.100q: want email, sms, chat or note", s)
}
