package redact

import (
	"iter"
	"strings"
	"unicode"
)

// Numbers and names of things stand out in a text: they are what is secret in a line.

// Words returns the words of a text that stand out: those with digits, in which groups of digits that follow each other are
// one, and those whose letters are divided by signs such as @ or that have a capital within. Signs around a word are not part of it.
func Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		number := "" // groups of digits so far
		for word := range strings.FieldsSeq(text) {
			word = strings.TrimFunc(word, func(r rune) bool { return !isWord(r) })
			if isNumber(word) {
				number = strings.TrimSpace(number + " " + word)
				continue
			}
			if number != "" && !yield(number) {
				return
			}
			number = ""
			if standsOut(word) && !yield(word) {
				return
			}
		}
		if number != "" {
			yield(number)
		}
	}
}

// Digits is how many digits a text has.
func Digits(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// isNumber reports digits, with signs among them, but no letters.
func isNumber(word string) bool {
	return Digits(word) > 0 && strings.IndexFunc(word, unicode.IsLetter) < 0
}

// standsOut reports a word that isn't one of a language.
func standsOut(word string) bool {
	small := false
	for _, r := range word {
		switch {
		case unicode.IsDigit(r), strings.ContainsRune("@_:=#$%&+~^!?\\*", r):
			return true
		case unicode.IsUpper(r) && small:
			return true
		}
		small = small || unicode.IsLower(r)
	}
	return false
}
