package handlebars

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestAppendHTML compares the fast way of escaping with the plain one, for every
// byte at every offset of a word.
func TestAppendHTML(t *testing.T) {
	for c := range 256 {
		for offset := range 20 {
			s := strings.Repeat("a", offset) + string([]byte{byte(c), byte(c)}) + "é?ÿ~<" + strings.Repeat("z", 9)
			got, want := string(appendHTML(nil, s)), string(appendEscaped(nil, s, EscapeHTML))
			if got != want {
				t.Fatalf("%q: got %q, want %q", s, got, want)
			}
			if plain := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;", "`", "&#x60;", "=", "&#x3D;").Replace(s); got != plain {
				t.Fatalf("%q: got %q, want %q", s, got, plain)
			}
		}
	}
}

// TestAppendPlain does the same for plain text, with the bytes that ends of lines and letters have.
func TestAppendPlain(t *testing.T) {
	for c := range 256 {
		for offset := range 20 {
			for _, tail := range []string{"", "\n", "\x85", "\x80\xa8", "é", "zzzzzzzzz"} {
				s := strings.Repeat("a", offset) + string([]byte{byte(c)}) + tail
				if got, want := string(appendPlain(nil, s)), string(appendEscaped(nil, s, EscapeText)); got != want {
					t.Fatalf("%q: got %q, want %q", s, got, want)
				}
			}
		}
	}
}

// TestStringsOfJSON reads strings with every byte at every offset of a word as encoding/json does.
func TestStringsOfJSON(t *testing.T) {
	for c := range 256 {
		for offset := range 20 {
			for _, tail := range []string{"", "n", "bcdefghijkl", "©"} {
				text := `"` + strings.Repeat("a", offset) + string([]byte{byte(c)}) + tail + `"`
				var want string
				wantErr := json.Unmarshal([]byte(text), &want)
				got, err := ParseJSON([]byte(text))
				if (err != nil) != (wantErr != nil) || err == nil && got.Text() != want {
					t.Fatalf("%q: got %q (%v), want %q (%v)", text, got.Text(), err, want, wantErr)
				}
			}
		}
	}
}
