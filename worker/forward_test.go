package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"

	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/channel/email"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// talkOf is a conversation with one file of so many bytes, a note and a redacted message.
func talkOf(t *testing.T, s *site, size int) []byte {
	t.Helper()
	ref, err := s.client.Attach(context.Background(), "photo.bin", "", bytes.Repeat([]byte("x"), size))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(fmt.Sprintf(`{"id":"c1","name":"Kettle","customer":{"name":"Ada"},"preview":"CANARY-PREVIEW",
		"notes":[{"body":"CANARY-NOTES","attachments":[{"id":"n1","name":"CANARY-NOTEFILE.txt","inline":"Q0FOQVJZ"}]}],
		"messages":[
			{"channel":"email","direction":"in","sentAt":"2026-02-03T09:15:00Z","subject":"Kettle","body":"It broke.","createdBy":{"name":"Ada"},
				"attachments":[{"id":"a1","name":"photo.bin","blob":%q},{"id":"a2","name":"PIN CANARY-9917.txt","inline":"cGhvdG8="}]},
			{"channel":"note","body":"CANARY-NOTE","attachments":[{"id":"n2","name":"CANARY-FILE.txt","inline":"Q0FOQVJZ"}]},
			{"channel":"chat","direction":"in","sentAt":"2026-02-03T09:16:00Z","preview":"My PIN is CANARY-99","body":"My PIN is CANARY-9917.","htmlBody":"<p>My PIN is <b>CANARY</b>-9917.</p>",
				"redactions":[{"field":"body","start":10,"end":21}],"attachments":[{"id":"r1","name":"CANARY-REDACTED.txt","inline":"Q0FOQVJZ"}]},
			{"channel":"chat","direction":"out","sentAt":"2026-02-03T09:17:00Z","body":"Thanks. > My PIN is canary-9917","createdBy":{"displayName":"Robin"}}
		]}`, ref.Blob))
}

func forwardTo(to string) task.Forward {
	return task.Forward{ID: "fw-1", From: "Robin <robin@desk.example>", ReplyTo: "desk@desk.example", To: to, Introduction: "Please **help**."}
}

// withCatcher starts a worker whose emails go to a mail server that keeps them.
func withCatcher(t *testing.T, s *site, o catcher.Options) *catcher.Catcher {
	t.Helper()
	c, err := catcher.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	sender, err := email.New(email.Options{URL: c.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sender.Close() })
	s.worker(func(o *Options) { o.Senders[message.Email] = sender })
	return c
}

func (s *site) forward(f task.Forward, talk []byte) string {
	s.t.Helper()
	id, err := s.client.Forward(context.Background(), f, talk)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// fate waits until the books of a message are closed.
func (s *site) fate(id string) enqueue.Status {
	s.t.Helper()
	var record enqueue.Status
	s.await("the forward's books are closed", func() bool {
		var err error
		if record, err = s.client.MessageStatus(context.Background(), id); err != nil {
			s.t.Fatal(err)
		}
		return record.State.Final()
	})
	return record
}

// Everyone gets the one mail; nothing private is in its bytes, however they are read; it begins a new thread.
func TestForwardArrives(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := withCatcher(t, s, catcher.Options{})
	f := forwardTo("Ann <ann@partner.example>, bob@partner.example, ANN@partner.example, ann@PARTNER.example")
	f.Attachments = []string{"a1", "a2"}
	if record := s.fate(s.forward(f, talkOf(t, s, 1000))); record.State != ledger.Sent {
		t.Fatalf("%+v", record)
	}
	mails := c.Messages()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	if want := []string{"ann@partner.example", "bob@partner.example", "ANN@partner.example"}; !slices.Equal(mails[0].To, want) {
		t.Errorf("to %q, want %q", mails[0].To, want)
	}
	got, err := mails[0].Parse()
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"Subject": "Fwd: Kettle", "Message-ID": "<fw-1+forward@desk.example>", "Reply-To": "desk@desk.example", "In-Reply-To": "", "References": "",
		"From": "Robin <robin@desk.example>",
	} {
		if value := got.GetHeader(header); value != want {
			t.Errorf("%s: %q, want %q", header, value, want)
		}
	}
	if len(got.Attachments) != 2 || got.Attachments[1].FileName != "PIN █████.txt" || got.Attachments[0].FileName != "photo.bin" || len(got.Attachments[0].Content) != 1000 {
		t.Errorf("attachments %+v", got.Attachments)
	}
	for _, want := range []string{"Please help.", "It broke.", "My PIN is █████.", "Thanks."} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, got.Text)
		}
	}
	if !strings.Contains(got.HTML, "Please <strong>help</strong>.") {
		t.Errorf("the introduction is not in\n%s", got.HTML)
	}
	for what, text := range readings(t, mails[0].Raw) {
		if at := strings.Index(strings.ToUpper(text), "CANARY"); at >= 0 {
			t.Errorf("%s holds …%s…", what, text[max(0, at-80):min(len(text), at+80)])
		}
		if strings.Contains(text, "9917") {
			t.Errorf("%s holds the PIN", what)
		}
	}
}

// Fifty people get one mail; with one bad address among them nothing is enqueued, and it is named.
func TestForwardToFifty(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := withCatcher(t, s, catcher.Options{})
	to := make([]string, task.MaxForwardRecipients)
	for i := range to {
		to[i] = fmt.Sprintf("Partner %d <p%d@partner.example>", i, i)
	}
	bad := slices.Clone(to)
	bad[16] = "Partner 16 <p16@@partner.example>"
	_, err := s.client.Forward(context.Background(), forwardTo(strings.Join(bad, ", ")), talkOf(t, s, 10))
	if err == nil || !strings.Contains(err.Error(), `to: address 17: address "p16@@partner.example": more than one @`) {
		t.Errorf("error %v", err)
	}
	if record := s.fate(s.forward(forwardTo(strings.Join(to, ", ")), talkOf(t, s, 10))); record.State != ledger.Sent {
		t.Fatalf("%+v", record)
	}
	if mails := c.Messages(); len(mails) != 1 || len(mails[0].To) != len(to) {
		t.Errorf("%d mails", len(mails))
	}
}

// readings are the bytes of a mail as they are, and as mail programs decode them.
func readings(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	quoted, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw)))
	if err != nil {
		quoted = nil // parts in other encodings
	}
	words, err := new(mime.WordDecoder).DecodeHeader(string(raw[:bytes.Index(raw, []byte("\r\n\r\n"))]))
	if err != nil {
		t.Fatal(err)
	}
	m := catcher.Mail{Raw: raw}
	got, err := m.Parse()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"the mail": string(raw), "the decoded mail": string(quoted), "the header": words, "the text": got.Text, "the HTML": got.HTML}
	for i, a := range got.Attachments {
		all[fmt.Sprintf("file %d", i)] = a.FileName + string(a.Content)
	}
	return all
}

// The total of a forward's files is limited, to the byte, before anything is dialled; one file has no limit of its own.
func TestForwardsFilesAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := withCatcher(t, s, catcher.Options{})
	for size, want := range map[int]ledger.State{message.MaxFileTotal: ledger.Sent, message.MaxFileTotal + 1: ledger.Failed} {
		f := forwardTo("ann@partner.example")
		f.ID = fmt.Sprintf("fw-%d", size)
		f.Attachments = []string{"a1"}
		record := s.fate(s.forward(f, talkOf(t, s, size)))
		if record.State != want {
			t.Errorf("%d bytes: %+v", size, record)
		}
		if want == ledger.Failed && (record.Reason.Code != "attachments_too_large" || !strings.Contains(record.Reason.Text, "9961472 bytes")) {
			t.Errorf("%d bytes: %+v", size, record.Reason)
		}
	}
	if c.Count() != 1 {
		t.Errorf("%d mails", c.Count())
	}
}

// What can't be sent is said, and nobody gets anything.
func TestForwardsThatFail(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := withCatcher(t, s, catcher.Options{OnRcpt: func(addr string) error {
		if addr == "gone@partner.example" {
			return &catcher.Reply{Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such mailbox"}
		}
		return nil
	}})
	list, err := suppress.New(suppress.Options{Redis: s.rdb})
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Suppress(context.Background(), message.Email, "left@partner.example", suppress.Unsubscribed, "test"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(f *task.Forward)
		state ledger.State
		code  string
		text  string
	}{
		"a template with an error": {func(f *task.Forward) { f.Introduction = "Hi\n{{#if x}}" }, ledger.Failed, "template_error", "if"},
		"an unknown template":      {func(f *task.Forward) { f.Template = "transcrpt" }, ledger.Failed, "template_error", `unknown email template "transcrpt"`},
		"one who is suppressed":    {func(f *task.Forward) { f.To = "ann@partner.example, left@partner.example" }, ledger.Suppressed, "unsubscribed", "left@partner.example"},
		"one who is gone":          {func(f *task.Forward) { f.To = "ann@partner.example, gone@partner.example" }, ledger.Failed, "smtp_550", "no such mailbox"},
	} {
		f := forwardTo("ann@partner.example")
		f.ID = "fw-" + strings.ReplaceAll(name, " ", "-")
		c.spoil(&f)
		record := s.fate(s.forward(f, talkOf(t, s, 10)))
		if record.State != c.state || record.Reason.Code != c.code || !strings.Contains(record.Reason.Text, c.text) {
			t.Errorf("%s: %v %+v", name, record.State, record.Reason)
		}
	}
	if c.Count() != 0 {
		t.Errorf("%d mails", c.Count())
	}
	// A list's refusal tells nothing about its first recipient.
	if entries, err := list.Check(context.Background(), message.Email, "", []string{"ann@partner.example"}); err != nil || entries[0] != nil {
		t.Errorf("%+v, %v", entries, err)
	}
}

// An answer that never came: "resend" sends again under the same Message-ID, "hold" leaves it to a person.
func TestForwardsPolicies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(_ *message.Message, try int) error {
		if try == 1 {
			return &send.Error{Ambiguous: true, Code: "smtp_no_reply", Step: "DOT"}
		}
		return nil
	}
	s.worker()
	for policy, want := range map[task.Policy]ledger.State{task.Resend: ledger.Sent, task.Hold: ledger.Unknown} {
		f := forwardTo(string(policy) + "@partner.example")
		f.ID, f.Policy = "fw-"+string(policy), policy
		if record := s.fate(s.forward(f, talkOf(t, s, 10))); record.State != want {
			t.Errorf("%s: %+v", policy, record)
		}
	}
	if s.out.tries["resend@partner.example"] != 2 || s.out.tries["hold@partner.example"] != 1 || s.out.count() != 1 || s.out.mails[0].ID != "fw-resend+forward" {
		t.Errorf("tries %v, %d sent", s.out.tries, s.out.count())
	}
}

// What Asynq keeps of a forward is small and holds nothing of the conversation; what is stored beside it holds no notes.
func TestForwardsAreStoredWithoutNotes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.forward(forwardTo("ann@partner.example"), talkOf(t, s, 10))
	data, err := s.rdb.HGet(ctx, "asynq:{message:email}:t:forward:fw-1", "msg").Bytes()
	if err != nil || len(data) > 1000 || bytes.Contains(data, []byte("broke")) || bytes.Contains(data, []byte("CANARY")) {
		t.Errorf("%d bytes, %v: %q", len(data), err, data)
	}
	found := 0
	for _, key := range s.rdb.Keys(ctx, "herald:blob:*").Val() {
		packed, err := s.rdb.Get(ctx, key).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		talk, err := conversation.Unpack(packed)
		if err != nil {
			continue // a file
		}
		found++
		if text := string(talk); !strings.Contains(text, "It broke.") || strings.Contains(text, "CANARY-NOTE") || strings.Contains(text, "CANARY-FILE") {
			t.Errorf("kept is %s", text)
		}
	}
	if found != 1 {
		t.Errorf("%d conversations are kept", found)
	}
}

// Callers are told who forwarded, to whom and with what text; of a forward that failed, why. It doesn't matter whether the
// worker was killed between sending and telling.
func TestForwardsAreTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := newReceiver(t)
	f := forwardTo("Ann <ann@partner.example>, bob@partner.example")
	f.Introduction, f.ForwardedBy, f.Attachments = "Please **help** {{customer.name}}: {{conversation.messageCount}}", &task.Agent{ID: "usr_7", DisplayName: "Robin"}, []string{"a1"}
	bad := f
	bad.ID, bad.Introduction = "fw-bad", "{{#if}}"
	killed := f
	killed.ID = "fw-killed"
	for _, f := range []task.Forward{f, bad, killed} {
		s.forward(f, talkOf(t, s, 10))
	}
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	if err := books.Mark(context.Background(), ledger.Owner{Kind: ledger.Forward, ID: "fw-killed"}.Chunk(0), 0, ledger.Sent, ledger.Reason{}); err != nil {
		t.Fatal(err)
	}
	if err := books.Close(); err != nil {
		t.Fatal(err)
	}
	s.worker(r.on(s))
	s.await("all three are told", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.got) == 3 })
	if s.out.count() != 1 {
		t.Errorf("%d mails", s.out.count())
	}
	for _, e := range r.got {
		if e.Stream != "conversation:c1" {
			t.Errorf("stream %q", e.Stream)
		}
		delete(e.Data, "at")
		got, err := json.Marshal(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		id := e.Data["id"].(string)
		want := `{"attachments":["photo.bin"],"by":"usr_7","conversation":"c1","from":"Robin \u003crobin@desk.example\u003e","id":"` + id +
			`","providerId":"\u003c` + id + `+forward@desk.example\u003e","subject":"Fwd: Kettle","text":"Please help Ada: 3","to":["ann@partner.example","bob@partner.example"]}`
		kind := "conversation.forwarded"
		if id == "fw-bad" {
			kind, want = "message.failed", `{"channel":"email","code":"template_error","conversation":"c1","forward":true,"id":"fw-bad","state":"failed"}`
		}
		if e.Type != kind || string(got) != want {
			t.Errorf("%s: %s %s, want %s", id, e.Type, got, want)
		}
		if strings.Contains(strings.ToUpper(string(got)), "CANARY") {
			t.Errorf("%s holds what is private", got)
		}
	}
}
