package redact

import (
	"strings"
	"testing"
)

// A megabyte of text, with and without code to decode.
func BenchmarkFind(b *testing.B) {
	m := New()
	for _, s := range []string{"4111 1111 1111 1111", "tiger1", "Message 400."} {
		if err := m.Add(Text{Text: s}); err != nil {
			b.Fatal(err)
		}
	}
	for name, s := range map[string]string{
		"words":   "The quick brown fox jumps over the lazy dog, again and again, and says so. ",
		"links":   "see https://x.example/a%20b?c=4111&d=x%2520y for more of it, ",
		"percent": "%2525", "letters": "a", "wide": "山田太郎, größer ",
	} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(s, 1<<20/len(s))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Find(text, Options{}, m)
			}
		})
	}
}
