//go:build !race

package bounce

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/helpers/cputest"
)

// What a mail costs grows with its length, whatever it is made of.
func TestReadCostsLittle(t *testing.T) {
	const n = MaxBytes
	report := "From: mailer-daemon@x.example\nSubject: Undeliverable\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
	for name, text := range map[string]string{
		"header":      strings.Repeat("X-A: b\n", n/7),
		"folded":      "X-A: b\n" + strings.Repeat(" c\n", n/3),
		"no header":   strings.Repeat("a", n),
		"boundaries":  report + strings.Repeat("--b\n", n/4),
		"nested":      report + strings.Repeat("--b\nContent-Type: multipart/mixed; boundary=b\n\n", n/48),
		"groups":      report + "--b\nContent-Type: message/delivery-status\n\n" + strings.Repeat("Action: failed\n\n", n/16),
		"addresses":   "From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + strings.Repeat("a@b.c\n", n/6),
		"at signs":    "From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + strings.Repeat("@", n),
		"dots":        "From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + strings.Repeat("a@a.", n/4),
		"one word":    "From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + strings.Repeat("user ", n/5),
		"tags":        "From: mailer-daemon@x.example\nSubject: Undeliverable\nContent-Type: text/html\n\n" + strings.Repeat("<p", n/2),
		"many lines":  "From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + strings.Repeat("\n", n),
		"brackets":    "From: mailer-daemon@x.example\nSubject: Undeliverable\nIn-Reply-To: " + strings.Repeat("<", n),
		"encoded":     "Subject: " + strings.Repeat("=?utf-8?q?a?= ", n/14) + "\n\n",
		"quoted text": "From: mailer-daemon@x.example\nSubject: Undeliverable\n\n" + strings.Repeat("> Received: from x\n", n/19),
	} {
		if d := cputest.Spent(func() { Read([]byte(text)) }); d > 2*time.Second {
			t.Errorf("%s: %s", name, d)
		} else {
			t.Logf("%s: %s", name, d.Round(time.Millisecond))
		}
	}
}
