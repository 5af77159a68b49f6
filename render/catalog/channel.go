package catalog

import (
	"fmt"
	"strings"

	"github.com/heraldsend/herald/render/handlebars"
)

// Channel is where a content is sent. It decides what the content consists of.
type Channel string

// The channels.
const (
	Email Channel = "email"
	SMS   Channel = "sms"
	Chat  Channel = "chat"
	Note  Channel = "note"
)

// Form is what the content of a channel consists of.
type Form string

// The forms.
const (
	FormHTML     Form = "html"     // subject, HTML and a text alternative
	FormText     Form = "text"     // plain text with its segment count
	FormMarkdown Form = "markdown" // Markdown
)

// FileLimits are what a shortcut may attach on a channel, in decoded bytes.
type FileLimits struct {
	File  int // one file; 0: only the total counts
	Total int // all files of a message
}

// channels is what rendering and linting need to know about each channel, in the usual order. It repeats a part of
// the table of package message, which this package must not import; a test compares both.
var channels = []struct {
	channel Channel
	form    Form
	layout  bool // set into an email template
	files   FileLimits
}{
	{Email, FormHTML, true, FileLimits{maxFile, maxFiles}},
	{SMS, FormText, false, FileLimits{maxFile, maxFiles}},
	{Chat, FormMarkdown, false, FileLimits{maxFile, maxFiles}},
	{Note, FormMarkdown, true, FileLimits{0, maxFiles}},
}

const (
	maxFile  = 5 << 20
	maxFiles = 9_961_472
)

// FileTypes are the extensions of files that a shortcut may attach.
func FileTypes() []string {
	return []string{"pdf", "doc", "docx", "xls", "xlsx", "zip", "txt", "mov", "mp4", "png", "jpg", "jpeg"}
}

// Channels lists them all, in the order people expect.
func Channels() []Channel {
	all := make([]Channel, len(channels))
	for i, c := range channels {
		all[i] = c.channel
	}
	return all
}

func (c Channel) place() int {
	for i := range channels {
		if channels[i].channel == c {
			return i
		}
	}
	return -1
}

// Form is what the content consists of; "" for an unknown channel.
func (c Channel) Form() Form {
	if i := c.place(); i >= 0 {
		return channels[i].form
	}
	return ""
}

// Layout reports whether the message is set into an email template.
func (c Channel) Layout() bool {
	i := c.place()
	return i >= 0 && channels[i].layout
}

// Files are what a shortcut may attach.
func (c Channel) Files() FileLimits {
	if i := c.place(); i >= 0 {
		return channels[i].files
	}
	return FileLimits{}
}

// ParseChannel reads a channel's name in any case.
func ParseChannel(s string) (Channel, error) {
	c := Channel(strings.ToLower(strings.TrimSpace(s)))
	if c.place() >= 0 {
		return c, nil
	}
	return "", fmt.Errorf("unknown channel %s: want %s", handlebars.Quote(s), channelList())
}

// channelList names all channels in a sentence.
func channelList() string {
	names := make([]string, len(channels))
	for i, c := range channels {
		names[i] = string(c.channel)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + ", or " + names[last]
}
