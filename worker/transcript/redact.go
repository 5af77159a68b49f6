package transcript

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"slices"
	"strings"
	"unicode"

	"github.com/heraldsend/herald/render/content"
	"github.com/heraldsend/herald/worker/conversation"
)

// Mark replaces redacted text: in no language, and of a length that says nothing.
const Mark = "█████"

// redactor removes redacted texts from everything that a transcript shows: from the message in which they were
// redacted, and from replies that quote it. In doubt it removes too much.
type redactor struct {
	ctx       context.Context
	err       error // the first of a conversion
	sanitizer *content.Sanitizer
	all       *matcher
	own       map[*conversation.Message]*matcher // texts too short to be looked for elsewhere
}

// newRedactor collects the secrets of a conversation and of its messages, which are in the order of time.
func newRedactor(ctx context.Context, general []conversation.Redaction, messages []*conversation.Message, s *content.Sanitizer) (*redactor, error) {
	r := &redactor{ctx: ctx, sanitizer: s, all: newMatcher(), own: map[*conversation.Message]*matcher{}}
	for _, piece := range general {
		chars, says := normalized(piece.Text)
		if err := r.all.add(chars, says < freeWeight); err != nil {
			return nil, err
		}
	}
	withheld := slices.ContainsFunc(messages, (*conversation.Message).Withheld)
	known := newLineSet()
	for _, m := range messages {
		var err error
		switch {
		case m.Withheld():
			err = r.withhold(m, known)
		case m.Touched():
			err = r.pieces(m)
		case withheld:
			known.add(r.words(m) + "\n" + threadOf(m.Subject))
		}
		if err != nil {
			return nil, err
		}
	}
	return r, r.err
}

// pieces collects the redactions of a message, and cuts out its spans.
func (r *redactor) pieces(m *conversation.Message) error {
	cuts := m.Spans()
	bytes := 0
	for field, spans := range cuts {
		for _, s := range spans {
			if bytes += s.End - s.Start; bytes > maxSecrets {
				return errTooManySecrets
			}
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
		slices.SortFunc(spans, func(a, b conversation.Span) int { return a.End - b.End })
		var joined []span
		for _, s := range spans {
			joined = join(joined, span{s.Start, s.End})
		}
		*field = cutOut(*field, joined)
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

// secret adds a text to those looked for.
func (r *redactor) secret(m *conversation.Message, text string) error {
	chars, says := normalized(text)
	if r.own[m] == nil {
		r.own[m] = newMatcher()
	}
	if err := r.own[m].add(chars, false); err != nil {
		return err
	}
	if says < minWeight {
		return nil
	}
	return r.all.add(chars, says < freeWeight)
}

// Other messages are searched for the lines of a withheld message, if these say enough to be distinctive.
const (
	minLine   = 12 // by weight
	minDigits = 4  // or as many digits
	pieceSize = 48 // characters: quotations break lines anew
)

// withhold collects the lines of a message that is withheld as a whole, except those that were known before.
func (r *redactor) withhold(m *conversation.Message, known *lineSet) error {
	for line := range strings.Lines(r.words(m) + "\n" + threadOf(m.Subject)) {
		chars, says := normalized(line)
		if says < minLine && digits(chars) < minDigits || known.has(chars) {
			continue
		}
		for len(chars) > 0 {
			n := pieceSize
			if len(chars) < pieceSize+minLine {
				n = len(chars)
			}
			if err := r.all.add(chars[:n], false); err != nil {
				return err
			}
			chars = chars[n:]
		}
	}
	return nil
}

func digits(chars []rune) int {
	n := 0
	for _, c := range chars {
		if unicode.IsDigit(c) {
			n++
		}
	}
	return n
}

// threadOf is a subject without the prefixes of replies and forwards.
func threadOf(subject string) string {
	for {
		subject = strings.TrimSpace(subject)
		before, after, ok := strings.Cut(subject, ":")
		if !ok || len(before) > 4 {
			return subject
		}
		switch strings.ToLower(strings.TrimSpace(before)) {
		case "re", "aw", "sv", "antw", "rv", "r", "fw", "fwd", "wg", "tr":
			subject = after
		default:
			return subject
		}
	}
}

// words is all text of a message, body and HTML.
func (r *redactor) words(m *conversation.Message) string {
	if m.HTMLBody == "" {
		return m.Body
	}
	return m.Body + "\n" + r.textOf(m.HTMLBody)
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
func (r *redactor) text(m *conversation.Message, s string) string { return r.redacted(m, s, false) }

// line is text for values that may have been cut: it also removes the beginning of a secret at the end.
func (r *redactor) line(m *conversation.Message, s string) string { return r.redacted(m, s, true) }

func (r *redactor) redacted(m *conversation.Message, s string, cut bool) string {
	return cutOut(s, r.find(m, s, cut))
}

// find returns the places of secrets in s; with m, those of that message too.
func (r *redactor) find(m *conversation.Message, s string, cut bool) []span {
	found := r.all.find(s, cut)
	own := r.own[m]
	if own == nil {
		return found
	}
	both := append(found, own.find(s, cut)...)
	slices.SortFunc(both, func(a, b span) int { return a.end - b.end })
	var joined []span
	for _, hit := range both {
		joined = join(joined, hit)
	}
	return joined
}

// cutOut puts the mark in place of spans.
func cutOut(s string, spans []span) string {
	if len(spans) == 0 {
		return s
	}
	var b strings.Builder
	done := 0
	for _, cut := range spans {
		b.WriteString(s[done:cut.start])
		b.WriteString(Mark)
		done = cut.end
	}
	b.WriteString(s[done:])
	return b.String()
}

// json is a JSON value whose texts are without secrets; nothing if it can't be read.
func (r *redactor) json(data json.RawMessage) json.RawMessage {
	if len(data) == 0 || string(data) == "null" {
		return nil
	}
	if r.all.patterns == 0 {
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
		return r.line(nil, v)
	case json.Number:
		if hits := r.find(nil, v.String(), false); len(hits) > 0 {
			return Mark
		}
	case []any:
		for i := range v {
			v[i] = r.value(v[i])
		}
	case map[string]any:
		for key, member := range v {
			if r.line(nil, key) != key {
				delete(v, key)
				continue
			}
			v[key] = r.value(member)
		}
	}
	return v
}

// lineSet remembers lines by hash.
type lineSet struct {
	seed  maphash.Seed
	lines map[uint64]struct{}
}

func newLineSet() *lineSet { return &lineSet{maphash.MakeSeed(), map[uint64]struct{}{}} }

func (l *lineSet) add(text string) {
	for line := range strings.Lines(text) {
		chars, _ := normalized(line)
		l.lines[l.hash(chars)] = struct{}{}
	}
}

func (l *lineSet) has(chars []rune) bool {
	_, ok := l.lines[l.hash(chars)]
	return ok
}

func (l *lineSet) hash(chars []rune) uint64 { return maphash.String(l.seed, string(chars)) }
