package helpers

import "strings"

// decimal is a number as it is written: digits before and after the point, ASCII, without needless zeros in front.
type decimal struct {
	negative       bool
	whole, decimal string
}

// maxExponent bounds the digits that an exponent can ask for; JavaScript's numbers end at 308.
const maxExponent = 400

// parseDecimal reads 12, -1.5, .5, 1e3. It keeps every digit.
func parseDecimal(s string) (decimal, bool) {
	var d decimal
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.negative = s[0] == '-'
		s = s[1:]
	}
	mantissa, power, hasPower := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, power, hasPower = s[:i], s[i+1:], true
	}
	d.whole, d.decimal, _ = strings.Cut(mantissa, ".")
	if d.whole == "" && d.decimal == "" || !allDigits(d.whole) || !allDigits(d.decimal) {
		return d, false
	}
	if hasPower {
		n, ok := exponent(power)
		if !ok {
			return d, false
		}
		d.shift(n)
	}
	d.whole = strings.TrimLeft(d.whole, "0")
	if d.whole == "" {
		d.whole = "0"
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
func (d *decimal) shift(n int) {
	if n >= 0 {
		d.decimal += strings.Repeat("0", max(0, n-len(d.decimal)))
		d.whole, d.decimal = d.whole+d.decimal[:n], d.decimal[n:]
		return
	}
	d.whole = strings.Repeat("0", max(0, -n-len(d.whole))) + d.whole
	at := len(d.whole) + n
	d.whole, d.decimal = d.whole[:at], d.whole[at:]+d.decimal
}

// round keeps n decimals, halves away from zero; fixed keeps zeros at the end. A number that becomes 0 loses its sign.
func (d decimal) round(n int, fixed bool) decimal {
	if len(d.decimal) > n {
		up := d.decimal[n] >= '5'
		digits := []byte(d.whole + d.decimal[:n])
		for i := len(digits) - 1; up && i >= 0; i-- {
			if digits[i] < '9' {
				digits[i]++
				up = false
			} else {
				digits[i] = '0'
			}
		}
		if up {
			digits = append([]byte{'1'}, digits...)
		}
		d.whole, d.decimal = string(digits[:len(digits)-n]), string(digits[len(digits)-n:])
	}
	if fixed {
		d.decimal += strings.Repeat("0", n-len(d.decimal))
	} else {
		d.decimal = strings.TrimRight(d.decimal, "0")
	}
	if strings.Trim(d.whole+d.decimal, "0") == "" {
		d.negative = false
	}
	return d
}
