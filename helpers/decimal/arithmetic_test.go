package decimal

import (
	"math/big"
	"strings"
	"testing"
)

func TestArithmetic(t *testing.T) {
	for _, c := range []struct {
		a, operation, b, want string
	}{
		{"0.1", "+", "0.2", "0.3"},
		{"9007199254740993", "+", "1", "9007199254740994"},
		{"-0.5", "+", "0.5", "0"},
		{"1.10", "+", "2.20", "3.3"},
		{"1", "-", "0.9", "0.1"},
		{"-1", "-", "-1", "0"},
		{"19.99", "*", "3", "59.97"},
		{"0.00001", "*", "-0.00001", "-0.0000000001"},
		{"1e400", "*", "1e400", "1" + strings.Repeat("0", 800)},
		{"1", "/", "3", "0.33333333333333333333"},
		{"2", "/", "3", "0.66666666666666666667"},
		{"-2", "/", "3", "-0.66666666666666666667"},
		{"1", "/", "8", "0.125"},
		{"0.3", "/", "0.1", "3"},
		{"10", "/", "0.25", "40"},
		{"1", "/", "0", "no number"},
		{"0", "/", "-3", "0"},
		{strings.Repeat("9", 1000), "+", "1", "no number"},
		{strings.Repeat("9", 1001), "*", "0", "no number"},
		{"1e-400", "*", "1e-700", "no number"},
	} {
		if got := calculate(t, c.a, c.operation, c.b); got != c.want {
			t.Errorf("%.20s %s %.20s: got %.100s, want %.100s", c.a, c.operation, c.b, got, c.want)
		}
	}
}

func calculate(t *testing.T, a, operation, b string) string {
	t.Helper()
	d, ok := Parse(a)
	e, fine := Parse(b)
	if !ok || !fine {
		return "no number"
	}
	got, ok := map[string]func(Decimal) (Decimal, bool){"+": d.Add, "-": d.Subtract, "*": d.Multiply, "/": d.Divide}[operation](e)
	if !ok {
		return "no number"
	}
	return got.String()
}

// FuzzArithmetic compares with exact fractions.
func FuzzArithmetic(f *testing.F) {
	f.Add("0.1", "0.2")
	f.Add("-99.995", "1e20")
	f.Add("1", "3")
	f.Fuzz(func(t *testing.T, a, b string) {
		d, ok := Parse(a)
		e, fine := Parse(b)
		if !ok || !fine || d.long() || e.long() {
			return
		}
		x, y := ratOf(t, d), ratOf(t, e)
		if got := d.Compare(e); got != x.Cmp(y) {
			t.Errorf("%q, %q: compared %d", a, b, got)
		}
		exact := map[string]*big.Rat{"+": new(big.Rat).Add(x, y), "-": new(big.Rat).Sub(x, y), "*": new(big.Rat).Mul(x, y)}
		if y.Sign() != 0 {
			text := new(big.Rat).Quo(x, y).FloatString(MaxPlaces)
			exact["/"], _ = new(big.Rat).SetString(text)
		}
		for operation, want := range exact {
			got := calculate(t, a, operation, b)
			if got == "no number" && len(want.FloatString(0)) > MaxDigits/2 || got == "no number" && len(a)+len(b) > MaxDigits/2 {
				continue
			}
			if back, ok := new(big.Rat).SetString(got); !ok || back.Cmp(want) != 0 {
				t.Errorf("%q %s %q: got %s, want %s", a, operation, b, got, want.FloatString(30))
			}
		}
	})
}

func ratOf(t *testing.T, d Decimal) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(d.String())
	if !ok {
		t.Fatalf("%s is no fraction", d)
	}
	return r
}
