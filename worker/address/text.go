package address

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsInvisible reports characters that nobody sees and nobody means: zero-width ones, those that change the direction
// of text, soft hyphens, variation selectors. Programs leave them in copied text.
func IsInvisible(r rune) bool {
	return r >= 0x80 && (unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r == 0x034f)
}

// trim removes blanks and invisible characters around s.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || IsInvisible(r) })
}

// StripBidi removes the embeddings, overrides and isolates that change the direction of text, such as the pair
// U+2068, U+2069 that some programs put around every value. The plain marks LRM and RLM stay: they belong to words.
func StripBidi(s string) string {
	if strings.IndexFunc(s, isBidi) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isBidi(r) {
			return -1
		}
		return r
	}, s)
}

func isBidi(r rune) bool { return isEmbedding(r) || r >= 0x2066 && r <= 0x2069 }

func isEmbedding(r rune) bool { return r >= 0x202a && r <= 0x202e }

// CheckLine refuses characters that could end a line, hide text or change its direction.
func CheckLine(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return checkRunes(s[i:])
		}
	}
	return nil
}

func checkRunes(s string) error {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return errors.New("not valid UTF-8")
			}
		}
		if unicode.IsControl(r) || isSeparator(r) || isBidi(r) {
			return fmt.Errorf("holds the character %U", r)
		}
	}
	return nil
}

func isSeparator(r rune) bool { return r == 0x2028 || r == 0x2029 }
