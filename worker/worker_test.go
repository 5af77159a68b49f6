package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/bulkrun"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// catalogFiles is a small catalog: what the tests send.
func catalogFiles() fs.FS {
	return fstest.MapFS{
		"shortcuts/hello.yaml":      {Data: []byte("name: hello\nsubject: Hello {{customer.firstName}}\nmessage: |\n  Hi {{customer.firstName}}!\nemailTemplate: none\n")},
		"shortcuts/with_guide.yaml": {Data: []byte("name: with_guide\nsubject: Guide\nmessage: Hi\nemailTemplate: none\nattachments: [guide.txt]\n")},
		"snippets/sn.greeting.yaml": {Data: []byte("name: sn.greeting\nsource: en\ntexts:\n  en: Hello\n  fr: Bonjour\n")},
		"attachments/guide.txt":     {Data: []byte("how to\n")},
	}
}

// recorder is a sender that remembers, and answers as the test says.
type recorder struct {
	mu     sync.Mutex
	sent   map[string]int // by recipient
	mails  []*message.Message
	answer func(m *message.Message, try int) error // nil accepts
	tries  map[string]int
	// receipt is what the other side calls every message.
	receipt string
}

func (o *recorder) Send(_ context.Context, m *message.Message) (send.Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	to := m.To[0].Addr
	if o.sent == nil {
		o.sent, o.tries = map[string]int{}, map[string]int{}
	}
	o.tries[to]++
	if o.answer != nil {
		if err := o.answer(m, o.tries[to]); err != nil {
			return send.Receipt{}, err
		}
	}
	o.sent[to]++
	o.mails = append(o.mails, m)
	return send.Receipt{ID: o.receipt}, nil
}

func (o *recorder) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.mails)
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// site is a Redis with a client, to which workers can be added.
type site struct {
	t      *testing.T
	rdb    redis.UniversalClient
	client *enqueue.Client
	out    *recorder
	log    *slog.Logger
}

func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOn(t, redistest.Start(t).Client())
}

func newSiteOn(t *testing.T, rdb redis.UniversalClient) *site {
	t.Helper()
	log := discard()
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s := &site{t: t, rdb: rdb, out: &recorder{}, log: log}
	var err error
	if s.client, err = enqueue.New(enqueue.Options{Redis: s.rdb, Log: log, Phones: phone.Parse}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.client.Close() })
	return s
}

// worker starts one and returns what stops it and waits until it has drained.
func (s *site) worker(spoil ...func(*Options)) (stop func()) {
	s.t.Helper()
	loaded, err := catalog.Load(catalogFiles())
	if err != nil {
		s.t.Fatal(err)
	}
	renderer, err := render.New(render.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	books, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		s.t.Fatal(err)
	}
	files, err := attach.New(attach.Options{Blobs: blob.New(s.rdb)})
	if err != nil {
		s.t.Fatal(err)
	}
	limiter, err := rate.New(rate.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		s.t.Fatal(err)
	}
	suppressions, err := suppress.New(suppress.Options{Redis: s.rdb})
	if err != nil {
		s.t.Fatal(err)
	}
	o := Options{
		Redis: s.rdb, Ledger: books, Catalog: func() *catalog.Catalog { return loaded }, Renderer: renderer, Attachments: files,
		Senders: map[message.Channel]delivery.Sender{message.Email: s.out, message.SMS: s.out},
		Limiter: limiter, Suppressions: suppressions, Log: s.log, Metrics: prometheus.NewRegistry(), Concurrency: 8, DrainTimeout: 10 * time.Second,
	}
	for _, f := range spoil {
		f(&o)
	}
	w, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				s.t.Error(err)
			}
			if err := books.Close(); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.t.Cleanup(stop)
	return stop
}

func (s *site) bulk(d bulk.Definition, n int) string {
	s.t.Helper()
	d.Messages[0].Channel, d.Messages[0].From = message.Email, "Acme <help@acme.example>"
	id, err := s.client.Bulk(context.Background(), d, people(n), enqueue.BulkOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func people(n int) iter.Seq2[bulk.Recipient, error] {
	return func(yield func(bulk.Recipient, error) bool) {
		for i := range n {
			r := bulk.Recipient{
				Email:   fmt.Sprintf("u%d@example.com", i),
				Context: json.RawMessage(fmt.Sprintf(`{"customer":{"firstName":"U%d"}}`, i)),
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// await polls until ok, or fails the test after a minute.
func (s *site) await(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *site) complete(id string) bulk.Status {
	s.t.Helper()
	var status bulk.Status
	s.await("the bulk is complete", func() bool {
		var err error
		if status, err = s.client.Bulks().Status(context.Background(), id); err != nil {
			s.t.Fatal(err)
		}
		if sum := status.Pending + status.Sent + status.Done + status.Failed + status.Suppressed + status.Skipped + status.Unknown; sum != status.Planned {
			s.t.Fatalf("the books don't balance: %+v", status)
		}
		return status.State == bulk.Completed
	})
	return status
}

// results counts the recipients of a bulk by state and reason.
func (s *site) results(id string) map[string]int {
	s.t.Helper()
	counts := map[string]int{}
	for r, err := range s.client.Bulks().Results(context.Background(), id) {
		if err != nil {
			s.t.Fatal(err)
		}
		counts[strings.TrimSpace(r.State.String()+" "+r.Reason.Code)]++
	}
	return counts
}

func (s *site) want(id string, want map[string]int) {
	s.t.Helper()
	if got := s.results(id); fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("results %v, want %v", got, want)
	}
}

func TestBulkReachesEveryoneOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	s.worker() // two workers share the queue
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 650)
	if status := s.complete(id); status.Sent != 650 {
		t.Errorf("status %+v", status)
	}
	for to, n := range s.out.sent {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
	if len(s.out.sent) != 650 {
		t.Errorf("%d recipients", len(s.out.sent))
	}
	ids := map[string]bool{}
	for _, m := range s.out.mails {
		ids[m.ID] = true
		name := "U" + strings.TrimSuffix(strings.TrimPrefix(m.To[0].Addr, "u"), "@example.com")
		if m.Subject != "Hello "+name || !strings.Contains(m.Text, "Hi "+name+"!") {
			t.Fatalf("%s got %q: %q", m.To[0].Addr, m.Subject, m.Text)
		}
	}
	if len(ids) != 650 {
		t.Errorf("%d message ids for 650 messages", len(ids))
	}
}

// A worker that is told to stop in the middle of a bulk finishes what is in flight; the next one does the rest. Nobody
// is left out, nobody is sent to twice.
func TestDrainAndRestart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(*message.Message, int) error { time.Sleep(time.Millisecond); return nil }
	stop := s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 600)
	s.await("some are sent", func() bool { return s.out.count() > 50 })
	stop()
	before := s.out.count()
	if before >= 600 {
		t.Fatal("the worker was done before it was stopped")
	}
	status, err := s.client.Bulks().Status(context.Background(), id)
	if err != nil || status.Sent != before || status.Pending != 600-before {
		t.Errorf("%d sent, books %+v, %v", before, status, err)
	}
	s.worker()
	if status := s.complete(id); status.Sent != 600 {
		t.Errorf("status %+v", status)
	}
	for to, n := range s.out.sent {
		if n != 1 {
			t.Errorf("%s got %d", to, n)
		}
	}
}

// One recipient never fails a chunk: what goes wrong with each is its own matter, and is written down.
func TestEachFailureIsItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, try int) error {
		switch m.To[0].Addr {
		case "gone@example.com":
			return &send.Error{Permanent: true, Code: "smtp_550", Reply: "no such user"}
		case "busy@example.com":
			if try == 1 {
				return &send.Error{Code: "smtp_451"}
			}
		case "panic@example.com":
			panic("poison")
		}
		return nil
	}
	s.worker()
	rows := func(yield func(bulk.Recipient, error) bool) {
		for _, r := range []bulk.Recipient{
			{Email: "ok@example.com"}, {Email: "gone@example.com"}, {Email: "not an address"}, {Email: ""}, {Email: "busy@example.com"},
			{Email: "panic@example.com"}, {Email: "large@example.com", Attachments: []message.Ref{{Name: "a.txt", Inline: strings.Repeat("YWFh", 2<<20)}}},
			{Email: "missing@example.com", Attachments: []message.Ref{{File: "../../etc/passwd"}}}, {Email: "last@example.com"},
		} {
			if !yield(r, nil) {
				return
			}
		}
	}
	id, err := s.client.Bulk(context.Background(), bulk.Definition{Messages: []bulk.Part{{
		Channel: message.Email, From: "help@acme.example", Content: task.Content{Text: "Hi", Subject: "Hi"},
	}}}, rows, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.complete(id)
	s.want(id, map[string]int{
		"sent": 3, "failed smtp_550": 1, "failed invalid_address": 1, "skipped no_address": 1, "failed attachment_too_large": 1,
		"failed attachment_path": 1, "unknown internal_error": 1,
	})
	if s.out.tries["gone@example.com"] != 1 || s.out.tries["busy@example.com"] != 2 {
		t.Errorf("tries %v", s.out.tries)
	}
}

// Failures are kept in our own books, however many: Asynq's archive would drop those beyond 10,000.
func TestManyFailuresAreAllListed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(*message.Message, int) error { return &send.Error{Permanent: true, Code: "smtp_550"} }
	s.worker()
	const many = 20_000
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Text: "Hi", Subject: "Hi"}}}}, many)
	if status := s.complete(id); status.Failed != many {
		t.Errorf("status %+v", status)
	}
	s.want(id, map[string]int{"failed smtp_550": many})
}

// What a worker left claimed when it died is unknown under "hold": listed, and never sent again.
func TestHold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(m *message.Message, try int) error {
		switch {
		case m.To[0].Addr == "u1@example.com":
			return &send.Error{Ambiguous: true, Code: "timeout"}
		case m.To[0].Addr == "u2@example.com" && try == 1:
			return &send.Error{Code: "smtp_451"} // surely not sent: given back and tried again
		}
		return nil
	}
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}, Policy: task.Hold}}}, 10)
	dead, err := ledger.New(ledger.Options{Redis: s.rdb, Log: s.log})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := dead.Claim(ctx, ledger.Owner{Kind: ledger.Bulk, ID: id}.Chunk(0), 7); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	s.worker()
	s.complete(id)
	s.want(id, map[string]int{"sent": 8, "unknown interrupted": 1, "unknown timeout": 1})
	if s.out.sent["u7@example.com"] != 0 || s.out.tries["u1@example.com"] != 1 || s.out.tries["u2@example.com"] != 2 {
		t.Errorf("sent %v, tries %v", s.out.sent, s.out.tries)
	}
}

// Under "resend" an answer that never came is another try with the same message id.
func TestResend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var ids []string
	s.out.answer = func(m *message.Message, try int) error {
		ids = append(ids, m.ID)
		if try == 1 {
			return &send.Error{Ambiguous: true, Code: "timeout"}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 1)
	s.complete(id)
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("message ids %v", ids)
	}
}

// Trouble with the account stops the chunk instead of trying everyone against a closed door, and counts for nobody.
func TestAccountTrouble(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var down sync.Map
	down.Store("down", true)
	s.out.answer = func(*message.Message, int) error {
		if _, yes := down.Load("down"); yes {
			return &send.Error{Account: true, Code: "smtp_connect"}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 100)
	s.await("someone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) > 0 })
	down.Delete("down")
	if status := s.complete(id); status.Sent != 100 {
		t.Errorf("status %+v", status)
	}
	if n := len(s.out.tries); n != 100 {
		t.Errorf("%d tried", n)
	}
	tried := 0
	for _, n := range s.out.tries {
		tried += n
	}
	if tried > 110 {
		t.Errorf("%d tries for 100 recipients: the closed door was tried by more than those in flight", tried)
	}
}

// A pause stops a bulk in its tracks; a resume does the rest; nobody is sent to twice.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(*message.Message, int) error { time.Sleep(5 * time.Millisecond); return nil }
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 1000)
	s.await("some are sent", func() bool { return s.out.count() > 20 })
	if err := s.client.PauseBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	s.await("it stands still", func() bool {
		before := s.out.count()
		time.Sleep(2 * bulkrun.ControlAge)
		return s.out.count() == before
	})
	status, err := s.client.Bulks().Status(ctx, id)
	if err != nil || status.State != bulk.Pausing || status.Pending == 0 || status.Sent != s.out.count() {
		t.Errorf("status %+v, %v; %d sent", status, err, s.out.count())
	}
	if err := s.client.ResumeBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	if status := s.complete(id); status.Sent != 1000 || s.out.count() != 1000 {
		t.Errorf("status %+v, %d sent", status, s.out.count())
	}
}

// Two workers together keep to a bulk's rate, a change of it takes effect while it runs, and a worker that waits for its
// turn drains at once.
func TestRate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	d := bulk.Definition{ID: "slow", Messages: []bulk.Part{{Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "hello"}}}}
	d.Rate = 40
	id, err := s.client.Bulk(ctx, d, people(400), enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stop := s.worker()
	s.worker()
	s.await("it started", func() bool { return s.out.count() > 0 })
	started, before := time.Now(), s.out.count()
	s.await("some more are sent", func() bool { return s.out.count() >= before+30 })
	if n, took := s.out.count()-before, time.Since(started); float64(n) > 40*(took.Seconds()+0.2)+16 { // 16 were on their way
		t.Errorf("%d messages in %s, at a rate of 40", n, took)
	}
	stop()
	if err := s.client.Bulks().SetRate(ctx, id, 0); err != nil {
		t.Fatal(err)
	}
	if status := s.complete(id); status.Sent != 400 || s.out.count() != 400 {
		t.Errorf("status %+v, %d sent", status, s.out.count())
	}
	if err := s.client.Bulks().SetRate(ctx, id, -1); err == nil {
		t.Error("took a negative rate")
	}
}

// Who is pending when a bulk is cancelled is skipped, those who wait for another try included.
func TestCancel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(m *message.Message, try int) error {
		if m.To[0].Addr != "u0@example.com" {
			return &send.Error{Code: "smtp_451", RetryAfter: time.Hour}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 50)
	s.await("everyone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) == 50 })
	if err := s.client.CancelBulk(ctx, id); err != nil {
		t.Fatal(err)
	}
	s.await("it is over", func() bool {
		status, err := s.client.Bulks().Status(ctx, id)
		return err == nil && status.State == bulk.Stopped
	})
	s.want(id, map[string]int{"sent": 1, "skipped cancelled": 49})
	if err := s.client.ResumeBulk(ctx, id); err == nil {
		t.Error("a cancelled bulk was resumed")
	}
}

// What failed can be sent again, what is unknown resolved; what was sent stays sent.
func TestResendAndResolve(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	s.out.answer = func(m *message.Message, try int) error {
		switch {
		case try > 1:
			return nil
		case m.To[0].Addr == "u1@example.com":
			return &send.Error{Permanent: true, Code: "smtp_550"}
		case m.To[0].Addr == "u2@example.com" || m.To[0].Addr == "u3@example.com":
			return &send.Error{Ambiguous: true, Code: "timeout"}
		}
		return nil
	}
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}, Policy: task.Hold}}}, 5)
	s.complete(id)
	s.want(id, map[string]int{"sent": 2, "failed smtp_550": 1, "unknown timeout": 2})
	if n, err := s.client.ResendBulk(ctx, id, ledger.Failed); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.complete(id)
	s.want(id, map[string]int{"sent": 3, "unknown timeout": 2})
	if n, err := s.client.ResendBulk(ctx, id, ledger.Unknown); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	s.complete(id)
	s.want(id, map[string]int{"sent": 5})
	if s.out.tries["u0@example.com"] != 1 || s.out.tries["u1@example.com"] != 2 || s.out.tries["u2@example.com"] != 2 {
		t.Errorf("tries %v", s.out.tries)
	}
	if n, err := s.client.ResolveBulk(ctx, id, enqueue.AsSent); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestContentThatCannotBePrepared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content task.Content
		want    string
	}{
		"unknown shortcut":    {task.Content{Shortcut: "helo"}, "failed template_error"},
		"broken template":     {task.Content{Text: "Hi {{#if a}}", Subject: "x"}, "failed template_error"},
		"unknown helper":      {task.Content{Text: "{{dateFmt a b}}", Subject: "x"}, "failed template_error"},
		"lost sources":        {task.Content{Shortcut: "hello", Sources: strings.Repeat("0", 64)}, "failed template_error"},
		"a mistyped field":    {task.Content{Text: "Dear {{customer.fristName}}", Subject: "x"}, "failed template_invalid"},
		"in the subject":      {task.Content{Text: "Dear", Subject: "For {{custmer.firstName}}"}, "failed template_invalid"},
		"an unknown zone":     {task.Content{Text: "{{dateFormat customer.createdAt format='ll' timezone='Mars/Phobos'}}", Subject: "x"}, "failed template_invalid"},
		"an empty message":    {task.Content{Text: "{{customer.custom.noneStr}}", Subject: "x"}, "failed empty_message"},
		"an empty subject":    {task.Content{Text: "x", Subject: "{{customer.custom.noneStr}}"}, "failed empty_message"},
		"mistyped on purpose": {task.Content{Text: "Dear {{customer.fristName}}", Subject: "x", Lint: task.LintOff}, "sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.worker()
			id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: c.content}}}, 3)
			s.complete(id)
			s.want(id, map[string]int{c.want: 3})
			if sent := s.out.count(); (sent == 0) != (c.want != "sent") {
				t.Errorf("%d were sent", sent)
			}
		})
	}
}

// A bulk over an account that must not carry one is refused, recipient by recipient; single messages go.
func TestNoBulk(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker(func(o *Options) {
		o.NoBulk = map[message.Channel]error{message.Email: errors.New("a personal account")}
	})
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 3)
	s.complete(id)
	s.want(id, map[string]int{"failed bulk_refused": 3})
	if s.out.count() != 0 {
		t.Error("something was sent")
	}
}

func TestSkipOnIssue(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Text: "Hi {{customer.lastName}}", Subject: "Hi"}}}, OnIssue: task.SkipOnIssue}, 2)
	s.complete(id)
	s.want(id, map[string]int{"skipped missing_field": 2})
}

// Everyone gets the shortcut's file and the bulk's; a recipient's own comes on top, within one limit.
func TestAttachments(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	ref, err := s.client.Attach(context.Background(), "terms.txt", "", []byte("terms\n"))
	if err != nil {
		t.Fatal(err)
	}
	rows := func(yield func(bulk.Recipient, error) bool) {
		_ = yield(bulk.Recipient{Email: "a@example.com"}, nil) &&
			yield(bulk.Recipient{Email: "b@example.com", Attachments: []message.Ref{{Name: "own.txt", Inline: "b3du"}}}, nil)
	}
	id, err := s.client.Bulk(context.Background(), bulk.Definition{Messages: []bulk.Part{{
		Channel: message.Email, From: "help@acme.example", Content: task.Content{Shortcut: "with_guide"}, Attachments: []message.Ref{ref},
	}}}, rows, enqueue.BulkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.complete(id)
	s.want(id, map[string]int{"sent": 2})
	got := map[string]string{}
	for _, m := range s.out.mails {
		for _, a := range m.Attachments {
			got[m.To[0].Addr] += a.Name + "=" + strings.TrimSpace(string(a.Data)) + " "
		}
	}
	want := map[string]string{
		"a@example.com": "guide.txt=how to terms.txt=terms ",
		"b@example.com": "guide.txt=how to terms.txt=terms own.txt=own ",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("attachments %v, want %v", got, want)
	}
}

// A bulk keeps the sources it started with, whatever becomes of the worker's catalog.
func TestSourcesArePinned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	stop := s.worker()
	s.out.answer = func(*message.Message, int) error { return &send.Error{Account: true, Code: "smtp_connect"} }
	id := s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 5)
	s.await("someone was tried", func() bool { s.out.mu.Lock(); defer s.out.mu.Unlock(); return len(s.out.tries) > 0 })
	stop()
	s.out.answer = nil
	s.worker(func(o *Options) {
		changed := fstest.MapFS{"shortcuts/hello.yaml": {Data: []byte("name: hello\nsubject: Changed\nmessage: Changed\n")}}
		loaded, err := catalog.Load(changed)
		if err != nil {
			t.Fatal(err)
		}
		o.Catalog = func() *catalog.Catalog { return loaded }
	})
	s.complete(id)
	for _, m := range s.out.mails {
		if !strings.HasPrefix(m.Subject, "Hello") {
			t.Errorf("subject %q", m.Subject)
		}
	}
}

// A message that brings no sources is rendered from the templates as they are when it is sent; a broken edit of them
// keeps the last good ones.
func TestTemplatesFollowTheirFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shortcuts"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "shortcuts", "hello.yaml"), []byte("subject: Hello\nmessage: "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	reloads := make(chan error, 10)
	live, err := catalog.NewLive(catalog.LiveOptions{FS: os.DirFS(dir), Interval: 10 * time.Millisecond, OnReload: func(_ *catalog.Catalog, err error) { reloads <- err }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go live.Watch(ctx)
	s := newSite(t)
	s.worker(func(o *Options) { o.Catalog = live.Catalog })
	wants := func(id, want string) {
		t.Helper()
		letter := task.Message{ID: id, Channel: message.Email, From: "help@acme.example", To: "ada@example.com", Content: task.Content{Shortcut: "hello"}}
		if _, err := s.client.Message(ctx, letter); err != nil {
			t.Fatal(err)
		}
		n := s.out.count()
		s.await("the message is sent", func() bool { return s.out.count() > n })
		if got := strings.TrimSpace(s.out.mails[n].Text); got != want {
			t.Errorf("message %s says %q, want %q", id, got, want)
		}
	}
	wants("first", "one")
	write("two and more")
	if err := <-reloads; err != nil {
		t.Fatal(err)
	}
	wants("second", "two and more")
	write(`"{{#if x}}"`)
	if err := <-reloads; err == nil {
		t.Fatal("a broken edit was taken")
	}
	wants("third", "two and more")
}

func TestSingleMessage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.worker()
	ctx := context.Background()
	letter := task.Message{
		ID: "one", Channel: message.Email, From: "help@acme.example", To: "ada@example.com",
		Content: task.Content{Text: "[[sn.greeting]] {{customer.firstName}}", Subject: "Hi"},
		Context: json.RawMessage(`{"customer":{"firstName":"Ada"}}`), Locale: "fr-CA",
	}
	for range 3 { // enqueued again, sent once
		if _, err := s.client.Message(ctx, letter); err != nil {
			t.Fatal(err)
		}
	}
	var record enqueue.Status
	s.await("the message is done", func() bool {
		var err error
		record, err = s.client.MessageStatus(ctx, "one")
		return err == nil && record.State.Final()
	})
	if record.State != ledger.Sent || s.out.count() != 1 {
		t.Fatalf("record %+v, %d sent", record, s.out.count())
	}
	if text := s.out.mails[0].Text; strings.TrimSpace(text) != "Bonjour Ada" {
		t.Errorf("text %q", text)
	}
	if _, err := s.client.Message(ctx, letter); err != nil {
		t.Error("enqueued again after it was sent:", err)
	}
}

// A payload from a newer client is kept for a newer worker.
func TestPayloadsOfNewerClientsAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	client := asynq.NewClientFromRedisClient(s.rdb)
	newer := asynq.NewTask("message.send", []byte(`{"id":"x","channel":"email","from":"a@example.com","to":"b@example.com","text":"Hi","color":"red"}`))
	if _, err := client.Enqueue(newer, asynq.Queue(queue.Messages), asynq.TaskID("x")); err != nil {
		t.Fatal(err)
	}
	s.worker()
	inspector := asynq.NewInspectorFromRedisClient(s.rdb)
	s.await("it waits for another worker", func() bool {
		info, err := inspector.GetTaskInfo(queue.Messages, "x")
		return err == nil && info.State == asynq.TaskStateRetry && info.Retried == 0
	})
	if s.out.count() != 0 {
		t.Error("it was sent without what this worker doesn't understand")
	}
}

func TestMissingOptionsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := New(Options{})
	for _, name := range []string{"Redis", "Ledger", "Catalog", "Renderer", "Attachments", "Senders", "Limiter", "Suppressions", "Log", "Metrics"} {
		if err == nil || !strings.Contains(err.Error(), name+" is required") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

// A provider that says 429 slows the channel although it has no rate of its own.
func TestBackPressureWithoutARate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.out.answer = func(m *message.Message, try int) error {
		if m.To[0].Addr == "u0@example.com" && try == 1 {
			return &send.Error{Code: "http_429", Status: 429}
		}
		return nil
	}
	registry := prometheus.NewRegistry()
	s.worker(func(o *Options) { o.Metrics = registry })
	s.bulk(bulk.Definition{Messages: []bulk.Part{{Content: task.Content{Shortcut: "hello"}}}}, 1000)
	s.await("the channel is slowed", func() bool {
		got := values(t, registry)
		return got["herald_lane_limit{email}"] == 0 && got["herald_lane_limit_in_force{email}"] > 0
	})
}
