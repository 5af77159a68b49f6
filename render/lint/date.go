package lint

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/render/handlebars"
)

// doubt is what is odd about a date format, and the format that was probably meant, where that can be told.
type doubt struct {
	says, mended string
}

// doubtful says what is odd about a format of Moment.js; no words where nothing is.
func doubtful(format string) doubt {
	first := firstDoubt(format)
	for d := first; d.mended != "" && d.mended != format; d = firstDoubt(format) {
		format, first.mended = d.mended, d.mended
	}
	if first.mended != "" {
		first.says += "; write " + handlebars.Quote(first.mended)
	}
	return first
}

func firstDoubt(format string) doubt {
	pieces := moment.Pieces(format)
	for _, rule := range []func(string, []moment.Piece) doubt{strftime, otherLanguages, unknownLetters, minutesAndMonths, years, days, dayBeforeMonth, halfDays} {
		if d := rule(format, pieces); d.says != "" {
			return d
		}
	}
	return doubt{}
}

// strftimeTokens are those of C, Python and Ruby.
var strftimeTokens = map[byte]string{
	'd': "DD", 'e': "D", 'm': "MM", 'Y': "YYYY", 'y': "YY", 'B': "MMMM", 'b': "MMM", 'h': "MMM", 'A': "dddd", 'a': "ddd", 'H': "HH", 'I': "hh", 'k': "H", 'l': "h",
	'M': "mm", 'S': "ss", 'p': "A", 'P': "a", 'Z': "z", 'z': "ZZ", 'j': "DDDD", 'F': "YYYY-MM-DD", 'T': "HH:mm:ss", 'D': "MM/DD/YY", 'R': "HH:mm", 'x': "L", 'X': "LTS",
	'c': "llll", 's': "X", 'V': "WW", 'u': "E", '%': "%",
}

var strftimeToken = regexp.MustCompile(`%[-_0^#]?[A-Za-z%]`)

func strftime(format string, _ []moment.Piece) doubt {
	if !strftimeToken.MatchString(format) {
		return doubt{}
	}
	ok := true
	mended := strftimeToken.ReplaceAllStringFunc(format, func(s string) string {
		to := strftimeTokens[s[len(s)-1]]
		if to == "" {
			ok = false
		}
		if len(s) == 3 && s[1] == '-' && len(to) == 2 {
			to = to[1:]
		}
		return to
	})
	rest := strftimeToken.ReplaceAllString(format, "")
	if !ok || strings.ContainsFunc(rest, isLatinLetter) {
		mended = ""
	}
	return doubt{`"%d" is of other tools; formats are Moment.js's`, mended}
}

func isLatinLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// phpTokens are those of PHP, a letter each.
var phpTokens = map[byte]string{
	'd': "DD", 'j': "D", 'D': "ddd", 'l': "dddd", 'm': "MM", 'n': "M", 'F': "MMMM", 'M': "MMM", 'Y': "YYYY", 'y': "YY", 'H': "HH", 'G': "H", 'h': "hh", 'g': "h", 'i': "mm",
	's': "ss", 'A': "A", 'a': "a",
}

var (
	phpFormat  = regexp.MustCompile(`^(?:[djDlmnFMYyHGhgisAa](?:[^A-Za-z]+|$))+$`)
	javaTokens = regexp.MustCompile(`E{3,4}`)
	javaText   = regexp.MustCompile(`'([^']+)'`)
)

// otherLanguages: "d/m/Y" of PHP, "EEEE, d MMMM yyyy" of Java.
func otherLanguages(format string, _ []moment.Piece) doubt {
	php := phpFormat.MatchString(format) && (strings.ContainsAny(format, "Fjni") || strings.Contains(format, "Y") && strings.ContainsAny(format, "d") && strings.ContainsAny(format, "m"))
	if php && !strings.ContainsAny(format, "[]") {
		var b strings.Builder
		for i := range len(format) {
			if to := phpTokens[format[i]]; to != "" {
				b.WriteString(to)
			} else {
				b.WriteByte(format[i])
			}
		}
		return doubt{"a letter for each part is PHP's; formats are Moment.js's", b.String()}
	}
	if mended := localLetters(format); mended != format {
		return doubt{"the letters of formats are English", mended}
	}
	if javaTokens.MatchString(format) || javaText.MatchString(format) && strings.ContainsAny(format, "yMdHh") {
		mended := javaText.ReplaceAllString(format, "[$1]")
		mended = javaTokens.ReplaceAllStringFunc(mended, func(s string) string {
			if s == "EEEE" {
				return "dddd"
			}
			return "ddd"
		})
		return doubt{`"EEEE" and 'quotes' are of Java; formats are Moment.js's`, javaRest(mended)}
	}
	return doubt{}
}

// localTokens are those of German, French, Spanish and Portuguese forms.
var localTokens = map[string]string{"TT": "DD", "JJJJ": "YYYY", "JJ": "YY", "AAAA": "YYYY", "jj": "DD", "aaaa": "YYYY", "jjjj": "YYYY"}

var runsOfLetters = regexp.MustCompile(`[A-Za-z]+`)

func localLetters(format string) string {
	if strings.ContainsAny(format, "[\\") {
		return format
	}
	return runsOfLetters.ReplaceAllStringFunc(format, func(word string) string {
		return cmp.Or(localTokens[word], word)
	})
}

// javaRest turns the day and year of Java into Moment's.
func javaRest(format string) string {
	var b strings.Builder
	for _, p := range moment.Pieces(format) {
		switch {
		case p.Kind == moment.PieceToken && strings.Trim(p.Text, "y") == "":
			b.WriteString(strings.ToUpper(p.Text))
		case p.Kind == moment.PieceToken && (p.Text == "d" || p.Text == "dd"):
			b.WriteString(strings.ToUpper(p.Text))
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// unknownLetters: words stand in brackets.
func unknownLetters(_ string, pieces []moment.Piece) doubt {
	var b strings.Builder
	first := ""
	for i := 0; i < len(pieces); {
		j := i
		for j < len(pieces) && isLetters(pieces[j]) {
			j++
		}
		if j == i {
			b.WriteString(pieces[i].Text)
			i++
			continue
		}
		word := textOf(pieces[i:j])
		if isWord(pieces[i:j]) {
			first, word = cmp.Or(first, word), "["+word+"]"
		}
		b.WriteString(word)
		i = j
	}
	if first == "" {
		return doubt{}
	}
	return doubt{handlebars.Quote(first) + " is no token, and its letters are read one by one; text stands in brackets", b.String()}
}

// isWord says whether letters side by side were meant as a word. The T of ISO 8601 and a letter by itself print as they stand.
func isWord(run []moment.Piece) bool {
	text, loose := textOf(run), 0
	for _, p := range run {
		if isLooseLetter(p) && p.Text != "T" {
			loose++
		}
	}
	alike := strings.Trim(text, text[:1]) == ""
	return loose > 1 || loose == 1 && len(run) > 1 && !alike || isPlainWord(text)
}

func textOf(pieces []moment.Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}

func isLooseLetter(p moment.Piece) bool {
	return p.Kind == moment.PieceText && len(p.Text) == 1 && isLatinLetter(rune(p.Text[0]))
}

func isLetters(p moment.Piece) bool { return p.Text != "" && isLatinLetter(rune(p.Text[0])) }

// isPlainWord finds words all of whose letters are tokens.
func isPlainWord(s string) bool {
	return slices.Contains([]string{"Day", "day", "Days", "days", "Week", "week", "am", "Am", "das", "de"}, s)
}

func has(pieces []moment.Piece, tokens ...string) bool {
	return slices.ContainsFunc(pieces, func(p moment.Piece) bool { return p.Kind == moment.PieceToken && slices.Contains(tokens, p.Text) })
}

func hasLocal(pieces []moment.Piece) bool {
	return slices.ContainsFunc(pieces, func(p moment.Piece) bool { return p.Kind == moment.PieceLocal })
}

// renamedTokens is a format with other tokens.
func renamedTokens(pieces []moment.Piece, to func(i int, token string) string) string {
	var b strings.Builder
	for i, p := range pieces {
		if p.Kind == moment.PieceToken {
			p.Text = to(i, p.Text)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

var hourTokens = []string{"H", "HH", "h", "hh", "k", "kk", "Hmm", "hmm", "Hmmss", "hmmss"}

// minutesAndMonths: "YYYY-mm-DD", "HH:MM".
func minutesAndMonths(_ string, pieces []moment.Piece) doubt {
	if has(pieces, "mm", "m") && !has(pieces, hourTokens...) && !hasLocal(pieces) && has(pieces, "D", "DD", "Do", "d", "dd", "YYYY", "YY", "yyyy", "yy", "y") && !has(pieces, "M", "MM", "MMM", "MMMM", "ss", "s") {
		return doubt{`"mm" is minutes; months are "MM"`, renamedTokens(pieces, func(_ int, token string) string {
			if token == "mm" || token == "m" {
				return strings.ToUpper(token)
			}
			return token
		})}
	}
	wrong := func(i int) bool {
		return i > 1 && (pieces[i].Text == "MM" || pieces[i].Text == "M") && (pieces[i-1].Text == ":" || pieces[i-1].Text == ".") && slices.Contains(hourTokens, pieces[i-2].Text)
	}
	for i := range pieces {
		if wrong(i) {
			return doubt{`"MM" is the month; minutes are "mm"`, renamedTokens(pieces, func(i int, token string) string {
				switch {
				case wrong(i):
					return strings.ToLower(token)
				case i > 2 && token == "SS" && pieces[i-1].Text == ":":
					return "ss"
				}
				return token
			})}
		}
	}
	return doubt{}
}

// years: "yyyy".
func years(_ string, pieces []moment.Piece) doubt {
	if len(pieces) == 1 || !has(pieces, "yyyy", "yy", "y", "yyy") || has(pieces, "N", "NN", "NNN", "NNNN", "NNNNN") {
		return doubt{}
	}
	return doubt{`"yyyy" is the year of an era; the year is "YYYY"`, renamedTokens(pieces, func(_ int, token string) string {
		switch token {
		case "yyyy", "yyy", "y":
			return "YYYY"
		case "yy":
			return "YY"
		case "d", "dd":
			if !has(pieces, "D", "DD", "Do") {
				return strings.ToUpper(token)
			}
		case "mm", "m":
			if !has(pieces, hourTokens...) && !has(pieces, "M", "MM", "MMM", "MMMM") {
				return strings.ToUpper(token)
			}
		}
		return token
	})}
}

// days: "dd.MM.YYYY".
func days(_ string, pieces []moment.Piece) doubt {
	if !has(pieces, "dd", "d") || !has(pieces, "M", "MM", "MMM", "MMMM") || has(pieces, "D", "DD", "Do", "DDD", "DDDD") {
		return doubt{}
	}
	return doubt{`"dd" is the day's name; the day of the month is "DD"`, renamedTokens(pieces, func(_ int, token string) string {
		if token == "dd" || token == "d" {
			return strings.ToUpper(token)
		}
		return token
	})}
}

// dayBeforeMonth: "YYYY-DD-MM".
func dayBeforeMonth(format string, _ []moment.Piece) doubt {
	if i := strings.Index(format, "YYYY-DD-MM"); i >= 0 {
		return doubt{"the day stands before the month behind the year", strings.Replace(format, "YYYY-DD-MM", "YYYY-MM-DD", 1)}
	}
	return doubt{}
}

// halfDays: "hh:mm" without "A" is the same in the morning and in the evening.
func halfDays(_ string, pieces []moment.Piece) doubt {
	if len(pieces) == 1 || !has(pieces, "h", "hh", "hmm", "hmmss") || !has(pieces, "mm", "m", "hmm", "hmmss") || has(pieces, "a", "A", "H", "HH", "k", "kk") || hasLocal(pieces) {
		return doubt{}
	}
	return doubt{`"hh" goes to 12 and needs "A" for AM and PM`, renamedTokens(pieces, func(_ int, token string) string {
		if strings.HasPrefix(token, "h") {
			return "H" + strings.ReplaceAll(token[1:], "h", "H")
		}
		return token
	})}
}
