package intl

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heraldsend/herald/helpers/decimal"
)

// style is how a locale writes numbers, or amounts of money.
type style struct {
	digits             [10]string
	number             affixes // around a negative number
	point, group       string
	first, next, least int        // digits in the last group and in those before; how many must stand before the first sign of a group
	money              [2]pattern // an amount from 0 on, and one below
	spaced             [2]pattern // the same with a sign whose edge is a letter
	moneyStyle         *style     // the numbers in amounts
}

// affixes are what stands before and after a number.
type affixes struct{ before, after string }

// pattern is what stands around the number of an amount; the currency's sign stands in one of both where "¤" is.
type pattern struct {
	affixes
	signBefore bool
}

// styleJSON is one style in the data; see generate/generate.js.
type styleJSON struct {
	Digits, Number, Point, Group string
	Sizes                        [2]int
	Least                        int
	Money, Spaced                []string
	MoneyPoint, MoneyGroup       string
	MoneySizes                   []int
}

const (
	numberMark = "0"
	signMark   = "¤"
)

func (j *styleJSON) style() *style {
	s := &style{point: j.Point, group: j.Group, first: j.Sizes[0], next: j.Sizes[1], least: j.Least}
	i := 0
	for _, digit := range j.Digits {
		s.digits[i] = string(digit)
		i++
	}
	s.number.before, s.number.after, _ = strings.Cut(j.Number, numberMark)
	if j.Spaced == nil {
		j.Spaced = j.Money
	}
	for i := range s.money {
		s.money[i], s.spaced[i] = newPattern(j.Money[i]), newPattern(j.Spaced[i])
	}
	money := *s
	if j.MoneyPoint != "" {
		money.point = j.MoneyPoint
	}
	if j.MoneyGroup != "" {
		money.group = j.MoneyGroup
	}
	if j.MoneySizes != nil {
		money.first, money.next = j.MoneySizes[0], j.MoneySizes[1]
	}
	s.moneyStyle = &money
	return s
}

func newPattern(text string) (p pattern) {
	p.before, p.after, _ = strings.Cut(text, numberMark)
	p.signBefore = strings.Contains(p.before, signMark)
	return p
}

// append prints the digits, without a minus.
func (s *style) append(dst []byte, d decimal.Decimal) []byte {
	grouped := len(d.Whole) >= s.first+s.least
	for i := range len(d.Whole) {
		left := len(d.Whole) - i
		if grouped && i > 0 && (left == s.first || left > s.first && (left-s.first)%s.next == 0) {
			dst = append(dst, s.group...)
		}
		dst = append(dst, s.digits[d.Whole[i]-'0']...)
	}
	if d.Fraction == "" {
		return dst
	}
	dst = append(dst, s.point...)
	for i := range len(d.Fraction) {
		dst = append(dst, s.digits[d.Fraction[i]-'0']...)
	}
	return dst
}

// AppendNumber prints a number with all of its digits: round it before.
func (l *Locale) AppendNumber(dst []byte, d decimal.Decimal) []byte {
	if !d.Negative {
		return l.style.append(dst, d)
	}
	dst = append(dst, l.style.number.before...)
	dst = l.style.append(dst, d)
	return append(dst, l.style.number.after...)
}

// Places is the number of decimals of a currency, by its code of ISO 4217 in capitals; false where there is no such code.
func Places(code string) (int, bool) {
	n, ok := tables().places[code]
	return n, ok
}

// Currencies are the codes of all currencies that there are or were, sorted.
func Currencies() []string { return slices.Sorted(maps.Keys(tables().places)) }

// AppendCurrency prints an amount with all of its digits and the sign of a currency.
func (l *Locale) AppendCurrency(dst []byte, d decimal.Decimal, code string) []byte {
	s := l.style
	if other := l.special[code]; other != nil {
		s = other
	}
	sign := l.symbols.of(code)
	form := 0
	if d.Negative {
		form = 1
	}
	p := &s.money[form]
	if edge := edgeOf(sign, p.signBefore); !unicode.IsOneOf(symbolsAndSpaces, edge) {
		p = &s.spaced[form]
	}
	dst = appendSigned(dst, p.before, sign)
	dst = s.moneyStyle.append(dst, d)
	return appendSigned(dst, p.after, sign)
}

var symbolsAndSpaces = []*unicode.RangeTable{unicode.S, unicode.Z}

// edgeOf is the sign's character beside the number.
func edgeOf(sign string, before bool) rune {
	if before {
		r, _ := utf8.DecodeLastRuneInString(sign)
		return r
	}
	r, _ := utf8.DecodeRuneInString(sign)
	return r
}

func appendSigned(dst []byte, affix, sign string) []byte {
	at := strings.Index(affix, signMark)
	if at < 0 {
		return append(dst, affix...)
	}
	dst = append(dst, affix[:at]...)
	dst = append(dst, sign...)
	return append(dst, affix[at+len(signMark):]...)
}
