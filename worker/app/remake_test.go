package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/templates"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/chat"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/note"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/remake"
	"github.com/heraldsend/herald/worker/scan"
	"github.com/heraldsend/herald/worker/task"
)

// caughtAll are the bytes that left, by the id of the message: what mail server, Twilio and the endpoints got.
type caughtAll struct {
	mu  sync.Mutex
	all map[string][]byte
}

func (c *caughtAll) keep(id string, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[id] = data
}

var (
	messageID = regexp.MustCompile(`(?m)^Message-ID: <(.*)@`)
	smsID     = regexp.MustCompile(`\[(.*?)\]`)
)

// endpoint takes the messages of Twilio, chats and notes.
func (c *caughtAll) endpoint(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		id := r.Header.Get("webhook-id")
		if id == "" {
			form, err := url.ParseQuery(string(body))
			if err != nil {
				t.Error(err)
			}
			id = smsID.FindStringSubmatch(form.Get("Body"))[1]
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"sid":"SM1","status":"queued"}`)
		}
		c.keep(id, body)
	}))
	t.Cleanup(s.Close)
	return s
}

// sentWorld sends messages of all kinds and channels, and then edits the templates.
type sentWorld struct {
	*caughtAll
	settings *Settings
	redis    *redistest.Server
	ids      []string
}

const secretKey = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func sendAll(t *testing.T, recipients, singles int) *sentWorld {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &sentWorld{caughtAll: &caughtAll{all: map[string][]byte{}}, redis: redistest.Start(t)}
	dir := filepath.Join(t.TempDir(), "templates")
	must(os.CopyFS(dir, templates.Catalog()))
	shortcut := "subject: \"News [[sn.greeting2]] {{customer.firstName}}\"\nmessage: |\n  [[sn.greeting2]] **{{customer.firstName}}**, of {{dateFormat customer.custom.dueAt format=\"LL\"}}: {{customer.custom.codeStr}}\n"
	snippet := "source: en\ntexts:\n  en: Hello\n  fr: Bonjour à\n"
	must(os.WriteFile(filepath.Join(dir, "shortcuts", "proof.yaml"), []byte(shortcut), 0o600))
	must(os.WriteFile(filepath.Join(dir, "snippets", "sn.greeting2.yaml"), []byte(snippet), 0o600))
	mail, err := catcher.Start(catcher.Options{Forget: true, OnMail: func(m *catcher.Mail) error {
		w.keep(messageID.FindStringSubmatch(string(m.Raw))[1], m.Raw)
		return nil
	}})
	must(err)
	t.Cleanup(func() { _ = mail.Close() })
	there := w.endpoint(t)
	w.settings = &Settings{
		RedisURL: w.redis.URL(), SMTPURL: "smtp://127.0.0.1:1?tls=none&provider=postmark " + mail.URL(), SMSURL: "twilio://AC1:token@api.twilio.com?from=+15550100", Templates: dir, AllowVolatileRedis: true,
		PublicURL: "https://messages.example.com", LinkSecret: strings.Repeat("s", 32), BounceDomain: "bounces.example.com", ListID: "News <news.example.com>",
		Concurrency: 8, DrainTimeout: 10 * time.Second, Country: "GB",
	}
	seals, err := w.settings.seals()
	must(err)
	client := send.NewHTTPClient(send.HTTPOptions{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowHTTP: true})
	accounts, err := email.NewAccounts(email.Options{URL: "smtp://127.0.0.1:1?tls=none&provider=postmark", Envelope: seals}, email.Options{URL: mail.URL(), Envelope: seals})
	must(err)
	texts, err := sms.New(sms.Options{AccountSID: "AC1", AuthToken: "token", From: "+15550100", BaseURL: there.URL, Client: client})
	must(err)
	endpoint, err := send.NewEndpoint(send.EndpointOptions{URL: there.URL, Secrets: []string{secretKey}, Client: client})
	must(err)
	chats, err := chat.New(endpoint, chat.Defaults{})
	must(err)
	notes, err := note.New(endpoint, "")
	must(err)
	log := slog.New(slog.DiscardHandler)
	worker, err := NewWorker(ctx, WorkerOptions{Settings: w.settings, Log: log, Metrics: NewMetrics(), Senders: map[message.Channel]delivery.Sender{
		message.Email: accounts, message.SMS: texts, message.Chat: chats, message.Note: notes,
	}})
	must(err)
	stop := worker.Start(context.WithoutCancel(ctx), func(err error) { t.Error(err) })
	c, err := NewClient(ctx, w.settings, log)
	must(err)
	t.Cleanup(func() { _ = c.Close() })
	file, err := c.Attach(ctx, "terms.txt", "text/plain", []byte("Terms\r\nof ours"))
	must(err)
	own, err := c.Attach(ctx, "own.txt", "text/plain", []byte("Yours"))
	must(err)
	person := func(id string, i int) json.RawMessage {
		return json.RawMessage(fmt.Sprintf(`{"customer":{"firstName":"Ada é %d","custom":{"codeStr":"[%s]","dueAt":"2026-03-%02dT08:00:00Z"}},"conversation":{"id":"c%d"}}`, i, id, i%28+1, i))
	}
	d := bulk.Definition{ID: "news", Locale: "fr", Country: "GB", Messages: []bulk.Part{
		{Channel: message.Email, From: "Shop <shop@shop.example>", Content: task.Content{Shortcut: "proof"}, Unsubscribe: true, Attachments: []message.Ref{file}},
		{Channel: message.SMS, Content: task.Content{Shortcut: "proof"}}, {Channel: message.Chat, Content: task.Content{Shortcut: "proof"}}, {Channel: message.Note, Content: task.Content{Shortcut: "proof"}},
	}}
	perChunk := map[int]int{}
	_, err = c.Bulk(ctx, d, func(yield func(bulk.Recipient, error) bool) {
		chunk, all := 0, 0
		for i := range recipients {
			size := min(max(20, all/10), 50) // as ChunkWriter packs them
			id := fmt.Sprintf("news+%d.%d.sms", chunk, perChunk[chunk])
			r := bulk.Recipient{Email: fmt.Sprintf("r%d@example.com", i), Phone: fmt.Sprintf("+4479123%05d", i), Conversation: fmt.Sprintf("c%d", i), Context: person(id, i)}
			if i%10 == 0 {
				r.Attachments = []message.Ref{own}
			}
			if perChunk[chunk]++; perChunk[chunk] == size {
				chunk, all = chunk+1, all+size
			}
			if !yield(r, nil) {
				return
			}
		}
	}, enqueue.BulkOptions{})
	must(err)
	for i := range singles {
		id := fmt.Sprintf("m%d", i)
		m := task.Message{
			ID: id, Channel: message.Channels[i%4], Content: task.Content{Shortcut: "proof"}, Context: person(id, i), Locale: []string{"en", "fr"}[i%2],
			To: []string{fmt.Sprintf("s%d@example.com", i), fmt.Sprintf("+4478123%05d", i), fmt.Sprintf("c%d", i), fmt.Sprintf("c%d", i)}[i%4],
		}
		if m.Channel == message.Email {
			m.From, m.Unsubscribe, m.Cc, m.Bcc = "shop@shop.example", i%8 == 0, []string{"copy@example.com"}, []string{"blind@example.com"}
		}
		if m.Channel != message.SMS && i%3 == 0 {
			m.Attachments = []message.Ref{file}
		}
		_, err := c.Message(ctx, m)
		must(err)
	}
	want := recipients*4 + singles
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		w.mu.Lock()
		n := len(w.all)
		w.mu.Unlock()
		if n == want {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages arrived", n, want)
		}
	}
	must(stop()) // everything is recorded
	must(os.WriteFile(filepath.Join(dir, "snippets", "sn.greeting2.yaml"), []byte("source: en\ntexts:\n  en: Bye\n"), 0o600))
	must(os.Remove(filepath.Join(dir, "shortcuts", "proof.yaml")))
	for id := range w.all {
		w.ids = append(w.ids, id)
	}
	return w
}

func (w *sentWorld) maker(t *testing.T, change func(*Settings)) *remake.Maker {
	t.Helper()
	s := *w.settings
	if change != nil {
		change(&s)
	}
	var open stack
	t.Cleanup(func() { _ = open.Close() })
	m, err := s.newMaker(w.redis.Client(), slog.New(slog.DiscardHandler), &open)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Messages of all kinds and channels are shown byte for byte as they were caught, though the templates were edited since; and each
// is proven.
func TestSentMessagesAreMadeAgain(t *testing.T) {
	w := sendAll(t, 400, 400)
	m := w.maker(t, nil)
	kinds := map[message.Channel]int{}
	for _, id := range w.ids {
		made, err := m.Message(t.Context(), id)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		kinds[made.Channel]++
		if made.Proof != remake.Same || !bytes.Equal(made.Bytes, w.all[id]) {
			t.Fatalf("%s: %s\n%s\nwas caught as\n%s", id, made.Proof, made.Bytes, w.all[id])
		}
	}
	t.Logf("%v", kinds)
	// With other settings the same bytes don't come out, and the proof says so.
	other := w.maker(t, func(s *Settings) { s.ListID = "Other <other.example.com>" })
	if made, err := other.Message(t.Context(), "news+0.0.email"); err != nil || made.Proof != remake.Differs {
		t.Errorf("%s, %v", made.Proof, err)
	}
	if _, err := m.Message(t.Context(), "nobody"); !errors.Is(err, fs.ErrNotExist) && err == nil {
		t.Error(err)
	}
}

// A byte that is flipped in anything that a message is made of, or in its digest, is found.
func TestFlippedBytesAreFound(t *testing.T) {
	w := sendAll(t, 4, 4)
	m := w.maker(t, nil)
	rdb := w.redis.Client()
	ctx := t.Context()
	flips := 0
	flip := func(key string, offset int64, ids ...string) {
		t.Helper()
		old, err := rdb.GetRange(ctx, key, offset, offset).Bytes()
		if err != nil || len(old) != 1 {
			t.Fatalf("%s: %v", key, err)
		}
		put := func(b byte) {
			if err := rdb.SetRange(ctx, key, offset, string([]byte{b})).Err(); err != nil {
				t.Fatal(err)
			}
		}
		put(old[0] ^ 1)
		found := false
		for _, id := range ids {
			made, err := m.Message(ctx, id)
			found = found || err != nil || made.Proof != remake.Same
		}
		if !found {
			t.Errorf("byte %d of %s is flipped, and nobody notices", offset, key)
		}
		put(old[0])
		flips++
	}
	all := w.ids
	if err := scan.Keys(ctx, rdb, "herald:*", func(key string) error {
		size := rdb.StrLen(ctx, key).Val() // 0 for what is no string
		var from int64
		switch {
		case strings.HasPrefix(key, "herald:blob:"), strings.Contains(key, ":recipients:"), strings.Contains(key, ":digests:"):
		case strings.Contains(key, ":about:"):
			from = int64(strings.IndexByte(rdb.Get(ctx, key).Val(), '\n')) + 1
		default:
			return nil
		}
		for i := range int64(7) {
			flip(key, from+(size-from-1)*i/6, all...)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if flips < 40 {
		t.Errorf("only %d bytes were flipped", flips)
	}
	for _, id := range all {
		if made, err := m.Message(ctx, id); err != nil || made.Proof != remake.Same {
			t.Errorf("in the end %s is %s, %v", id, made.Proof, err)
		}
	}
}
