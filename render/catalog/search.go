package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Match is a shortcut that a search found.
type Match struct {
	Shortcut *Shortcut // of the catalog: don't change it
	Title    string    // its name as the reader sees it
	Excerpt  string    // of the message, around the first word that was found there; "" if the name alone has them all
}

// Search finds the shortcuts that have every word of the query in their name, description, category, tags, subject or
// message, as somebody sees them who reads in that locale. Words in the name count most, then those in what describes
// the shortcut, then those of its texts; whole words count more than beginnings, and these more than what is within a
// word. Case and accents make no difference. Equal ranks stand by name. An empty query finds all, by name. Only
// shortcuts that a may use are found.
func (c *Catalog) Search(query, locale string, a Actor) []Match {
	words := strings.Fields(fold(query))
	type ranked struct {
		Match
		score int
	}
	var found []ranked
	for s := range c.AllShortcuts() {
		if !s.VisibleTo(a) {
			continue
		}
		m := ranked{Match: Match{Shortcut: s, Title: c.Shown(s.Name, locale)}}
		if m.score = c.score(&m.Match, words, locale); m.score > 0 {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b ranked) int { return cmp.Compare(b.score, a.score) })
	out := make([]Match, len(found))
	for i, m := range found {
		out[i] = m.Match
	}
	return out
}

// Weights of the places where a word may be found, and of how it is found there.
const (
	weightName, weightAbout, weightText = 100, 10, 1
	wholeWord, beginning, within        = 5, 3, 2
	sameName                            = 100_000 // the query is the name
)

// score is 0 where a word is missing.
func (c *Catalog) score(m *Match, words []string, locale string) int {
	s := m.Shortcut
	name := fold(s.Name + " " + m.Title)
	about := fold(strings.Join(append([]string{s.Description, s.Category, s.Subcategory}, s.Tags...), " "))
	score, text, plain := 1, "", ""
	if whole := strings.Join(words, " "); len(words) > 0 && (fold(s.Name) == whole || fold(m.Title) == whole) {
		score += sameName
	}
	for _, word := range words {
		n := max(weightName*found(name, word), weightAbout*found(about, word))
		if n == 0 {
			if plain == "" {
				plain = c.plainText(s, locale)
				text = fold(plain)
			}
			n = weightText * found(text, word)
			if n > 0 && m.Excerpt == "" {
				m.Excerpt = excerpt(plain, word)
			}
		}
		if n == 0 {
			return 0
		}
		score += n
	}
	return score
}

// found says how a word is found in a folded text, best first; 0 for not at all.
func found(text, word string) int {
	best := 0
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return best
		}
		i += at
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(word):])
		switch starts := i == 0 || !isWordRune(before); {
		case starts && (i+len(word) == len(text) || !isWordRune(after)):
			return wholeWord
		case starts:
			best = beginning
		default:
			best = max(best, within)
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		at = i + max(size, 1)
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// plainText is what the shortcut says on all channels, one line, with snippets in the reader's language and without
// other dynamic text.
func (c *Catalog) plainText(s *Shortcut, locale string) string {
	var parts []string
	for _, source := range s.sources() {
		if source.Name != s.Name+"/name" {
			parts = append(parts, withoutTags(c.Shown(source.Text, locale)))
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}

// withoutTags takes {{…}} out of a text.
func withoutTags(text string) string {
	var out strings.Builder
	for {
		open := strings.Index(text, "{{")
		if open < 0 {
			break
		}
		end := strings.Index(text[open:], "}}")
		if end < 0 {
			break
		}
		out.WriteString(text[:open])
		out.WriteByte(' ')
		text = strings.TrimPrefix(text[open+end+2:], "}")
	}
	out.WriteString(text)
	return out.String()
}

// excerptRunes is how much of a text is shown before and after a word that was found.
const excerptRunes = 40

// excerpt is the surroundings of the first place where a folded word stands in a text of one line.
func excerpt(plain, word string) string {
	all := []rune(plain)
	var folded strings.Builder
	ends := make([]int, len(all)) // of each character in the folded text
	for i, r := range all {
		if r < utf8.RuneSelf {
			folded.WriteRune(unicode.ToLower(r))
		} else {
			folded.WriteString(fold(string(r)))
		}
		ends[i] = folded.Len()
	}
	at, _ := slices.BinarySearch(ends, strings.Index(folded.String(), word)+1)
	from, to := max(0, at-excerptRunes), min(len(all), at+utf8.RuneCountInString(word)+excerptRunes)
	for from > 0 && from < at && all[from-1] != ' ' {
		from++
	}
	for to < len(all) && to > at && all[to] != ' ' {
		to--
	}
	if to <= at { // one word longer than the excerpt
		to = min(len(all), at+excerptRunes)
	}
	out := strings.TrimSpace(string(all[from:to]))
	if from > 0 {
		out = "… " + out
	}
	if to < len(all) {
		out += " …"
	}
	return out
}

// fold makes texts that differ in case, accents or width alone the same.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf && unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
}
