package compose

import (
	"testing"

	"github.com/heraldsend/herald/worker/message"
)

// Mails of a bulk have the List-Id of the setting, or else their own; single messages and other channels have none.
func TestListID(t *testing.T) {
	own := message.Header{Name: "list-id", Value: "Own <own.acme.example>"}
	for _, c := range []struct {
		name    string
		channel message.Channel
		part    *Part
		headers []message.Header
		setting string
		want    []message.Header
	}{
		{"bulk", message.Email, &Part{}, nil, "News <news.acme.example>", []message.Header{{Name: "List-Id", Value: "News <news.acme.example>"}}},
		{"its own", message.Email, &Part{}, []message.Header{own}, "News <news.acme.example>", []message.Header{own}},
		{"no setting", message.Email, &Part{}, nil, "", nil},
		{"single", message.Email, nil, nil, "News <news.acme.example>", nil},
		{"SMS", message.SMS, &Part{}, nil, "News <news.acme.example>", nil},
	} {
		s := newScene(t, c.channel)
		s.rules.ListID, s.job.Part, s.job.Message.Headers = c.setting, c.part, c.headers
		code, got := s.try(t)
		if code != "" {
			t.Fatalf("%s: %s", c.name, code)
		}
		if h := got.Message.Headers; len(h) != len(c.want) || len(h) > 0 && h[0] != c.want[0] {
			t.Errorf("%s: %v, want %v", c.name, h, c.want)
		}
	}
	for value, ok := range map[string]bool{
		"News <news.acme.example>": true, "<news.acme.example>": true, "news": false, "News <news>": false, "Näws <news.acme.example>": false, "a\r\nBcc: x <a.b>": false,
	} {
		if err := message.CheckListID(value); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
	}
}
