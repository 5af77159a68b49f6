package bulk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/task"
)

// NDJSON reads an audience from one JSON object a line, in UTF-8:
//
//	{"to":"ada@example.com","locale":"fr-CA","timezone":"America/Toronto","context":{"customer":{…}},"attachments":["a.pdf"]}
//
// All members are optional. Without "to" the addresses are those within the context that a CSV would have as columns,
// such as customer.email; with channels that need several, they always are. Names are taken exactly; an unknown or doubled one is a fault of the row. null is the same as
// a missing member. Blank lines are passed over.
type NDJSON struct {
	in     *bufio.Reader
	kinds  []addressKind
	line   int
	buffer []byte
}

// NewNDJSON returns a reader of r, an audience for these channels.
func NewNDJSON(r io.Reader, channels ...message.Channel) *NDJSON {
	return &NDJSON{in: newInput(r), kinds: addressesOf(channels)}
}

// All yields the audience, once. A *RowError stands for its row alone; any other error is the last thing yielded.
func (n *NDJSON) All() iter.Seq2[Recipient, error] {
	return func(yield func(Recipient, error) bool) {
		for {
			row, err := n.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, errLongLine) {
				yield(Recipient{}, fmt.Errorf("line %d: %w", n.line, err))
				return
			}
			var r Recipient
			if err == nil {
				if row = bytes.Trim(row, " \t\r\n"); len(row) == 0 {
					continue
				}
				r, err = n.recipient(row)
				r.line = n.line
			}
			if err != nil {
				r, err = Recipient{}, &RowError{n.line, err}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

var errLongLine = fmt.Errorf("longer than %d bytes", maxRow)

// next reads a line, whose bytes are good until the next call. Of one that is too long it keeps nothing.
func (n *NDJSON) next() ([]byte, error) {
	n.line++
	n.buffer = n.buffer[:0]
	long := false
	for {
		part, err := n.in.ReadSlice('\n')
		switch {
		case long:
		case len(n.buffer)+len(part) > maxRow:
			long = true
		case err == nil && len(n.buffer) == 0:
			return part, nil
		default:
			n.buffer = append(n.buffer, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case long:
			return nil, errLongLine
		case err != nil && len(n.buffer) == 0:
			return nil, io.EOF
		}
		return n.buffer, nil
	}
}

// recipient reads one row.
func (n *NDJSON) recipient(row []byte) (Recipient, error) {
	if row[0] != '{' {
		return Recipient{}, fmt.Errorf(`want a JSON object such as {"to":"ada@example.com","context":{}}, found %s`, clipped(row))
	}
	if err := checkJSON(row); err != nil {
		return Recipient{}, err
	}
	var r Recipient
	seen, addressed := make([]string, 0, 5), false
	for name, value := range members(row) {
		if slices.Contains(seen, name) {
			return Recipient{}, fmt.Errorf("%.100q stands twice", name)
		}
		seen = append(seen, name)
		if name == columnTo && string(value) != "null" {
			if err := n.setTo(&r, value); err != nil {
				return Recipient{}, err
			}
			addressed = true
			continue
		}
		if err := r.set(name, value); err != nil {
			return Recipient{}, err
		}
	}
	if !addressed {
		for _, kind := range n.kinds {
			*r.address(kind) = addressIn(r.Context, strings.Split(addressPath[kind], "."))
		}
	}
	return r, task.CheckContext(r.Context)
}

// setTo takes the address of a row's only channel.
func (n *NDJSON) setTo(r *Recipient, value []byte) error {
	switch {
	case value[0] != '"':
		return fmt.Errorf("to: want a text, found %s", clipped(value))
	case len(n.kinds) != 1:
		return errors.New("to: it could be any of the channels' addresses: give customer.email, customer.phone or conversation.id within the context")
	}
	*r.address(n.kinds[0]) = strings.TrimSpace(unquote(value))
	return nil
}

// set takes one member of a row.
func (r *Recipient) set(name string, value []byte) (err error) {
	empty := string(value) == "null"
	switch {
	case name != columnTo && name != columnLocale && name != columnTimezone && name != "context" && name != columnAttachments:
		return fmt.Errorf("%.100q is not to, locale, timezone, context or attachments: fields such as customer belong into context", name)
	case empty:
		return nil
	case name == "context":
		if value[0] != '{' {
			return fmt.Errorf("context: want an object, found %s", clipped(value))
		}
		r.Context, r.checked = bytes.Clone(value), true
		return nil
	case name == columnAttachments:
		return r.setAttachments(value)
	case value[0] != '"':
		return fmt.Errorf("%s: want a text, found %s", name, clipped(value))
	}
	s := strings.TrimSpace(unquote(value))
	if name == columnLocale {
		r.Locale = s
	} else {
		r.Timezone = s
	}
	return nil
}

func (r *Recipient) setAttachments(value []byte) error {
	var names []*string
	if err := json.Unmarshal(value, &names); err != nil {
		return fmt.Errorf("attachments: want a list of file names, found %s", clipped(value))
	}
	for i, name := range names {
		if name == nil || strings.TrimSpace(*name) == "" {
			return fmt.Errorf("attachments: name %d is empty", i+1)
		}
		r.Attachments = append(r.Attachments, message.Ref{File: strings.TrimSpace(*name)})
	}
	return nil
}

// checkJSON checks that row is one JSON value in UTF-8 and says where it is not.
func checkJSON(row []byte) error {
	if !utf8.Valid(row) {
		return errors.New("not UTF-8")
	}
	if json.Valid(row) {
		return nil
	}
	var v json.RawMessage
	err := json.Unmarshal(row, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("column %d: %w", utf8.RuneCount(row[:max(0, min(int(syntax.Offset), len(row))-1)])+1, err)
	}
	return err
}

// addressIn looks up a text by its path; "" where there is none.
func addressIn(object []byte, at []string) string {
	for _, want := range at {
		if len(object) == 0 || object[0] != '{' {
			return ""
		}
		var found []byte
		for name, value := range members(object) {
			if name == want {
				found = value // the last one, as everyone reads doubled names
			}
		}
		object = found
	}
	if len(object) == 0 || object[0] != '"' {
		return ""
	}
	return strings.TrimSpace(unquote(object))
}

// members yields the names and the raw values of an object. It must be valid JSON.
func members(object []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		rest := skipBlanks(object[1:])
		for rest[0] != '}' {
			end := valueEnd(rest)
			name := unquote(rest[:end])
			rest = skipBlanks(skipBlanks(rest[end:])[1:]) // the colon
			end = valueEnd(rest)
			if !yield(name, rest[:end:end]) {
				return
			}
			if rest = skipBlanks(rest[end:]); rest[0] == ',' {
				rest = skipBlanks(rest[1:])
			}
		}
	}
}

// valueEnd is the length of the JSON value that b begins with. It must be valid.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

func skipBlanks(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }

// unquote reads a valid JSON string.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // valid: can't fail
	return s
}

// clipped shows the start of a foreign value.
func clipped(b []byte) string { return fmt.Sprintf("%.40q", b) }
