package message

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/render/action"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
)

// Limits of what a message has besides its text. They are the same for a message that is enqueued and for one that is
// sent.
const (
	maxHeader     = 900 // bytes of a header's value: with its name it fits on a line of 998
	maxHeaderName = 76  // characters
	maxHeaders    = 50  // further header fields
	maxMentions   = 20  // of a note
	maxField      = 200 // characters of a chat's or note's field
)

// checkLine finds what is wrong with one line of text of at most so many characters.
func checkLine(f *fault.List, pointer, text string, most int) {
	if n := utf8.RuneCountInString(text); n > most {
		f.Add(pointer, fault.TooLong, "%d characters, at most %d", n, most)
	} else if err := address.CheckLine(text); err != nil {
		f.Add(pointer, fault.BadCharacter, "%v", err)
	}
}

// CheckHeaders reports every fault of the further header fields of an email, as a fault.List with places in the list.
func CheckHeaders(headers []Header) error {
	var f fault.List
	if n := len(headers); n > maxHeaders {
		f.Add("", fault.TooMany, "%d headers, at most %d", n, maxHeaders)
		return f
	}
	seen := map[string]bool{}
	for i, h := range headers {
		checkHeaderName(&f, fault.Pointer(i, "name"), h.Name)
		lower, err := strings.ToLower(h.Name), address.CheckLine(h.Value)
		if structured[lower] {
			if seen[lower] {
				f.Add(fault.Pointer(i, "name"), fault.Duplicate, "%s stands twice", h.Name)
			}
			seen[lower] = true
			if err == nil {
				err = checkStructured(lower, h.Value)
			}
		}
		switch {
		case len(h.Value) > maxHeader:
			f.Add(fault.Pointer(i, "value"), fault.TooLong, "%d bytes, at most %d", len(h.Value), maxHeader)
		case err != nil:
			f.Add(fault.Pointer(i, "value"), fault.BadHeader, "%v", err)
		}
	}
	return f.Err()
}

// reserved are the fields that the composer writes itself, or that only servers and signers write.
var reserved = map[string]bool{
	"from": true, "sender": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "subject": true, "date": true,
	"message-id": true, "x-herald-return": true, "mime-version": true, "return-path": true, "received": true, "dkim-signature": true,
	"domainkey-signature": true, "authentication-results": true, "received-spf": true, "delivered-to": true, "envelope-to": true,
}

// checkHeaderName wants RFC 5322's ftext, in moderation, and none of the reserved fields.
func checkHeaderName(f *fault.List, pointer, name string) {
	switch {
	case name == "":
		f.Add(pointer, fault.Missing, "empty")
		return
	case len(name) > maxHeaderName:
		f.Add(pointer, fault.TooLong, "%d characters, at most %d", utf8.RuneCountInString(name), maxHeaderName)
		return
	}
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == ':' {
			f.Add(pointer, fault.BadHeader, "holds %q", c)
			return
		}
	}
	lower := strings.ToLower(name)
	if reserved[lower] || strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-") || strings.HasPrefix(lower, "arc-") {
		f.Add(pointer, fault.BadHeader, "%s is written by Herald or by mail servers", name)
	}
}

// Validate reports every fault at once.
func (c ChatFields) Validate() error {
	var f fault.List
	checkLine(&f, "/brand", c.Brand, maxField)
	checkLine(&f, "/assistant", c.Assistant, maxField)
	checkLine(&f, "/dialog", c.Dialog, maxField)
	return f.Err()
}

// Validate reports every fault at once.
func (n NoteFields) Validate() error {
	var f fault.List
	CheckOneOf(&f, "/status", n.Status, action.Statuses)
	if n := len(n.Mentions); n > maxMentions {
		f.Add("/mentions", fault.TooMany, "%d mentions, at most %d", n, maxMentions)
		return f
	}
	for i, id := range n.Mentions {
		if id == "" {
			f.Add(fault.Pointer("mentions", i), fault.Missing, "empty")
		}
		checkLine(&f, fault.Pointer("mentions", i), id, maxField)
	}
	return f.Err()
}

// CheckOneOf adds a fault unless value is empty or one of those.
func CheckOneOf[T ~string](f *fault.List, pointer string, value T, those []T) {
	if value == "" || slices.Contains(those, value) {
		return
	}
	f.Add(pointer, fault.NotOneOf, "%s is not %s", fault.Quote(string(value)), Join(those, "or"))
}

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate reports every fault at once, as far as the reference alone shows it. Whether the file exists and may be
// sent is known when it is read.
func (r Ref) Validate() error {
	var f fault.List
	checkLine(&f, "/name", r.Name, 1000)
	checkLine(&f, "/type", r.Type, maxField)
	checkLine(&f, "/contentId", r.ContentID, maxField)
	checkLine(&f, "/file", r.File, 1000)
	given := 0
	for _, source := range []string{r.Inline, r.Blob, r.File, r.URL} {
		if source != "" {
			given++
		}
	}
	switch {
	case given == 0:
		f.Add("", fault.Missing, "give one of inline, blob, file and url")
	case given > 1:
		f.Add("", fault.NotAllowed, "give exactly one of inline, blob, file and url")
	}
	if r.Inline != "" {
		if _, err := base64.StdEncoding.DecodeString(r.Inline); err != nil {
			f.Add("/inline", fault.Malformed, "not standard base64")
		}
	}
	if r.Blob != "" && !hashPattern.MatchString(r.Blob) {
		f.Add("/blob", fault.Malformed, "want a SHA-256 in lower-case hex, as storing the file returned it")
	}
	if r.URL != "" {
		u, err := url.Parse(r.URL)
		switch {
		case utf8.RuneCountInString(r.URL) > 2000:
			f.Add("/url", fault.TooLong, "over 2000 characters")
		case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil:
			f.Add("/url", fault.Malformed, "want an address that begins with https:// and holds no user")
		}
	}
	return f.Err()
}
