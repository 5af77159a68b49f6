package transcript

import (
	"regexp"
	"strings"
	"time"

	"github.com/heraldsend/herald/render/plain"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/redact"
)

// known is what is said without being secret: lines and words of messages that may be read and are older, and the names of people.
type known struct{ lines, names map[string]bool }

func newKnown(customer string, messages []dated) *known {
	k := &known{map[string]bool{}, map[string]bool{}}
	names := []string{customer}
	for _, d := range messages {
		names = append(names, d.message.CreatedBy.Shown())
	}
	for _, name := range names {
		for word := range strings.FieldsSeq(name) {
			k.names[redact.Fold(word)] = true
		}
	}
	return k
}

// add adds what the author of a message said; what he quotes is another's.
func (k *known) add(text string) {
	for line := range strings.Lines(ownLines(text)) {
		k.lines[redact.Fold(line)] = true
		for word := range redact.Words(line) {
			k.lines[redact.Fold(word)] = true
		}
	}
}

// older is by how much a message must be older than one that is withheld, so that it can't be a copy by another clock.
const older = time.Minute

// withhold collects what messages say that are withheld as a whole: their lines, runs of their words, and words that stand out.
// Not so what was said before in a message that may be read.
func (r *redactor) withhold(customer string, messages []dated) error {
	k := newKnown(customer, messages)
	copied := map[string]bool{}
	for _, d := range messages {
		if d.message.Withheld() {
			copied[redact.Fold(d.message.Body)] = true
		}
	}
	type said struct {
		at   time.Time
		text string
	}
	var fresh []said // in the order of time
	for _, d := range messages {
		m := d.message
		if m.Touched() && !m.Withheld() {
			continue
		}
		text := r.words(m)
		if r.err != nil {
			return r.err
		}
		when := timeOf(m)
		for len(fresh) > 0 && when.Sub(fresh[0].at) > older {
			k.add(fresh[0].text)
			fresh = fresh[1:]
		}
		if !m.Withheld() {
			if !when.IsZero() && !copied[redact.Fold(m.Body)] {
				fresh = append(fresh, said{when, text})
			}
			continue
		}
		// Without a time of its own, a message may be older than those before it.
		than := k
		if when.IsZero() {
			than = &known{nil, k.names}
		}
		if err := r.saying(text, than); err != nil {
			return err
		}
	}
	return nil
}

// webHost is what addresses of one place have in common.
var webHost = regexp.MustCompile(`(?i)https?://[^\s/?#<>()"'@]*`)

// saying looks for what a withheld message says.
func (r *redactor) saying(text string, k *known) error {
	together := "" // lines that stand behind each other
	flush := func() error {
		if len(together) < redact.Run {
			together = ""
			return nil
		}
		err := r.doubtful(together)
		together = ""
		return err
	}
	for line := range strings.Lines(webHost.ReplaceAllString(plain.Lines(text), "\n")) {
		folded := redact.Fold(line)
		if k.lines[folded] || isCourtesy(line, k.names) {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		together += line
		if redact.Weight(line) < redact.MinWeight {
			if s := shortLine(line); s != "" {
				r.lines[s] = true
			}
		} else if err := r.doubtful(line); err != nil {
			return err
		}
		for word := range redact.Words(line) {
			if says := redact.Weight(word); says < redact.MinWeight || redact.Digits(word) == 0 && says < redact.FreeWeight || k.lines[redact.Fold(word)] {
				continue
			}
			if err := r.doubtful(word); err != nil {
				return err
			}
		}
	}
	return flush()
}

// doubtful adds a piece of what a withheld message says.
func (r *redactor) doubtful(text string) error {
	return r.all.Add(redact.Text{Text: text, Alone: true, Doubtful: true})
}

// words is all that a message says: text, HTML, subject, preview and names of files, which are in lines of their own.
func (r *redactor) words(m *conversation.Message) string {
	parts := []string{m.Body, threadOf(m.Subject), m.Preview}
	if m.HTMLBody != "" {
		parts = append(parts, r.textOf(m.HTMLBody))
	}
	for _, a := range m.Attachments {
		parts = append(parts, a.Name)
	}
	return strings.Join(parts, "\n\n")
}

// shortLine is the form in which lines are compared that say hardly anything.
func shortLine(line string) string {
	if s := redact.Fold(line); s != "" {
		return s
	}
	return strings.Trim(line, "> \t\r\n")
}

// withoutLines is text without lines that are lines of a withheld message, and too short to be looked for within others.
func (r *redactor) withoutLines(text string) string {
	if len(r.lines) == 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if s := shortLine(line); s != "" && r.lines[s] {
			lines[i] = Mark
		}
	}
	return strings.Join(lines, "\n")
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

// isCourtesy reports a line of greetings, thanks and names: such lines stand in every message, and say nothing.
func isCourtesy(line string, names map[string]bool) bool {
	some := false
	for word := range strings.FieldsSeq(line) {
		word = redact.Fold(word)
		if word != "" && !courtesies[word] && !names[word] {
			return false
		}
		some = some || word != ""
	}
	return some
}

// courtesies are words of greetings, thanks and short answers, folded.
var courtesies = func() map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(`
		hi hello hey dear good morning afternoon evening day thanks thank you very much many so kind best warm regards wishes sincerely yours
		faithfully truly cheers bye yes no ok okay please sorry and from
		hallo guten tag morgen abend moin servus sehr geehrte geehrter liebe lieber danke vielen dank viele grüße gruß beste mit freundlichen freundliche
		mfg lg vg ja nein bitte und von
		bonjour bonsoir salut merci beaucoup cordialement bien à vous oui non
		hola buenos buenas días tardes estimado estimada gracias muchas saludos sí
		ciao buongiorno gentile grazie cordiali saluti prego
		dag beste bedankt groeten vriendelijke met olá obrigado obrigada cumprimentos hej tack tak`) {
		out[redact.Fold(word)] = true
	}
	return out
}()
