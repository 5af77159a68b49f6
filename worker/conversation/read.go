package conversation

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/strictjson"
)

// ErrEmpty says that no message was exchanged: there is nothing to forward.
var ErrEmpty error = fault.At("/messages", "empty_conversation", "there is none to forward; notes are never forwarded")

// shape is the form of a conversation's JSON. Callers may give more fields than are read, and null for nothing.
var shape = func() *strictjson.Shape {
	s := strictjson.ShapeOf(reflect.TypeFor[Conversation](), strictjson.Leniency{Unknown: true, Null: true})
	messages := s.Members["messages"]
	messages.MaxItems = MaxMessages
	messages.Items.Members["redactions"].MaxItems = MaxRedactions
	return s
}()

// Read reads a conversation's JSON and checks it. The error holds all faults with their places; it is ErrEmpty if no
// message was exchanged.
func Read(data []byte) (*Conversation, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if err := strictjson.Check(data, strictjson.Limits{Bytes: MaxBytes, Depth: maxDepth, Elements: maxElements}); err != nil {
		return nil, fault.Of(err)
	}
	if faults := strictjson.Conform(data, shape); len(faults) > 0 {
		return nil, faults
	}
	c := &Conversation{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fault.Of(err)
	}
	var f faults
	f.conversation("", c, 0)
	if n := f.messages; n > MaxMessages {
		f.list = fault.List{fault.At("/messages", fault.TooMany, "%d of them, with those of merged conversations; at most %d are taken", n, MaxMessages)}
	}
	if err := f.list.Err(); err != nil {
		return nil, err
	}
	c.settle()
	if len(c.Exchanged()) == 0 {
		return nil, ErrEmpty
	}
	return c, nil
}

// faults collects what is wrong with a conversation.
type faults struct {
	list     fault.List
	messages int
}

func (f *faults) conversation(place string, c *Conversation, depth int) {
	if depth > maxMerged {
		f.list.Add(place, fault.TooDeep, "more than %d merged conversations within each other", maxMerged)
		return
	}
	f.time(place+"/createdAt", c.CreatedAt)
	f.object(place+"/customer", c.Customer)
	f.object(place+"/custom", c.Custom)
	for i, r := range c.Redactions {
		if r.Text == "" || r.Start != nil || r.End != nil {
			f.list.Add(place+fault.Pointer("redactions", i), fault.Malformed, "a conversation's redaction is a text; spans stand in their message")
		}
	}
	f.messages += len(c.Messages)
	for i := range c.Messages {
		if m := &c.Messages[i]; !m.IsNote() {
			f.message(place+fault.Pointer("messages", i), m)
		}
	}
	for i := range c.Merged {
		f.conversation(place+fault.Pointer("mergedConversations", i), &c.Merged[i], depth+1)
	}
}

func (f *faults) time(place string, t Time) {
	if t.fault != "" {
		f.list.Add(place, fault.Malformed, "%s", t.fault)
	}
}

func (f *faults) object(place string, data json.RawMessage) {
	if len(data) > 0 && data[0] != '{' && string(data) != "null" {
		f.list.Add(place, fault.WrongType, "want an object, found %s", strictjson.Is(data))
	}
}

func (f *faults) message(place string, m *Message) {
	f.time(place+"/sentAt", m.SentAt)
	f.time(place+"/createdAt", m.CreatedAt)
	switch m.Direction {
	case "in", "out":
	case "":
		f.list.Add(place+"/direction", fault.Missing, "want in or out")
	default:
		f.list.Add(place+"/direction", fault.NotOneOf, "%s is not in or out", fault.Quote(m.Direction))
	}
	lengths := map[*string]int{}
	for i, r := range m.Redactions {
		f.redaction(place+fault.Pointer("redactions", i), m, r, lengths)
	}
}

// redaction checks one redaction. lengths are those of fields, in UTF-16 code units, as far as they are known.
func (f *faults) redaction(place string, m *Message, r Redaction, lengths map[*string]int) {
	field, ok := m.field(r.Field)
	length, counted := lengths[field]
	if ok && !counted {
		length = utf16Length(*field)
		lengths[field] = length
	}
	switch {
	case !ok:
		f.list.Add(place+"/field", fault.NotOneOf, "%s is not body, htmlBody, subject or preview", fault.Quote(r.Field))
	case r.Start == nil && r.End == nil:
		if r.Text == "" {
			f.list.Add(place, fault.Missing, "give a text, or start and end of a span")
		}
	case r.Start == nil:
		f.list.Add(place+"/start", fault.Missing, "a span has a start and an end")
	case r.End == nil:
		f.list.Add(place+"/end", fault.Missing, "a span has a start and an end")
	case *r.Start < 0 || *r.End <= *r.Start || *r.End > length:
		f.list.Add(place, fault.OutOfRange, "the span from %d to %d is not within the %d characters of its field", *r.Start, *r.End, length)
	}
}

// field returns the field that a span lies in.
func (m *Message) field(name string) (*string, bool) {
	switch name {
	case "", "body":
		return &m.Body, true
	case "htmlBody":
		return &m.HTMLBody, true
	case "subject":
		return &m.Subject, true
	case "preview":
		return &m.Preview, true
	}
	return nil, false
}

// Span is a piece of a field, in bytes.
type Span struct{ Start, End int }

// Spans returns the spans of m's redactions by the field that they are in, in order. It reads each field once.
func (m *Message) Spans() map[*string][]Span {
	units := map[*string][]int{} // starts and ends, by turns
	for _, r := range m.Redactions {
		if field, ok := m.field(r.Field); ok && r.Start != nil && r.End != nil {
			units[field] = append(units[field], *r.Start, *r.End)
		}
	}
	out := make(map[*string][]Span, len(units))
	for field, list := range units {
		places := bytePlaces(*field, list)
		for i := 0; i < len(places); i += 2 {
			out[field] = append(out[field], Span{places[i], places[i+1]})
		}
	}
	return out
}

// bytePlaces converts places from UTF-16 code units into bytes. They alternate: start, end, start, end. A place
// within a character moves so that the span has all of it.
func bytePlaces(s string, units []int) []int {
	order := make([]int, len(units))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return units[a] - units[b] })
	places := make([]int, len(units))
	next, unit := 0, 0
	for i, c := range s {
		width := utf16.RuneLen(c)
		for next < len(order) && units[order[next]] < unit+width {
			at := order[next]
			places[at] = i
			if at%2 == 1 && units[at] > unit {
				places[at] = i + utf8.RuneLen(c)
			}
			next++
		}
		unit += width
	}
	for ; next < len(order); next++ {
		places[order[next]] = len(s)
	}
	return places
}

func utf16Length(s string) int {
	n := 0
	for _, c := range s {
		n += utf16.RuneLen(c)
	}
	return n
}
