package helpers

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// numberStyle is how a locale writes numbers. It is read off numbers that golang.org/x/text prints, which has the data
// but takes no number beyond 64 bits and rounds halves to even.
type numberStyle struct {
	digits                  [10]string
	point, group            string
	primary, secondary      int // digits in the last group and in those before; 0: no groups
	minusBefore, minusAfter string
}

func newNumberStyle(l language.Tag) *numberStyle {
	p := message.NewPrinter(l)
	s := &numberStyle{}
	for i := range s.digits {
		s.digits[i] = p.Sprint(number.Decimal(i))
	}
	half := p.Sprint(number.Decimal(0.5))
	s.point = strings.TrimSuffix(strings.TrimPrefix(half, s.digits[0]), s.digits[5])
	s.minusBefore, s.minusAfter, _ = strings.Cut(p.Sprint(number.Decimal(-1)), s.digits[1])

	runs, separators := splitDigits(p.Sprint(number.Decimal(1_234_567_890_123)))
	if n := len(runs); n > 1 {
		s.primary, s.secondary, s.group = runs[n-1], runs[n-2], separators[n-2]
		if n == 2 {
			s.secondary = s.primary
		}
	}
	return s
}

// splitDigits gives the lengths of the runs of digits and the texts between them.
func splitDigits(s string) (runs []int, separators []string) {
	in, start := false, 0
	for i, r := range s {
		switch {
		case unicode.IsDigit(r) && !in:
			if len(runs) > 0 {
				separators = append(separators, s[start:i])
			}
			runs = append(runs, 1)
			in = true
		case unicode.IsDigit(r):
			runs[len(runs)-1]++
		case in:
			in, start = false, i
		}
	}
	return runs, separators
}

// append prints the number without its sign.
func (s *numberStyle) append(dst []byte, d decimal) []byte {
	for i := range len(d.whole) {
		left := len(d.whole) - i
		if i > 0 && s.primary > 0 && (left == s.primary || left > s.primary && (left-s.primary)%s.secondary == 0) {
			dst = append(dst, s.group...)
		}
		dst = append(dst, s.digits[d.whole[i]-'0']...)
	}
	if d.decimal == "" {
		return dst
	}
	dst = append(dst, s.point...)
	for i := range len(d.decimal) {
		dst = append(dst, s.digits[d.decimal[i]-'0']...)
	}
	return dst
}

// styleCache keeps the styles and currency signs of locales, which may come from data: when full it starts again.
type styleCache struct {
	mu     sync.RWMutex
	most   int
	styles map[language.Tag]*numberStyle
	signs  map[signKey]string
}

type signKey struct {
	locale language.Tag
	unit   currency.Unit
}

func newStyleCache(most int) *styleCache {
	return &styleCache{most: most, styles: map[language.Tag]*numberStyle{}, signs: map[signKey]string{}}
}

func (c *styleCache) get(l language.Tag) *numberStyle {
	c.mu.RLock()
	s := c.styles[l]
	c.mu.RUnlock()
	if s != nil {
		return s
	}
	s = newNumberStyle(l)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.styles) >= c.most {
		clear(c.styles)
	}
	c.styles[l] = s
	return s
}

// sign is the currency's sign in a locale: "$", "US$", "CHF".
func (c *styleCache) sign(l language.Tag, unit currency.Unit) string {
	key := signKey{l, unit}
	c.mu.RLock()
	s, ok := c.signs[key]
	c.mu.RUnlock()
	if ok {
		return s
	}
	s = message.NewPrinter(l).Sprint(currency.Symbol(unit))
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.signs) >= c.most {
		clear(c.signs)
	}
	c.signs[key] = s
	return s
}
