package lint

import "testing"

func TestHasAddress(t *testing.T) {
	for _, c := range []struct {
		text, address string
		want          bool
	}{
		{"see https://a.example/b", "https://a.example/b", true},
		{"see https://a.example/bc and https://a.example/b.", "https://a.example/b", true},
		{"see https://a.example/bc", "https://a.example/b", false},
		{"see https://a.example/b/c", "https://a.example/b", false},
		{"see https://a.example/b/ now", "https://a.example/b", true},
		{"a link that can't be shown, such as a script's", "", false},
		{"", "", false},
	} {
		if got := hasAddress(c.text, c.address); got != c.want {
			t.Errorf("%q in %q: %t", c.address, c.text, got)
		}
	}
}
