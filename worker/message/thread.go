package message

import (
	"errors"
	"fmt"
	"strings"

	"github.com/heraldsend/herald/worker/fault"
)

const (
	maxMessageID  = 250 // characters of one Message-ID
	maxReferences = 100 // ids that a message may bring
	// keptReferences are as many as a mail carries: the first, which began the conversation, and the last.
	keptReferences = 20
)

// Thread says which mails an email answers, by their Message-IDs, so that mail programs show them together
// (RFC 5322 section 3.6.4).
type Thread struct {
	InReplyTo  string   // the mail that is answered
	References []string // those before it, the oldest first
}

// IsZero reports that the email answers none.
func (t Thread) IsZero() bool { return t.InReplyTo == "" && len(t.References) == 0 }

// Validate reports every fault at once.
func (t Thread) Validate() error {
	var f fault.List
	if t.InReplyTo != "" {
		checkMessageID(&f, "/inReplyTo", t.InReplyTo)
	}
	if n := len(t.References); n > maxReferences {
		f.Add("/references", fault.TooMany, "%d ids, at most %d", n, maxReferences)
		return f
	}
	for i, id := range t.References {
		checkMessageID(&f, fault.Pointer("references", i), id)
	}
	return f.Err()
}

func checkMessageID(f *fault.List, pointer, id string) {
	if _, err := ParseMessageID(id); err != nil {
		f.Add(pointer, fault.Malformed, "%v", err)
	}
}

// ParseMessageID gives a Message-ID with its angle brackets, which may be missing.
func ParseMessageID(id string) (string, error) {
	bare := strings.TrimSpace(id)
	if strings.HasPrefix(bare, "<") && strings.HasSuffix(bare, ">") {
		bare = bare[1 : len(bare)-1]
	}
	left, right, _ := strings.Cut(bare, "@")
	switch {
	case left == "" || right == "":
		return "", fmt.Errorf("%s is not a Message-ID such as <id@example.com>", fault.Quote(id))
	case len(bare) > maxMessageID:
		return "", fmt.Errorf("%d characters, at most %d", len(bare), maxMessageID)
	}
	for i := range len(bare) {
		if c := bare[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("<>,;:\"()\\", c) >= 0 {
			return "", fmt.Errorf("%s is not a Message-ID: it holds %q", fault.Quote(id), c)
		}
	}
	return "<" + bare + ">", nil
}

// Fields are the ids of In-Reply-To and References, with angle brackets, none twice. A long list keeps its first and its
// last ids.
func (t Thread) Fields() (inReplyTo string, references []string) {
	seen := map[string]bool{}
	for _, text := range append(t.References[:len(t.References):len(t.References)], t.InReplyTo) {
		id, err := ParseMessageID(text)
		if err != nil || seen[id] {
			continue
		}
		seen[id] = true
		references = append(references, id)
	}
	if inReplyTo, _ = ParseMessageID(t.InReplyTo); inReplyTo == "" && len(references) > 0 {
		inReplyTo = references[len(references)-1]
	}
	if n := len(references); n > keptReferences {
		references = append(references[:1:1], references[n-keptReferences+1:]...)
	}
	return inReplyTo, references
}

// CheckListID finds what is wrong with the value of a List-Id field.
func CheckListID(value string) error {
	for i := range len(value) {
		if value[i] < ' ' {
			return errors.New("it holds a control character")
		}
	}
	return checkStructured("list-id", value)
}

// checkStructured finds what is wrong with the value of a header field that has a form of its own.
func checkStructured(name, value string) error {
	for i := range len(value) {
		if value[i] >= 0x7f {
			return errors.New("only ASCII can stand in this field")
		}
	}
	switch name {
	case "in-reply-to", "references":
		ids := strings.Fields(value)
		if len(ids) == 0 {
			return errors.New("no Message-ID")
		}
		for _, id := range ids {
			if _, err := ParseMessageID(id); err != nil {
				return err
			}
			if id[0] != '<' {
				return fmt.Errorf("%s has no angle brackets", fault.Quote(id))
			}
		}
	case "list-id":
		if open := strings.LastIndexByte(value, '<'); open < 0 || !strings.HasSuffix(value, ">") || !strings.Contains(value[open:], ".") {
			return errors.New("want words and a name such as <news.example.com> (RFC 2919)")
		}
	case "list-unsubscribe", "list-help", "list-subscribe", "list-post", "list-owner", "list-archive":
		if !strings.Contains(value, "<") || !strings.Contains(value, ">") {
			return errors.New("want addresses such as <https://example.com/news> (RFC 2369)")
		}
	}
	return nil
}

// structured are header fields whose values have a form of their own: they are never encoded.
var structured = map[string]bool{
	"in-reply-to": true, "references": true, "auto-submitted": true, "precedence": true, "importance": true, "priority": true, "x-priority": true,
	"list-id": true, "list-unsubscribe": true, "list-unsubscribe-post": true, "list-help": true, "list-subscribe": true, "list-post": true,
	"list-owner": true, "list-archive": true, "feedback-id": true,
}

// IsStructured reports whether a header field's value has a form of its own: it is folded, and never encoded.
func IsStructured(name string) bool { return structured[strings.ToLower(name)] }
