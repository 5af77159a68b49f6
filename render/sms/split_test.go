package sms_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/heraldsend/herald/render/sms"
)

// TestSplitAsMeasured cuts random texts: the pieces are the text again, and as many as Measure counts.
func TestSplitAsMeasured(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	alphabets := [][]string{
		{"a", "b", " ", "\n", "\r\n", "€", "{", "}", "à"},
		{"a", "ü", "’", "é", "👩‍👩‍👧‍👧", "👍🏽", "\r\n", "漢", "e\u0301"},
	}
	for n := range 4000 {
		alphabet := alphabets[n%2]
		var b strings.Builder
		for range r.IntN(400) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		text := b.String()
		parts, size := sms.Split(text), sms.Measure(text)
		if len(parts) != size.Segments || strings.Join(parts, "") != text {
			t.Fatalf("%q: %d parts, measured %d segments", text, len(parts), size.Segments)
		}
		for _, part := range parts[:len(parts)-1] {
			if part == "" {
				t.Fatalf("%q: an empty part", text)
			}
		}
	}
}

func TestCosts(t *testing.T) {
	for text, want := range map[string][]sms.Cost{
		"plain":            nil,
		"5 € {x}":          {{Text: "€", Count: 1, Double: true}, {Text: "{", Count: 1, Double: true}, {Text: "}", Count: 1, Double: true}},
		"it’s Ada’s 5 € 漢": {{Text: "’", Count: 2, Swap: "'"}, {Text: "漢", Count: 1}},
	} {
		got := sms.Costs(text)
		if len(got) != len(want) {
			t.Errorf("%q: %+v, want %+v", text, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%q: %+v, want %+v", text, got[i], want[i])
			}
		}
	}
}
