//go:build !race

package bulk

import (
	"errors"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/meter/metertest"
	"github.com/heraldsend/herald/worker/message"
)

var (
	csvPieces = []string{"a", ",", ";", "\t", "\n", "\r\n", "\r", "\"", "\"\"", " ", "\"a\nb\"", "\"a", "é", "\x00", "\xff", "c1,Ada\n", ",,,,", "sep=;\n", "a@b.example,Ada\n", "{", "1.5"}
	rowPieces = []string{`{"to":"c1"}` + "\n", "\n", "{", "}", "[", "]", `"a":`, `"`, `\u0041`, ",", "1", "1e9", `{"to":"c1","context":{"a":[1,2]}}` + "\n", `{"to":"c1","to":"c2"}` + "\n", " ", "null", "é", "\xff", "\\"}
)

// costOfAudience reads an audience to its end.
func costOfAudience(name, head string) func(string) error {
	return func(input string) error {
		audience, err := OpenAudience(strings.NewReader(head+input), name, message.Note)
		if err != nil {
			return nil // of a header, which is all that was read
		}
		for _, err := range audience.All() {
			var row *RowError
			if err != nil && !errors.As(err, &row) {
				return nil
			}
		}
		return nil
	}
}

// What an audience costs grows with its rows.
func TestCostsOfAudiences(t *testing.T) {
	t.Run("CSV", func(t *testing.T) { metertest.Run(t, csvPieces, costOfAudience("a.csv", "to,customer.firstName\n")) })
	t.Run("header", func(t *testing.T) { metertest.Run(t, csvPieces, costOfAudience("a.csv", "to,")) })
	t.Run("NDJSON", func(t *testing.T) { metertest.Run(t, rowPieces, costOfAudience("a.ndjson", "")) })
}

func FuzzCostsCSV(f *testing.F) {
	metertest.Fuzz(f, csvPieces, costOfAudience("a.csv", "to,customer.firstName\n"))
}
func FuzzCostsHeader(f *testing.F) { metertest.Fuzz(f, csvPieces, costOfAudience("a.csv", "to,")) }
func FuzzCostsNDJSON(f *testing.F) { metertest.Fuzz(f, rowPieces, costOfAudience("a.ndjson", "")) }
