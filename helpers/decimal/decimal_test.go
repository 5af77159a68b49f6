package decimal

import (
	"math/big"
	"strconv"
	"strings"
	"testing"
)

// FuzzDecimal compares reading and rounding with exact fractions, which round halves away from zero, too.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-1.005", "999.95", "1e21", "12.5e-3", ".5", "5.", "+1", "1e400", "1e", "-", "0.000", "1_0", "0x1", "-0.04"} {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 0 || n > MaxPlaces {
			return
		}
		d, ok := Parse(s)
		exact, readable := new(big.Rat), false
		if len(s) < 500 && !strings.ContainsAny(s, "_/xXpPbBoO") && exponentOf(s) <= maxExponent {
			exact, readable = exact.SetString(s)
		} else if !ok {
			return
		}
		if ok != readable && len(s) < 500 {
			t.Fatalf("%q: read %t, as a fraction %t", s, ok, readable)
		}
		if !readable {
			return
		}
		got := d.Round(n, true)
		text := got.String()
		want := exact.FloatString(n)
		if strings.Trim(want, "-0.") == "" {
			want = strings.TrimPrefix(want, "-")
		}
		if text != want {
			t.Errorf("%q to %d decimals: got %s, want %s", s, n, text, want)
		}
	})
}

func exponentOf(s string) int {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return 0
	}
	n, err := strconv.Atoi(s[i+1:])
	if err != nil {
		return maxExponent + 1
	}
	return max(n, -n)
}
