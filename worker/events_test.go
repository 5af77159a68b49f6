package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/channel/webhook"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/outbox"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/task"
)

const eventSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver is a caller's endpoint: it verifies what it gets, and answers as the test says.
type receiver struct {
	t      *testing.T
	server *httptest.Server

	mu     sync.Mutex
	got    []told
	posts  int
	answer func(e told) int // 0 takes it
}

// told is an event as a caller reads it.
type told struct {
	ID        string `json:"-"`
	Type      string
	Timestamp time.Time
	Stream    string
	Sequence  int64
	Test      bool
	Data      map[string]any
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t}
	secret, err := send.ParseSecret(eventSecret)
	if err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		// A new verifier each time: that an id comes again is this test's matter.
		verifier, _ := send.NewVerifier(secret)
		body, _ := io.ReadAll(req.Body)
		if err := verifier.Verify(req.Header, body, time.Now()); err != nil {
			r.t.Error(err)
			return
		}
		e := told{ID: req.Header.Get("webhook-id")}
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&e); err != nil {
			r.t.Errorf("%v in %s", err, body)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts++
		if r.answer != nil {
			if status := r.answer(e); status != 0 {
				w.WriteHeader(status)
				return
			}
		}
		r.got = append(r.got, e)
	}))
	t.Cleanup(r.server.Close)
	return r
}

// on is the option of a worker that tells this receiver.
func (r *receiver) on(s *site) func(*Options) {
	return func(o *Options) {
		endpoint, err := send.NewEndpoint(send.EndpointOptions{
			URL: r.server.URL, Secrets: []string{eventSecret},
			Client: send.NewHTTPClient(send.HTTPOptions{Timeout: 2 * time.Second, AllowHTTP: true, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		})
		if err != nil {
			r.t.Fatal(err)
		}
		if o.Endpoint, err = webhook.New(endpoint); err != nil {
			r.t.Fatal(err)
		}
		o.Events = s.events()
	}
}

func (s *site) events() *outbox.Store {
	s.t.Helper()
	store, err := outbox.New(outbox.Options{Redis: s.rdb})
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

func (r *receiver) events() []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]told(nil), r.got...)
}

func (r *receiver) setAnswer(f func(told) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func outcomeFact(id, conversation string) outbox.Message {
	return outbox.Message{ID: id, Channel: message.Email, State: "sent", Conversation: conversation, At: time.Now()}
}

func (s *site) append(facts ...outbox.Fact) {
	s.t.Helper()
	if err := s.events().Append(context.Background(), facts...); err != nil {
		s.t.Fatal(err)
	}
}

// Each conversation's events arrive in their order, each once, whatever the endpoint refuses in between, and one that is
// stuck holds up no other.
func TestEventsArriveInOrder(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	tries := map[string]int{}
	r.setAnswer(func(e told) int {
		id := e.Data["id"].(string)
		if tries[id]++; id == "c0-3" && tries[id] == 1 {
			return http.StatusServiceUnavailable
		}
		if strings.HasPrefix(e.Stream, "conversation:stuck") {
			return http.StatusBadRequest
		}
		return 0
	})
	s.append(outcomeFact("s", "stuck"))
	const conversations, each = 5, 20
	for i := range each {
		for c := range conversations {
			s.append(outcomeFact(fmt.Sprintf("c%d-%d", c, i), fmt.Sprintf("c%d", c)))
		}
	}
	metrics := prometheus.NewRegistry()
	s.worker(r.on(s), func(o *Options) { o.Metrics = metrics })
	s.worker(r.on(s))
	s.await("all but one arrived", func() bool { return len(r.events()) == conversations*each })
	next, last := map[string]int{}, map[string]int64{}
	for _, e := range r.events() {
		if want := fmt.Sprintf("%s-%d", strings.TrimPrefix(e.Stream, "conversation:"), next[e.Stream]); e.Data["id"] != want {
			t.Fatalf("%v of %s, want %s", e.Data["id"], e.Stream, want)
		}
		if n := last[e.Stream]; n != 0 && e.Sequence != n+1 {
			t.Fatalf("number %d of %s after %d", e.Sequence, e.Stream, n)
		}
		next[e.Stream]++
		last[e.Stream] = e.Sequence
	}
	// What has arrived is taken off a moment later.
	var waiting []outbox.Undelivered
	s.await("the stuck one alone waits", func() bool {
		var err error
		if waiting, err = s.client.Events().List(context.Background(), 10); err != nil {
			t.Fatal(err)
		}
		return len(waiting) == 1 && waiting[0].Tries >= 1
	})
	if w := waiting[0]; w.Stream != "conversation:stuck" || w.Reason != "http_400" {
		t.Errorf("%+v", w)
	}
	s.await("the metric says so", func() bool { return gauge(t, metrics, "herald_event_streams") == 1 })
	if age := gauge(t, metrics, "herald_event_oldest_seconds"); age <= 0 || age > 600 {
		t.Errorf("the oldest is %v s old", age)
	}
	// What waits for its next try is tried at once when a person asks for it.
	r.setAnswer(nil)
	if err := s.client.ReplayEvent(context.Background(), waiting[0].ID); err != nil {
		t.Fatal(err)
	}
	s.await("the stuck one arrived", func() bool { return len(r.events()) == conversations*each+1 })
	s.await("an event that was told can't be replayed", func() bool {
		return s.client.ReplayEvent(context.Background(), waiting[0].ID) != nil
	})
}

// gauge reads one metric without labels.
func gauge(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// A day is enough: an event that is not taken becomes a dead letter, and those after it go on. It can be told again.
func TestEventsThatNobodyTakesAreGivenUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, r := newSite(t), newReceiver(t)
	r.setAnswer(func(e told) int {
		if e.Data["id"] == "bad" {
			return http.StatusGone
		}
		return 0
	})
	store, err := outbox.New(outbox.Options{Redis: s.rdb, Now: func() time.Time { return time.Now().Add(-eventLife - time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Append(ctx, outcomeFact("bad", "c1"), outcomeFact("good", "c1")); err != nil {
		t.Fatal(err)
	}
	s.worker(r.on(s))
	s.await("the second arrived", func() bool { return len(r.events()) == 1 })
	if got := r.events()[0]; got.Data["id"] != "good" {
		t.Errorf("%+v", got)
	}
	letters, _, err := s.client.Dead().List(ctx, outbox.LetterKind, "", 10)
	if err != nil || len(letters) != 1 || letters[0].Attempts != 1 || letters[0].Owner != "conversation:c1" || !strings.Contains(letters[0].Reason, "http_410") {
		t.Fatalf("%+v, %v", letters, err)
	}
	r.setAnswer(nil)
	if again, _, err := s.client.ReplayEvents(ctx); again != 1 || err != nil {
		t.Fatalf("%d, %v", again, err)
	}
	s.await("the first arrived", func() bool { return len(r.events()) == 2 })
	if first, second := r.events()[1], r.events()[0]; first.ID != letters[0].ID || first.Sequence != second.Sequence-1 {
		t.Errorf("%+v, then %+v", second, first)
	}
	if _, err := s.client.Dead().Get(ctx, letters[0].ID); !errors.Is(err, dead.ErrNotFound) {
		t.Errorf("the letter is still there: %v", err)
	}
}

// Pauses between tries grow to ten minutes, and what the endpoint asks for counts for up to an hour. A restart of the
// worker changes nothing about them.
func TestPausesBetweenTries(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		tries       int
		retryAfter  string
		least, most time.Duration
	}{
		"first":                     {0, "", 3 * time.Second, 6 * time.Second},
		"fifth":                     {4, "", 60 * time.Second, 81 * time.Second},
		"twentieth":                 {19, "", 10*time.Minute - time.Second, 10*time.Minute + time.Second},
		"the endpoint asks":         {0, "1800", 30*time.Minute - time.Second, 30*time.Minute + time.Second},
		"the endpoint asks a day":   {0, "86400", time.Hour - time.Second, time.Hour + time.Second},
		"it asks less than we wait": {19, "5", 10*time.Minute - time.Second, 10*time.Minute + time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newSite(t), newReceiver(t)
			r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.retryAfter)
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			s.append(outcomeFact("m", "c1"))
			due := task.EventDeliver{Stream: "conversation:c1", Run: 1}
			for range c.tries {
				if err := s.events().Again(ctx, due, "http_503", time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			s.worker(r.on(s))
			id, name, err := queue.Address(due)
			if err != nil {
				t.Fatal(err)
			}
			inspect := asynq.NewInspectorFromRedisClient(s.rdb)
			var info *asynq.TaskInfo
			s.await("it was tried", func() bool {
				info, err = inspect.GetTaskInfo(name, id)
				return err == nil && info.State == asynq.TaskStateRetry
			})
			if pause := time.Until(info.NextProcessAt); pause < c.least-2*time.Second || pause > c.most+time.Second {
				t.Errorf("the next try comes after %s, want %s to %s", pause, c.least, c.most)
			}
			if waiting, err := s.events().List(ctx, 1); err != nil || waiting[0].Tries != c.tries+1 || waiting[0].Reason != "http_503" {
				t.Errorf("%+v, %v", waiting, err)
			}
		})
	}
}

// A bulk's messages don't wait for each other, what is told of the bulk waits for them.
func TestEventsOfABulkTravelTogether(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newReceiver(t)
	var facts []outbox.Fact
	for i := range 100 {
		facts = append(facts, outbox.Message{ID: fmt.Sprintf("b.0.%d", i), Bulk: "b", Channel: message.Email, State: "sent", At: time.Now(), Group: "0"})
	}
	facts = append(facts, outbox.Bulk{ID: "b", State: "completed", Percent: 100, Planned: 100, Sent: 100, At: time.Now(), Over: true})
	s.append(facts...)
	s.append(facts...) // again, as a run does that was killed
	s.worker(r.on(s))
	s.await("all arrived", func() bool { return len(r.events()) == 101 })
	got := r.events()
	if last := got[100]; last.Type != outbox.TypeCompleted || last.Sequence != 101 || last.Data["sent"] != 100.0 {
		t.Errorf("the last is %+v", last)
	}
	seen := map[int64]bool{}
	for _, e := range got {
		seen[e.Sequence] = true
	}
	if len(seen) != 101 {
		t.Errorf("%d numbers", len(seen))
	}
}
