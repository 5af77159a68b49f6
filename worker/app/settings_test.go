package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
)

// valid are settings without a fault.
func valid() Settings {
	return Settings{RedisURL: "redis://127.0.0.1:6379/0", APIBodies: 64, Concurrency: 1, DrainTimeout: time.Second, WebhookSecrets: "whsec_" + strings.Repeat("A", 44)}
}

// An endpoint that can't be reached is refused at start, by words that name the settings.
func TestCheckEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*Settings)
		faults []string // none: valid
	}{
		"nothing": {set: func(*Settings) {}},
		"public": {set: func(s *Settings) {
			s.ChatURL, s.NoteURL, s.EventsURL = "https://a.example", "https://b.example", "https://c.example"
		}},
		"listed": {set: func(s *Settings) {
			s.ChatURL, s.EventsURL, s.AllowNetworks = "http://127.0.0.1:9000", "https://10.0.0.5", "127.0.0.0/8,10.0.0.0/8"
		}},
		"plain":                {set: func(s *Settings) { s.ChatURL = "http://127.0.0.1:9000" }, faults: []string{"HERALD_CHAT_URL", "HERALD_ALLOW_NETWORKS"}},
		"private":              {set: func(s *Settings) { s.NoteURL = "https://10.0.0.5" }, faults: []string{"HERALD_NOTE_URL", "HERALD_ALLOW_NETWORKS"}},
		"events":               {set: func(s *Settings) { s.EventsURL = "http://localhost:9000" }, faults: []string{"HERALD_EVENTS_URL", "HERALD_ALLOW_NETWORKS"}},
		"sms":                  {set: func(s *Settings) { s.SMSURL = "twilio://AC1:c4nary@10.0.0.5?from=%2B15005550006" }, faults: []string{"HERALD_SMS_URL", "HERALD_ALLOW_NETWORKS"}},
		"downloads list alone": {set: func(s *Settings) { s.ChatURL, s.DownloadNetworks = "http://127.0.0.1:9000", "127.0.0.0/8" }, faults: []string{"HERALD_CHAT_URL"}},
		"no network":           {set: func(s *Settings) { s.AllowNetworks, s.ChatURL = "localhost", "http://127.0.0.1" }, faults: []string{"HERALD_ALLOW_NETWORKS: \"localhost\""}},
		"no network, either":   {set: func(s *Settings) { s.DownloadNetworks = "10.1.0.0/8" }, faults: []string{"HERALD_DOWNLOAD_NETWORKS: \"10.1.0.0/8\""}},
	} {
		s := valid()
		c.set(&s)
		err := s.Check()
		if (err == nil) != (len(c.faults) == 0) {
			t.Errorf("%s: %v", name, err)
		}
		for _, words := range c.faults {
			if err != nil && !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v does not say %s", name, err, words)
			}
		}
		if err != nil && strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What callers' attachments name gets to none of the networks of the operator's endpoints.
func TestDownloadsInheritNothing(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	for list, refused := range map[string]bool{"": true, "10.0.0.0/8": true, "127.0.0.0/8": false} {
		s := valid()
		s.AllowNetworks, s.DownloadNetworks = "127.0.0.0/8", list
		client, err := s.downloads()
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := client.Get(server.URL); err == nil {
			_ = resp.Body.Close()
			t.Error("the server's certificate is nobody's")
		} else if errors.Is(err, send.ErrRefused) != refused {
			t.Errorf("%q: %v", list, err)
		}
		if _, err := client.Get(strings.Replace(server.URL, "https", "http", 1)); !errors.Is(err, send.ErrRefused) {
			t.Errorf("%q: plain http: %v", list, err)
		}
	}
}
