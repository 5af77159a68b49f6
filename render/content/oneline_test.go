package content

import (
	"strings"
	"testing"
	"unicode"
)

// TestAppendOneLine compares with a plain way of saying it, for every rune between words, at the ends, and beside blanks.
func TestAppendOneLine(t *testing.T) {
	plain := func(s string) string {
		kept := strings.Map(func(r rune) rune {
			switch {
			case r == '\u2028' || r == '\u2029' || r == '\u0085' || r >= '\t' && r <= '\r':
				return ' '
			case r < ' ' || r == 0x7f:
				return -1
			}
			return r
		}, s)
		return strings.Join(strings.FieldsFunc(kept, func(r rune) bool { return r == ' ' }), " ")
	}
	for r := rune(0); r < 0x2100; r++ {
		c := string(r)
		for _, s := range []string{c, "a" + c + "b", c + "ab", "ab" + c, "a " + c + " b", "a" + c + c + "b", "é" + c + "é ", " ~" + c} {
			if got := string(AppendOneLine([]byte("x"), []byte(s))); got != "x"+plain(s) {
				t.Fatalf("%q: got %q, want %q", s, got, "x"+plain(s))
			}
		}
		if unicode.IsControl(r) {
			continue
		}
		marked := "a" + c + string([]byte{MarkOpen, KindValue}) + c + string(rune(MarkClose)) + c + string([]byte{MarkOpen, KindBegin, MarkOpen, KindEnd})
		if got := string(Unmark([]byte(marked))); got != "a"+c+c+c {
			t.Fatalf("%q: got %q", marked, got)
		}
	}
}
