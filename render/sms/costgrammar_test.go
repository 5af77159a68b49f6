//go:build !race

package sms

import (
	"testing"

	"github.com/heraldsend/herald/render/meter/metertest"
)

var costPieces = []string{"a", " ", "\n", "€", "[", "é", "ß", "漢", "👍", "👍🏽", "\u200d", "\u0301", "🇩🇪", "\r\n", "word ", "\x00", "\xff"}

func costOfSMS(text string) error {
	Measure(text)
	Split(text)
	Costs(text)
	return nil
}

// What the segments of a text cost grows with its length.
func TestCostsOfGrammars(t *testing.T) { metertest.Run(t, costPieces, costOfSMS) }

func FuzzCostsSMS(f *testing.F) { metertest.Fuzz(f, costPieces, costOfSMS) }
