package sms

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// testdata/segments.jsonl holds what npm sms-segments-calculator 1.3.0 (MIT)
// answers for each text; bits are the message's without headers.
func TestMeasureEqualsSegmentsCalculator(t *testing.T) {
	f, err := os.Open("testdata/segments.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
	for lines.Scan() {
		var want struct {
			Text, Encoding string
			Segments, Bits int
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		got := Measure(want.Text)
		bits := got.Units * 7
		if got.Encoding == UCS2 {
			bits = got.Units * 16
		}
		if string(got.Encoding) != want.Encoding || got.Segments != want.Segments || bits != want.Bits {
			t.Errorf("%.60q: got %s, %d segments, %d bits; want %s, %d, %d",
				want.Text, got.Encoding, got.Segments, bits, want.Encoding, want.Segments, want.Bits)
		}
		n++
	}
	if n < 750 {
		t.Fatalf("only %d texts in the corpus", n)
	}
}

func TestForcing(t *testing.T) {
	got := Measure("Don’t worry, it’s done 👍🏽")
	if len(got.Forcing) != 2 {
		t.Fatalf("forcing = %+v, want the apostrophe once and the emoji once", got.Forcing)
	}
	if f := got.Forcing[0]; f.Text != "’" || f.Offset != 3 || f.Swap != "'" {
		t.Errorf("first = %+v", f)
	}
	if f := got.Forcing[1]; f.Text != "👍🏽" || f.Swap != "" {
		t.Errorf("second = %+v", f)
	}
	if got := Measure(strings.Repeat("a", 150)); got.Left != 10 || len(got.Forcing) != 0 {
		t.Errorf("150 letters: %+v", got)
	}
}

// Every swap must itself be sendable as GSM-7, or it would help nobody.
func TestSwapsAreGSM(t *testing.T) {
	for from, to := range swaps {
		if Measure(to).Encoding != GSM7 {
			t.Errorf("swap of %q is %q, which needs UCS-2", from, to)
		}
		if Measure(from).Encoding == GSM7 {
			t.Errorf("%q needs no swap", from)
		}
	}
}

func TestGSMTableHoldsBothAlphabets(t *testing.T) {
	for _, r := range basicAlphabet {
		if gsmUnits(r) != 1 {
			t.Errorf("%q: %d units, want 1", r, gsmUnits(r))
		}
	}
	for _, r := range extensionAlphabet {
		if gsmUnits(r) != 2 {
			t.Errorf("%q: %d units, want 2", r, gsmUnits(r))
		}
	}
}

func BenchmarkMeasure(b *testing.B) {
	text := strings.Repeat("Your order A-1001 ships today. ", 10)
	for b.Loop() {
		Measure(text)
	}
}
