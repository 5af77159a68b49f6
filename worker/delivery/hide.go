package delivery

import (
	"regexp"
	"strings"

	"github.com/heraldsend/herald/worker/message"
)

// hidden stands for a recipient's address in what the other side said.
const hidden = "[recipient]"

// hideRecipients takes the addresses of a message out of what its other side said. Reasons and answers are kept for weeks,
// listed and exported, beside the recipient of each: the address says nothing more there.
func hideRecipients(text string, m *message.Message) string {
	if text == "" {
		return ""
	}
	for _, to := range m.Recipients() {
		if to.Addr == "" || len(to.Addr) > len(text) {
			continue
		}
		if at := strings.Index(strings.ToLower(text), strings.ToLower(to.Addr)); at < 0 {
			continue
		}
		text = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(to.Addr)).ReplaceAllLiteralString(text, hidden)
	}
	return text
}
