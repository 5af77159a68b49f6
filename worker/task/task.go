// Package task holds the payloads in the queue: the contract between clients and workers. A payload has a name,
// checks and data, nothing else. Package queue makes Asynq tasks of payloads; package worker works on them.
package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
)

// Payload is one kind of work.
type Payload interface {
	// Kind names the task type. No kind is a prefix of another, because Asynq's mux falls back to prefixes.
	Kind() string
	// Validate reports every fault of the payload at once, as a fault.List.
	Validate() error
}

// Encode checks p and returns its JSON form.
func Encode(p Payload) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return EncodeChecked(p)
}

// EncodeChecked is Encode for a payload that passed Validate a moment ago.
func EncodeChecked(p Payload) ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.Kind(), err)
	}
	return data, nil
}

// Decode reads the JSON form of a payload and checks it. Unknown fields are errors: a worker that is older than the
// client must not ignore them.
func Decode[T Payload](data []byte) (T, error) {
	var p T
	if err := strictjson.Read(data, &p, strictjson.Limits{}, strictjson.Leniency{}); err != nil {
		return p, fmt.Errorf("decode %s: %w", p.Kind(), err)
	}
	if err := p.Validate(); err != nil {
		var newer struct {
			Layout int `json:"layout"`
		}
		if json.Unmarshal(data, &newer) == nil && newer.Layout > Layout {
			return p, fmt.Errorf("decode %s: %w", p.Kind(), err)
		}
		return p, fmt.Errorf("decode %s: %w: %w", p.Kind(), ErrRefused, err)
	}
	return p, nil
}

// ErrRefused says that a payload can be read but has faults, which it wraps as a fault.List: an older client took
// what this version refuses. Another try does not help. A payload of a newer client is different: it can't be read,
// or has an unknown layout.
var ErrRefused = errors.New("this version refuses it")

// ErrKind says that this version doesn't know that kind of task.
var ErrKind = errors.New("unknown kind of task")

// kinds reads each kind of payload.
var kinds = map[string]func(data []byte) (Payload, error){
	Message{}.Kind():      parse[Message],
	Forward{}.Kind():      parse[Forward],
	BulkStart{}.Kind():    parse[BulkStart],
	BulkChunk{}.Kind():    parse[BulkChunk],
	EventDeliver{}.Kind(): parse[EventDeliver],
}

func parse[T Payload](data []byte) (Payload, error) { return Decode[T](data) }

// Kinds lists all kinds that this version knows, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// Parse is Decode for a kind that is given by name.
func Parse(kind string, data []byte) (Payload, error) {
	if read, ok := kinds[kind]; ok {
		return read(data)
	}
	return nil, fmt.Errorf("%w: %.100q", ErrKind, kind)
}

// MaxContextBytes is the largest context, in bytes of JSON, that one recipient may bring.
const MaxContextBytes = 1 << 20

// Policy decides what happens to a message that was being sent when its worker crashed.
type Policy string

const (
	// Resend sends it again with the same message id: at least once.
	Resend Policy = "resend"
	// Hold never sends again what may have been sent: the message becomes unknown and waits for a person.
	Hold Policy = "hold"
)

// IssuePolicy decides what happens to a message whose rendering raised issues, such as a missing field.
type IssuePolicy string

const (
	// SendAnyway sends the message as rendered.
	SendAnyway IssuePolicy = "send"
	// SkipOnIssue does not send it. The message is skipped, with the issue as reason.
	SkipOnIssue IssuePolicy = "skip"
)

// The choices.
var (
	Policies      = []Policy{Resend, Hold}
	IssuePolicies = []IssuePolicy{SendAnyway, SkipOnIssue}
	Formats       = []string{"markdown", "html", "text"} // of Content.Text
)

// The form of ids, for CheckID and for descriptions of it.
const (
	IDPattern = `^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`
	MaxID     = 100 // bytes, without the owner
	MaxOwner  = 40  // bytes
)

var idPattern = regexp.MustCompile(IDPattern)

// owned joins an owner and an id. No id that is given holds it, and it may stand in a Message-ID and in a URL as it is.
const owned = "~"

// Owned is the id under which something is stored that an owner calls id: OWNER~id. So two owners may give the same id,
// and neither reaches what is the other's. What nobody owns, because an operator or a program with Redis sent it, is
// stored under its id.
func Owned(owner, id string) string {
	if owner == "" {
		return id
	}
	return owner + owned + id
}

// SplitOwned is the reverse of Owned.
func SplitOwned(stored string) (owner, id string) {
	owner, id, ok := strings.Cut(stored, owned)
	if !ok {
		return "", stored
	}
	if rest, test := strings.CutPrefix(id, owned); test {
		return TestOwner(owner), rest
	}
	return owner, id
}

// TestOwner is the owner of an owner's tests. That something is a test is a part of the id under which it is stored,
// OWNER~~ID. So it stays one whatever is done with it: moved to another time, sent again, retried as a dead letter.
func TestOwner(owner string) string { return owner + owned }

// LiveOwner is the reverse of TestOwner, and reports whether it was one.
func LiveOwner(owner string) (live string, test bool) { return strings.CutSuffix(owner, owned) }

// IsTest reports whether what is stored under an id, or under one that is derived from it, is a test: nobody gets it.
func IsTest(stored string) bool {
	owner, _ := SplitOwned(stored)
	_, test := LiveOwner(owner)
	return test
}

// CheckOwner reports whether a name may be an owner's: it has the form of an id of at most 40 characters.
func CheckOwner(name string) error {
	if len(name) > MaxOwner || !idPattern.MatchString(name) {
		return fault.At("", fault.Malformed, "want 1 to %d letters, digits, '_', '-' and single dots, starting with a letter or digit", MaxOwner)
	}
	return nil
}

// derived joins the parts of an id that follows from another one. CheckID refuses it, so nobody can give such an id.
// It may stand in a Message-ID and in a URL as it is.
const derived = "+"

// Derive is the id of something that belongs to owner.
func Derive(owner, part string) string { return owner + derived + part }

// SplitDerived is the reverse of Derive.
func SplitDerived(id string) (owner, part string, ok bool) { return strings.Cut(id, derived) }

// Layout is how data is stored now. Tasks and definitions carry the layout that they were stored with, so that a
// worker finds the data of an older version:
//
//	0  messages, forwards and bulks shared the keys of one id. Nothing new is stored so; what was is worked off
//	1  keys belong to kind and id; derived ids are told from given ones
//	2  tasks are in the queues of their channel (LayoutLines); keys are those of 1
const Layout = 2

// LayoutLines is the first layout whose tasks are in the queues of their channel.
const LayoutLines = 2

// InLayout sets the layout of a message or forward. Any other payload stays as it is.
func InLayout(p Payload, layout int) Payload {
	switch p := p.(type) {
	case Message:
		p.Layout = layout
		return p
	case Forward:
		p.Layout = layout
		return p
	}
	return p
}

func checkLayout(f *fault.List, layout int) {
	if layout < 0 || layout > Layout {
		f.Add("/layout", fault.OutOfRange, "%d is not known to this version", layout)
	}
}

// CheckID reports whether id may name a message, a forward or a bulk: 1 to 100 letters, digits, "_", "-" and single
// dots between them, starting with a letter or digit; perhaps an owner before it (see Owned). It becomes part of Redis
// keys and of the Message-ID.
func CheckID(id string) error {
	if strings.Contains(id, owned) {
		owner, rest := SplitOwned(id)
		live, _ := LiveOwner(owner)
		if err := CheckOwner(live); err != nil {
			return err
		}
		id = rest
	}
	if len(id) > MaxID || !idPattern.MatchString(id) {
		return fault.At("", fault.Malformed, "want 1 to 100 letters, digits, '_', '-' and single dots, starting with a letter or digit")
	}
	return nil
}

// Content says what is sent: a shortcut by name, or a text that comes with the message. Exactly one of Shortcut and
// Text is set.
type Content struct {
	// Shortcut names a shortcut of the catalog.
	Shortcut string `json:"shortcut,omitempty"`
	// Text is an inline template, in Format.
	Text string `json:"text,omitempty"`
	// Format of Text: markdown (when empty), html or text.
	Format string `json:"format,omitempty"`
	// Subject overrides the shortcut's subject (email).
	Subject string `json:"subject,omitempty"`
	// Template names an email layout and overrides the shortcut's.
	Template string `json:"template,omitempty"`
	// As is who acts: a user, then the teams that they are in, with commas between; or a team. They may use only the shortcuts
	// that they may see. Empty is the system, which may use all.
	As string `json:"as,omitempty"`
	// Lint is "off" if the content is sent although lint finds errors in it.
	Lint string `json:"lint,omitempty"`
	// Sources is the SHA-256 of the pinned template sources in the blob store. Empty: the worker's own catalog.
	Sources string `json:"sources,omitempty"`
}

// LintOff is the Content.Lint of content that is sent as it is.
const LintOff = "off"

// Validate reports every fault at once.
func (c Content) Validate() error {
	var f fault.List
	if c.Sources == "" {
		switch {
		case c.Shortcut == "" && c.Text == "":
			f.Add("/shortcut", fault.Missing, "give either a shortcut or a text")
		case c.Shortcut != "" && c.Text != "":
			f.Add("/text", fault.NotAllowed, "give either a shortcut or a text, not both")
		}
	}
	checkLine(&f, "/shortcut", c.Shortcut, maxName)
	if n := len(c.Text); n > maxText {
		f.Add("/text", fault.TooLong, "%d bytes, at most %d", n, maxText)
	}
	checkText(&f, "/subject", c.Subject, maxSubjectTemplate)
	checkLine(&f, "/template", c.Template, maxName)
	checkLine(&f, "/as", c.As, maxActor)
	message.CheckOneOf(&f, "/format", c.Format, Formats)
	message.CheckOneOf(&f, "/lint", c.Lint, []string{LintOff})
	return f.Err()
}

// CheckContext reports whether data can be a recipient's context: a JSON object of at most MaxContextBytes that can
// be read in one way only. The fault's pointer begins at the context.
func CheckContext(data json.RawMessage) error {
	if len(data) == 0 {
		return nil
	}
	if err := strictjson.Check(data, strictjson.Limits{Bytes: MaxContextBytes}); err != nil {
		return err
	}
	return CheckObject(data)
}

// CheckObject is CheckContext for JSON that is known to be readable in one way only.
func CheckObject(data json.RawMessage) error {
	switch trimmed := bytes.TrimLeft(data, " \t\r\n"); {
	case len(data) > MaxContextBytes:
		return fault.At("", fault.TooLong, "%d bytes, at most %d", len(data), MaxContextBytes)
	case len(trimmed) > 0 && trimmed[0] != '{':
		return fault.At("", fault.WrongType, "want an object, found %s", strictjson.Is(trimmed))
	}
	return nil
}
