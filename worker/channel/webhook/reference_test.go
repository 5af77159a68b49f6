package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sendtest"
)

// request is one that a receiver gets.
type request struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func (r request) header() http.Header {
	h := http.Header{}
	for name, value := range r.Headers {
		h.Set(name, value)
	}
	return h
}

func secretOf(b byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32))
}

// sentAt is an event as it goes out, signed with the old and the new secret, at a time.
func sentAt(t *testing.T, at time.Time) request {
	t.Helper()
	p := sendtest.NewPeer(t, sendtest.Accepts)
	endpoint, err := send.NewEndpoint(send.EndpointOptions{
		URL: p.URL, Secrets: []string{secretOf(1), secretOf(2)}, Client: p.Client, Now: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	e := Event{
		ID: "evt_0123456789abcdef0123456789abcdef", Type: "message.failed", Time: at, Stream: "conversation:c1", Sequence: 7,
		Data: map[string]string{"id": "m1", "customer": "Zoë 申 <&>"},
	}
	if _, err := s.Send(context.Background(), e); err != nil {
		t.Fatal(err)
	}
	got := p.Requests()[0]
	r := request{Secret: secretOf(2), Body: string(got.Body), Headers: map[string]string{}}
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		r.Headers[name] = got.Header.Get(name)
	}
	return r
}

// cases are requests and what is wrong with each, "" for nothing.
func cases(t *testing.T) map[string]struct {
	request
	fault string
} {
	t.Helper()
	type c = struct {
		request
		fault string
	}
	good := sentAt(t, time.Now())
	oldSecret, stranger := good, good
	oldSecret.Secret, stranger.Secret = secretOf(1), secretOf(3)
	flipped := good
	flipped.Body = strings.Replace(good.Body, `"sequence":7`, `"sequence":6`, 1)
	renamed := good
	renamed.Headers = map[string]string{"webhook-id": "evt_other", "webhook-timestamp": good.Headers["webhook-timestamp"], "webhook-signature": good.Headers["webhook-signature"]}
	if flipped.Body == good.Body {
		t.Fatal("nothing flipped")
	}
	return map[string]c{
		"as sent, the new secret": {good, ""},
		"as sent, the old secret": {oldSecret, ""},
		"another's secret":        {stranger, "signature"},
		"a flipped byte":          {flipped, "signature"},
		"another id":              {renamed, "signature"},
		"6 minutes old":           {sentAt(t, time.Now().Add(-6*time.Minute)), "timestamp"},
		"6 minutes ahead":         {sentAt(t, time.Now().Add(6*time.Minute)), "timestamp"},
	}
}

// Receivers that use the public libraries of Standard Webhooks take what we send, and nothing else.
func TestPublicLibrariesAgree(t *testing.T) {
	all := cases(t)
	t.Run("Go", func(t *testing.T) {
		for name, c := range all {
			wh, err := standardwebhooks.NewWebhook(c.Secret)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, name, c.fault, wh.Verify([]byte(c.Body), c.header()))
		}
	})
	t.Run("Node", func(t *testing.T) {
		const dir = "testdata/reference"
		if _, err := os.Stat(dir + "/node_modules/standardwebhooks"); err != nil {
			t.Fatalf("the library is not installed: run `make deps` (npm ci --ignore-scripts --prefix worker/channel/webhook/%s)", dir)
		}
		var names []string
		var input bytes.Buffer
		for name, c := range all {
			names = append(names, name)
			if err := json.NewEncoder(&input).Encode(c.request); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("node", "verify.js")
		cmd.Dir, cmd.Stdin, cmd.Stderr = dir, &input, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		answers := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(answers) != len(names) {
			t.Fatalf("%d answers to %d requests: %s", len(answers), len(names), out)
		}
		for i, name := range names {
			var err error
			if answers[i] != "ok" {
				err = fmt.Errorf("%s", strings.ToLower(answers[i]))
			}
			judge(t, name, all[name].fault, err)
		}
	})
	t.Run("ours", func(t *testing.T) {
		for name, c := range all {
			secret, err := send.ParseSecret(c.Secret)
			if err != nil {
				t.Fatal(err)
			}
			v, err := send.NewVerifier(secret)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, name, c.fault, v.Verify(c.header(), []byte(c.Body), time.Now()))
			if c.fault == "" {
				// The libraries leave replays to the receiver: an id counts once. Ours remembers ids.
				judge(t, name+", replayed", "seen before", v.Verify(c.header(), []byte(c.Body), time.Now()))
			}
		}
	})
}

func judge(t *testing.T, name, fault string, err error) {
	t.Helper()
	switch {
	case fault == "" && err != nil:
		t.Errorf("%s: refused: %v", name, err)
	case fault != "" && (err == nil || !strings.Contains(err.Error(), fault)):
		t.Errorf("%s: %v, want it refused for its %s", name, err, fault)
	}
}
