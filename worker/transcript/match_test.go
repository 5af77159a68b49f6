package transcript

import (
	"strings"
	"testing"
)

func TestMatcher(t *testing.T) {
	for name, c := range map[string]struct {
		secrets string // separated by |
		text    string
		want    string
		cut     bool
	}{
		"as it is":                  {"4111 1111", "card 4111 1111.", "card █████.", false},
		"other blanks and hyphens":  {"4111 1111", "4111-1111, 41111111, 4111\u00a01111, 4111\n> 1111", "█████, █████, █████, █████", false},
		"other case, other accents": {"Señor López", "SENOR LOPEZ", "█████", false},
		"decomposed":                {"Zoë Müller", "Zoe\u0308 Mu\u0308ller", "█████\u0308ller"[:len("█████")], false},
		"full width":                {"PIN4711", "ＰＩＮ４７１１", "█████", false},
		"invisible characters":      {"secret word", "sec\u200bret\u00ad word", "█████", false},
		"several times":             {"secret word", "secret word secret word", "█████ █████", false},
		"overlapping":               {"abcdef|defghi", "abcdefghi", "█████", false},
		"one within the other":      {"abcdefgh|cdefgh", "cdefgh xabcdefghx", "█████ x█████x", false},
		"within a word":             {"abcdef", "xabcdefx", "x█████x", false},
		"short, not within a word":  {"abcd", "abcd xabcdx (abcd)", "█████ xabcdx (█████)", false},
		"three digits":              {"123", "CVV 123, room 1234", "CVV █████, room 1234", false},
		"too short":                 {"ab", "ab", "ab", false},
		"two letters that say more": {"山田", "山田 太郎", "█████ 太郎", false},
		"cut at the end":            {"4111 1111 1111", "card 4111 11", "card █████", true},
		"cut, but not in a list":    {"4111 1111 1111", "card 4111 11", "card 4111 11", false},
		"hardly begun":              {"4111 1111 1111", "card 41", "card 41", true},
		"nothing":                   {" - ", "a - b", "a - b", false},
	} {
		m := newMatcher()
		for s := range strings.SplitSeq(c.secrets, "|") {
			chars, says := normalized(s)
			if says < minWeight {
				continue
			}
			if err := m.add(chars, says < freeWeight); err != nil {
				t.Fatal(err)
			}
		}
		if got := cutOut(c.text, m.find(c.text, c.cut)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSecretsAreBounded(t *testing.T) {
	m := newMatcher()
	long := []rune(strings.Repeat("a", maxSecrets)) // each a prefix of the next
	if err := m.add(long, false); err != nil {
		t.Fatal(err)
	}
	if err := m.add([]rune("b"), false); err == nil {
		t.Error("one more was taken")
	}
}
