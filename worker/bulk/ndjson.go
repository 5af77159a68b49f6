package bulk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
	"github.com/heraldsend/herald/worker/task"
)

// NDJSON reads an audience from one JSON object a line, in UTF-8:
//
//	{"to":"ada@example.com","locale":"fr-CA","timezone":"America/Toronto","context":{"customer":{…}},"attachments":["a.pdf"]}
//
// All members are optional. Without "to" the addresses are those within the context that a CSV would have as columns,
// such as customer.email; with channels that need several, they always are. A row is read strictly (package strictjson):
// an unknown member, or one that stands twice at any depth, is a fault of the row. null is the same as a missing member.
// Blank lines are passed over.
type NDJSON struct {
	in     *bufio.Reader
	kinds  []address.Kind
	line   int
	buffer []byte
}

// NewNDJSON returns a reader of r, an audience for these channels.
func NewNDJSON(r io.Reader, channels ...message.Channel) *NDJSON {
	return &NDJSON{in: newInput(r), kinds: addressesOf(channels)}
}

// All yields the audience, once. A *RowError stands for one row; any other error is the last thing that it yields.
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
				r, err = Recipient{}, &RowError{Line: n.line, Err: err}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

var errLongLine = fmt.Errorf("longer than %d bytes", maxRow)

// next reads a line. Its bytes are valid until the next call. It keeps nothing of a line that is too long.
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

// recipient reads one row. The error holds all of its faults.
func (n *NDJSON) recipient(row []byte) (Recipient, error) {
	if row[0] != '{' {
		return Recipient{}, fault.At("", fault.WrongType, `want a JSON object such as {"to":"ada@example.com","context":{}}, found %.40q`, row)
	}
	if err := strictjson.Check(row, strictjson.Limits{}); err != nil {
		return Recipient{}, err
	}
	faults := strictjson.Conform(row, rowShape)
	var r Recipient
	addressed := false
	for name, value := range strictjson.Members(row) {
		if string(value) == "null" || faults.Has("/"+name) {
			continue // null is as good as a missing one
		}
		switch name {
		case columnTo:
			if addressed = true; len(n.kinds) == 1 {
				*r.address(n.kinds[0]) = strings.TrimSpace(strictjson.Text(value))
				continue
			}
			faults.Add("/"+columnTo, fault.NotAllowed, "it could be any of the channels' addresses: give customer.email, customer.phone or conversation.id within the context")
		case columnLocale:
			r.Locale = strings.TrimSpace(strictjson.Text(value))
		case columnTimezone:
			r.Timezone = strings.TrimSpace(strictjson.Text(value))
		case columnContext:
			r.Context, r.checked = bytes.Clone(value), true
			faults.Join("/"+columnContext, task.CheckObject(value))
		case columnAttachments:
			faults.Join("/"+columnAttachments, r.setAttachments(value))
		}
	}
	if !addressed {
		for _, kind := range n.kinds {
			*r.address(kind) = addressIn(r.Context, strings.Split(message.AddressField(kind), "."))
		}
	}
	faults.Join("", r.checkPlace())
	return r, faults.Err()
}

const columnContext = "context" // of NDJSON alone: a CSV has a column for each field of it

// rowShape is what a row must look like.
var rowShape = &strictjson.Shape{Kind: strictjson.Object, Advice: "fields such as customer belong into context", Members: map[string]*strictjson.Shape{
	columnTo:          {Kind: strictjson.String, Null: true},
	columnLocale:      {Kind: strictjson.String, Null: true},
	columnTimezone:    {Kind: strictjson.String, Null: true},
	columnContext:     {Kind: strictjson.Object, Open: true, Null: true},
	columnAttachments: {Kind: strictjson.List, Null: true, Items: &strictjson.Shape{Kind: strictjson.String}},
}}

func (r *Recipient) setAttachments(list []byte) error {
	var faults fault.List
	for i, value := range strictjson.Elements(list) {
		name := strings.TrimSpace(strictjson.Text(value))
		if name == "" {
			faults.Add(fault.Pointer(i), fault.Missing, "empty")
		}
		r.Attachments = append(r.Attachments, message.Ref{File: name})
	}
	return faults.Err()
}

// addressIn looks up a text by its path; "" where there is none.
func addressIn(object []byte, at []string) string {
	if len(object) == 0 {
		return ""
	}
	value, ok := strictjson.Find(object, "/"+strings.Join(at, "/"))
	if !ok || value[0] != '"' {
		return ""
	}
	return strings.TrimSpace(strictjson.Text(value))
}
