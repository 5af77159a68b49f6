package intl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/heraldsend/herald/helpers/decimal"
)

// Category is a plural form of CLDR.
type Category string

// The categories. Every language has Other; English counts with One and Other.
const (
	Zero  Category = "zero"
	One   Category = "one"
	Two   Category = "two"
	Few   Category = "few"
	Many  Category = "many"
	Other Category = "other"
)

// Categories lists them all, in CLDR's order.
func Categories() []Category { return []Category{Zero, One, Two, Few, Many, Other} }

// Cardinal is the form in which a language counts so many things: "1 day", "2 days". The decimals count as they are
// written: English has "1 star", but "1.0 stars".
func (l *Locale) Cardinal(d decimal.Decimal) Category { return l.cardinal.choose(d) }

// Ordinal is the form of a place in a row: "1st", "2nd", "3rd", "4th".
func (l *Locale) Ordinal(d decimal.Decimal) Category { return l.ordinal.choose(d) }

// rules are a language's categories but Other, each with its condition.
type rules []rule

// rule holds where one of its alternatives does, an alternative where all of its relations do.
type rule struct {
	category     Category
	alternatives [][]relation
}

// relation compares an operand, or its remainder, with ranges: "n % 100 = 2..4,12".
type relation struct {
	operand byte // one of n i v w f t e, as CLDR names them (Unicode Technical Standard 35, part 3)
	modulus uint64
	equal   bool
	ranges  [][2]uint64
}

func parseAllRules(list []map[Category]string) ([]rules, error) {
	out := make([]rules, len(list))
	for i, texts := range list {
		for _, c := range Categories() {
			text, ok := texts[c]
			if !ok {
				continue
			}
			r := rule{category: c}
			for alternative := range strings.SplitSeq(text, " or ") {
				var all []relation
				for part := range strings.SplitSeq(alternative, " and ") {
					rel, err := parseRelation(part)
					if err != nil {
						return nil, fmt.Errorf("plural rule %q: %w", text, err)
					}
					all = append(all, rel)
				}
				r.alternatives = append(r.alternatives, all)
			}
			out[i] = append(out[i], r)
		}
	}
	return out, nil
}

// parseRelation reads "i % 10 != 2..4,12".
func parseRelation(text string) (r relation, err error) {
	f := strings.Fields(text)
	if len(f) == 5 && f[1] == "%" {
		if r.modulus, err = strconv.ParseUint(f[2], 10, 64); err != nil {
			return r, err
		}
		f = append(f[:1], f[3:]...)
	}
	if len(f) != 3 || len(f[0]) != 1 || !strings.Contains("nivwftce", f[0]) || f[1] != "=" && f[1] != "!=" {
		return r, fmt.Errorf("no relation: %q", text)
	}
	r.operand, r.equal = f[0][0], f[1] == "="
	for part := range strings.SplitSeq(f[2], ",") {
		from, to, isRange := strings.Cut(part, "..")
		if !isRange {
			to = from
		}
		var ends [2]uint64
		for i, s := range []string{from, to} {
			if ends[i], err = strconv.ParseUint(s, 10, 64); err != nil {
				return r, err
			}
		}
		r.ranges = append(r.ranges, ends)
	}
	return r, nil
}

func (rs rules) choose(d decimal.Decimal) Category {
	if len(rs) == 0 {
		return Other
	}
	o := newOperands(d)
	for i := range rs {
		for _, all := range rs[i].alternatives {
			if o.holdAll(all) {
				return rs[i].category
			}
		}
	}
	return Other
}

// operands are a number's, as CLDR defines them: i its whole part, v and w how many decimals are written, with and
// without zeros at the end, f and t the decimals as integers.
type operands struct {
	i, f, t uint64
	v, w    int
	large   bool // i has lost digits in front
}

// keptDigits are how many digits of the whole part ICU looks at, too: to it 10^21 has i = 0.
const keptDigits = 18

func newOperands(d decimal.Decimal) operands {
	trimmed := strings.TrimRight(d.Fraction, "0")
	return operands{
		i: lastDigits(d.Whole), f: lastDigits(d.Fraction), t: lastDigits(trimmed), v: len(d.Fraction), w: len(trimmed), large: len(d.Whole) > keptDigits,
	}
}

// lastDigits is the number that the last digits make.
func lastDigits(s string) (n uint64) {
	for i := max(0, len(s)-keptDigits); i < len(s); i++ {
		n = n*10 + uint64(s[i]-'0')
	}
	return n
}

func (o *operands) holdAll(all []relation) bool {
	for i := range all {
		if !o.holds(&all[i]) {
			return false
		}
	}
	return true
}

func (o *operands) holds(r *relation) bool {
	var n uint64
	known := true // the operand is an integer that n holds
	switch r.operand {
	case 'n':
		n, known = o.i, o.w == 0 && (!o.large || r.modulus > 0)
	case 'i':
		n = o.i
	case 'v':
		n = uint64(o.v)
	case 'w':
		n = uint64(o.w)
	case 'f':
		n = o.f
	case 't':
		n = o.t
	}
	if r.modulus > 0 {
		n %= r.modulus
	}
	for _, ends := range r.ranges {
		if known && n >= ends[0] && n <= ends[1] {
			return r.equal
		}
	}
	return !r.equal
}
