package message

import "github.com/heraldsend/herald/worker/address"

// Address is the sender or a recipient of a message. Package address reads and checks addresses.
type Address = address.Address

// Message is a complete message for one recipient on one channel: nothing in it is rendered, fetched or looked up
// later. An email may have several recipients in To, Cc and Bcc, and succeeds or fails for all of them. On other
// channels there is one recipient, To[0].Addr: a phone number in E.164 or a conversation's id. All addresses are in
// the form that package address gives them.
type Message struct {
	// ID names this message, such as "bulkid+0.123.email": a message that is sent again has the same ID. It
	// becomes the left half of the Message-ID, and the idempotency key of channels over HTTP. Letters, digits and
	// ._=+- only.
	ID      string
	Channel Channel

	From    Address
	To      []Address
	Cc      []Address
	Bcc     []Address // recipients that no header shows
	ReplyTo *Address

	Subject string
	HTML    string
	Text    string

	Unsubscribe string       // https URL for one-click unsubscribing of an email (RFC 8058); empty for none
	Automatic   bool         // an email that no person wrote: Auto-Submitted is set (RFC 3834)
	Thread      Thread       // which mails an email answers
	Headers     []Header     // further header fields of an email, in this order
	Attachments []Attachment // in this order

	Chat ChatFields // of a chat
	Note NoteFields // of a note
}

// ChatFields are what a chat has besides its text; each may be empty.
type ChatFields struct {
	Brand     string `json:"brand,omitempty"`
	Assistant string `json:"assistant,omitempty"`
	Dialog    string `json:"dialog,omitempty"` // the assistant's dialog to start with
}

// NoteFields are what a note has besides its text.
type NoteFields struct {
	Mentions []string `json:"mentions,omitempty"` // ids of users, at most 20
	Status   string   `json:"status,omitempty"`   // the conversation's status afterwards; the channel's default where empty
}

// Header is one further header field of an email. Its value is text, encoded on the wire where it must be.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attachment is a file within a message, its bytes in hand. Data is shared between messages and must not be changed.
type Attachment struct {
	Name   string // cleaned file name
	Type   string // media type, such as "application/pdf"
	Data   []byte
	SHA256 string // lower-case hex of Data's hash; if set, all messages share the encoded file
	Inline bool   // shown within the HTML, which refers to it by "cid:" and ContentID
	// ContentID is without angle brackets; needed where Inline.
	ContentID string
	// URL is the https address of the file, if it came from one: an SMS carries it instead of the bytes.
	URL string
}

// Ref says where to find an attachment; it is part of a payload. Exactly one source is set.
type Ref struct {
	Name      string `json:"name,omitempty"`      // file name; where empty, the last part of File or URL
	Type      string `json:"type,omitempty"`      // media type; where empty, found from name and content
	ContentID string `json:"contentId,omitempty"` // set for an image within the HTML

	Inline string `json:"inline,omitempty"` // the bytes themselves, standard base64
	Blob   string `json:"blob,omitempty"`   // SHA-256 of stored bytes, lower-case hex
	File   string `json:"file,omitempty"`   // path below the configured root, with slashes
	URL    string `json:"url,omitempty"`    // https
}

// Recipients are To, Cc and Bcc in this order.
func (m *Message) Recipients() []Address {
	all := make([]Address, 0, len(m.To)+len(m.Cc)+len(m.Bcc))
	return append(append(append(all, m.To...), m.Cc...), m.Bcc...)
}
