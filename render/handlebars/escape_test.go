package handlebars

import (
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
