package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/address/phone"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/redistest"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
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

// await polls until ok, or fails the test after three minutes.
func (s *site) await(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !ok(); {
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
