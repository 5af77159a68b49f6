package app

import (
	"context"
	"log/slog"
	"os"
	"regexp"
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

// The rights that the documentation gives to Herald's user of Redis are enough for a worker and for what enqueues.
func TestRightsOfTheDocs(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ACL SETUSER herald .*$`).FindString(string(docs))
	if line == "" {
		t.Fatal("the docs have no line ACL SETUSER herald …")
	}
	server := redistest.Start(t)
	var words []any
	for _, word := range strings.Fields(strings.Replace(line, ">SECRET", ">secret", 1)) {
		words = append(words, word)
	}
	rdb := server.Client()
	if err := rdb.Do(t.Context(), words...).Err(); err != nil {
		t.Fatal(err)
	}
	s := valid()
	s.RedisURL = "redis://herald:secret@" + server.Addr + "/0"
	s.SMTPURL = "smtp://" + startMail(t, &mailServer{takes: true}, nil) + "?tls=none"
	metrics := NewMetrics()
	w, err := NewWorker(t.Context(), WorkerOptions{Settings: &s, Log: slog.New(slog.DiscardHandler), Metrics: metrics})
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
	one, err := client.Message(t.Context(), task.Message{Channel: message.Email, From: "shop@acme.example", To: "ada@example.com", Content: text})
	if err != nil {
		t.Fatal(err)
	}
	awaitStatus(t, client, one, ledger.Sent, "")
	people := func(yield func(bulk.Recipient, error) bool) { yield(bulk.Recipient{Email: "ada@example.com"}, nil) }
	id, err := client.Bulk(t.Context(), bulk.Definition{Messages: []bulk.Part{{Channel: message.Email, From: "shop@acme.example", Content: text}}}, people, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if p, err := client.BulkProgress(t.Context(), id); err == nil && p.State == bulk.Completed {
			break
		} else if time.Now().After(end) {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "herald_redis_up" && f.GetMetric()[0].GetGauge().GetValue() != 1 {
			t.Error("the metrics need more rights")
		}
	}
	log, err := rdb.Do(t.Context(), "ACL", "LOG").Slice()
	if err != nil || len(log) > 0 {
		t.Errorf("refused: %v, %v", log, err)
	}
}
