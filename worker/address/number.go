package address

import (
	"strings"
	"unicode"
)

// PlainNumber is a phone number without what people put between its digits, so that two spellings of one are equal.
func PlainNumber(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-./()", r) {
			return -1
		}
		return r
	}, s)
}
