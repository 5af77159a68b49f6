package conversation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrEmpty says that there is nothing to forward.
var ErrEmpty = errors.New("messages: there is none to forward; notes are never forwarded")

// maxFaults bounds the faults that one error lists.
const maxFaults = 10

// Read reads a conversation's JSON and checks it. The error lists its faults with their places; it is ErrEmpty where no
// message was exchanged.
func Read(data []byte) (*Conversation, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the conversation has %d bytes; at most %d are taken", len(data), MaxBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil, errors.New("the conversation is not UTF-8")
	}
	if err := checkForm(data); err != nil {
		return nil, err
	}
	c := &Conversation{}
	if err := json.Unmarshal(data, c); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return nil, fmt.Errorf("%s: a JSON %s stands there at byte %d, where %s is wanted", kind.Field, kind.Value, kind.Offset, wanted(kind.Type.String()))
		}
		return nil, err
	}
	var f faults
	f.conversation("", c, 0)
	if n := f.messages; n > MaxMessages {
		return nil, fmt.Errorf("messages: %d of them; at most %d are taken", n, MaxMessages)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(c.Exchanged()) == 0 {
		return nil, ErrEmpty
	}
	return c, nil
}

func wanted(kind string) string {
	switch {
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	case kind == "string", kind == "bool":
		return "a " + kind
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	}
	return "an object"
}

// checkForm makes sure that the whole is one object of a sane depth in which no object says anything twice:
// encoding/json takes names in any case and the last of two, so that "Redacted" could take back "redacted".
func checkForm(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	type frame struct {
		object, value bool // value: an object's value comes next
		keys          map[string]bool
	}
	var stack []frame
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		top := len(stack) - 1
		if key, ok := token.(string); ok && top >= 0 && stack[top].object && !stack[top].value {
			folded := fold(key)
			if stack[top].keys[folded] {
				return fmt.Errorf("the field %.100q stands twice in one object, at byte %d", key, dec.InputOffset())
			}
			stack[top].keys[folded] = true
			stack[top].value = true
			continue
		}
		if top >= 0 {
			stack[top].value = false
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(stack) == maxDepth {
				return fmt.Errorf("arrays and objects stand more than %d deep within each other, at byte %d", maxDepth, dec.InputOffset())
			}
			stack = append(stack, frame{object: token == json.Delim('{'), keys: map[string]bool{}})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
		}
		if len(stack) == 0 {
			if token != json.Delim('}') {
				return errors.New(`want an object such as {"messages":[…]}`)
			}
			if rest := bytes.TrimSpace(data[dec.InputOffset():]); len(rest) > 0 {
				return fmt.Errorf("more data follows the conversation, at byte %d", dec.InputOffset())
			}
			return nil
		}
	}
	return errors.New("not JSON: it ends too soon")
}

// fold makes names equal that encoding/json takes for each other.
func fold(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return strings.ToLower(strings.Map(unicode.ToUpper, s))
		}
	}
	return strings.ToLower(s)
}

// faults collects what is wrong with a conversation.
type faults struct {
	list     []error
	more     int
	messages int
}

func (f *faults) add(place, format string, args ...any) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	f.list = append(f.list, fmt.Errorf("%s: %w", place, fmt.Errorf(format, args...)))
}

func (f *faults) err() error {
	if f.more > 0 {
		f.list = append(f.list, fmt.Errorf("and %d more faults", f.more))
	}
	return errors.Join(f.list...)
}

func (f *faults) conversation(place string, c *Conversation, depth int) {
	if depth > maxMerged {
		f.add(place+"mergedConversations", "more than %d within each other", maxMerged)
		return
	}
	f.time(place+"createdAt", c.CreatedAt)
	f.object(place+"customer", c.Customer)
	f.object(place+"custom", c.Custom)
	for i, r := range c.Redactions {
		if r.Text == "" || r.Start != nil || r.End != nil {
			f.add(fmt.Sprintf("%sredactions[%d]", place, i), "a conversation's redaction is a text; spans stand in their message")
		}
	}
	f.messages += len(c.Messages)
	for i := range c.Messages {
		if m := &c.Messages[i]; !m.IsNote() {
			f.message(fmt.Sprintf("%smessages[%d].", place, i), m)
		}
	}
	for i := range c.Merged {
		f.conversation(fmt.Sprintf("%smergedConversations[%d].", place, i), &c.Merged[i], depth+1)
	}
}

func (f *faults) time(place string, t Time) {
	if t.fault != "" {
		f.add(place, "%s", t.fault)
	}
}

func (f *faults) object(place string, data json.RawMessage) {
	if len(data) > 0 && data[0] != '{' && string(data) != "null" {
		f.add(place, "want an object")
	}
}

func (f *faults) message(place string, m *Message) {
	f.time(place+"sentAt", m.SentAt)
	f.time(place+"createdAt", m.CreatedAt)
	switch m.Direction {
	case "in", "out":
	default:
		f.add(place+"direction", "%.100q is not in or out", m.Direction)
	}
	if n := len(m.Redactions); n > MaxRedactions {
		f.add(place+"redactions", "%d of them; at most %d are taken", n, MaxRedactions)
		return
	}
	lengths := map[*string]int{}
	for i, r := range m.Redactions {
		f.redaction(fmt.Sprintf("%sredactions[%d]", place, i), m, r, lengths)
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
		f.add(place+".field", "%.100q is not body, htmlBody, subject or preview", r.Field)
	case r.Start == nil && r.End == nil:
		if r.Text == "" {
			f.add(place, "give a text, or start and end of a span")
		}
	case r.Start == nil || r.End == nil:
		f.add(place, "a span has a start and an end")
	case *r.Start < 0 || *r.End <= *r.Start || *r.End > length:
		f.add(place, "the span from %d to %d is not within the %d characters of its field", *r.Start, *r.End, length)
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

// Spans gives the spans of m's redactions by the field that they lie in, in their order. It reads each field once.
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

// bytePlaces turns places in UTF-16 code units, starts and ends by turns, into bytes. A place within a character moves
// so that the span has all of it.
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
