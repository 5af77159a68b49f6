package compose

import (
	"strings"

	"github.com/heraldsend/herald/worker/store/link"
)

// SampleLinks stand in for real links if no public URL is set, for views of messages that are not sent. They are as
// long as real ones and lead nowhere.
type SampleLinks struct{}

const sampleBase = "https://herald.example/"

// Unsubscribe implements Links.
func (SampleLinks) Unsubscribe(s link.Subscriber) string {
	held := len(s.Address) + len(s.Owner) + len(s.Topic) + len(s.Locale) + min(len(s.Sender), 60)
	return sampleBase + "unsubscribe/" + strings.Repeat("x", (60+held)*4/3)
}

// Media implements Links.
func (SampleLinks) Media(f link.File) string {
	return sampleBase + "media/" + strings.Repeat("x", (120+len(f.Name)+len(f.Type))*4/3)
}
