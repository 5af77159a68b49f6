package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/logtest"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

// Trouble of an account is seen everywhere, and nobody fails for it: in a message's status, the log and /readyz. A server
// that offers only AUTH LOGIN is none.
func TestTroubleIsSeen(t *testing.T) {
	const user = "shop%40acme.example:"
	for name, c := range map[string]struct {
		server   mailServer
		password string
		state    ledger.State
		code     string
		words    []string // in status, log and /readyz
	}{
		"AUTH LOGIN only": {mailServer{mechanisms: []string{sasl.Login}, takes: true}, doctorsSecret, ledger.Sent, "", nil},
		"wrong password":  {mailServer{mechanisms: []string{sasl.Login}, takes: true}, "wr0ng", ledger.Pending, "smtp_auth", []string{"535", "no such user or password"}},
		"another's From":  {mailServer{mechanisms: []string{sasl.Plain}, takes: true, owner: "x@y.example"}, doctorsSecret, ledger.Pending, "smtp_553", []string{"5.7.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := valid()
			s.RedisURL, s.SMTPURL = redistest.Start(t).URL(), "smtp://"+user+c.password+"@"+startMail(t, &c.server, nil)+"?tls=none"
			var log logtest.Buffer
			w, err := NewWorker(t.Context(), WorkerOptions{Settings: &s, Log: slog.New(slog.NewTextHandler(&log, nil)), Metrics: NewMetrics()})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = w.Close() }()
			stop := w.Start(context.WithoutCancel(t.Context()), func(err error) { t.Error(err) })
			defer func() { _ = stop() }()
			client, err := NewClient(t.Context(), &s, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			text := task.Content{Text: "Hi", Subject: "Hi"}
			mail, err := client.Message(t.Context(), task.Message{Channel: message.Email, From: "shop@acme.example", To: "ada@example.com", Content: text})
			if err != nil {
				t.Fatal(err)
			}
			sms, err := client.Message(t.Context(), task.Message{Channel: message.SMS, To: "+15005550006", Content: task.Content{Text: "Hi"}})
			if err != nil {
				t.Fatal(err)
			}
			got := awaitStatus(t, client, mail, c.state, c.code)
			noSender := awaitStatus(t, client, sms, ledger.Pending, "no_sender")
			ready := httptest.NewRecorder()
			health(t.Context(), w.Redis, 0, NewMetrics(), w.Troubles).ServeHTTP(ready, httptest.NewRequest(http.MethodGet, "/readyz", nil))
			if ready.Code != 200 || !strings.Contains(ready.Body.String(), "HERALD_SMS_URL") || !strings.Contains(noSender.Waiting.Text, "HERALD_SMS_URL") {
				t.Errorf("/readyz: %d %s; waits for %s", ready.Code, ready.Body, noSender.Waiting.Text)
			}
			if strings.Contains(ready.Body.String(), "email can't send") != (c.code != "") {
				t.Errorf("/readyz: %s", ready.Body)
			}
			for _, words := range c.words {
				for where, said := range map[string]string{"status": got.Waiting.Text, "log": log.String(), "/readyz": ready.Body.String()} {
					if !strings.Contains(said, words) {
						t.Errorf("%s doesn't say %q: %s", where, words, said)
					}
				}
			}
			for _, secret := range []string{doctorsSecret, "wr0ng", "ada@example.com", "+15005550006"} {
				if strings.Contains(log.String(), secret) || strings.Contains(ready.Body.String(), secret) {
					t.Errorf("%q is told: %s %s", secret, log.String(), ready.Body)
				}
			}
		})
	}
}

// awaitStatus waits until a message is in a state and, where code isn't "", waits for that.
func awaitStatus(t *testing.T, client *Client, id string, state ledger.State, code string) enqueue.Status {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		got, err := client.MessageStatus(t.Context(), id)
		if err == nil && got.State == state && (code == "" || got.Waiting != nil && got.Waiting.Code == code) {
			return got
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %+v %v, want %s %s", id, got, err, state, code)
		}
	}
}
