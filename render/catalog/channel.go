package catalog

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// Channel is where a content goes; it decides what the content consists of.
type Channel string

// The channels.
const (
	Email Channel = "email" // subject, HTML and a text alternative
	SMS   Channel = "sms"   // plain text with its segment count
	Chat  Channel = "chat"  // Markdown
	Note  Channel = "note"  // Markdown
)

// Channels lists them all, in the order people expect.
func Channels() []Channel { return []Channel{Email, SMS, Chat, Note} }

// ParseChannel reads a channel's name in any case.
func ParseChannel(s string) (Channel, error) {
	c := Channel(strings.ToLower(strings.TrimSpace(s)))
	for _, known := range Channels() {
		if c == known {
			return c, nil
		}
	}
	return "", fmt.Errorf("unknown channel %s: want email, sms, chat, or note", handlebars.Quote(s))
}
