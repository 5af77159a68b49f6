package email

import (
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

// BenchmarkCompose is the cost of a message of 3 KB without its way to the server; bench/email has the whole.
func BenchmarkCompose(b *testing.B) {
	ascii := sample()
	ascii.Text = strings.Repeat("Your reservation at the harbour is confirmed, and we look forward to your visit.\n", 12)
	ascii.HTML = "<html><body><p>" + strings.ReplaceAll(ascii.Text, "\n", "</p>\n<p>") + "</p></body></html>"
	german := sample()
	german.Subject = "Ihre Überfahrt ist bestätigt"
	german.Text, german.HTML = strings.ReplaceAll(ascii.Text, "harbour", "Hafen in Lübeck"), strings.ReplaceAll(ascii.HTML, "harbour", "Hafen in Lübeck")
	for name, m := range map[string]*message.Message{"ascii": ascii, "umlauts": german} {
		b.Run(name, func(b *testing.B) {
			c := testComposer()
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Validate(); err != nil {
					b.Fatal(err)
				}
				c.release(c.compose(m))
			}
		})
	}
}
