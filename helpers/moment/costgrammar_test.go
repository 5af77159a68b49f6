//go:build !race

package moment

import (
	"testing"

	"github.com/heraldsend/herald/render/meter/metertest"
)

var costPieces = []string{"2019", "-", "01", "T", "00:00", "Z", ".", "0", "W", "Fri, ", "18 Jan ", "(", ")", " ", "GMT", "+00", "/Date(", "LLLL", "[", "]", "MMMM", "Do", "YYYY", "\\", "é", "a", "P", "1Y", "D", ":", "'"}

func costOfDates(t testing.TB) func(string) error {
	locale, ok := FindLocale("ja")
	if !ok {
		t.Fatal("no locale")
	}
	return func(text string) error {
		Parse(text, nil)
		ParseDuration(text)
		format, err := locale.Compile(text)
		if err == nil {
			format.Append(nil, 0, nil)
		}
		for n := 0; n+MaxFormat <= len(text) && n < 8*MaxFormat; n += MaxFormat {
			if format, err := locale.Compile(text[n : n+MaxFormat]); err == nil {
				format.Append(nil, 0, nil)
			}
		}
		return nil
	}
}

// What reading and printing dates costs grows with their length.
func TestCostsOfGrammars(t *testing.T) { metertest.Run(t, costPieces, costOfDates(t)) }

func FuzzCostsDates(f *testing.F) { metertest.Fuzz(f, costPieces, costOfDates(f)) }
