// Package task holds the payloads that travel through the queue: the wire contract between whoever
// enqueues and the worker. A payload owns its name and its checks; it holds data only. How a payload
// becomes an Asynq task is package queue's business, what is done with it package worker's.
package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// Payload is one kind of work.
type Payload interface {
	// Kind names the task type. No kind is a prefix of another, because Asynq's mux falls back to prefixes.
	Kind() string
	// Validate reports every fault of the payload at once.
	Validate() error
}

// Encode checks p and returns its JSON form.
func Encode(p Payload) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", p.Kind(), err)
	}
	return data, nil
}

// Decode reads the JSON form of a payload and checks it. Unknown fields are errors: a worker that is older
// than the client must not drop what it doesn't know.
func Decode[T Payload](data []byte) (T, error) {
	var p T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, fmt.Errorf("decode %s: %w", p.Kind(), err)
	}
	if dec.More() {
		return p, fmt.Errorf("decode %s: data after the payload", p.Kind())
	}
	if err := p.Validate(); err != nil {
		return p, fmt.Errorf("decode %s: %w", p.Kind(), err)
	}
	return p, nil
}

// ErrKind says that this version knows no such kind of task.
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

// Parse is Decode for a kind that is known by name only.
func Parse(kind string, data []byte) (Payload, error) {
	if read, ok := kinds[kind]; ok {
		return read(data)
	}
	return nil, fmt.Errorf("%w: %.100q", ErrKind, kind)
}

// MaxContextBytes is the largest context, in bytes of JSON, that one recipient may bring.
const MaxContextBytes = 1 << 20

// Policy decides what a crash in the middle of a send leaves behind.
type Policy string

const (
	// Resend sends again, with the same message id, what was in flight: at least once.
	Resend Policy = "resend"
	// Hold never sends again what may have been sent: it becomes unknown and waits for a person.
	Hold Policy = "hold"
)

// IssuePolicy decides what happens to a recipient whose rendering raised issues, such as a missing field.
type IssuePolicy string

const (
	// SendAnyway sends the message as rendered.
	SendAnyway IssuePolicy = "send"
	// SkipOnIssue does not send it, and records the recipient as skipped with the issue as reason.
	SkipOnIssue IssuePolicy = "skip"
)

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$`)

// CheckID reports whether id can name a message or a bulk: 1 to 100 letters, digits, "_", "-" and single dots
// between them, starting with a letter or digit. It becomes part of Redis keys and of the Message-ID.
func CheckID(id string) error {
	if len(id) > 100 || !idPattern.MatchString(id) {
		return errors.New("id: want 1 to 100 letters, digits, '_', '-' and single dots, starting with a letter or digit")
	}
	return nil
}

// Content says what is sent: a shortcut by name, or text given with the job. Exactly one of Shortcut and
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
	// Sources is the SHA-256 of the pinned template sources in the blob store. Empty: the worker's own catalog.
	Sources string `json:"sources,omitempty"`
}

// Validate reports every fault at once.
func (c Content) Validate() error {
	var errs []error
	if c.Sources == "" && (c.Shortcut == "") == (c.Text == "") {
		errs = append(errs, errors.New("content: give either a shortcut or a text"))
	}
	switch c.Format {
	case "", "markdown", "html", "text":
	default:
		errs = append(errs, fmt.Errorf("content.format: %.100q is not markdown, html or text", c.Format))
	}
	return errors.Join(errs...)
}

// CheckContext reports whether data can be a recipient's context: a JSON object of at most MaxContextBytes.
func CheckContext(data json.RawMessage) error {
	if len(data) == 0 {
		return nil
	}
	if len(data) > MaxContextBytes {
		return fmt.Errorf("context: %d bytes are over the limit of %d", len(data), MaxContextBytes)
	}
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("context: want a JSON object")
	}
	return nil
}

func checkPolicies(p Policy, i IssuePolicy) error {
	var errs []error
	switch p {
	case "", Resend, Hold:
	default:
		errs = append(errs, fmt.Errorf("policy: %.100q is not resend or hold", p))
	}
	switch i {
	case "", SendAnyway, SkipOnIssue:
	default:
		errs = append(errs, fmt.Errorf("onIssue: %.100q is not send or skip", i))
	}
	return errors.Join(errs...)
}
