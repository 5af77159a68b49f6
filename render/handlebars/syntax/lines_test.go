package syntax

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Lines finds what reading from the start finds, in texts of all kinds of characters and of bytes that are none.
func TestLinesAreThoseOfPosition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "b", "\n", "\r\n", "é", "漢", "👍", "\xff", "\x80", "\xe2\x82", strings.Repeat("x", 100)}
	for range 50 {
		var b strings.Builder
		for size := random.IntN(5 * stride); b.Len() < size; {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		text := b.String()
		var l Lines
		for at := range len(text) + 1 {
			if at < len(text) && text[at]&0xc0 == 0x80 {
				continue // places are where characters begin
			}
			line, column := l.Position(text, at)
			if wantLine, wantColumn := Position(text, at); line != wantLine || column != wantColumn {
				t.Fatalf("byte %d of %q: %d:%d, want %d:%d", at, text, line, column, wantLine, wantColumn)
			}
		}
	}
}
