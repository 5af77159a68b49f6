package transcript

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"

	"github.com/heraldsend/herald/render/plain"
	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/redact"
)

// entry makes the entry of a message. If something of it can't be proven clean, it is withheld.
func (r *redactor) entry(m *conversation.Message, customer string) Entry {
	r.begin()
	e := r.shown(m, customer)
	if r.unproven {
		e = Entry{
			Direction: m.Direction, Time: e.Time, SentAt: e.SentAt, CreatedAt: e.CreatedAt, Auto: m.Auto, Redacted: true, Withheld: true, Unproven: true, TextDirection: "ltr",
		}
		if m.Direction == "in" {
			e.Author = customer
		}
	}
	return e
}

func (r *redactor) shown(m *conversation.Message, customer string) Entry {
	e := Entry{
		ID: r.line(m, m.ID), Channel: strings.ToLower(strings.TrimSpace(r.line(m, m.Channel))), Direction: m.Direction,
		DirectionType: r.line(m, m.DirectionType),
		Time:          stamp(timeOf(m)), SentAt: stamp(m.SentAt.At), CreatedAt: stamp(m.CreatedAt.At), Auto: m.Auto,
		Author: r.line(m, oneLine(m.CreatedBy.Shown())), Redacted: m.Touched(), Withheld: m.Withheld(), TextDirection: "ltr",
	}
	if e.Author == "" && m.Direction == "in" {
		e.Author = customer
	}
	if by := (Author{r.line(m, m.CreatedBy.ID), r.line(m, m.CreatedBy.DisplayName), r.line(m, m.CreatedBy.Name)}); by != (Author{}) {
		e.CreatedBy = &by
	}
	if e.Withheld {
		return e
	}
	e.Subject = r.line(m, oneLine(m.Subject))
	if !m.Touched() { // the files of a redacted message are redacted with it, their names too
		e.Files = r.files(m, m.Attachments)
	}
	r.bodies(&e, m)
	e.TextDirection = directionOf(e.Body)
	return e
}

// bodies sets the text and the HTML of a message. If a piece is redacted, or left out as a quotation, the HTML is made
// from the text, since markup could hide parts of it.
func (r *redactor) bodies(e *Entry, m *conversation.Message) {
	body := plain.Lines(m.Body)
	switch {
	case m.HTMLBody == "":
	case !m.Touched():
		safe := r.sanitizer.HTML([]byte(m.HTMLBody), true)
		said := ""
		if blank := strings.TrimSpace(body) == ""; blank || r.noQuotes || len(r.lines) > 0 {
			if said = r.plain(safe); blank {
				body = said
			}
		}
		if r.kept(said) == said {
			e.HTMLBody = strings.TrimSpace(r.markup(m, safe, redact.Options{}))
		} else {
			e.HTMLBody = htmlOf(r.clean(m, said))
		}
	case strings.TrimSpace(body) == "":
		body = r.textOf(m.HTMLBody)
	}
	e.Body = r.clean(m, body)
	if e.HTMLBody == "" {
		e.HTMLBody = htmlOf(e.Body)
	}
	e.Preview = previewOf(e.Body)
	if e.Body == "" && !m.Touched() {
		e.Preview = previewOf(r.line(m, m.Preview))
	}
}

// clean is a text of a message as it is shown.
func (r *redactor) clean(m *conversation.Message, text string) string {
	return strings.Trim(printable(r.text(m, r.kept(text))), "\n ")
}

// kept is text without the lines that are left out whatever they say.
func (r *redactor) kept(text string) string {
	if r.noQuotes {
		text = withoutQuotes(text)
	}
	return r.withoutLines(text)
}

// files names attachments. Redacted ones are left out.
func (r *redactor) files(m *conversation.Message, list []conversation.Attachment) []File {
	out := []File{}
	for _, a := range list {
		if a.Redacted {
			continue
		}
		if m == nil {
			r.begin()
		}
		out = append(out, File{Name: r.line(m, oneLine(a.Name)), Type: r.line(m, a.Type), Size: max(a.Size, 0)})
	}
	return out
}

// maxPreview is how many characters a preview has at most.
const maxPreview = 140

func previewOf(body string) string {
	s := oneLine(body[:min(len(body), 8*maxPreview)])
	if utf8.RuneCountInString(s) <= maxPreview {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:maxPreview-1])) + "…"
}

// oneLine returns a text without line breaks, runs of blanks, broken characters, and those that turn the direction of what
// follows: a subject or a name may have none of them.
func oneLine(s string) string {
	return strings.Join(strings.Fields(address.StripBidi(strings.ToValidUTF8(printable(plain.Lines(s)), ""))), " ")
}

// printable drops control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// directionOf is the direction of the first letter that has one.
func directionOf(s string) string {
	for _, c := range s {
		p, _ := bidi.LookupRune(c)
		switch p.Class() {
		case bidi.R, bidi.AL:
			return "rtl"
		case bidi.L:
			return "ltr"
		}
	}
	return "ltr"
}

// nameOf is the name of a customer.
func nameOf(customer json.RawMessage) string {
	var c struct {
		DisplayName, Name, FirstName, LastName any
	}
	if json.Unmarshal(customer, &c) != nil {
		return ""
	}
	first, _ := c.FirstName.(string)
	last, _ := c.LastName.(string)
	for _, name := range []any{c.DisplayName, c.Name, first + " " + last} {
		if s, ok := name.(string); ok && strings.TrimSpace(s) != "" {
			return strings.TrimSpace(s)
		}
	}
	return ""
}
