// Package decimal holds decimal numbers exactly, digit by digit: 2^53 + 1 and 0.1 + 0.2 lose nothing. Values are
// immutable.
package decimal

import (
	"cmp"
	"strings"
)

// Decimal is a number as it is written: digits before and after the point, ASCII, without needless zeros in front.
// The zero Decimal has no digits; take one from Parse.
type Decimal struct {
	Negative        bool
	Whole, Fraction string
}

// maxExponent bounds the digits that an exponent can ask for; JavaScript's numbers end at 308.
const maxExponent = 400

// Parse reads 12, -1.5, .5, 1e3. It keeps every digit.
func Parse(s string) (Decimal, bool) {
	var d Decimal
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.Negative = s[0] == '-'
		s = s[1:]
	}
	mantissa, power, hasPower := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, power, hasPower = s[:i], s[i+1:], true
	}
	d.Whole, d.Fraction, _ = strings.Cut(mantissa, ".")
	if d.Whole == "" && d.Fraction == "" || !allDigits(d.Whole) || !allDigits(d.Fraction) {
		return d, false
	}
	if hasPower {
		n, ok := exponent(power)
		if !ok {
			return d, false
		}
		d.shift(n)
	}
	d.Whole = strings.TrimLeft(d.Whole, "0")
	if d.Whole == "" {
		d.Whole = "0"
	}
	return d, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func exponent(s string) (int, bool) {
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if s == "" || !allDigits(s) {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if n = n*10 + int(s[i]-'0'); n > maxExponent {
			return 0, false
		}
	}
	if negative {
		n = -n
	}
	return n, true
}

// shift moves the point n places to the right.
func (d *Decimal) shift(n int) {
	if n >= 0 {
		d.Fraction += strings.Repeat("0", max(0, n-len(d.Fraction)))
		d.Whole, d.Fraction = d.Whole+d.Fraction[:n], d.Fraction[n:]
		return
	}
	d.Whole = strings.Repeat("0", max(0, -n-len(d.Whole))) + d.Whole
	at := len(d.Whole) + n
	d.Whole, d.Fraction = d.Whole[:at], d.Whole[at:]+d.Fraction
}

// MaxPlaces is how many decimals one may ask for, as JavaScript's Intl.NumberFormat allowed for long.
const MaxPlaces = 20

// Round keeps n decimals, halves away from zero; fixed keeps zeros at the end. A number that becomes 0 loses its sign.
func (d Decimal) Round(n int, fixed bool) Decimal {
	if len(d.Fraction) > n {
		up := d.Fraction[n] >= '5'
		d.Fraction = d.Fraction[:n]
		if up {
			d.addUnit()
		}
	}
	switch missing := n - len(d.Fraction); {
	case !fixed:
		d.Fraction = strings.TrimRight(d.Fraction, "0")
	case d.Fraction == "" && n <= len(zeros):
		d.Fraction = zeros[:n]
	case missing > 0:
		d.Fraction += strings.Repeat("0", missing)
	}
	if d.IsZero() {
		d.Negative = false
	}
	return d
}

const zeros = "00000000000000000000" // MaxPlaces of them

// addUnit adds one to the last digit.
func (d *Decimal) addUnit() {
	places := len(d.Fraction)
	digits := []byte(d.Whole + d.Fraction)
	i := len(digits) - 1
	for ; i >= 0 && digits[i] == '9'; i-- {
		digits[i] = '0'
	}
	if i < 0 {
		digits = append([]byte{'1'}, digits...)
	} else {
		digits[i]++
	}
	d.Whole, d.Fraction = string(digits[:len(digits)-places]), string(digits[len(digits)-places:])
}

// IsZero reports whether every digit is 0.
func (d Decimal) IsZero() bool {
	return strings.Trim(d.Whole, "0") == "" && strings.Trim(d.Fraction, "0") == ""
}

// Compare is -1, 0 or 1, as d is less than, equal to or greater than e.
func (d Decimal) Compare(e Decimal) int {
	switch zero := d.IsZero() && e.IsZero(); {
	case zero:
		return 0
	case d.Negative && !e.Negative:
		return -1
	case e.Negative && !d.Negative:
		return 1
	case d.Negative:
		d, e = e, d
	}
	return cmp.Or(
		cmp.Compare(len(d.Whole), len(e.Whole)),
		strings.Compare(d.Whole, e.Whole),
		strings.Compare(strings.TrimRight(d.Fraction, "0"), strings.TrimRight(e.Fraction, "0")),
	)
}

// String is the number as Parse reads it.
func (d Decimal) String() string {
	s := d.Whole
	if d.Fraction != "" {
		s += "." + d.Fraction
	}
	if d.Negative {
		return "-" + s
	}
	return s
}
