// Package message holds what Herald sends: a Message for one recipient on one channel, its addresses and attachments,
// and the rules they keep. It knows nothing of templates, queues or servers.
package message

import (
	"fmt"
	"slices"
	"strings"

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

// Spec is what a channel is. Everything that differs between channels stands here, except the work of their senders.
type Spec struct {
	Channel Channel
	Title   string // for people
	Address address.Kind
	Form    Form
	// Mail: its messages have the fields of a mail: a required sender, copies, a subject, headers, an unsubscribe
	// link.
	Mail bool
	Chat bool // its messages have ChatFields
	Note bool // its messages have NoteFields
	// Hold is the default policy. If a worker dies, the messages that it had claimed are held for a person and not
	// sent again.
	Hold bool
	// StopsAll: who refuses messages refuses all of them, also those of transactional topics.
	StopsAll bool
	// Refused is the reason code on the suppression list for a recipient whom the other side refuses for good.
	Refused string
	Files   FileRule
}

// Form is what the content of a message consists of.
type Form string

// The forms.
const (
	FormHTML     Form = "html"     // a subject, HTML and its text alternative
	FormText     Form = "text"     // plain text, counted in segments of an SMS
	FormMarkdown Form = "markdown" // Markdown
)

// FileRule says which files a message may carry. Sizes are of decoded bytes.
type FileRule struct {
	MaxFile   int64    // bytes a file; 0: only the total counts
	MaxTotal  int64    // bytes all files of a message
	Types     []string // extensions in lower case without dot
	MoreTypes []string // those that a bulk, and pictures within HTML, may have besides
	// Linked: the channel carries addresses of files, not their bytes.
	Linked bool
}

// Limits of files, in decoded bytes.
const (
	MaxFile      = 5 << 20   // one file: 5,242,880
	MaxFileTotal = 9_961_472 // all files of a message: 9.5 MB
)

var (
	fileTypes = []string{"pdf", "doc", "docx", "xls", "xlsx", "zip", "txt", "mov", "mp4", "png", "jpg", "jpeg"}
	moreTypes = []string{"gif"}
)

// specs is the table of channels, in the order that help texts use.
var specs = []Spec{
	{
		Channel: Email, Title: "Email", Address: address.Mailbox, Form: FormHTML, Mail: true, Refused: "hard_bounce",
		Files: FileRule{MaxFile: MaxFile, MaxTotal: MaxFileTotal, Types: fileTypes, MoreTypes: moreTypes},
	},
	{
		// A second SMS costs money and trust. Numbers don't bounce: their owners text STOP.
		Channel: SMS, Title: "SMS", Address: address.Phone, Form: FormText, Hold: true, Refused: "unsubscribed", StopsAll: true,
		Files: FileRule{MaxFile: MaxFile, MaxTotal: MaxFileTotal, Types: fileTypes, MoreTypes: moreTypes, Linked: true},
	},
	{
		Channel: Chat, Title: "Chat", Address: address.Conversation, Form: FormMarkdown, Chat: true, Refused: "hard_bounce",
		Files: FileRule{MaxFile: MaxFile, MaxTotal: MaxFileTotal, Types: fileTypes, MoreTypes: moreTypes},
	},
	{
		Channel: Note, Title: "Note", Address: address.Conversation, Form: FormMarkdown, Note: true, Refused: "hard_bounce",
		Files: FileRule{MaxTotal: MaxFileTotal, Types: fileTypes, MoreTypes: moreTypes},
	},
}

// Channels lists every channel, in the order that help texts use.
var Channels = where(func(Spec) bool { return true })

// ChannelsWith are the channels that write to addresses of a kind.
func ChannelsWith(k address.Kind) []Channel {
	return where(func(s Spec) bool { return s.Address == k })
}

// HeldChannels are those whose default policy is to hold.
func HeldChannels() []Channel { return where(func(s Spec) bool { return s.Hold }) }

func where(is func(Spec) bool) []Channel {
	var found []Channel
	for _, s := range specs {
		if is(s) {
			found = append(found, s.Channel)
		}
	}
	return found
}

// Spec is what the channel is. The Spec of an unknown channel has only an Address, of any kind.
func (c Channel) Spec() Spec {
	for i := range specs {
		if specs[i].Channel == c {
			return specs[i]
		}
	}
	return Spec{Channel: c, Title: string(c), Address: address.Conversation}
}

// Address is what sort of address the channel writes to.
func (c Channel) Address() address.Kind { return c.Spec().Address }

// Known reports whether there is such a channel.
func (c Channel) Known() bool { return slices.Contains(Channels, c) }

// ParseChannel reads a channel's name, exactly as the constants write it.
func ParseChannel(s string) (Channel, error) {
	if c := Channel(s); c.Known() {
		return c, nil
	}
	return "", fmt.Errorf("unknown channel %.100q: want %s", s, Join(Channels, "or"))
}

// AddressField is the field that holds an address of this kind, in audiences and in contexts.
func AddressField(k address.Kind) string {
	switch k {
	case address.Mailbox:
		return "customer.email"
	case address.Phone:
		return "customer.phone"
	default:
		return "conversation.id"
	}
}

// Join names things in a sentence: "a, b or c".
func Join[T ~string](things []T, last string) string {
	names := make([]string, len(things))
	for i, t := range things {
		names[i] = string(t)
	}
	if n := len(names) - 1; n > 0 {
		return strings.Join(names[:n], ", ") + " " + last + " " + names[n]
	}
	return strings.Join(names, "")
}
