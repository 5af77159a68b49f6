package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/task"
)

func dataKey(id string, fill byte) string {
	return id + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(fill), 32)))
}

// With HERALD_DATA_KEYS, Redis never gets a person's address, name or text in clear: not while messages wait, are sent, fail,
// are told, or become dead letters. With other keys nothing starts, and a changed key reads what the one before wrote.
func TestDataKeys(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := redistest.Start(t)
	told := make(chan string, 1000)
	events := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable) // they wait in Redis
		told <- r.Header.Get("webhook-id")
	}))
	defer events.Close()
	s := valid()
	s.RedisURL, s.DataKeys, s.EventsURL, s.AllowNetworks = server.URL(), dataKey("k1", 'a'), events.URL, "127.0.0.0/8"
	s.SMTPURL = "smtp://" + startMail(t, &mailServer{takes: true, refuses: "canaria.refused"}, nil) + "?tls=none"
	start := func() (stop func()) {
		t.Helper()
		w, err := NewWorker(ctx, WorkerOptions{Settings: &s, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics()})
		if err != nil {
			t.Fatal(err)
		}
		end := w.Start(context.WithoutCancel(ctx), func(err error) { t.Error(err) })
		return func() { _, _ = end(), w.Close() }
	}
	dial := func() *Client {
		t.Helper()
		client, err := NewClient(ctx, &s, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	client := dial()
	content := task.Content{Text: "Hi {{customer.name}}, canaria.text", Subject: "canaria.subject"}
	one := func(id, to string, at time.Time) {
		t.Helper()
		m := task.Message{ID: id, Channel: message.Email, From: "shop@acme.example", To: to, Content: content, Context: json.RawMessage(`{"customer":{"name":"canaria.name"}}`), SendAt: at}
		if _, err := client.Message(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	many := make([]task.Message, 3)
	for i := range many {
		many[i] = task.Message{ID: fmt.Sprint("many", i), Channel: message.Email, From: "shop@acme.example", To: "canaria.many@example.com", Content: content}
	}
	if _, err := client.Messages(ctx, many); err != nil {
		t.Fatal(err)
	}
	one("later", "canaria.later@example.com", time.Now().Add(24*time.Hour))
	if err := client.Reschedule(ctx, "later", time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	one("refused", "canaria.refused@example.com", time.Time{})
	one("gone", "canaria.gone@example.com", time.Time{})
	if err := server.Client().Del(ctx, "herald:message:{gone}:states:0").Err(); err != nil { // becomes a dead letter
		t.Fatal(err)
	}
	if _, err := client.Forward(ctx, task.Forward{ID: "f", From: "robin@desk.example", To: "canaria.lawyer@example.com"}, []byte(
		`{"id":"c1","customer":{"name":"canaria.name"},"messages":[{"channel":"email","direction":"in","sentAt":"2026-02-03T09:15:00Z","body":"canaria.body"}]}`)); err != nil {
		t.Fatal(err)
	}
	people := func(yield func(bulk.Recipient, error) bool) {
		for i := range 100 {
			to := "canaria"
			if i%10 == 0 {
				to = "canaria.refused"
			}
			if !yield(bulk.Recipient{Email: fmt.Sprintf("%s%d@example.com", to, i), Context: json.RawMessage(`{"customer":{"name":"canaria.name"}}`)}, nil) {
				return
			}
		}
	}
	if _, err := client.Bulk(ctx, bulk.Definition{
		ID: "news", Context: json.RawMessage(`{"note":"canaria.note"}`), Messages: []bulk.Part{{Channel: message.Email, From: "shop@acme.example", Content: content}},
	}, people, enqueue.BulkOptions{}); err != nil {
		t.Fatal(err)
	}
	stop := start()
	if got := awaitStatus(t, client, "refused", ledger.Failed, ""); got.To != "canaria.refused@example.com" {
		t.Errorf("%+v", got)
	}
	awaitBulk(t, client, "news", 90)
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		letters, _, err := client.Dead().List(ctx, "", "", 10)
		if err == nil && len(letters) == 1 {
			if !strings.Contains(string(letters[0].Payload), "canaria.gone@example.com") {
				t.Errorf("%+v", letters[0])
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal(letters, err)
		}
	}
	select {
	case <-told:
	case <-time.After(time.Minute):
		t.Fatal("no event is told")
	}
	stop()
	for _, text := range []string{"canaria", "Y2FuYXJp", "\x28\xb5\x2f\xfd"} { // as it is, in base64, packed by Zstandard
		if found := server.Contains(t, text); len(found) > 0 {
			t.Errorf("%q is in clear in %q", text, found)
		}
	}

	// Others can't start; a changed key goes on with what there is.
	for name, keys := range map[string]string{"none": "", "another": dataKey("k2", 'b'), "the same id": dataKey("k1", 'b')} {
		other := s
		other.DataKeys = keys
		if c, err := NewClient(ctx, &other, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "HERALD_DATA_KEYS") {
			_ = c.Close()
			t.Errorf("%s: %v", name, err)
		}
	}
	s.DataKeys = dataKey("k2", 'b') + "," + dataKey("k1", 'a')
	client = dial()
	one("next", "canaria.next@example.com", time.Time{})
	defer start()()
	awaitStatus(t, client, "next", ledger.Sent, "")
	if got, err := client.MessageStatus(ctx, "refused"); err != nil || got.To != "canaria.refused@example.com" {
		t.Errorf("by the key before: %+v, %v", got, err)
	}
	if found := server.Contains(t, "canaria"); len(found) > 0 {
		t.Errorf("in clear in %q", found)
	}
}

// awaitBulk waits until a bulk is completed, with so many sent.
func awaitBulk(t *testing.T, client *Client, id string, sent int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p, err := client.BulkProgress(t.Context(), id)
		if err == nil && p.State == bulk.Completed {
			if p.Sent != sent {
				t.Errorf("%+v", p)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%+v, %v", p, err)
		}
	}
}
