package compose

import (
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/message"
)

// Every attempt at a message says the same of times from now.
func TestNowIsPinned(t *testing.T) {
	s := newScene(t, message.SMS)
	s.text = `{{fromNow "2019-01-18T00:00:00Z"}}, {{calendar "2019-01-18T09:30:00Z"}}`
	s.job.Now = time.Date(2019, 1, 18, 12, 0, 0, 0, time.UTC)
	for range 2 {
		code, got := s.try(t)
		if code != "" || !strings.Contains(got.Message.Text, "12 hours ago, Today at 9:30 AM") {
			t.Fatalf("%q: %+v", code, got.Message)
		}
	}
}

// A bulk's messages are written for when they go out, or else for when the bulk was made.
func TestBulkBegins(t *testing.T) {
	made := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		d    bulk.Definition
		want time.Time
	}{
		{bulk.Definition{CreatedAt: made}, made},
		{bulk.Definition{CreatedAt: made, SendAt: made.Add(time.Hour)}, made.Add(time.Hour)},
		{bulk.Definition{CreatedAt: made, SendAt: made.Add(-time.Hour)}, made},
		{bulk.Definition{CreatedAt: made, SendAtLocal: "2026-03-02T09:00", Timezone: "Asia/Tokyo"}, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)},
	} {
		if got := c.d.Begins(bulk.Recipient{}); !got.Equal(c.want) {
			t.Errorf("%+v: %v, want %v", c.d, got, c.want)
		}
	}
}
