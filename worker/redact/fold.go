package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class is what a character is for a comparison.
type class uint8

const (
	nothing class = iota // it can't be seen: as if it weren't there
	gap                  // it divides words, and says nothing
	sign                 // it divides words, and says something only in a text without letters and digits
	letter
	digit
)

// says tells whether the text is made of such characters.
func (c class) says() bool { return c == letter || c == digit }

// folded is one character of a text in the form in which it is compared.
type folded struct {
	char  rune
	class class
}

var ascii = func() (table [utf8.RuneSelf]folded) {
	for i := range table {
		c := rune(i)
		switch {
		case c >= '0' && c <= '9':
			table[i] = folded{c, digit}
		case c >= 'a' && c <= 'z':
			table[i] = folded{c, letter}
		case c >= 'A' && c <= 'Z':
			table[i] = folded{c + 'a' - 'A', letter}
		case c == 0:
			table[i] = folded{c, nothing}
		case c <= ' ' || c == 0x7f:
			table[i] = folded{' ', gap}
		default:
			table[i] = folded{c, sign}
		}
	}
	return table
}()

// appendFolded appends the compared form of r: compatibility decomposition (NFKD) without marks, and full case folding.
// One character may become several, such as a ligature or ß.
func appendFolded(to []folded, r rune) []folded {
	if r < utf8.RuneSelf {
		return append(to, ascii[r])
	}
	switch {
	case r >= 0xac00 && r <= 0xd7a3: // a syllable of Hangul, which norm decomposes elsewhere
		n := r - 0xac00
		to = append(to, folded{0x1100 + n/588, letter}, folded{0x1161 + n%588/28, letter})
		if n%28 > 0 {
			to = append(to, folded{0x11a7 + n%28, letter})
		}
		return to
	case isUnseen(r):
		return append(to, folded{r, nothing})
	}
	var buf [utf8.UTFMax]byte
	n := utf8.EncodeRune(buf[:], r)
	d := norm.NFKD.Properties(buf[:n]).Decomposition()
	if len(d) == 0 {
		return appendSimple(to, r)
	}
	for len(d) > 0 {
		c, size := utf8.DecodeRune(d)
		d = d[size:]
		if !isUnseen(c) {
			to = appendSimple(to, c)
		}
	}
	return to
}

// appendSimple appends the form of a character that doesn't decompose.
func appendSimple(to []folded, r rune) []folded {
	if r < utf8.RuneSelf {
		return append(to, ascii[r])
	}
	switch r {
	case 'ß', 'ẞ':
		return append(to, folded{'s', letter}, folded{'s', letter})
	case 'ς':
		return append(to, folded{'σ', letter})
	case 'ı':
		return append(to, folded{'i', letter})
	}
	switch {
	case unicode.IsLetter(r):
		if c := unicode.ToLower(r); c != r {
			return appendFolded(to, c) // which may decompose
		}
		return append(to, folded{r, letter})
	case unicode.Is(unicode.Nd, r):
		return append(to, folded{'0' + valueOf(r), digit})
	case unicode.IsNumber(r), unicode.Is(unicode.Mc, r):
		return append(to, folded{r, letter})
	case unicode.IsSpace(r), unicode.IsControl(r), r == utf8.RuneError:
		return append(to, folded{' ', gap})
	}
	return append(to, folded{r, sign})
}

// isUnseen reports characters that leave no trace of their own: marks above and below letters, formats such as soft
// hyphens and joiners, and fillers.
func isUnseen(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0:
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me)
}

// valueOf is the value of a decimal digit of any script: they stand in tens, from zero.
func valueOf(r rune) rune {
	for _, in := range unicode.Nd.R16 {
		if r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	for _, in := range unicode.Nd.R32 {
		if r <= rune(in.Hi) {
			return (r - rune(in.Lo)) % 10
		}
	}
	return 0
}

// Fold is the form in which texts are compared: their letters and digits.
func Fold(s string) string {
	var b strings.Builder
	var buf []folded
	for _, r := range s {
		buf = appendFolded(buf[:0], r)
		for _, c := range buf {
			if c.class.says() {
				b.WriteRune(c.char)
			}
		}
	}
	return b.String()
}

// weight is how much a character says: more in scripts without letters.
func weight(r rune) int {
	if r >= 0x2e80 {
		return 2
	}
	return 1
}

// form is a text as it is looked for.
type form struct {
	chars  []rune
	places []int // in the text, in bytes
	weight int
	signs  bool // its signs count: it has hardly any letters and digits
}

func formOf(s string) form {
	var words, all form
	all.signs = true
	var buf []folded
	for i, r := range s {
		buf = appendFolded(buf[:0], r)
		for _, c := range buf {
			if c.class >= sign {
				all.add(c.char, i)
			}
			if c.class.says() {
				words.add(c.char, i)
			}
		}
	}
	if words.weight < MinWeight && all.weight > words.weight {
		return all
	}
	return words
}

func (f *form) add(c rune, place int) {
	f.chars = append(f.chars, c)
	f.places = append(f.places, place)
	f.weight += weight(c)
}

// Weight is how much a text says, counted in letters and digits; those of scripts without letters count twice. In a text
// that has hardly any, signs count too.
func Weight(s string) int { return formOf(s).weight }
