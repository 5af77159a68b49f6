package decimal

import (
	"math/big"
	"strings"
)

// MaxDigits bounds what arithmetic takes and gives: products of long numbers would take long.
const MaxDigits = 1000

// Add is the exact sum; false where a number has more than MaxDigits.
func (d Decimal) Add(e Decimal) (Decimal, bool) {
	if d.long() || e.long() {
		return Decimal{}, false
	}
	places := max(len(d.Fraction), len(e.Fraction))
	return fromInt(new(big.Int).Add(d.scaled(places), e.scaled(places)), places)
}

// Subtract is the exact difference; false where a number has more than MaxDigits.
func (d Decimal) Subtract(e Decimal) (Decimal, bool) {
	e.Negative = !e.Negative
	return d.Add(e)
}

// Multiply is the exact product; false where a number has more than MaxDigits.
func (d Decimal) Multiply(e Decimal) (Decimal, bool) {
	if d.long() || e.long() {
		return Decimal{}, false
	}
	return fromInt(new(big.Int).Mul(d.scaled(len(d.Fraction)), e.scaled(len(e.Fraction))), len(d.Fraction)+len(e.Fraction))
}

// Divide is the quotient, exact where it ends within MaxPlaces decimals, else rounded to them, halves away from zero. It is
// false where a number has more than MaxDigits, and for e = 0.
func (d Decimal) Divide(e Decimal) (Decimal, bool) {
	if d.long() || e.long() || e.IsZero() {
		return Decimal{}, false
	}
	over, under := d.scaled(len(d.Fraction)+len(e.Fraction)+MaxPlaces), e.scaled(len(e.Fraction))
	negative := over.Sign()*under.Sign() < 0
	over.Abs(over)
	under.Abs(under.Mul(under, power(len(d.Fraction))))
	quotient, rest := over.QuoRem(over, under, new(big.Int))
	if rest.Lsh(rest, 1).Cmp(under) >= 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if negative {
		quotient.Neg(quotient)
	}
	return fromInt(quotient, MaxPlaces)
}

func (d Decimal) long() bool { return len(d.Whole)+len(d.Fraction) > MaxDigits }

// scaled is the number times 10^places, which must be at least its decimals.
func (d Decimal) scaled(places int) *big.Int {
	n, _ := new(big.Int).SetString(d.Whole+d.Fraction+strings.Repeat("0", places-len(d.Fraction)), 10) // digits alone
	if d.Negative {
		n.Neg(n)
	}
	return n
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// fromInt is n / 10^places, without zeros at the end.
func fromInt(n *big.Int, places int) (Decimal, bool) {
	d := Decimal{Negative: n.Sign() < 0}
	digits := n.Text(10)
	if d.Negative {
		digits = digits[1:]
	}
	if len(digits) <= places {
		digits = strings.Repeat("0", places-len(digits)+1) + digits
	}
	at := len(digits) - places
	d.Whole, d.Fraction = digits[:at], strings.TrimRight(digits[at:], "0")
	return d, !d.long()
}
