package compose

import (
	"testing"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
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
		topic   string
		want    []message.Header
	}{
		{"bulk", message.Email, &Part{}, nil, "News <news.acme.example>", "", []message.Header{{Name: "List-Id", Value: "News <news.acme.example>"}}},
		{"its topic", message.Email, &Part{}, nil, "Acme <acme.example>", "offers", []message.Header{{Name: "List-Id", Value: "<offers.acme.example>"}}},
		{"its topic's own", message.Email, &Part{}, nil, "Acme <acme.example>", "tips", []message.Header{{Name: "List-Id", Value: "Tips <tips.example>"}}},
		{"its topic's own alone", message.Email, &Part{}, nil, "", "tips", []message.Header{{Name: "List-Id", Value: "Tips <tips.example>"}}},
		{"a topic without a setting", message.Email, &Part{}, nil, "", "offers", nil},
		{"single of a topic", message.Email, nil, nil, "Acme <acme.example>", "offers", []message.Header{{Name: "List-Id", Value: "<offers.acme.example>"}}},
		{"single of a transactional topic", message.Email, nil, nil, "Acme <acme.example>", "receipts", nil},
		{"its own", message.Email, &Part{}, []message.Header{own}, "News <news.acme.example>", "offers", []message.Header{own}},
		{"no setting", message.Email, &Part{}, nil, "", "", nil},
		{"single", message.Email, nil, nil, "News <news.acme.example>", "", nil},
		{"SMS", message.SMS, &Part{}, nil, "News <news.acme.example>", "", nil},
	} {
		s := newScene(t, c.channel)
		s.rules.Topics = &topic.Set{Topics: []topic.Topic{
			{Name: "offers", Kind: topic.Marketing}, {Name: "tips", Kind: topic.Marketing, ListID: "Tips <tips.example>"}, {Name: "receipts", Kind: topic.Transactional},
		}}
		s.job.Message.Topic = c.topic
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
