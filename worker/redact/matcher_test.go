package redact

import (
	"errors"
	"strings"
	"testing"
)

const mark = "█████"

func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		secrets string // separated by |
		text    string
		want    string
		options Options
	}{
		"as it is":                  {"4111 1111", "card 4111 1111.", "card █████.", Options{}},
		"other blanks and hyphens":  {"4111 1111", "4111-1111, then 41111111 and 4111\u00a01111 or 4111\n> 1111", "█████, then █████ and █████ or █████", Options{}},
		"any sign between":          {"4111 1111", "4/1,1:1•1=1–1_1; 4'1’1`1|1*1#1~1", "█████; █████", Options{}},
		"other case, other accents": {"Señor López", "SENOR LOPEZ", "█████", Options{}},
		"decomposed":                {"Zoë Müller", "Zoe\u0308 Mu\u0308ller", "█████", Options{}},
		"full width":                {"PIN4711", "ＰＩＮ４７１１", "█████", Options{}},
		"digits of other scripts":   {"4711 0815", "٤٧١١ ०८१५, ④⑦①① ⁰₈¹⁵", "█████, █████", Options{}},
		"mathematical letters":      {"secret word", "𝓼𝓮𝓬𝓻𝓮𝓽 𝔴𝔬𝔯𝔡", "█████", Options{}},
		"ligatures":                 {"office files", "oﬃce ﬁles", "█████", Options{}},
		"sharp s":                   {"Straße zum Fluß", "STRASSE ZUM FLUSS, STRAẞE ZUM FLUẞ", "█████, █████", Options{}},
		"final sigma":               {"Οδυσσεύς", "ΟΔΥΣΣΕΥΣ", "█████", Options{}},
		"syllables decomposed":      {"한국어비밀", "\u1112\u1161\u11ab국어비밀", "█████", Options{}},
		"curly apostrophes":         {"O'Brien's", "O’Brien‘s, OBriens", "█████, █████", Options{}},
		"invisible characters":      {"secret word", "sec\u200bret\u00ad w\u2060ord", "█████", Options{}},
		"overridden direction":      {"secret word", "\u202esecret\u202c word", "\u202e█████", Options{}},
		"several times":             {"secret word", "secret word, secret word", "█████, █████", Options{}},
		"overlapping":               {"abcdef|defghi", "abcdefghi", "█████", Options{}},
		"one within the other":      {"abcdefgh|cdefgh", "cdefgh xabcdefghx", "█████ x█████x", Options{}},
		"within a word":             {"abcdef", "xabcdefx", "x█████x", Options{}},
		"short, not within a word":  {"abcd", "abcd xabcdx (abcd)", "█████ xabcdx (█████)", Options{}},
		"three digits":              {"123", "CVV 123, room 1234, CVV123, 1:2:3", "CVV █████, room 1234, CVV█████, █████", Options{}},
		"not alone":                 {"123", "CVV 123", "CVV 123", Options{Certain: true}},
		"signs alone":               {"🔑🔑🗝|$!", "take 🔑 🔑🗝!", "take █████!", Options{}},
		"signs and a letter":        {"p@$$!", "is p@$$! and p", "is █████ and p", Options{}},
		"two letters that say more": {"山田", "山田 太郎", "█████ 太郎", Options{}},
		"entities":                  {"4111 1111", "&#52;111&nbsp;1&#x31;11", "█████", Options{}},
		"entities unclosed":         {"4111 1111", "&#52 111 1111", "█████", Options{}},
		"script escapes":            {"4111 1111", `\u0034111 \x31111`, "█████", Options{}},
		"percent":                   {"ada@x.example", "ada%40x%2Eexample", "█████", Options{}},
		"percent in UTF-8":          {"Müller42", "M%C3%BCller42, M%FCller42, m%c3%9cller42", "█████, █████, █████", Options{}},
		"percent twice":             {"4111 1111", "%2534111%25201111", "█████", Options{}},
		"plus":                      {"4111 1111", "c=4111+1111", "c=█████", Options{}},
		"behind an equals sign":     {"4111 1111", "c=4111%201111", "c=█████", Options{}},
		"quoted printable":          {"4111 1111", "=34111=201=\n111", "█████", Options{}},
		"quoted printable, UTF-8":   {"Müller42", "M=C3=BCl=\r\nler42", "█████", Options{}},
		"entity within percent":     {"4111 1111", "%26%2352%3B111 1111", "█████", Options{}},
		"base64":                    {"4111 1111", "see bXkgY2FyZCA0MTExIDExMTEgaXM= there", "see █████ there", Options{}},
		"base64, other phase":       {"4111 1111", "/x/bXkgY2FyZCA0MTExIDExMTEgaXM", "█████", Options{}},
		"base64 for addresses":      {"secret??>", "c2VjcmV0Pz8-", "█████", Options{}},
		"base64 over lines":         {"4111 1111", "> bXkgY2FyZCA0\n> MTExIDExMTEgaXM=", "> █████", Options{}},
		"base64 within percent":     {"4111 1111", "d=bXkgY2FyZCA0MTExIDExMTE%3D", "d=█████", Options{}},
		"base64 of two bytes each":  {"4711", "NAA3ADEAMQA=", "█████", Options{}},
		"base64 of others":          {"4711", "bXkgY2FyZCA0MTExIDExMTEgaXM=", "bXkgY2FyZCA0MTExIDExMTEgaXM=", Options{}},
		"cut at the end":            {"4111 1111 1111", "card 4111 11", "card █████", Options{Cut: true}},
		"cut, and long":             {"The quick brown fox jumps", "card: The quick", "card: █████", Options{Cut: true}},
		"cut, but not in a list":    {"4111 1111 1111", "card 4111 11", "card 4111 11", Options{}},
		"cut by an ellipsis":        {"4111 1111 1111", "card 4111 11… is, card 4111 11... is", "card █████… is, card █████... is", Options{}},
		"hardly begun":              {"4111 1111 1111", "card 41", "card 41", Options{Cut: true}},
		"a part of a long one":      {"The quick brown fox jumps over", "a QUICK, brown-fox; jumps ov it", "a █████ it", Options{}},
		"a part too short":          {"The quick brown fox jumps over", "a quick brown fox", "a quick brown fox", Options{}},
		"nothing":                   {" - ", "a b", "a b", Options{}},
		"broken characters":         {"secret word", "\xffsecret\xfe word\xff", "\xff█████\xff", Options{}},
	} {
		m := New()
		for s := range strings.SplitSeq(c.secrets, "|") {
			if Weight(s) < MinWeight {
				continue
			}
			if err := m.Add(Text{Text: s, Alone: Weight(s) < FreeWeight}); err != nil {
				t.Fatal(err)
			}
		}
		spans, proven := Find(c.text, c.options, m)
		if got := CutOut(c.text, spans, mark); got != c.want || !proven {
			t.Errorf("%s: %q, want %q; proven %v", name, got, c.want, proven)
		}
	}
}

// What is still code after many rounds can't be proven clean.
func TestUnproven(t *testing.T) {
	m := New()
	if err := m.Add(Text{Text: "secret word"}); err != nil {
		t.Fatal(err)
	}
	for rounds, want := range map[int]bool{1: true, 2: true, 4: true, 20: false} {
		if _, proven := Find("%"+strings.Repeat("25", rounds)+"41", Options{}, m); proven != want {
			t.Errorf("%d rounds: proven %v", rounds, proven)
		}
	}
}

func TestWhatIsLookedForIsBounded(t *testing.T) {
	m := New()
	if err := m.Add(Text{Text: strings.Repeat("a", maxChars)}); err != nil {
		t.Fatal(err)
	}
	if err := m.Add(Text{Text: "b"}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more was taken: %v", err)
	}
}

// Addresses of the same host have it in common: it is not found alone, unless the text is known to be secret.
func TestHosts(t *testing.T) {
	const secret = "see https://www.fernhill-hotel.example/reset?t=abcdefghijkl for it"
	for doubtful, want := range map[bool]string{
		true:  "at https://www.fernhill-hotel.example/help and https://www.f█████",
		false: "at █████/help and █████",
	} {
		m := New()
		if err := m.Add(Text{Text: secret, Doubtful: doubtful}); err != nil {
			t.Fatal(err)
		}
		text := "at https://www.fernhill-hotel.example/help and https://www.fernhill-hotel.example/reset?t=abcdefghijkl"
		found, _ := Find(text, Options{}, m)
		if got := CutOut(text, found, mark); got != want {
			t.Errorf("doubtful %v: %q", doubtful, got)
		}
	}
}

// Every Run characters in a row of a long text are found, wherever they begin, and no fewer.
func TestRuns(t *testing.T) {
	const long = "abcdefghijklmnopqrstuvwxyz0123456789áéíóú"
	m := New()
	if err := m.Add(Text{Text: long}); err != nil {
		t.Fatal(err)
	}
	chars := []rune(long)
	for at := range chars {
		for _, n := range []int{Run - 1, Run, Run + 5} {
			if at+n > len(chars) {
				continue
			}
			found, _ := Find("!!"+string(chars[at:at+n])+"??", Options{}, m)
			if want := n >= Run; (len(found) == 1 && found[0] == Span{2, 2 + len(string(chars[at:at+n]))}) != want {
				t.Errorf("%d from %d on: %v", n, at, found)
			}
		}
	}
}
