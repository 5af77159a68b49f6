// Package conversation reads a conversation that a caller wants to forward: messages in and out across channels,
// notes, redactions, merged conversations. It knows which messages customer and team exchanged, and nothing about how
// these are shown. It renders nothing, so that the client of other services may import it.
package conversation

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// Limits of one conversation.
const (
	MaxBytes    = 64 << 20 // of its JSON
	MaxMessages = 10_000   // merged conversations and notes among the messages included
	// MaxRedactions of one message.
	MaxRedactions = 1_000
	// MaxID is how many bytes the id of a conversation may have.
	MaxID       = 200
	maxDepth    = 64      // of arrays and objects within each other
	maxElements = 1 << 21 // members of all objects and elements of all arrays
	maxMerged   = 8       // merged conversations within each other
)

// Conversation is what a caller knows about a conversation. Its JSON may have any other fields: they are not read.
// Private notes ("notes") are such a field on purpose: what is not read can't be sent.
type Conversation struct {
	ID        string          `json:"id,omitzero"`
	Name      string          `json:"name,omitzero"` // its subject
	Status    string          `json:"status,omitzero"`
	CreatedAt Time            `json:"createdAt,omitzero"`
	Customer  json.RawMessage `json:"customer,omitzero"` // object: name, firstName, …; for templates
	Custom    json.RawMessage `json:"custom,omitzero"`   // object of custom fields; for templates
	Messages  []Message       `json:"messages,omitzero"`
	// Redactions are texts that nobody may read any more, in any message.
	Redactions []Redaction    `json:"redactions,omitzero"`
	Merged     []Conversation `json:"mergedConversations,omitzero"`
}

// ValidID reports an id that a conversation may be known by: any text of 1 to MaxID bytes.
func ValidID(id string) bool { return id != "" && len(id) <= MaxID }

// Message is one message of a conversation.
type Message struct {
	ID            string `json:"id,omitzero"`
	Channel       string `json:"channel,omitzero"`       // email, chat, sms, …; note for what is private
	Type          string `json:"type,omitzero"`          // note for what is private
	Direction     string `json:"direction,omitzero"`     // in or out
	DirectionType string `json:"directionType,omitzero"` // initial-in, response-out, followup-in, …
	SentAt        Time   `json:"sentAt,omitzero"`
	CreatedAt     Time   `json:"createdAt,omitzero"`
	Preview       string `json:"preview,omitzero"`
	Subject       string `json:"subject,omitzero"`
	Body          string `json:"body,omitzero"`     // plain text
	HTMLBody      string `json:"htmlBody,omitzero"` // the same as HTML
	Auto          bool   `json:"auto,omitzero"`     // no person wrote it
	// The ways in which other systems mark private messages. Any one of them counts.
	Private    bool            `json:"private,omitzero"`
	Internal   bool            `json:"internal,omitzero"`
	IsPrivate  bool            `json:"isPrivate,omitzero"`
	IsInternal bool            `json:"isInternal,omitzero"`
	Public     json.RawMessage `json:"public,omitzero"`     // false
	Visibility json.RawMessage `json:"visibility,omitzero"` // "private" or "internal"

	CreatedBy   Person       `json:"createdBy,omitzero"`
	Attachments []Attachment `json:"attachments,omitzero"`
	// Redacted without Redactions withholds the whole message; with Redactions, only those pieces of it.
	Redacted   bool        `json:"redacted,omitzero"`
	Redactions []Redaction `json:"redactions,omitzero"`
}

// Redaction is a piece of a message that nobody may read any more: a text, or a span of a field. Either is removed
// from the whole conversation, and so also from replies that quote it.
type Redaction struct {
	Text string `json:"text,omitzero"`
	// Field is body, when empty, or htmlBody, subject or preview.
	Field string `json:"field,omitzero"`
	// Start and End count UTF-16 code units, as JavaScript, Java and C# do; End is behind the span.
	Start *int `json:"start,omitzero"`
	End   *int `json:"end,omitzero"`
}

// Attachment is a file that came with a message. One of Inline, Blob, File and URL says where its bytes are, as in
// message.Ref. Without these it can't be chosen, but it is named.
type Attachment struct {
	ID       string `json:"id,omitzero"`
	OtherID  string `json:"_id,omitzero"`
	Name     string `json:"name,omitzero"`
	Type     string `json:"contentType,omitzero"`
	Size     int64  `json:"contentLength,omitzero"` // bytes
	Redacted bool   `json:"redacted,omitzero"`
	Inline   string `json:"inline,omitzero"`
	Blob     string `json:"blob,omitzero"`
	File     string `json:"file,omitzero"`
	URL      string `json:"url,omitzero"`
}

// Key is the attachment's id, or "".
func (a Attachment) Key() string {
	if a.ID != "" {
		return a.ID
	}
	return a.OtherID
}

// Ref says where the bytes are.
func (a Attachment) Ref() message.Ref {
	return message.Ref{Name: a.Name, Type: a.Type, Inline: a.Inline, Blob: a.Blob, File: a.File, URL: a.URL}
}

// Person is the author of a message. The JSON is an object or only an id.
type Person struct {
	ID          string `json:"id,omitzero"`
	DisplayName string `json:"displayName,omitzero"`
	Name        string `json:"name,omitzero"`
}

// UnmarshalJSON reads an object or an id.
func (p *Person) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &p.ID)
	}
	type plain Person
	return json.Unmarshal(data, (*plain)(p))
}

// Shown is the name for people, or "".
func (p Person) Shown() string {
	for _, name := range []string{p.DisplayName, p.Name} {
		if name = strings.TrimSpace(name); name != "" {
			return name
		}
	}
	return ""
}

// Time is a point in time: RFC 3339 text, its seconds and the colon of its offset optional, or milliseconds since 1970.
// The zero Time is none.
type Time struct {
	At    time.Time
	fault string
}

// maxSeconds is the year 5138 in seconds, and March 1973 in milliseconds, when nobody had messages.
const maxSeconds = 1e11

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05Z07:00"}

// UnmarshalJSON never fails: Read reports a bad time with its place.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time{}
	var text string
	var millis float64
	switch {
	case string(data) == "null":
	case json.Unmarshal(data, &text) == nil:
		if text == "" {
			return nil
		}
		for _, layout := range timeLayouts {
			if at, err := time.Parse(layout, text); err == nil {
				t.At = at.UTC()
			}
		}
		t.check()
	case json.Unmarshal(data, &millis) == nil && millis > -1e15 && millis < 1e15:
		t.At = time.UnixMilli(int64(millis)).UTC()
		if t.check(); millis > -maxSeconds && millis < maxSeconds {
			t.fault = fmt.Sprintf("%.0f looks like seconds since 1970: want milliseconds or ISO 8601, such as 2026-02-03T09:15:00Z", millis)
		}
	default:
		t.check()
	}
	return nil
}

// MarshalJSON writes RFC 3339.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.At) }

func (t *Time) check() {
	if year := t.At.Year(); t.At.IsZero() || year < 1970 || year > 9999 {
		t.fault = "want RFC 3339 with an offset, such as 2026-02-03T09:15:00Z, or milliseconds since 1970"
	}
}

// IsNote says whether the message is private to the team.
func (m *Message) IsNote() bool {
	return m.Private || m.Internal || m.IsPrivate || m.IsInternal || isNote(m.Channel) || isNote(m.Type) ||
		string(m.Public) == "false" || isNote(strings.Trim(string(m.Visibility), `"`))
}

func isNote(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "note", "notes", "internal", "internal-note", "private":
		return true
	}
	return false
}

// Withheld says whether nothing of the message may be read.
func (m *Message) Withheld() bool { return m.Redacted && len(m.Redactions) == 0 }

// Touched says whether anything of the message is redacted.
func (m *Message) Touched() bool { return m.Redacted || len(m.Redactions) > 0 }

// Forwardable reports whether the files of the message may be sent: none of a message that is private or in any part
// redacted.
func (m *Message) Forwardable() bool { return !m.IsNote() && !m.Touched() }

// Choose finds files of the conversation by id or, if a name is not ambiguous, by name. Only files that customer and
// team exchanged can be chosen, none of notes or redacted messages. A file that is named twice is returned once. The
// error holds a fault for each name that matches no file, with its place in names.
func (c *Conversation) Choose(names []string) ([]Attachment, error) {
	if len(names) == 0 {
		return nil, nil
	}
	byID, byName := map[string]*Attachment{}, map[string][]*Attachment{}
	for _, m := range c.Exchanged() {
		if !m.Forwardable() {
			continue
		}
		for i := range m.Attachments {
			a := &m.Attachments[i]
			if a.Redacted {
				continue
			}
			if a.Key() != "" {
				byID[a.Key()] = a
			}
			byName[a.Name] = append(byName[a.Name], a)
		}
	}
	var out []Attachment
	var faults fault.List
	taken := map[*Attachment]bool{}
	for i, name := range names {
		a := byID[name]
		if same := byName[name]; a == nil && len(same) == 1 {
			a = same[0]
		} else if a == nil && len(same) > 1 {
			faults.Add(fault.Pointer(i), "ambiguous_file", "%d files are named %s: choose by id", len(same), fault.Quote(name))
			continue
		}
		switch {
		case a == nil:
			faults.Add(fault.Pointer(i), "unknown_file", "%s is no file that customer and team exchanged; those of notes and of redacted messages can't be forwarded", fault.Quote(name))
		case !taken[a]:
			taken[a] = true
			out = append(out, *a)
		}
	}
	return out, faults.Err()
}
