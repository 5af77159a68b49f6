package email

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
)

func TestChooseTransfer(t *testing.T) {
	cases := []struct {
		name, in string
		want     transfer
	}{
		{"ASCII", "Hello\n", sevenBit},
		{"998 in a line", strings.Repeat("x", 998) + "\r" + strings.Repeat("y", 998), sevenBit},
		{"999 in a line", strings.Repeat("x", 999), quotedPrintable},
		{"a boundary's mark", "--=_a", quotedPrintable},
		{"a control character", "a\x0cb", quotedPrintable},
		{"a few umlauts", "Ihr Auftrag ist unterwegs und kommt morgen an. Schöne Grüße", quotedPrintable},
		{"mostly not ASCII", "ご予約", base64Lines},
	}
	for _, c := range cases {
		if got := chooseTransfer(c.in); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAppendBody(t *testing.T) {
	cases := []struct {
		name, in string
		transfer transfer
		want     string
	}{
		{"line ends", "a\rb\nc\r\nd\r\re\n\rf", sevenBit, "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n\r\nf\r\n"},
		{"blanks at line ends", "a \nb\t\n =", quotedPrintable, "a=20\r\nb=09\r\n =3D\r\n"},
		{"soft breaks", strings.Repeat("x", 80), quotedPrintable, strings.Repeat("x", 75) + "=\r\nxxxxx\r\n"},
		{"no character is split from its =", strings.Repeat("x", 74) + "ü", quotedPrintable, strings.Repeat("x", 74) + "=\r\n=C3=BC\r\n"},
		{"base64", "ü\n", base64Lines, "w7wNCg==\r\n"},
	}
	for _, c := range cases {
		if got := string(appendBody(nil, c.in, c.transfer)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAppendStuffed(t *testing.T) {
	for in, want := range map[string]string{
		".\r\n": "..\r\n", "..a\r\nb.\r\n.c": "...a\r\nb.\r\n..c", "a\r\n\r\n": "a\r\n\r\n", "": "",
	} {
		if got := string(appendStuffed(nil, []byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// No body may cost more than its length: each of these made a naive line splitter quadratic. Four times the length may
// take four times the CPU time, with room for caches and the collector, but not sixteen times.
func TestEncodingIsLinear(t *testing.T) {
	for name, unit := range map[string]string{"CRs": "\r", "LFs": "\n", "CRs after umlauts": "ü\r\r\r\r\r\r", "one line": "x", "one line of umlauts": "ü"} {
		fastest := func(n int) time.Duration {
			s := strings.Repeat(unit, n/len(unit))
			best, out := time.Hour, make([]byte, 0, 4*n)
			for range 5 {
				start := cputest.Used()
				out = appendBody(out[:0], s, chooseTransfer(s))
				best = min(best, cputest.Used()-start)
			}
			checkLines(t, name, out)
			return best
		}
		small, large := fastest(1<<18), fastest(1<<20)
		if large > 12*small {
			t.Errorf("%s: %v for 256 KB, %v for 1 MB", name, small, large)
		}
	}
}

func checkLines(t *testing.T, name string, out []byte) {
	t.Helper()
	for line := range bytes.SplitSeq(out, []byte("\r\n")) {
		if len(line) > 998 || bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("%s: line of %d bytes, %.40q", name, len(line), line)
		}
	}
}
