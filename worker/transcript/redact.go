package transcript

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/redact"
	"github.com/heraldsend/herald/worker/task"
)

// Mark replaces redacted text: in no language, and of a length that says nothing.
const Mark = "█████"

// maxCuts is how many times a text is searched again after pieces of it were cut out. What is left may come together as what
// was redacted; after that many times it can't be proven that it doesn't.
const maxCuts = 4

// redactor removes redacted texts from everything that a transcript shows: from the message in which they were
// redacted, and from all others. In doubt it removes too much.
type redactor struct {
	ctx       context.Context
	err       error // the first of a conversion
	sanitizer *content.Sanitizer
	all       *redact.Matcher
	own       map[string]*redact.Matcher // by message: texts too short to be looked for elsewhere
	lines     map[string]bool            // of withheld messages: too short to be looked for within a line
	noQuotes  bool                       // quoted text is left out
	unproven  bool                       // something could not be proven clean, and is left out
	left      int                        // bytes that may still be read decoded
}

// begin says that something begins that is proven clean, or not, as a whole.
func (r *redactor) begin() { r.unproven, r.left = false, redact.Enough }

// newRedactor collects the secrets of a conversation and of its messages, which are in the order of time.
func newRedactor(ctx context.Context, general []conversation.Redaction, customer string, messages []dated, quotes task.ForwardQuotes, s *content.Sanitizer) (*redactor, error) {
	r := &redactor{ctx: ctx, sanitizer: s, all: redact.New(), own: map[string]*redact.Matcher{}, lines: map[string]bool{}}
	withheld := slices.ContainsFunc(messages, func(d dated) bool { return d.message.Withheld() })
	r.noQuotes = quotes == task.DropQuotes || withheld && quotes != task.KeepQuotes
	for _, piece := range general {
		if err := r.secret(nil, piece.Text); err != nil {
			return nil, err
		}
	}
	for _, d := range messages {
		if m := d.message; m.Touched() && !m.Withheld() {
			if err := r.pieces(m); err != nil {
				return nil, err
			}
		}
	}
	if withheld {
		if err := r.withhold(customer, messages); err != nil {
			return nil, err
		}
	}
	return r, r.err
}

// idle says that nothing is redacted.
func (r *redactor) idle() bool {
	return r.all.Empty() && len(r.own) == 0 && len(r.lines) == 0 && !r.noQuotes
}

// pieces collects the redactions of a message, and cuts out its spans.
func (r *redactor) pieces(m *conversation.Message) error {
	cuts := m.Spans()
	for field, spans := range cuts {
		for _, s := range spans {
			if err := r.secret(m, r.spanned(m, field, s.Start, s.End)); err != nil {
				return err
			}
		}
	}
	for _, piece := range m.Redactions {
		if err := r.secret(m, piece.Text); err != nil {
			return err
		}
	}
	for field, spans := range cuts {
		slices.SortFunc(spans, func(a, b conversation.Span) int { return a.Start - b.Start })
		var b strings.Builder
		done := 0
		for _, s := range spans {
			if s.Start >= done {
				b.WriteString((*field)[done:s.Start] + Mark)
			}
			done = max(done, s.End)
		}
		*field = b.String() + (*field)[done:]
	}
	return nil
}

// spanned is the text that a span takes.
func (r *redactor) spanned(m *conversation.Message, field *string, start, end int) string {
	text := (*field)[start:end]
	if field == &m.HTMLBody {
		return r.textOf(text)
	}
	return text
}

// How much a word of a redacted text must say so that it is looked for alone: a number by its digits, others by weight.
const (
	minNumber = 6
	minWord   = 5
)

// secret adds a redacted text to those looked for: as it is, and its lines and words that stand out. m is the message that
// it belongs to; nil: the conversation.
func (r *redactor) secret(m *conversation.Message, text string) error {
	if m != nil {
		if r.own[keyOf(m)] == nil {
			r.own[keyOf(m)] = redact.New()
		}
		if err := r.own[keyOf(m)].Add(redact.Text{Text: text}); err != nil {
			return err
		}
	}
	add := func(part string) error {
		says := redact.Weight(part)
		if m != nil && says < redact.MinWeight {
			return nil
		}
		return r.all.Add(redact.Text{Text: part, Alone: says < redact.FreeWeight})
	}
	if err := add(text); err != nil {
		return err
	}
	for word := range redact.Words(text) {
		if digits := redact.Digits(word); digits < minNumber && (digits == redact.Weight(word) || redact.Weight(word) < minWord) {
			continue
		}
		if err := add(word); err != nil {
			return err
		}
	}
	if strings.Count(strings.TrimSpace(text), "\n") == 0 {
		return nil
	}
	for line := range strings.Lines(text) {
		if isCourtesy(line, nil) {
			continue
		}
		if err := r.doubtful(line); err != nil {
			return err
		}
	}
	return nil
}

// keyOf tells messages apart; copies of one have the same key.
func keyOf(m *conversation.Message) string {
	if m.ID != "" {
		return m.ID
	}
	return fmt.Sprintf("\x00%p", m)
}

// textOf is the text of a message's HTML. Its pictures are files, whose names are redacted with it.
func (r *redactor) textOf(html string) string {
	return r.plain(r.sanitizer.HTML([]byte(html), false))
}

// plain is the text of sanitised HTML.
func (r *redactor) plain(safe []byte) string {
	text, err := r.sanitizer.Text(r.ctx, safe, MaxOutput)
	if r.err == nil {
		r.err = err
	}
	return text
}

// text is s without secrets.
func (r *redactor) text(m *conversation.Message, s string) string {
	return r.redacted(m, s, redact.Options{})
}

// line is text for values that may have been cut: it also removes the beginning of a secret at the end.
func (r *redactor) line(m *conversation.Message, s string) string {
	return r.redacted(m, s, redact.Options{Cut: true})
}

func (r *redactor) redacted(m *conversation.Message, s string, o redact.Options) string {
	for range maxCuts {
		found := r.find(m, s, o)
		if r.unproven {
			return Mark
		}
		if len(found) == 0 {
			return s
		}
		s = redact.CutOut(s, found, Mark)
	}
	r.unproven = true
	return Mark
}

// find returns the places of secrets in s; with m, those of that message too.
func (r *redactor) find(m *conversation.Message, s string, o redact.Options) []redact.Span {
	matchers := []*redact.Matcher{r.all}
	if m != nil {
		matchers = append(matchers, r.own[keyOf(m)])
	}
	o.Left = &r.left
	found, proven := redact.Find(s, o, matchers...)
	r.unproven = r.unproven || !proven
	return found
}

// apart is a text that belongs to no message. If it can't be proven clean, it is left out alone.
func (r *redactor) apart(s string) string {
	r.begin()
	return r.line(nil, s)
}

// json is a JSON value whose texts are without secrets; nothing if it can't be read.
func (r *redactor) json(data json.RawMessage) json.RawMessage {
	if len(data) == 0 || string(data) == "null" {
		return nil
	}
	if r.all.Empty() {
		return data
	}
	var v any
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return nil
	}
	out, err := json.Marshal(r.value(v))
	if err != nil {
		return nil
	}
	return out
}

func (r *redactor) value(v any) any {
	switch v := v.(type) {
	case string:
		return r.apart(v)
	case json.Number:
		if r.apart(v.String()) != v.String() {
			return Mark
		}
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
	case map[string]any:
		for key, member := range v {
			if r.apart(key) != key {
				delete(v, key)
				continue
			}
			v[key] = r.value(member)
		}
	}
	return v
}
