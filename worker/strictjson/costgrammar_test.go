//go:build !race

package strictjson

import (
	"testing"

	"github.com/heraldsend/herald/render/meter/metertest"
)

var costPieces = []string{"{", "}", "[", "]", ",", ":", `"a":`, `"`, `"\u0041":`, `\`, "1", "-", "1e9", "null", "true", " ", "\n", `{"a":1},`, `[1],`, `"é",`, `"b":{`, "1,", "\xff"}

func costOfCheck(text string) error {
	shape := &Shape{Kind: Object, Open: true, Members: map[string]*Shape{"a": {Kind: List, Items: &Shape{Kind: Integer}}}}
	for _, document := range []string{text, "[" + text + "1]", `{"a":[` + text + "1]}"} {
		if Check([]byte(document), Limits{}) == nil {
			Conform([]byte(document), shape)
		}
	}
	return nil
}

// What checking JSON costs grows with its length.
func TestCostsOfGrammars(t *testing.T) { metertest.Run(t, costPieces, costOfCheck) }

func FuzzCostsCheck(f *testing.F) { metertest.Fuzz(f, costPieces, costOfCheck) }
