package transcript

import (
	"strings"
	"unicode"

	"github.com/heraldsend/herald/render/plain"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/redact"
)

// withhold collects what messages say that are withheld as a whole: their lines, runs of their words, and words that stand out.
func (r *redactor) withhold(customer string, messages []dated) error {
	for _, d := range messages {
		if !d.message.Withheld() {
			continue
		}
		if err := r.saying(r.words(d.message), namesOf(customer, d.message.CreatedBy.Shown())); err != nil {
			return err
		}
	}
	return r.err
}

// saying looks for what a withheld message says, but for lines that only greet, thank and name people.
func (r *redactor) saying(text string, names map[string]bool) error {
	var together strings.Builder // lines that stand behind each other
	flush := func() error {
		text := together.String()
		if together.Reset(); len(text) < redact.Run {
			return nil
		}
		return r.doubtful(text)
	}
	for line := range strings.Lines(plain.Lines(text)) {
		if isCourtesy(line, names) {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		together.WriteString(line)
		if redact.Weight(line) < redact.MinWeight {
			if s := shortLine(line); s != "" {
				r.lines[s] = true
			}
		} else if err := r.doubtful(line); err != nil {
			return err
		}
		for word := range redact.Words(line) {
			if says := redact.Weight(word); says < redact.MinWeight || redact.Digits(word) == 0 && says < redact.FreeWeight {
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

// namesOf are the words of people's names, folded. What is longer or has other signs than letters is no name.
func namesOf(people ...string) map[string]bool {
	names := map[string]bool{}
	for _, name := range people {
		words := strings.Fields(name)
		if len(words) > 3 || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsDigit(r) || unicode.IsSymbol(r) }) {
			continue
		}
		for _, word := range words {
			names[redact.Fold(word)] = true
		}
	}
	return names
}

// maxGreeted is how many words behind a greeting are a name.
const maxGreeted = 2

// isCourtesy reports a line of greetings, thanks and names: such lines stand in every message, and say nothing.
func isCourtesy(line string, names map[string]bool) bool {
	some, greets, greeted := false, false, 0
	for word := range strings.FieldsSeq(line) {
		folded := redact.Fold(word)
		switch {
		case folded == "":
			continue
		case greetings[folded]:
			greets = greets || !some
		case courtesies[folded], names[folded]:
		case greets && greeted < maxGreeted && isName(strings.TrimRight(word, ",.!:")):
			greeted++
		default:
			return false
		}
		some = true
	}
	return some
}

// isName reports a word of letters, with a capital only at its beginning.
func isName(word string) bool {
	for i, r := range word {
		if !unicode.IsLetter(r) && r != '-' && r != '\'' || i > 0 && unicode.IsUpper(r) || i == 0 && !unicode.IsUpper(r) {
			return false
		}
	}
	return true
}

var greetings = foldedSet(`hi hello hey dear good hallo guten liebe lieber geehrte geehrter moin bonjour cher chère hola estimado estimada buenos buenas ciao gentile dag beste olá hej`)

// courtesies are words of greetings, thanks and short answers, folded.
var courtesies = foldedSet(`
	morning afternoon evening day thanks thank you very much many so kind best warm regards wishes sincerely yours
	faithfully truly cheers bye yes no ok okay please sorry and from
	tag morgen abend servus sehr danke vielen dank viele grüße gruß mit freundlichen freundliche mfg lg vg ja nein bitte und von
	bonsoir salut merci beaucoup cordialement bien à vous oui non días tardes gracias muchas saludos sí
	buongiorno grazie cordiali saluti prego bedankt groeten vriendelijke met obrigado obrigada cumprimentos tack tak`)

func foldedSet(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[redact.Fold(word)] = true
	}
	return out
}
