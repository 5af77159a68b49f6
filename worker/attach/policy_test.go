package attach

import (
	"slices"
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

// gif may be sent by a bulk, and shown within the HTML of every message, but not attached to a message of its own.
func TestTypesBySingleAndBulk(t *testing.T) {
	gif := File{Name: "a.gif", Size: 10, Head: []byte("GIF89a\x01\x00\x01\x00")}
	shown := gif
	shown.Picture = true
	for _, c := range message.Channels {
		for _, test := range []struct {
			name string
			p    Policy
			file File
			code string
		}{
			{"single", Single(c), gif, "attachment_type"},
			{"bulk", Bulk(c), gif, ""},
			{"single, shown", Single(c), shown, ""},
			{"bulk, shown", Bulk(c), shown, ""},
			{"forward", Forward(), gif, ""},
		} {
			if got := code(test.p.Check([]File{test.file})); got != test.code {
				t.Errorf("%s, %s: %q, want %q", c, test.name, got, test.code)
			}
		}
	}
}

// Every type that a channel allows has contents that agree with it.
func TestTypesHaveContents(t *testing.T) {
	for _, c := range message.Channels {
		rule := c.Spec().Files
		for _, ext := range slices.Concat(rule.Types, rule.MoreTypes) {
			if contents[ext] == nil {
				t.Errorf("%s allows %s, of which nothing is known", c, ext)
			}
		}
	}
}
