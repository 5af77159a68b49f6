package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/chat"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/note"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/sms"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/dryrun"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/preview"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/link"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

const (
	generated = 2000 // recipients, on four channels each
	previewed = 200  // emails that are compared byte by byte
)

// differentialCatalog has one shortcut: a text that misses fields, breaks the output's limit, or is empty, as the
// context says.
func differentialCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	loaded, err := catalog.Load(fstest.MapFS{
		"shortcuts/odd.yaml": {Data: []byte(`name: odd
subject: Hello {{customer.firstName}}, {{customer.custom.subjectStr}}
message: |
  {{#unless customer.custom.emptyBool}}Hi {{customer.firstName}}, [[sn.bye]] {{customer.custom.textTxt}}
  {{dateFormat customer.custom.sinceAt format="LL"}}{{/unless}}
emailTemplate: none
attachments: [guide.txt]
tags: [odd]
channels:
  sms: {attachments: []}
`)},
		"snippets/sn.bye.yaml":  {Data: []byte("name: sn.bye\nsource: en\ntexts:\n  en: bye\n  fr: salut\n")},
		"attachments/guide.txt": {Data: []byte("how to\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// taking is the other side of every channel over HTTP: it takes everything.
type taking struct{}

func (taking) Do(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"sid":"SM1","id":"1"}`)), Request: r}, nil
}

func takingEndpoint(t *testing.T) *send.Endpoint {
	t.Helper()
	e, err := send.NewEndpoint(send.EndpointOptions{URL: "https://desk.example/in", Secrets: []string{eventSecret}, Client: taking{}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// realSenders are those of every channel, over fakes of the other sides.
func realSenders(t *testing.T, mailURL string) map[message.Channel]delivery.Sender {
	t.Helper()
	mails, err := email.New(email.Options{URL: mailURL})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := sms.New(sms.Options{AccountSID: "AC1", AuthToken: "t", From: "+15005550006", Client: taking{}})
	if err != nil {
		t.Fatal(err)
	}
	chats, err := chat.New(takingEndpoint(t), chat.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	notes, err := note.New(takingEndpoint(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []io.Closer{mails, texts, chats, notes} {
		t.Cleanup(func() { _ = c.Close() })
	}
	return map[message.Channel]delivery.Sender{message.Email: mails, message.SMS: texts, message.Chat: chats, message.Note: notes}
}

// slotVerdict is a message's state and code.
type slotVerdict struct{ state, code string }

// TestDryRunIsWhatTheWorkerDoes sends to generated people what a dry run looked at before, and compares, message by
// message, state and code; then the emails that arrived with what a preview shows of them.
func TestDryRunIsWhatTheWorkerDoes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	mailbox, err := catcher.Start(catcher.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mailbox.Close() })
	loaded := differentialCatalog(t)
	links, err := link.New(link.Options{PublicURL: "https://messages.example", Secrets: []string{strings.Repeat("s", 32)}})
	if err != nil {
		t.Fatal(err)
	}
	rules := compose.Rules{Links: links, Events: true, Checks: map[message.Channel]func(*message.Message) error{
		message.Email: email.Check, message.SMS: sms.Check, message.Chat: chat.Check, message.Note: note.Check,
	}}
	list := s.suppressions()
	if err := list.Add(t.Context(), message.Email, suppress.Entry{Address: "gone@example.com", Reason: suppress.HardBounce}, suppress.Entry{Address: "*@rival.example", Reason: "competitor"}); err != nil {
		t.Fatal(err)
	}
	if err := list.Add(t.Context(), message.SMS, suppress.Entry{Address: "+447912345678", Reason: suppress.Unsubscribed}); err != nil {
		t.Fatal(err)
	}
	renderer, err := render.New(render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	blobs := blob.New(s.rdb)
	files, err := attach.New(attach.Options{Blobs: blobs})
	if err != nil {
		t.Fatal(err)
	}
	composer, err := compose.New(compose.Options{Catalog: func() *catalog.Catalog { return loaded }, Renderer: renderer, Attachments: files, Blobs: blobs, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	s.worker(func(o *Options) {
		var err error
		if o.Endpoint, err = webhook.New(takingEndpoint(t)); err != nil {
			t.Fatal(err)
		}
		o.Events = s.events()
		o.Catalog, o.Rules, o.Senders, o.Concurrency = func() *catalog.Catalog { return loaded }, rules, realSenders(t, mailbox.URL()), 16
	})
	people := oddPeople{rand.New(rand.NewPCG(2026, 13)), storedFiles(t, s)}
	codes := map[slotVerdict]int{}
	var emails []bulkMail
	for i, policy := range []task.IssuePolicy{task.SendAnyway, task.SkipOnIssue} {
		d := bulk.Definition{
			ID: fmt.Sprintf("odd%d", i), OnIssue: policy, Deduplicate: true, Context: json.RawMessage(`{"currentUser":{"displayName":"Robin"}}`),
			Messages: []bulk.Part{
				{Channel: message.Email, From: "Help <help@acme.example>", ReplyTo: "desk@acme.example", Unsubscribe: true, Headers: []message.Header{{Name: "X-Team", Value: "désk"}}},
				{Channel: message.SMS}, {Channel: message.Chat}, {Channel: message.Note, Note: message.NoteFields{Status: "open"}},
			},
		}
		if i == 1 {
			d.Actions, d.Country = &task.Actions{Status: "done"}, "GB"
		}
		for j := range d.Messages {
			d.Messages[j].Content = task.Content{Shortcut: "odd"}
			if d.Messages[j].Sources, err = compose.Pin(t.Context(), blobs, time.Hour, loaded, d.Messages[j].Content); err != nil {
				t.Fatal(err)
			}
		}
		var audience []bulk.Recipient
		for n := range generated / 2 {
			audience = append(audience, people.recipient(i*generated/2+n))
		}
		want := dryVerdicts(t, composer, list, d, audience)
		id, err := s.client.Bulk(t.Context(), d, listed(audience), enqueue.BulkOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s.complete(id)
		faults := 0
		for r, err := range s.client.Bulks().Results(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			got := slotVerdict{r.State.String(), r.Reason.Code}
			codes[got]++
			if expected := want[r.Index][r.Channel]; got != expected {
				if faults++; faults <= 10 {
					t.Errorf("%s, row %d, %s to %.100q: the worker has %v (%.200s), the dry run had %v", id, r.Index+1, r.Channel, r.To, got, r.Reason.Text, expected)
				}
			}
			if r.Channel == message.Email && got.state == "sent" {
				emails = append(emails, bulkMail{d, r, audience[r.Index]})
			}
		}
		if faults > 10 {
			t.Errorf("… and %d more", faults-10)
		}
	}
	t.Logf("verdicts: %v", codes)
	for _, expected := range []slotVerdict{
		{"sent", ""}, {"suppressed", "hard_bounce"}, {"suppressed", "competitor"}, {"suppressed", "unsubscribed"}, {"skipped", "no_address"}, {"skipped", "duplicate_address"},
		{"skipped", "missing_field"}, {"failed", "invalid_address"}, {"failed", "invalid_message"}, {"failed", "template_limit_output"}, {"failed", "no_conversation"},
		{"failed", "attachment_too_large"}, {"failed", "attachments_too_large"}, {"failed", "attachment_type"}, {"failed", "attachment_missing"},
	} {
		if codes[expected] == 0 {
			t.Errorf("nobody of the generated people has %v", expected)
		}
	}
	comparePreviews(t, loaded, renderer, blobs, rules, mailbox.Messages(), emails)
}

func listed(all []bulk.Recipient) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// dryVerdicts are those of a dry run, by recipient and channel.
func dryVerdicts(t *testing.T, c *compose.Composer, list *suppress.Store, d bulk.Definition, audience []bulk.Recipient) []map[message.Channel]slotVerdict {
	t.Helper()
	var mu sync.Mutex
	out := make([]map[message.Channel]slotVerdict, len(audience))
	for i := range out {
		out[i] = map[message.Channel]slotVerdict{}
	}
	_, err := dryrun.Run(t.Context(), dryrun.Options{
		Definition: d, Composer: c, Audience: listed(audience), Suppressed: list.Check,
		OnVerdict: func(row int, channel message.Channel, v *compose.Verdict) {
			mu.Lock()
			defer mu.Unlock()
			out[row-1][channel] = slotVerdict{state: "sent"}
			if v != nil {
				out[row-1][channel] = slotVerdict{v.State.String(), v.Code}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// bulkMail is an email of a bulk that was sent.
type bulkMail struct {
	bulk.Definition
	bulk.Result
	recipient bulk.Recipient
}

// task is the message as the worker had it: its chunk and slot stand in its id.
func (m bulkMail) task(t *testing.T) task.Message {
	t.Helper()
	var chunk, n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(m.Result.ID, m.Definition.ID), "+%d.%d.", &chunk, &n); err != nil {
		t.Fatalf("id %s: %v", m.Result.ID, err)
	}
	m.Layout = task.Layout // as it was stored
	out, err := m.Message(chunk, n*m.Slots(), m.recipient)
	if err != nil {
		t.Fatal(err)
	}
	if out.ID != m.Result.ID {
		t.Fatalf("message %s for %s", out.ID, m.Result.ID)
	}
	return out
}

// comparePreviews holds the preview's source of emails against what arrived.
func comparePreviews(t *testing.T, loaded *catalog.Catalog, renderer *render.Renderer, behind compose.Blobs, rules compose.Rules, arrived []*catcher.Mail, emails []bulkMail) {
	t.Helper()
	byID := map[string][]byte{}
	for _, m := range arrived {
		byID[messageIDOf(m.Raw)] = m.Raw
	}
	p, err := preview.New(preview.Options{
		Catalog: func() *catalog.Catalog { return loaded }, Renderer: renderer, Timeout: time.Minute,
		Composer: func(c *catalog.Catalog) (*compose.Composer, error) {
			blobs := compose.NewLocalBlobs(c, behind)
			files, err := attach.New(attach.Options{Blobs: blobs})
			if err != nil {
				return nil, err
			}
			return compose.New(compose.Options{Catalog: func() *catalog.Catalog { return c }, Renderer: renderer, Attachments: files, Blobs: blobs, Rules: rules})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, mail := range emails {
		m := mail.task(t)
		raw := byID["<"+m.ID+"@acme.example>"]
		if raw == nil {
			t.Fatalf("%s was sent, and didn't arrive", m.ID)
		}
		if compared == previewed || len(raw) > 100_000 { // the preview cuts what is larger
			continue
		}
		compared++
		shown, err := p.Render(context.Background(), preview.Request{
			Shortcut: "odd", Channels: []catalog.Channel{catalog.Email}, Context: m.Context, Locale: m.Locale, Timezone: m.Timezone, Message: m, Owner: mail.Definition.ID, Source: true,
		})
		if err != nil || len(shown.Contents) != 1 || shown.Contents[0].Verdict != nil {
			t.Fatalf("%s: %v, %+v", m.ID, err, shown)
		}
		if got := withoutDate(t, []byte(shown.Contents[0].EML)); !bytes.Equal(got, withoutDate(t, raw)) {
			t.Fatalf("%s: the preview shows\n%s\nand this arrived:\n%s", m.ID, got, raw)
		}
	}
	if compared != previewed {
		t.Errorf("%d previews were compared, want %d", compared, previewed)
	}
}

func messageIDOf(raw []byte) string {
	for line := range bytes.Lines(raw) {
		if id, ok := bytes.CutPrefix(line, []byte("Message-ID: ")); ok {
			return string(bytes.TrimSpace(id))
		}
	}
	return ""
}

// withoutDate cuts the Date field, of which there must be one.
func withoutDate(t *testing.T, raw []byte) []byte {
	t.Helper()
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	lines := bytes.Split(head, []byte("\r\n"))
	kept := slices.DeleteFunc(slices.Clone(lines), func(line []byte) bool { return bytes.HasPrefix(line, []byte("Date: ")) })
	if !ok || len(kept) != len(lines)-1 {
		t.Fatalf("no email with one Date: %.500s", raw)
	}
	return append(append(bytes.Join(kept, []byte("\r\n")), "\r\n\r\n"...), body...)
}
