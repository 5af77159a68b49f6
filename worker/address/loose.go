package address

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Loose is a key that all spellings of an address share, made without numbering plans: of a mailbox and of an id it is
// the key; of a phone number the last digits, which other numbers may share. It is "" for what is no address.
func (k Kind) Loose(text string) string {
	if k == Phone {
		return lastDigits(text)
	}
	a, err := Parser{}.Parse(k, text)
	if err != nil {
		return ""
	}
	return k.Key(a.Addr)
}

// lastDigits are the digits at the end of a number that all its spellings share.
func lastDigits(text string) string {
	if len(text) > MaxLength || !utf8.ValidString(text) {
		return ""
	}
	if !isASCII(text) {
		text = norm.NFKC.String(text)
	}
	var digits [tail]byte
	n := 0
	for text != "" && n < tail {
		r, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
		if unicode.IsDigit(r) {
			n++
			digits[tail-n] = '0' + byte(Digit(r))
		}
	}
	return string(digits[tail-n:])
}

// Digit is the value of a decimal digit of any script: they stand in runs from zero to nine.
func Digit(r rune) rune {
	if '0' <= r && r <= '9' {
		return r - '0'
	}
	for _, run := range unicode.Nd.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return (r - rune(run.Lo)) % 10
		}
	}
	for _, run := range unicode.Nd.R32 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return (r - rune(run.Lo)) % 10
		}
	}
	return 0
}
