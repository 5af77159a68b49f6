package render

import (
	"fmt"
	"strings"
	"time"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/render/sms"
)

// Content is what one recipient gets on one channel.
type Content struct {
	Channel     catalog.Channel      `json:"channel"`
	Subject     string               `json:"subject,omitempty"`   // email; one line
	Preheader   string               `json:"preheader,omitempty"` // email; one line, also within HTML if the layout shows it
	HTML        string               `json:"html,omitempty"`      // email
	Text        string               `json:"text"`                // email: the alternative; sms: plain; chat, note: Markdown
	SMS         *sms.Size            `json:"sms,omitempty"`       // sms
	Attachments []catalog.Attachment `json:"attachments,omitempty"`
	Issues      []Issue              `json:"issues,omitempty"`
}

// Request is the recipient and channel of one rendering.
type Request struct {
	Channel  catalog.Channel
	Context  []byte // JSON object: {"customer":{…},"conversation":{…},"currentUser":{…},…}
	Locale   string // language tag; empty: the Renderer's
	Timezone string // IANA zone; empty: the Renderer's
	// Now is the current time for helpers such as fromNow; zero is the time of rendering. Give the same Now when you
	// render again for the same recipient, or the text may differ.
	Now time.Time
}

// Sections are the texts that authors' tests compare, by name: subject, preheader, text, html, issues (a code a
// line), segments.
func (c *Content) Sections() map[string]string {
	codes := make([]string, len(c.Issues))
	for i, issue := range c.Issues {
		codes[i] = strings.TrimSpace(issue.Code + " " + issue.Field)
	}
	out := map[string]string{"subject": c.Subject, "preheader": c.Preheader, "text": c.Text, "html": c.HTML, "issues": strings.Join(codes, "\n"), "segments": ""}
	if c.SMS != nil {
		out["segments"] = fmt.Sprintf("%d %s", c.SMS.Segments, c.SMS.Encoding)
	}
	return out
}
