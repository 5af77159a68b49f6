package redact

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                     nil,
		"my card is 4111 1111-1111, 1111.":     {"4111 1111-1111 1111"},
		"4111 1111":                            {"4111 1111"},
		"pw: tiger1, (PIN: 123)":               {"tiger1", "123"},
		"tiger-4711-lily and well-known don't": {"tiger-4711-lily"},
		"write to ada@x.example!":              {"ada@x.example"},
		"TigerLily or McKay or USA or Ada":     {"TigerLily", "McKay"},
		"exp 04/29":                            {"04/29"},
		"a_b user:name 山田":                     {"a_b", "user:name"},
	} {
		if got := slices.Collect(Words(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for range Words("1 a2 3") { // leaving early
		break
	}
}
