package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Who only looks at a message is told what becomes of it where its channel is not configured.
func TestLooksTellUnconfigured(t *testing.T) {
	for name, c := range map[string]struct {
		set     func(*Settings)
		all     bool // a playground
		waits   bool
		verdict string
	}{
		"waits":        {func(*Settings) {}, false, true, ""},
		"is skipped":   {func(s *Settings) { s.Unconfigured = "log" }, false, false, compose.LoggedOnly},
		"configured":   {func(s *Settings) { s.SMSURL = "twilio://AC1:secret@api.twilio.com?from=%2B15005550006" }, false, false, ""},
		"a playground": {func(s *Settings) { s.Unconfigured = "log" }, true, false, ""},
	} {
		s := valid()
		c.set(&s)
		looks, err := s.NewLooks(slog.New(slog.DiscardHandler), nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.all {
			looks.AllConfigured()
		}
		loaded, err := s.Catalog()
		if err != nil {
			t.Fatal(err)
		}
		composer, err := looks.Composer(loaded)
		if err != nil {
			t.Fatal(err)
		}
		if got := composer.Waits(message.SMS); (got != "") != c.waits || c.waits && !strings.Contains(got, "HERALD_SMS_URL") {
			t.Errorf("%s: waits %q", name, got)
		}
		if got := composer.Waits(message.Email); got != "" {
			t.Errorf("%s: email waits: %s", name, got)
		}
		sources, err := compose.Pin(t.Context(), composer.Blobs, time.Hour, loaded, task.Content{Text: "Hi"})
		if err != nil {
			t.Fatal(err)
		}
		content, err := composer.Open(t.Context(), task.Content{Text: "Hi", Sources: sources})
		if err != nil {
			t.Fatal(err)
		}
		out, err := composer.Try(t.Context(), compose.Job{Message: task.Message{ID: "m", Channel: message.SMS, To: "+15005550006"}, Content: content})
		if err != nil {
			t.Fatal(err)
		}
		verdict := ""
		if out.Verdict != nil {
			verdict = out.Verdict.Code
			if out.Verdict.State != ledger.Skipped {
				t.Errorf("%s: %+v", name, out.Verdict)
			}
		}
		if verdict != c.verdict {
			t.Errorf("%s: verdict %q, want %q", name, verdict, c.verdict)
		}
		if err := looks.Close(); err != nil {
			t.Error(err)
		}
	}
}
